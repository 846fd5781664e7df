"""A detector of a few thousand weights, for tests that need one to be there rather than to be good."""

import torch

from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector
from naturaltrace_model.networks.encoder import EncoderConfig, Group


def small_detector(widths: tuple[int, int, int, int] = (8, 8, 16, 16)) -> NaturalTraceDetector:
    """Untrained, in evaluation mode."""
    strides = (1, 2, 2, 2)
    groups = tuple(Group(3, stride, 2, width, 1) for stride, width in zip(strides, widths, strict=True))
    encoder = EncoderConfig(8, groups, (0, 1, 2, 3))
    return NaturalTraceDetector(DetectorConfig(encoder, hidden=16, embedding=16, prototypes=4)).eval()


def used_norms(detector: NaturalTraceDetector) -> NaturalTraceDetector:
    """The same with normalisations that do something, as after training: no mean is 0, no deviation 1."""
    for norm in [m for m in detector.encoder.modules() if isinstance(m, torch.nn.BatchNorm2d)]:
        for values, low, high in (
            (norm.running_mean, -0.5, 0.5), (norm.running_var, 0.3, 3.0), (norm.weight.data, 0.5, 2.0),
            (norm.bias.data, -0.5, 0.5),
        ):  # fmt: skip
            assert values is not None
            values.uniform_(low, high)
    return detector
