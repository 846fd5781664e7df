"""What evidence is made of: maps in the graph, splices, attribution, attacks."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402

from naturaltrace.detection import card as cards  # noqa: E402
from naturaltrace.detection.card import Card  # noqa: E402
from naturaltrace.detection.detector import Detector  # noqa: E402
from naturaltrace.detection.runtime.base import TEXTURE  # noqa: E402
from naturaltrace.detection.runtime.devices import ort  # noqa: E402
from naturaltrace.detection.session import MAP_OUTPUT, OUTPUTS, VIEW_EVIDENCE, VIEW_OUTPUT  # noqa: E402
from naturaltrace.imaging.decode import decode  # noqa: E402
from naturaltrace.imaging.prepared import prepare  # noqa: E402
from naturaltrace.imaging.views import VIEW  # noqa: E402
from naturaltrace_model.data import splices  # noqa: E402
from naturaltrace_model.data.autoencoders import Autoencoder  # noqa: E402
from naturaltrace_model.evaluation import attacks, attribution, gallery, localisation  # noqa: E402
from naturaltrace_model.evaluation.gallery import Embedded, Entry  # noqa: E402
from naturaltrace_model.evaluation.metrics import auc  # noqa: E402
from naturaltrace_model.evaluation.parity import TrainedDetector  # noqa: E402
from naturaltrace_model.networks.branches import NaturalTraceDetector  # noqa: E402
from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig  # noqa: E402
from tests.model.small import small_detector  # noqa: E402

pytestmark = pytest.mark.torch
_SMALL = TraceNetConfig(widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), embedding=16, prototypes=4)


def _noise(seed: int, height: int = 128, width: int = 128) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = 128 + 60 * np.sin(x / 17 + seed)[..., None] + 40 * np.cos(y / 11)[..., None]
    return np.clip(base + rng.normal(0, 8, (height, width, 3)), 0, 255).astype(np.uint8)


def _halver() -> Autoencoder:
    """An autoencoder that blurs: every 8 × 8 block becomes its mean."""
    return Autoencoder("blur", _Down(), torch.nn.Upsample(scale_factor=8))


class _Down(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(x, 8) * self.one


def test_what_each_place_adds_makes_up_the_logit() -> None:
    torch.manual_seed(0)
    detector = small_detector()
    crops = torch.from_numpy(np.stack([_noise(1), _noise(2)]))
    with torch.no_grad():
        places = detector.places(detector.encoder(crops), detector.trace)
        assert torch.allclose(places.mean(dim=(1, 2)), detector.of_crops(crops).logit, atol=1e-4)


@pytest.fixture(scope="module")
def exported() -> tuple[NaturalTraceDetector, bytes]:
    """A small detector and its graph."""
    needs("onnx", "train")
    from naturaltrace_model.export.graph import to_onnx

    torch.manual_seed(1)
    detector = small_detector()
    return detector, to_onnx(detector)


def _card(folder: Path, graph: bytes) -> Card:
    """The released card for another graph."""
    path = folder / "small.onnx"
    path.write_bytes(graph)
    return replace(cards.released(), graph=path, sha256=hashlib.sha256(graph).hexdigest(), small=None)


@pytest.mark.timeout(600)  # an export takes a while on a busy machine
def test_the_graph_carries_the_maps_the_views_embedding_and_the_texture(
    exported: tuple[NaturalTraceDetector, bytes],
) -> None:
    detector, graph = exported
    crops = np.stack([_noise(i) for i in range(3)])
    views = np.random.default_rng(0).integers(0, 256, (2, VIEW, VIEW, 3), dtype=np.uint8)
    session = ort.InferenceSession(graph)
    names = [*OUTPUTS, VIEW_OUTPUT, MAP_OUTPUT, *VIEW_EVIDENCE, *TEXTURE]
    found = dict(zip(names, session.run(names, {"crops": crops, "views": views}), strict=True))
    assert np.allclose(found["view_map"].mean((1, 2)), found["view"], atol=5e-3)
    assert np.allclose(np.linalg.norm(found["view_embedding"], axis=1), 1, atol=1e-4)
    assert found["view_family"].shape[0] == 2
    with torch.no_grad():
        own = detector.places(detector.encoder(torch.from_numpy(crops)), detector.trace)
        looks = [(detector.trace, crops), (detector.view, views)]
        textures = [h.standard(detector.texture(detector.encoder(torch.from_numpy(seen)))) for h, seen in looks]
    assert np.allclose(found[MAP_OUTPUT], own.numpy(), atol=2e-2)
    for name, texture in zip(TEXTURE, textures, strict=True):
        assert np.allclose(found[name], texture.numpy(), atol=2e-2)


@pytest.mark.timeout(600)
def test_texture_is_the_same_by_the_companion_by_the_network_and_by_kept_statistics(
    exported: tuple[NaturalTraceDetector, bytes], tmp_path: Path
) -> None:
    from tests.model.sets import picture, saved

    network, graph = exported
    samples = [
        saved(tmp_path, f"{i}.png", picture(i, size), label=1) for i, size in enumerate([(420, 340), (300, 300)])
    ]
    card = _card(tmp_path, graph)
    by_graph = gallery.looked_at(Detector(card, 1), samples)
    by_network = gallery.looked_at(TrainedDetector(card, network), samples)
    lines = ["sha256,condition,crops,views"]
    kept: dict[str, list[NDArray[np.float16]]] = {"crops": [], "views": []}
    for sample in samples:
        prepared = prepare(decode(sample.path.read_bytes()))
        assert prepared.crops is not None
        for condition in ("hard", "clean"):  # only the latter is asked for
            for look, pixels in (("crops", prepared.crops.pixels), ("views", prepared.views)):
                with torch.no_grad():
                    found = network.texture(network.encoder(torch.from_numpy(pixels))).half().numpy()
                kept[look].append(found if condition == "clean" else found + 1)
            lines.append(f"{sample.sha256},{condition},{len(kept['crops'][-1])},{len(kept['views'][-1])}")
    for look, parts in kept.items():
        np.save(tmp_path / f"{look}.npy", np.concatenate(parts))
    (tmp_path / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    by_kept = gallery.described(tmp_path, samples, network)
    assert by_graph is not None
    assert by_network is not None
    textures = [found.texture for found in (by_graph, by_network, by_kept)]
    first = textures[0]
    assert first is not None
    assert np.ptp(first, axis=0).max() > 0, "two pictures that differ"
    for texture in textures:
        assert texture is not None
        assert texture.shape == (2, 2 * network.texture.size)
        assert np.abs(texture.astype(int) - first).max() <= 1  # a step of rounding


def test_a_graph_of_before_runs_and_hands_out_no_texture(
    exported: tuple[NaturalTraceDetector, bytes], tmp_path: Path
) -> None:
    import onnx

    from tests.model.sets import picture, saved

    model = onnx.load_model_from_string(exported[1])
    for output in [o for o in model.graph.output if o.name in TEXTURE]:
        model.graph.output.remove(output)
    detector = Detector(_card(tmp_path, model.SerializeToString()), 1)
    sample = saved(tmp_path, "a.png", picture(1, (420, 340)), label=1)
    traits = detector.detect(decode(sample.path.read_bytes())).traits
    assert traits is not None
    assert traits.texture is None
    assert gallery.looked_at(detector, [sample]) is None


def test_masks_cover_what_they_are_asked_to() -> None:
    rng = np.random.default_rng(0)
    shares = [splices.draw_mask(rng, 128, 200, 0.1, 0.4).mean() for _ in range(60)]
    assert min(shares) > 0.03
    assert max(shares) < 0.5
    assert np.ptp(shares) > 0.15


def test_masks_favour_no_place() -> None:
    """Else a map that is hottest in the middle, whatever it is shown, finds them."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:32j, -1:1:40j]
    found = [
        auc(mask.ravel(), -(y * y + x * x).ravel()) for mask in (splices.draw_mask(rng, 32, 40) for _ in range(300))
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_a_hard_paste_leaves_every_other_pixel_alone() -> None:
    real, fill = _noise(1), _noise(2)
    mask = splices.draw_mask(np.random.default_rng(3), 128, 128)
    pasted = splices.paste(real, fill, mask)
    assert np.array_equal(pasted[~mask], real[~mask])
    assert np.array_equal(pasted[mask], fill[mask])
    soft = splices.paste(real, fill, mask, 2.0)
    assert not np.array_equal(soft, pasted)


def test_splices_have_their_masks_where_their_fills_are(tmp_path: Path) -> None:
    from PIL import Image

    from naturaltrace_model.data.manifest import Sample

    samples: list[Sample] = []
    for i in range(4):
        path = tmp_path / f"{i}.png"
        Image.fromarray(_noise(i, 264, 272)).save(path)
        label = i % 2
        samples.append(Sample(path, "test", label, "photo", "flux1" if label else "", "s", "", 272, 264, "PNG"))
    cases = list(localisation.cases(samples, [_halver()], 2))
    assert [c.way for c in cases] == ["splice", "exchange", "whole"] * 2
    assert [c.fill for c in cases[::3]] == ["autoencoder", "generated"]
    _, exchange, whole = cases[:3]
    assert exchange.mask.shape == exchange.pixels.shape[:2]
    apart = np.abs(exchange.encoded(90).pixels.astype(int) - whole.encoded(90).pixels).mean(2)
    assert apart[~exchange.mask].mean() > 3 * max(0.1, apart[exchange.mask].mean())
    assert np.array_equal(exchange.encoded(localisation.LOSSLESS).pixels, exchange.pixels)


def _gallery() -> Embedded:
    """Five generators along five axes, and a sixth that training never saw."""
    rng = np.random.default_rng(0)
    entries: list[Entry] = []
    rows: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    known = ("sdxl", "dalle3", "flux1", "grok", "sd14")
    plan = [(name, ("train", "val", "test")) for name in known] + [("kolors", ("test",))]
    for axis, (generator, splits) in enumerate(plan):
        for split in splits:
            for _ in range(20):
                rows.append(np.eye(8)[axis] + rng.normal(0, 0.15, 8))
                entries.append(Entry(split, 1, generator, generator, "s", "generated", "", len(entries), 1))
    view = np.stack(rows).astype(np.float32)
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    return Embedded(tuple(entries), view, np.zeros((len(entries), 2), dtype=np.float32))


def test_attribution_names_the_known_and_rejects_the_unknown() -> None:
    gallery = _gallery()
    reference = attribution.fit(gallery)
    figures = attribution.measure(reference, gallery)
    assert figures["closed_set_accuracy"] > 0.95
    assert figures["open_set_auroc"] > 0.9
    assert figures["oscr"] > 0.85
    assert figures["named_when_unseen"] < 0.3
    assert figures["unseen_generators"] == 1


def test_few_shots_tell_left_out_generators_apart() -> None:
    found = attribution.few_shot(_gallery(), 5, ways=3, episodes=5)
    assert found["generators"][0] == "kolors"
    assert found["accuracy"] > found["chance"]


def test_more_shots_than_there_are_images_give_no_figure() -> None:
    assert np.isnan(attribution.few_shot(_gallery(), 500)["accuracy"])


def test_oscr_of_a_perfect_and_of_a_blind_judge() -> None:
    right = np.ones(50, dtype=np.bool_)
    assert attribution.oscr(np.ones(50), right, np.zeros(50)) == pytest.approx(1.0)
    assert attribution.oscr(np.zeros(50), right, np.zeros(50)) == pytest.approx(0.5)
    assert attribution.oscr(np.ones(50), ~right, np.zeros(50)) == 0


@pytest.mark.parametrize("eps", [2, 8])
def test_gradient_steps_move_the_surrogate_and_stay_within_their_budget(eps: int) -> None:
    torch.manual_seed(0)
    surrogate = TraceNet(_SMALL).eval().requires_grad_(False)
    image = _noise(1, 136, 144)
    away = attacks.frequency_pgd(surrogate, image, 1, eps)
    towards = attacks.frequency_pgd(surrogate, image, 0, eps)
    assert np.abs(away.astype(int) - image).max() <= eps
    crops = torch.from_numpy(np.stack([away[:128, :128], towards[:128, :128]]))
    low, high = surrogate(crops).logit.tolist()
    assert low < high


def test_spectrum_matching_moves_the_spectrum() -> None:
    """Towards the shape of the given one, from the lowest eighth of frequencies on."""
    plain = _noise(1, 128, 160)
    rough = np.clip(plain + np.random.default_rng(0).normal(0, 25, plain.shape), 0, 255).astype(np.uint8)

    def shape(picture: attacks.Pixels) -> NDArray[np.float32]:
        spectrum = attacks.radial_spectrum([picture])
        return spectrum[16:] - spectrum[8]

    target = attacks.radial_spectrum([rough])
    before = np.abs(shape(plain) - shape(rough)).mean()
    after = np.abs(shape(attacks.match_spectrum(plain, target)) - shape(rough)).mean()
    assert after < 0.7 * before


def test_every_attack_gives_a_picture() -> None:
    surrogate = TraceNet(_SMALL).eval().requires_grad_(False)
    found = attacks.every([_halver()], surrogate, attacks.radial_spectrum([_noise(3)]))
    names = [a.name for a in found]
    assert names[0] == "none"
    assert {"laundering", "spectrum", "recapture", "screenshot", "chain", "frequency PGD 8/255"} <= set(names)
    for attack in found:
        changed = attack.apply(_noise(4, 136, 144), 1)
        assert changed.dtype == np.uint8
        assert min(changed.shape[:2]) >= 118
        assert changed.shape[2] == 3
