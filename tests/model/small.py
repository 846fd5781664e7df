"""A detector of a few thousand weights, for tests that need one to be there rather than to be good."""

from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector
from naturaltrace_model.networks.encoder import EncoderConfig, Group


def small_detector(widths: tuple[int, int, int, int] = (8, 8, 16, 16)) -> NaturalTraceDetector:
    """Untrained, in evaluation mode."""
    strides = (1, 2, 2, 2)
    groups = tuple(Group(3, stride, 2, width, 1) for stride, width in zip(strides, widths, strict=True))
    encoder = EncoderConfig(8, groups, (0, 1, 2, 3))
    return NaturalTraceDetector(DetectorConfig(encoder, hidden=16, embedding=16, prototypes=4)).eval()
