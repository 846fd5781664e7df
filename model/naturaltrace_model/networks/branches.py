"""The detector's two looks at a picture: crops as they are, and the whole, small. One encoder serves both."""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.data.manifest import FAMILIES
from naturaltrace_model.networks.encoder import Encoder, EncoderConfig
from naturaltrace_model.networks.texture import TextureStatistics
from naturaltrace_model.networks.trace_net import TraceOutput
from naturaltrace_model.traces.prototypes import nearness

_WIDEST = 6.0  # deviations; a statistic further out than this says no more
_PARTS = (0.25, 0.75)  # of a logit's linear half and of its bent one (docs/decisions/0016)


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """All that is needed to build the detector again; stored in checkpoints and in the card."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    hidden: int = 512  # of a projection
    crop_hidden: int = 512  # of the bent half of a crop's logit
    view_hidden: int = 256  # of a view's
    embedding: int = 128
    families: int = len(FAMILIES)
    prototypes: int = 32
    temperature: float = 0.1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "DetectorConfig":
        # Up to 0.6.0 a view's bent half was as wide as a projection, and no word said so.
        values: dict[str, Any] = {"view_hidden": data["hidden"]} | data
        values["encoder"] = EncoderConfig.from_json(data["encoder"])
        return DetectorConfig(**values)


class Standard(nn.Module):
    """Statistics in deviations from what training saw, within ±6."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def forward(self, statistics: Tensor) -> Tensor:
        return ((statistics - self.mean) / self.deviation).clamp(-_WIDEST, _WIDEST)


class BentLogit(nn.Module):
    """A logit of which one half is linear in the statistics and the other is not: together they judge sources that
    neither has seen better than each alone."""

    mix: Tensor

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.line = nn.Linear(size, 1)
        self.bend = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(hidden, 1))
        self.register_buffer("mix", torch.tensor([1.0, 0.0]))  # of the linear and the bent half

    def forward(self, x: Tensor) -> Tensor:
        """Standardised statistics (B, size) to logits (B,)."""
        return (self.mix[0] * self.line(x) + self.mix[1] * self.bend(x)).squeeze(1)

    def balance(self, x: Tensor) -> None:
        """Give the halves their parts of the whole, by how far each spreads over a sample of x; at the linear half's
        scale. The parts were found on folds of sources: training's own cannot say which half to trust."""
        spread = self.line(x).std(), self.bend(x).std()
        self.mix.copy_(torch.stack([part * spread[0] / s for part, s in zip(_PARTS, spread, strict=True)]))


class TraceHeads(nn.Module):
    """What the statistics of one crop say: a logit, its natural-trace embedding, family and wear."""

    prototypes: Tensor

    def __init__(self, size: int, config: DetectorConfig) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.standard = Standard(size)
        self.head_logit = BentLogit(size, config.crop_hidden)
        self.head_hom = _projection(size, config)
        self.head_het = _projection(size, config)
        self.head_family = nn.Linear(size, config.families)
        self.head_quality = nn.Linear(size, 2)
        self.register_buffer("prototypes", F.normalize(torch.randn(config.prototypes, config.embedding), dim=1))

    def forward(self, statistics: Tensor) -> TraceOutput:
        """(B, size) to one row of outputs per crop."""
        x = self.standard(statistics)
        z_hom = F.normalize(self.head_hom(x).float(), dim=1)
        return TraceOutput(
            logit=self.head_logit(x),
            z_hom=z_hom,
            z_het=F.normalize(self.head_het(x).float(), dim=1),
            family=self.head_family(x),
            quality=self.head_quality(x),
            proximity=self.nearness(z_hom),
            features=x,
        )

    def nearness(self, z: Tensor) -> Tensor:
        """Nearness (B,) of embeddings (B, E) to the natural traces."""
        return nearness(z, self.prototypes, self.temperature)


class ViewOutput(NamedTuple):
    """Per view: `logit` (M,), > 0 leans to generated; `family` (M, F) logits; `embedding` (M, E) unit length;
    `features` (M, size) what all of these are made of, the statistics in deviations."""

    logit: Tensor
    family: Tensor
    embedding: Tensor
    features: Tensor


class ViewHeads(nn.Module):
    """What the statistics of one view say: a logit, and whose style it is."""

    def __init__(self, size: int, config: DetectorConfig) -> None:
        super().__init__()
        self.standard = Standard(size)
        self.head_logit = BentLogit(size, config.view_hidden)
        self.head_embedding = nn.Linear(size, config.embedding)
        self.head_family = nn.Linear(config.embedding, config.families)

    def forward(self, statistics: Tensor) -> ViewOutput:
        """(M, size) to one row of outputs per view."""
        x = self.standard(statistics)
        embedding = self.head_embedding(x)
        return ViewOutput(self.head_logit(x), self.head_family(embedding), F.normalize(embedding, dim=1), x)


class NaturalTraceDetector(nn.Module):
    """Encoder, texture statistics and both heads."""

    def __init__(self, config: DetectorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DetectorConfig()
        self.encoder = Encoder(config.encoder)
        self.texture = TextureStatistics(config.encoder.channels)
        self.trace = TraceHeads(self.texture.size, config)
        self.view = ViewHeads(self.texture.size, config)

    def stored(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"detector": self.state_dict(), "config": self.config.to_json()}

    @staticmethod
    def restored(stored: dict[str, Any]) -> "NaturalTraceDetector":
        """The detector of a checkpoint's content, in evaluation mode, its weights at rest."""
        detector = NaturalTraceDetector(DetectorConfig.from_json(stored["config"]))
        detector.load_state_dict(stored["detector"])
        return detector.eval().requires_grad_(False)

    def of_crops(self, crops: Tensor) -> TraceOutput:
        """`crops`: uint8 (B, 128, 128, 3), sRGB."""
        return self.trace(self.texture(self.encoder(crops)))

    def of_views(self, views: Tensor) -> ViewOutput:
        """`views`: uint8 (M, S, S, 3), sRGB, S a multiple of 32."""
        return self.view(self.texture(self.encoder(views)))

    def places(self, maps: list[Tensor], head: TraceHeads | ViewHeads) -> Tensor:
        """How much each place of the encoder's maps says for "generated": (B, h, w); their mean is the logit's
        linear half.

        Exact but for statistics that lie beyond ±6 deviations. What the bent half adds has no place.
        """
        line = head.head_logit.line
        weights = line.weight[0] / head.standard.deviation
        bias = line.bias - (weights * head.standard.mean).sum()
        return self.texture.places(maps, weights) + bias


def _projection(size: int, config: DetectorConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(size, config.hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Linear(config.hidden, config.embedding),
    )
