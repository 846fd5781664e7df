"""A detector of a few thousand weights, for tests that need one to be there rather than to be good."""

from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector
from naturaltrace_model.networks.encoder import EncoderConfig


def small_detector(widths: tuple[int, int, int, int] = (8, 8, 16, 16)) -> NaturalTraceDetector:
    """Untrained, in evaluation mode."""
    encoder = EncoderConfig(widths, (1, 1, 1, 1), ((0, 8), (1, 8), (2, 12), (3, 12), (3, 12)))
    return NaturalTraceDetector(DetectorConfig(encoder, hidden=16, embedding=16, prototypes=4)).eval()
