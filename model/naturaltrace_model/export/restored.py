"""The encoder out of a released graph: what was learned without labels, for whoever learns new heads on it.

No checkpoint comes with a release, and training an encoder anew takes a teacher and an hour. The normalisations were
made part of the convolutions before them (`export.graph.folded`); here they come back as ones that add the bias and no
more, so the encoder gives what the graph's gives, its larger weights in the half precision they are stored in.
"""

from itertools import pairwise

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from naturaltrace.detection.card import Card, graph_bytes
from naturaltrace_model.networks.encoder import Encoder, EncoderConfig

_ENCODER = "detector.encoder"
_HALF = "_half"  # `export.graph.store_in_half`


def encoder_of(card: Card) -> Encoder:
    """The encoder of a released detector, at rest, on the CPU.

    Raises CardError where the graph is not the card's, ValueError where it holds no encoder of the card's shape.
    """
    weights = _weights(graph_bytes(card.graph, card.sha256))
    try:
        network = Encoder(EncoderConfig.from_json(card.raw["networks"]["encoder"]))
        for name, chain in network.named_modules():
            if isinstance(chain, nn.Sequential):
                _unfold(chain, f"{_ENCODER}.{name}", weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{card.name} {card.version} holds no encoder of this kind: {error}") from error
    return network.eval().requires_grad_(False)


def _weights(graph: bytes) -> dict[str, NDArray[np.float32]]:
    return {
        tensor.name.removesuffix(_HALF): numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in onnx.load_model_from_string(graph).graph.initializer
        if tensor.name.startswith(_ENCODER)
    }


@torch.no_grad()
def _unfold(chain: nn.Sequential, name: str, weights: dict[str, NDArray[np.float32]]) -> None:
    """Fill a chain's convolutions, and its normalisations with the biases that came out of them."""
    for i, (convolution, norm) in enumerate(pairwise(chain)):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            convolution.weight.copy_(torch.from_numpy(weights[f"{name}.{i}.weight"]))
            norm.weight.fill_(1.0)
            norm.bias.copy_(torch.from_numpy(weights[f"{name}.{i}.bias"]))
            _buffer(norm.running_mean).zero_()
            _buffer(norm.running_var).fill_(1.0 - norm.eps)


def _buffer(found: Tensor | None) -> Tensor:
    assert found is not None  # all of the encoder's norms keep them
    return found
