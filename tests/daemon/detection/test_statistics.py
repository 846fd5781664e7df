"""The five readable statistics, on pictures whose values are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from naturaltrace.detection.statistics import NAMES, statistics


def _views(luma: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(luma, 0, 255).astype(np.uint8)[None, :, :, None].repeat(3, 3)


def test_a_plain_picture_has_no_edges_no_contrast_and_all_energy() -> None:
    found = statistics(_views(np.full((160, 160), 90.0)))
    assert tuple(found) == NAMES
    assert found["edge_density"] == found["contrast"] == 0
    assert found["laplacian_variance"] == pytest.approx(0, abs=1e-6)
    assert found["energy"] == pytest.approx(1)


def test_a_chessboard_of_two_levels_has_the_contrast_of_its_formula() -> None:
    y, x = np.mgrid[0:160, 0:160]
    found = statistics(_views(np.where((y + x) % 2, 255.0, 0.0)))
    assert found["contrast"] == pytest.approx(15**2)  # every neighbour is 15 of 16 levels away
    assert found["energy"] == pytest.approx(0.5)  # two entries of one half each
    assert found["laplacian_variance"] == pytest.approx(1020.0**2, rel=0.01)


def test_noise_raises_edges_spectrum_and_laplacian() -> None:
    rng = np.random.default_rng(0)
    quiet = statistics(_views(128 + rng.normal(0, 2, (160, 160))))
    loud = statistics(_views(128 + rng.normal(0, 40, (160, 160))))
    for name in ("edge_density", "contrast", "laplacian_variance", "mean_spectrum"):
        assert loud[name] > quiet[name]
    assert loud["energy"] < quiet["energy"]


def test_two_views_give_the_mean_of_both() -> None:
    rng = np.random.default_rng(1)
    first, second = (_views(128 + rng.normal(0, s, (160, 160))) for s in (5, 30))
    both = statistics(np.concatenate([first, second]))
    for name in NAMES:
        assert both[name] == pytest.approx((statistics(first)[name] + statistics(second)[name]) / 2)


def test_the_statistics_are_those_of_their_formulas() -> None:
    """Written down plainly, without regard for time."""
    y, x = np.mgrid[0:256, 0:256]
    rng = np.random.default_rng(7)
    waves = [np.sin(x / (9 + c)) * 70 + np.cos(y / (5 + 2 * c)) * 40 + 128 for c in range(3)]
    view = np.clip(np.stack(waves, axis=-1) + rng.normal(0, 5, (256, 256, 3)), 0, 255).astype(np.uint8)
    luma = view.astype(np.float64) @ [0.299, 0.587, 0.114]
    smooth, step = np.array([1, 2, 1]), np.array([-1, 0, 1])
    windows = np.lib.stride_tricks.sliding_window_view(luma, (3, 3))
    gx, gy = (np.einsum("yxab,a,b->yx", windows, *kernel) / 8 for kernel in ((smooth, step), (step, smooth)))
    laplacian = np.einsum("yxab,ab->yx", windows, np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))
    level = (luma / 16).astype(int)
    both = [(level[:, :-1], level[:, 1:]), (level[:-1], level[1:])]
    p = np.zeros((16, 16))
    for one, other in both:
        np.add.at(p, (one, other), 1)
        np.add.at(p, (other, one), 1)
    p /= p.sum()
    window = np.hanning(256)[:, None] * np.hanning(256)
    spectrum = np.abs(np.fft.rfft2(luma * window)) / 256
    spectrum[0, 0] = 0
    expected = {
        "edge_density": float((np.hypot(gx, gy) > 8).mean()),
        "contrast": float(sum(p[i, j] * (i - j) ** 2 for i in range(16) for j in range(16))),
        "energy": float((p**2).sum()),
        "laplacian_variance": float(laplacian.var()),
        "mean_spectrum": float(np.log10(1 + spectrum).mean()),
    }
    assert statistics(view[None]) == pytest.approx(expected, rel=1e-3)  # single precision puts a few pixels elsewhere
