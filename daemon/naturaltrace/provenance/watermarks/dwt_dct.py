"""The "dwtDct" watermark of the library invisible-watermark, as reference scripts of image generators apply it.

The scheme, read from its description and its public encoder: the image's U channel is halved by one level of the Haar
transform; in each 4 × 4 block of that, in reading order, the value of largest magnitude (the first value left out) is
moved to a quarter or to three quarters of its step of 36, for a 0 or a 1. Block n carries bit n mod the length.
There is no key. Cropping, scaling and rotation destroy it, and so does JPEG with halved chroma.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 4
STEP = 36.0
_MOST_PIXELS = 1_500_000  # whole rows from the top; the blocks' order is that of the rows, so the rest can be left out


def votes(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """One bit per block in reading order, or None where the image is too small to carry the mark.

    `pixels` is uint8 of shape (height, width, 3), sRGB. The second of both reads it as a script that handed the encoder
    red for blue would have written it.
    """
    height, width = pixels.shape[:2]
    if height * width < 256 * 256:  # the encoders themselves leave smaller images alone
        return None
    width -= width % 4
    rows = min(height - height % 4, max(64, _MOST_PIXELS // width // 8 * 8))
    # Plain slices, not a matrix product: the sum of four chroma values is all that the Haar transform's mean needs.
    red, green, blue = _quads(pixels[:rows, :width])
    green *= np.float32(0.587)
    return _votes(red, green, blue), _votes(blue, green, red)


def _votes(
    redness: NDArray[np.float32], weighted_greenness: NDArray[np.float32], blueness: NDArray[np.float32]
) -> NDArray[np.bool_]:
    difference = blueness * np.float32(0.886)
    difference -= redness * np.float32(0.299)
    difference -= weighted_greenness
    # OpenCV's U is 0.492 (B - Y) + 128; the Haar mean of four values is half their sum. It lies between 33 and 479 and
    # rises with the difference, rounding included: so the largest magnitude is made of the largest difference, and what
    # follows needs to be done for one value of each block only.
    mean = _largest(difference)
    mean *= np.float32(0.492)
    mean += np.float32(4 * 128)
    mean /= np.float32(2)
    # The remainder is exact in double precision, and so a tenth of the time of numpy's own.
    exact = mean.astype(np.float64)
    exact -= np.floor(exact / STEP) * STEP
    return exact > STEP / 2


def _largest(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """(blocks,): the largest value in each 4 × 4 block, its first value left out. Changes the plane."""
    down, across = plane.shape[0] // BLOCK * BLOCK, plane.shape[1] // BLOCK * BLOCK
    part = plane[:down, :across]
    part[0::BLOCK, 0::BLOCK] = -np.inf
    rows = np.maximum(np.maximum(part[0::4], part[1::4]), np.maximum(part[2::4], part[3::4]))
    return np.maximum(np.maximum(rows[:, 0::4], rows[:, 1::4]), np.maximum(rows[:, 2::4], rows[:, 3::4])).ravel()


def _quads(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """The sum of each 2 × 2 square, per channel. Rows first, all channels at once: they lie side by side in memory."""
    rows = np.add(pixels[0::2], pixels[1::2], dtype=np.uint16)
    height, width = rows.shape[:2]
    pairs = rows.reshape(height, width // 2, 6)
    return tuple((pairs[..., i] + pairs[..., i + 3]).astype(np.float32) for i in range(3))


def _blocks(plane: NDArray[Any]) -> NDArray[np.float32]:
    """Shape (blocks, 16): the 4 × 4 blocks in reading order, what is left at the edges dropped."""
    down, across = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    cut = plane[: down * BLOCK, : across * BLOCK].reshape(down, BLOCK, across, BLOCK)
    return cut.swapaxes(1, 2).reshape(down * across, BLOCK * BLOCK)


def payload(bits: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """The majority of the votes for each of `length` bits."""
    whole = bits[: len(bits) // length * length].view(np.uint8).reshape(-1, length)
    return whole.sum(axis=0, dtype=np.int32) * 2 > len(whole)


def embed(pixels: NDArray[np.uint8], bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """`pixels` with `bits` written into it, for tests and for measuring. The same scheme in reverse."""
    height, width = pixels.shape[0] // 4 * 4, pixels.shape[1] // 4 * 4
    out = pixels.astype(np.float64)
    part = out[:height, :width]
    luma = part @ np.array([0.299, 0.587, 0.114])
    chroma = 0.492 * (part[..., 2] - luma) + 128
    mean = (chroma[0::2, 0::2] + chroma[0::2, 1::2] + chroma[1::2, 0::2] + chroma[1::2, 1::2]) / 2
    down, across = mean.shape[0] // BLOCK, mean.shape[1] // BLOCK
    blocks = _blocks(mean.astype(np.float32)).astype(np.float64)
    strongest = np.abs(blocks[:, 1:]).argmax(axis=1) + 1
    at = np.arange(len(blocks))
    values = blocks[at, strongest]
    wanted = np.resize(bits, len(blocks))
    blocks[at, strongest] = np.copysign((np.abs(values) // STEP + 0.25 + 0.5 * wanted) * STEP, values)
    changed = mean.copy()
    changed[: down * BLOCK, : across * BLOCK] = (
        blocks.reshape(down, across, BLOCK, BLOCK).swapaxes(1, 2).reshape(down * BLOCK, across * BLOCK)
    )
    # A change of the mean by d moves each of its four chroma values by d / 2; luma stays, so blue and red answer.
    chroma += np.repeat(np.repeat((changed - mean) / 2, 2, axis=0), 2, axis=1)
    red = part[..., 0]
    blue = luma + (chroma - 128) / 0.492
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    out[:height, :width] = np.stack([red, green, blue], axis=-1)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)
