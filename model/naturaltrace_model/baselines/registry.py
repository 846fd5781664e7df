"""The rows of the table, by the name the command line knows them under, in the table's order."""

from collections.abc import Callable

from naturaltrace_model.baselines import fronts
from naturaltrace_model.baselines.interface import Baseline
from naturaltrace_model.baselines.judged import Judged
from naturaltrace_model.baselines.ours import OneClass, Ours, Parts, Steadiness
from naturaltrace_model.baselines.statistics import ClassicStatistics
from naturaltrace_model.baselines.trained import Trained

ROWS: dict[str, Callable[[], Baseline]] = {
    "released": lambda: Judged("the released way: an encoder trained without labels, linear and bent logit on it"),
    "released-proximity": lambda: Judged("the same, scored by its distance to the natural traces", by_proximity=True),
    "ours": lambda: Ours("natural traces, then soft contrast; linear logit"),
    "ours-proximity": lambda: Ours("the same, scored by its distance to the natural traces", by_proximity=True),
    "without-stage1": lambda: Ours("no natural traces: binary loss from scratch", Parts(stage1=False)),
    "without-contrast": lambda: Ours("natural traces, no soft contrastive loss", Parts(contrast=False)),
    "without-aligned-fakes": lambda: Ours("no reconstructions of real crops", Parts(aligned_fakes=False)),
    "without-hard-real": lambda: Ours("no screenshots, memes, art, faces, stock …", Parts(hard_real=False)),
    "rgb": lambda: Trained("a plain CNN on the pixels", fronts.Colour),
    "npr": lambda: Trained("NPR: neighbouring-pixel residual", fronts.NeighbourResidual),
    "safe": lambda: Trained("SAFE-style: masked, jittered diagonal wavelet detail", fronts.MaskedDetail),
    "patchcraft": lambda: Trained("PatchCraft-style: rich less poor texture patches", fronts.RichPoor),
    "median": lambda: Trained("FerretNet-style: median residual", fronts.MedianResidual),
    "wavelet": lambda: Trained("FatFormer's idea: wavelet bands that gate each other", fronts.GatedBands),
    "gated-fusion": lambda: Trained("ALEI's idea: low-level experts, gated per image", fronts.GatedExperts),
    "one-class": OneClass,
    "rigid": lambda: Steadiness("RIGID-style: shift of our real-only embedding under noise", blur=False),
    "minder": lambda: Steadiness("MINDER-style: least shift under noise and blur", blur=True),
    "classic": ClassicStatistics,
}
