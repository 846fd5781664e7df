"""The cluster engine on a local cluster of two processes: the same results as the local engine."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs import needs

needs("ray", "cluster")

from naturaltrace.scan import results  # noqa: E402
from naturaltrace.scan.batch import Settings  # noqa: E402
from naturaltrace.scan.cluster import Claimed, RayEngine  # noqa: E402
from naturaltrace.scan.engine import Loading  # noqa: E402
from naturaltrace.scan.local import LocalEngine  # noqa: E402
from naturaltrace.scan.scan import Plan, run  # noqa: E402
from tests.daemon.images import encoded, photo  # noqa: E402
from tests.daemon.scan.conftest import Load  # noqa: E402

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers give way to everything else (nice 15); on a busy machine they would never begin.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray's own spelling)
    import ray  # pyright: ignore[reportMissingTypeStubs]

    ray.init(  # pyright: ignore[reportUnknownMemberType]
        num_cpus=2, include_dashboard=False, object_store_memory=400 * 2**20, _node_ip_address="127.0.0.1",
        logging_level=logging.ERROR, log_to_driver=False,
    )  # fmt: skip
    yield ray
    ray.shutdown()  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.usefixtures("cluster")
def test_a_cluster_finds_what_one_machine_finds(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(20):
        # The last four are copies.
        (folder / f"{number:02}.jpg").write_bytes(encoded(photo(150, 140, seed=number % 16), "JPEG"))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    here, there = (Plan([str(folder)], tmp_path / f"{name}.jsonl") for name in ("here", "there"))
    run(here, LocalEngine(load, Settings(), count=1))
    counts = run(there, RayEngine(Loading(tmp_path / "data"), Settings(), workers=2))
    assert (counts.items, counts.errors, counts.duplicates) == (21, 1, 4)
    assert there.out.read_bytes() == here.out.read_bytes()
    assert sum(row.duplicate_of is not None for row in results.read(there.out)) == 4


def test_a_batch_that_is_run_again_gets_its_own_bytes() -> None:
    claimed = Claimed()
    claimed.known(["aa" * 32])
    a, b = "aa" * 32, "bb" * 32
    assert claimed.claim([a, b, b], "batch 1") == [False, True, False]
    assert claimed.claim([b], "batch 2") == [False]
    assert claimed.claim([a, b, b], "batch 1") == [False, True, False]
