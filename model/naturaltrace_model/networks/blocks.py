"""The two pieces that both branches are built of."""

from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3 × 3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ResidualBlock(nn.Module):
    """Two convolutions and a skip; starts as identity, which lets a short training get going."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        norm = nn.BatchNorm2d(width)
        nn.init.zeros_(norm.weight)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), norm)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)), inplace=True)
