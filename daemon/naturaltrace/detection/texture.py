"""An image's texture: the statistics that the graph judges by, on the mean over its crops and over its views.

They know more of who made an image than the few directions of an embedding do. In 8 bits, for they are remembered with
the findings on thousands of images; a reading loses nothing by that.
"""

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.session import CropOutputs, ViewOutputs

_STEPS = 21  # to a deviation; the graph's statistics lie within 6 of them


def texture(crops: CropOutputs, views: ViewOutputs) -> NDArray[np.int8] | None:
    """One image's (2 S,), the crops' S statistics before the views'; None where the graph hands none out."""
    if crops.texture is None or views.texture is None:
        return None
    return mean_texture(crops.texture, views.texture)


def mean_texture(crops: NDArray[np.floating], views: NDArray[np.floating]) -> NDArray[np.int8]:
    """(N, S) of the crops and (M, S) of the views, in deviations, to (2 S,)."""
    mean = np.concatenate([crops.mean(0), views.mean(0)])
    return np.round(np.clip(mean * _STEPS, -127, 127)).astype(np.int8)


def unpacked(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    """(..., 2 S) to what is read: in deviations by the root of their number, so that a usual image has a length near
    one whatever the size."""
    return rows.astype(np.float32) / np.float32(_STEPS * np.sqrt(rows.shape[-1]))
