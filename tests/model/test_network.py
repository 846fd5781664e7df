"""The network: what its fixed filters see, what its heads give, and that ONNX says the same."""

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402
from scipy import ndimage  # noqa: E402  # pyright: ignore[reportMissingTypeStubs]

from naturaltrace.detection.runtime.devices import ort  # noqa: E402
from naturaltrace.detection.session import OUTPUTS, VIEW_OUTPUT  # noqa: E402
from naturaltrace.imaging.views import VIEW  # noqa: E402
from naturaltrace_model.networks import residuals  # noqa: E402
from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig  # noqa: E402
from tests.model.small import small_detector, used_norms  # noqa: E402

pytestmark = pytest.mark.torch


def _crops(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 128, 128, 3), dtype=torch.uint8, generator=generator)


def test_residuals_of_a_plain_colour_are_zero() -> None:
    plain = torch.full((1, 128, 128, 3), 90, dtype=torch.uint8)
    out = residuals.ResidualStack()(plain)
    assert out.shape == (1, residuals.CHANNELS, 128, 128)
    assert float(out[:, 3:].abs().max()) < 1e-4


def test_the_median_residual_is_a_median() -> None:
    luma = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    expected = ndimage.median_filter(luma[0, 0].numpy(), size=3, mode="nearest")
    assert np.allclose(residuals._median3(luma)[0, 0].numpy(), expected)  # pyright: ignore[reportPrivateUsage]


def test_embeddings_have_unit_length_and_nearness_is_at_most_one() -> None:
    out = TraceNet().eval()(_crops(3))
    assert out.logit.shape == (3,)
    assert torch.allclose(out.z_hom.norm(dim=1), torch.ones(3), atol=1e-5)
    assert bool((out.proximity <= 1.0).all())


def test_nearness_grows_towards_a_prototype() -> None:
    network = TraceNet().eval()
    prototype = network.prototypes[:1]
    away = torch.nn.functional.normalize(prototype + torch.randn(1, prototype.shape[1]), dim=1)
    assert float(network.nearness(prototype)) > float(network.nearness(away))


def test_the_configuration_survives_json() -> None:
    config = TraceNetConfig(widths=(8, 8, 8, 8), prototypes=4)
    assert TraceNetConfig.from_json(config.to_json()) == config


def test_the_exported_graph_gives_what_the_network_gives() -> None:
    needs("onnx", "train")
    import onnx

    from naturaltrace_model.export.graph import to_onnx

    torch.manual_seed(2)
    detector = used_norms(small_detector())
    crops = _crops(5)
    views = torch.randint(0, 256, (3, VIEW, VIEW, 3), dtype=torch.uint8)
    graph = to_onnx(detector)
    session = ort.InferenceSession(graph)
    found = session.run([*OUTPUTS, VIEW_OUTPUT], {"crops": crops.numpy(), "views": views.numpy()})
    with torch.no_grad():
        out = detector.of_crops(crops)
        expected = (out.logit, out.proximity, out.quality, out.family, out.z_hom, detector.of_views(views).logit)
    for mine, theirs in zip(found, expected, strict=True):
        # Weights are stored in fp16: about three decimal digits.
        assert np.allclose(np.asarray(mine), theirs.numpy(), atol=1e-2)
    # Crops and views share one encoder, so that a runtime keeps one: no normalisation is left to be folded for each.
    nodes = onnx.load_model_from_string(graph).graph.node
    assert "BatchNormalization" not in [node.op_type for node in nodes]
    filters = [tuple(node.input[1:]) for node in nodes if node.op_type == "Conv"]
    convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in detector.encoder.modules())
    assert (len(filters), len(set(filters))) == (2 * convolutions, convolutions)
