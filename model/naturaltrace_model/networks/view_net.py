"""The global branch: the whole image, small; one logit for how generated it looks as a picture."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from naturaltrace_model.data.manifest import FAMILIES
from naturaltrace_model.networks.blocks import ResidualBlock, conv


@dataclass(frozen=True, slots=True)
class ViewNetConfig:
    """All that is needed to build the network again."""

    widths: tuple[int, ...] = (32, 48, 96, 160, 192)
    depths: tuple[int, ...] = (0, 1, 2, 2, 1)
    families: int = len(FAMILIES)
    teacher: int = 1280  # features that the distillation head foretells; training only

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "ViewNetConfig":
        values: dict[str, Any] = data | {"widths": tuple(data["widths"]), "depths": tuple(data["depths"])}
        return ViewNetConfig(**values)


class ViewOutput(NamedTuple):
    """Per view: `logit` (M,), > 0 leans to generated; `family` (M, F) logits; `teacher` (M, T) foretold features."""

    logit: Tensor
    family: Tensor
    teacher: Tensor


class ViewNet(nn.Module):
    """A plain residual network on views of about 160 px, halving five times."""

    def __init__(self, config: ViewNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ViewNetConfig()
        layers: list[nn.Module] = []
        width = 3
        for w, depth in zip(config.widths, config.depths, strict=True):
            layers.append(conv(width, w, stride=2))
            layers.extend(ResidualBlock(w) for _ in range(depth))
            width = w
        self.trunk = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.2)
        self.head_logit = nn.Linear(width, 1)
        self.head_family = nn.Linear(width, config.families)
        self.head_teacher = nn.Linear(width, config.teacher)

    def forward(self, views: Tensor) -> ViewOutput:
        """`views`: uint8 (M, S, S, 3), sRGB, S a multiple of 32 (160 when serving)."""
        x = views.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        features = self.trunk(x).float().mean(dim=(2, 3))
        dropped = self.drop(features)
        return ViewOutput(
            logit=self.head_logit(dropped).float().squeeze(1),
            family=self.head_family(dropped).float(),
            teacher=self.head_teacher(features).float(),
        )
