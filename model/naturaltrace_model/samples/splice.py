"""A photograph of which one part went through a generator's autoencoder, as an inpainted part does: for the pictures of
what the companion says of such an image.

Every pixel outside the part is the photograph's own. The autoencoder is TAESD for SDXL, which is the user's; see
`data/autoencoders.py`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from naturaltrace_model.data.splices import Mask, paste
from naturaltrace_model.samples.photos import FEED_PHOTOS, photo_path

AUTOENCODER = "taesdxl"
BOX = (185, 145, 335, 275)  # left, top, right, bottom of the ellipse: muzzle and chin of the cat
# Noise in the latent, as a share of its deviation: a generator draws its own fur, it does not copy what was there.
NOISE, SEED = 0.2, 1


def part() -> Mask:
    """Where the part lies in the photograph of the cat, (300, 451)."""
    mask = Image.new("L", photograph().shape[1::-1], 0)
    ImageDraw.Draw(mask).ellipse(BOX, fill=255)
    return np.asarray(mask) > 127


def photograph() -> NDArray[np.uint8]:
    """The cat as scikit-image ships it, (300, 451, 3)."""
    with Image.open(photo_path(FEED_PHOTOS["cat"])) as image:
        return np.asarray(image.convert("RGB"))


def write_spliced(autoencoders: Path, file: Path) -> None:
    """The photograph with its part, as a PNG. Raises FileNotFoundError where the folder lacks the autoencoder."""
    import torch  # where the part lies is known without it

    from naturaltrace_model.data.autoencoders import load_autoencoders
    from naturaltrace_model.data.splice_pool import through

    (autoencoder,) = load_autoencoders(autoencoders, (AUTOENCODER,))
    pixels = photograph()
    height, width = (side // 8 * 8 for side in pixels.shape[:2])
    fill = pixels.copy()
    noise = torch.Generator().manual_seed(SEED)
    fill[:height, :width] = through(autoencoder, pixels[:height, :width], NOISE, noise)
    Image.fromarray(paste(pixels, fill, part())).save(file, "PNG", optimize=True)
