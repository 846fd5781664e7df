"""Evidence in, verdict out: the decision table applied, with its words."""

from naturaltrace.detection.result import Detection, ModelInfo
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.provenance.findings import Claim, Provenance
from naturaltrace.verdicts import decisions, evidence, wording
from naturaltrace.verdicts.situation import Situation
from naturaltrace.verdicts.verdict import GeneratorGuess, ImageFacts, Verdict

NO_MODEL = ModelInfo("none", "0")  # the pixels were not judged


def judge(
    image: DecodedImage | ImageFacts,
    provenance: Provenance | None,
    detection: Detection | None,
    *,
    language: str = "en",
    timing_ms: dict[str, float] | None = None,
) -> Verdict:
    """The verdict on one image, which may also be given by its facts alone: the pixels are not looked at again.

    `provenance` is None when the file's own word was left out on purpose, `detection` when the pixels were not judged.
    `language` is a language tag; an unknown one gives English.
    """
    words = wording.load(wording.choose(language))
    row = decisions.table().decide(Situation.of(provenance, detection))
    n = wording.one_in(evidence.rate_of(detection)) if detection else 1
    return Verdict(
        level=row.level,
        label=words.say(f"verdict.{row.words}.label"),
        summary=words.say(f"verdict.{row.words}.summary", n=n),
        probability=detection.probability if detection else None,
        basis=row.basis,
        evidence=evidence.gather(provenance, detection, words),
        generators=_generators(provenance),
        image=image if isinstance(image, ImageFacts) else _facts(image),
        model=detection.model if detection else NO_MODEL,
        timing_ms=dict(timing_ms or {}),
    )


def _facts(image: DecodedImage) -> ImageFacts:
    return ImageFacts(image.width, image.height, image.format, image.byte_count, image.sha256)


def _generators(provenance: Provenance | None) -> tuple[GeneratorGuess, ...]:
    """The generators that the file names, the best supported first, each once."""
    named = dict.fromkeys(
        finding.generator
        for finding in (provenance.findings if provenance else ())
        if finding.generator and finding.claim in (Claim.GENERATED, Claim.COMPOSITE)
    )
    return tuple(GeneratorGuess(name, None) for name in named)
