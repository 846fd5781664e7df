"""Two processes under torchrun train as one does: gradients, batch norm, one log and one checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402

from naturaltrace_model.training import checkpoint  # noqa: E402
from tests.model.distributed_program import one_step  # noqa: E402
from tests.model.test_training import _shard  # noqa: E402  # pyright: ignore[reportPrivateUsage]

pytestmark = [
    pytest.mark.torch,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform == "win32", reason="torchrun there needs a libuv build"),
]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    _shard(folder / "main")
    _shard(folder / "twins", twins_of=10)
    return folder


@pytest.mark.parametrize("stage", [1, 2])
def test_two_processes_have_the_gradients_of_one(stage: int, shards: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = Path(__file__).with_name("distributed_program.py")
    (tmp_path / "two").mkdir()
    done = subprocess.run(
        [*command, str(program), str(stage), str(shards), str(tmp_path / "two")],
        capture_output=True, text=True, timeout=500, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    alone = one_step(stage, shards, tmp_path / "one")
    ranks = [torch.load(tmp_path / "two" / f"rank {rank}.pt") for rank in (0, 1)]
    assert len(alone) > 20
    for name, wanted in alone.items():
        scale = float(wanted.abs().max()) + 1e-6
        for rank in ranks:
            difference = float((rank[name] - wanted).abs().max())
            assert difference <= 1e-3 * scale, (name, difference, scale)
        assert torch.equal(ranks[0][name], ranks[1][name]), name
    for name in ranks[0].keys() - alone.keys():  # heads that this stage does not use
        assert float(ranks[0][name].abs().max()) == 0.0, name
    here, there = (sorted(p.name for p in (tmp_path / n).iterdir() if "rank" not in p.name) for n in ("one", "two"))
    assert here == there == [f"stage{stage}.csv", f"stage{stage}.pt"]
    rows = [(tmp_path / n / f"stage{stage}.csv").read_text().count("\n") for n in ("one", "two")]
    assert rows[0] == rows[1] > 0
    assert checkpoint.load(tmp_path / "two" / f"stage{stage}.pt")[1]["step"] == 1
