"""The trace branch: one crop in; a logit, its natural-trace embedding and its nearness to the prototypes out."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.networks.blocks import ResidualBlock, conv
from naturaltrace_model.networks.residuals import CHANNELS, ResidualStack
from naturaltrace_model.traces.prototypes import nearness


@dataclass(frozen=True, slots=True)
class TraceNetConfig:
    """All that is needed to build the network again; stored in checkpoints and in the card."""

    widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    depths: tuple[int, int, int, int] = (1, 2, 2, 1)
    embedding: int = 128
    families: int = 16
    prototypes: int = 32
    temperature: float = 0.1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "TraceNetConfig":
        values: dict[str, Any] = data | {"widths": tuple(data["widths"]), "depths": tuple(data["depths"])}
        return TraceNetConfig(**values)


class TraceOutput(NamedTuple):
    """Per crop: `logit` (B,), > 0 leans to generated; `z_hom` and `z_het` (B, embedding), unit length; `family`
    (B, families) logits; `quality` (B, 2): JPEG quality / 100 and log2 of the last rescale factor; `proximity` (B,),
    at most 1, higher is nearer to the natural traces; `features` (B, F) before the heads."""

    logit: Tensor
    z_hom: Tensor
    z_het: Tensor
    family: Tensor
    quality: Tensor
    proximity: Tensor
    features: Tensor


class TraceNet(nn.Module):
    """Residual stack, space-to-depth (no pixel is thrown away), four residual stages, mean and deviation pooling."""

    prototypes: Tensor

    def __init__(self, config: TraceNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or TraceNetConfig()
        self.residuals = ResidualStack()
        self.stem = conv(CHANNELS * 4, config.widths[0])
        stages: list[nn.Module] = []
        width = config.widths[0]
        for i, (w, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            if i:
                stages.append(conv(width, w, stride=2))
            stages.extend(ResidualBlock(w) for _ in range(depth))
            width = w
        self.trunk = nn.Sequential(*stages)
        features = 2 * width
        self.drop = nn.Dropout(0.1)
        self.head_logit = nn.Linear(features, 1)
        self.head_hom = _projection(features, config.embedding)
        self.head_het = _projection(features, config.embedding)
        self.head_family = nn.Linear(features, config.families)
        self.head_quality = nn.Linear(features, 2)
        self.register_buffer("prototypes", F.normalize(torch.randn(config.prototypes, config.embedding), dim=1))

    def forward(self, crops: Tensor) -> TraceOutput:
        """`crops`: uint8 (B, 128, 128, 3), sRGB."""
        with torch.no_grad():
            x = F.pixel_unshuffle(self.residuals(crops), 2)
        return self.heads(self.trunk(self.stem(x.contiguous(memory_format=torch.channels_last))))

    def heads(self, final: Tensor) -> TraceOutput:
        """All outputs, from the trunk's last map (B, C, h, w)."""
        x = final.float()
        mean = x.mean(dim=(2, 3))
        deviation = (x - mean[:, :, None, None]).square().mean(dim=(2, 3)).add(1e-6).sqrt()
        features = torch.cat([mean, deviation], dim=1)
        dropped = self.drop(features)
        z_hom = F.normalize(self.head_hom(features).float(), dim=1)
        return TraceOutput(
            logit=self.head_logit(dropped).float().squeeze(1),
            z_hom=z_hom,
            z_het=F.normalize(self.head_het(features).float(), dim=1),
            family=self.head_family(dropped).float(),
            quality=self.head_quality(features).float(),
            proximity=self.nearness(z_hom),
            features=features,
        )

    def nearness(self, z: Tensor) -> Tensor:
        """Nearness (B,) of embeddings (B, E) to the natural traces."""
        return nearness(z, self.prototypes, self.config.temperature)


def _projection(features: int, embedding: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, 256), nn.ReLU(inplace=True), nn.Linear(256, embedding))
