"""A scan from beginning to end: list what there is, judge what is not judged yet, write the results."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from naturaltrace.scan import results
from naturaltrace.scan.batch import Job
from naturaltrace.scan.engine import BATCH, Claims, Engine, EngineFailed, Work
from naturaltrace.scan.items import Kind, Outcome, Unjudged
from naturaltrace.scan.journal import FORMAT, Counts, Journal
from naturaltrace.scan.reading import Reader
from naturaltrace.scan.sources import Choice, find

_FED_BYTES = 64 * 2**20  # of a batch whose bytes are read here
_MOST_BYTES = 64 * 2**20  # of one file that is read here; the decoder's own limit


class CannotScan(Exception):  # noqa: N818 (it reads as what it says)
    """The scan can't be begun or gone on with; str(error) says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to judge and where to write it. `again` forgets what an earlier run found, `retry` only its errors."""

    arguments: Sequence[str]
    out: Path
    choice: Choice = field(default_factory=Choice)
    pixels_only: bool = False
    language: str = "en"
    again: bool = False
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to tell: when listing is done (items, of which judged before), and of each batch (items, errors)."""

    listed: Callable[[int, int], None] = lambda _items, _done: None
    judged: Callable[[int, int], None] = lambda _done, _errors: None


def journal_path(out: Path) -> Path:
    """Where the journal of the results `out` is kept until they are whole."""
    return out.with_name(f".{out.name}.scan")


def run(plan: Plan, engine: Engine, watch: Watch | None = None) -> Counts:
    """Scan; what was found. Killed, it can be gone on with.

    Raises CannotScan, EngineFailed, BadResults, Missing, OSError.
    """
    watch = watch or Watch()
    results.kind_of(plan.out)
    try:
        return _run(plan, engine, watch)
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise CannotScan(f"Another scan is writing {plan.out}.") from None
        raise CannotScan(f"The scan's journal can't be used ({error}): {journal_path(plan.out)}") from error
    finally:
        engine.stop()


def _run(plan: Plan, engine: Engine, watch: Watch) -> Counts:
    journal = _journal(plan)
    try:
        model = engine.start()
        _same_kind(journal, plan, f"{model.name} {model.version}")
        known = journal.counts().done
        for number, argument in enumerate(plan.arguments):
            journal.add(number, find(argument, plan.choice))
        if plan.retry:
            journal.retry_errors()
        counts = journal.counts()
        watch.listed(counts.items, min(known, counts.done))
        _judge_all(journal, engine, watch)
        counts = journal.counts()
        results.write(plan.out, journal.rows())
    except BaseException:
        journal.close()
        raise
    journal.remove()
    return counts


def _journal(plan: Plan) -> Journal:
    """The journal to go on with: an unfinished one, one made of finished results, or a new one."""
    path = journal_path(plan.out)
    if plan.again:
        Journal(path).remove()
        return Journal(path)
    finished = plan.out.exists()
    journal = Journal(path)
    if finished and journal.about().get("brought_in") != "yes":
        journal.bring_in(results.read(plan.out))
        journal.set_about({"brought_in": "yes"})
    return journal


def _same_kind(journal: Journal, plan: Plan, model: str) -> None:
    """Results of two detectors, or with and without provenance, do not belong in one file."""
    wanted = {"format": str(FORMAT), "model": model, "pixels_only": str(plan.pixels_only), "language": plan.language}
    found = journal.about()
    models = [found["model"]] if "model" in found else journal.models()
    others = [each for each in models if each != model]
    if others:
        raise CannotScan(f"{plan.out} was begun with {others[0]}, this is {model}. Name another file, or use --again.")
    for name in ("format", "pixels_only", "language"):
        if found.get(name, wanted[name]) != wanted[name]:
            raise CannotScan(f"{plan.out} was begun with another {name}. Name another file, or use --again.")
    journal.set_about(wanted)


def _judge_all(journal: Journal, engine: Engine, watch: Watch) -> None:
    before = journal.counts().done
    while True:
        claims = Claims(journal.unknown, journal.judged_hashes)
        reader = Reader(_MOST_BYTES)
        for done in engine.judge(_work(journal, reader), claims):
            journal.commit(done)
            watch.judged(len(done), sum(outcome.error is not None for _, outcome in done))
        reader.close()
        # Something waited for bytes whose other holder was lost; it is judged on its own now.
        counts = journal.counts()
        if counts.done == counts.items:
            return
        if counts.done == before:
            raise EngineFailed("Some images were never judged; this should not happen.")
        before = counts.done


def _work(journal: Journal, reader: Reader) -> Iterator[Work]:
    """Batches for the engine. Members of packed tars are read here: only one process can go through such a stream."""
    for items in journal.pending(BATCH):
        batch: Work = []
        held = 0
        for item in items:
            if item.ref.kind is not Kind.STREAM:
                batch.append((item.path, Job(item.ref)))
                continue
            data = reader.read(item.ref)
            if isinstance(data, Unjudged):
                journal.commit([(item.path, Outcome(None, error=data))])
                continue
            batch.append((item.path, Job(item.ref, data)))
            held += len(data)
            if held >= _FED_BYTES:
                yield batch
                batch, held = [], 0
        if batch:
            yield batch
