"""The engine for an existing Ray cluster (Ray Data, extra `cluster`): each worker keeps its pipeline between batches.

Workers read the files themselves, so paths must be reachable from every machine, or be URLs. Each image goes through
the same code as in the local engine.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from naturaltrace.detection.result import ModelInfo
from naturaltrace.pipeline import Pipeline
from naturaltrace.scan.batch import Fetched, Job, Settings, conclude
from naturaltrace.scan.engine import BATCH, Claims, Done, EngineFailed, Work
from naturaltrace.scan.items import Outcome, Ref, Unjudged
from naturaltrace.scan.opening import Missing
from naturaltrace.scan.pages import pages

_BLOCK = 64 * BATCH  # items that travel to the cluster together
_READERS = 2  # files that a worker reads at a time, so that its detector need not wait


class Judging:
    """What runs on a worker: made once, called with batch after batch."""

    def __init__(self, load: Callable[[int], Pipeline], settings: Settings, claimed: Any) -> None:
        from naturaltrace.scan.local import Taking

        self._pipeline = load(_READERS)
        self._settings, self._claimed = settings, claimed
        self._taking = Taking(self._pipeline, settings, _READERS)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Columns of a batch in, columns of outcomes out: `path` and `outcome` (hash, verdict, error)."""
        jobs = [
            Job(Ref.from_text(str(ref)), bytes(data) if fed else None)
            for ref, data, fed in zip(batch["ref"], batch["data"], batch["fed"], strict=True)
        ]
        fetched = self._taking.fetch(jobs)
        # One question for the whole batch, and from Ray's own thread: from others it may never be answered.
        hashes = [each.sha256 if isinstance(each, Fetched) else "" for each in fetched]
        ours = cast("list[bool]", _ray().get(self._claimed.claim.remote(hashes, str(batch["path"][0]))))
        taken = self._taking.take(fetched, ours)
        outcomes = conclude(self._pipeline, taken, self._settings)
        return {"path": batch["path"], "outcome": [_packed(outcome) for outcome in outcomes]}


class Claimed:
    """Which bytes have been judged or are being judged, for the whole cluster; about 100 bytes of memory each.

    A batch that Ray runs again after a worker was lost gets what it had claimed before.
    """

    def __init__(self) -> None:
        self._owners: dict[bytes, str] = {}

    def known(self, hashes: Sequence[str]) -> None:
        self._owners.update((bytes.fromhex(sha256), "") for sha256 in hashes)

    def claim(self, hashes: Sequence[str], owner: str) -> list[bool]:
        """For each hash whether `owner` shall judge its bytes; a hash that comes twice is judged once."""
        found: list[bool] = []
        for place, sha256 in enumerate(hashes):
            again = sha256 in hashes[:place]
            found.append(not again and self._owners.setdefault(bytes.fromhex(sha256), owner) == owner)
        return found


class RayEngine:
    """`workers` at most so many workers; None for as many as the cluster has processors (or GPUs, where it has any)."""

    def __init__(
        self,
        load: Callable[[int], Pipeline],
        settings: Settings,
        *,
        workers: int | None = None,
        address: str | None = None,
    ) -> None:
        self._load, self._settings = load, settings
        self._workers, self._address = workers, address
        self._ours = False

    def start(self) -> ModelInfo:
        """Join the cluster, and load the detector here once to know that it can be."""
        ray = _ray()
        try:
            if not ray.is_initialized():
                ray.init(address=self._address, logging_level="ERROR", log_to_driver=False)
                self._ours = True
            pipeline = self._load(1)
        except Exception as error:
            raise EngineFailed(f"The cluster can't be used ({type(error).__name__}: {error}).") from error
        pipeline.reader.close()
        return pipeline.model

    def judge(self, work: Iterator[Work], claims: Claims) -> Iterator[Done]:
        ray, data = _ray(), importlib.import_module("ray.data")
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        # Rows are a few kB: with Ray's usual block size a small cluster is thought too small to begin.
        context.target_max_block_size = 2 * 2**20
        claimed = ray.remote(num_cpus=0)(Claimed).remote()
        for known in pages(claims.known(), 10_000):
            ray.get(claimed.known.remote(known))
        blocks = [ray.put(_table(batches)) for batches in pages(work, _BLOCK // BATCH)]
        if not blocks:
            return
        gpus, workers = self._resources(ray, len(blocks))
        judged = data.from_arrow_refs(blocks).map_batches(
            Judging,
            fn_constructor_args=(self._load, self._settings, claimed),
            batch_size=BATCH,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            **({"num_gpus": 1} if gpus else {}),
        )
        for batch in judged.iter_batches(batch_size=None, batch_format="numpy"):
            yield [(str(p), _unpacked(o)) for p, o in zip(batch["path"], batch["outcome"], strict=True)]

    def stop(self) -> None:
        if self._ours:
            _ray().shutdown()
            self._ours = False

    def _resources(self, ray: Any, blocks: int) -> tuple[int, int]:
        """GPUs of the cluster, and how many workers to start."""
        found = cast(dict[str, float], ray.cluster_resources())
        gpus = int(found.get("GPU", 0))
        room = gpus or int(found.get("CPU", 1))
        return gpus, max(1, min(self._workers or room, room, blocks * _BLOCK // BATCH))


def _table(batches: Sequence[Work]) -> Any:
    arrow: Any = importlib.import_module("pyarrow")
    jobs = [each for batch in batches for each in batch]
    columns = {
        "path": [path for path, _ in jobs],
        "ref": [job.ref.to_text() for _, job in jobs],
        "data": [job.data or b"" for _, job in jobs],
        "fed": [job.data is not None for _, job in jobs],
    }
    types = {"path": arrow.string(), "ref": arrow.string(), "data": arrow.large_binary(), "fed": arrow.bool_()}
    return arrow.table({name: arrow.array(values, types[name]) for name, values in columns.items()})


def _packed(outcome: Outcome) -> str:
    error = None if outcome.error is None else outcome.error.to_json()
    return json.dumps([outcome.sha256, outcome.verdict, error])


def _unpacked(text: Any) -> Outcome:
    sha256, verdict, error = json.loads(str(text))
    return Outcome(sha256, verdict, None if error is None else Unjudged(**error))


def _ray() -> Any:
    """The library, told to send nothing to anyone. Raises Missing."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise Missing("--engine ray needs Ray: pip install 'naturaltrace[cluster]'") from None
