"""Losses that pull and push the right way, prototypes, and two short stages from crops to a checkpoint."""

import copy
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from naturaltrace_model.data.manifest import FAMILIES, Sample  # noqa: E402
from naturaltrace_model.data.shards import ShardWriter, Worn  # noqa: E402
from naturaltrace_model.losses import traces  # noqa: E402
from naturaltrace_model.losses.soft_contrastive import soft_contrastive  # noqa: E402
from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig  # noqa: E402
from naturaltrace_model.traces.prototypes import spherical_kmeans, stratified  # noqa: E402
from naturaltrace_model.training import checkpoint, stage1, stage2  # noqa: E402
from naturaltrace_model.training.batches import Shard  # noqa: E402

pytestmark = pytest.mark.torch
_SMALL = TraceNetConfig(widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), embedding=16, prototypes=4)


def _shard(folder: Path, *, twins_of: int = 0) -> Shard:
    """Noise of two strengths: weak for real, strong for generated; enough to tell apart within a few steps."""
    rng = np.random.default_rng(0)
    writer = ShardWriter(folder, 160)
    for region in range(twins_of or 40):
        label = 1 if twins_of else region % 2
        noise = rng.normal(0, 25 if label else 4, (2, 128, 128, 3))
        crops = np.clip(128 + noise, 0, 255).astype(np.uint8)
        sample = Sample(Path(), "train", label, "photo", "sdxl" if label else "", f"s{region % 5}", "", 1, 1, "")
        twin = region * 2 if twins_of else -1
        writer.add(Worn(crops, 0.8), sample, sample.family, twin if twins_of else region, twin, 0.0)
    writer.close()
    return Shard.open(folder)


def test_kmeans_finds_separate_directions_and_repeats_itself() -> None:
    corners = F.normalize(torch.eye(4, 16), dim=1)
    z = F.normalize(corners.repeat_interleave(50, 0) + 0.05 * torch.randn(200, 16), dim=1)
    found = spherical_kmeans(z, 4, seed=1)
    assert float((found @ corners.T).max(0).values.min()) > 0.95
    assert torch.equal(found, spherical_kmeans(z, 4, seed=1))


def test_kmeans_refuses_fewer_embeddings_than_prototypes() -> None:
    with pytest.raises(ValueError, match="3 embeddings"):
        spherical_kmeans(torch.eye(3, 8), 4, seed=0)


def test_strata_are_capped() -> None:
    strata = torch.tensor([0] * 100 + [1] * 3)
    taken = stratified(strata, 10, seed=0)
    assert torch.bincount(strata[taken]).tolist() == [10, 3]


def test_real_embeddings_are_drawn_to_the_prototypes_and_generated_ones_pushed_off() -> None:
    torch.manual_seed(0)
    prototypes = F.normalize(torch.randn(4, 16), dim=1)
    z = torch.randn(24, 16, requires_grad=True)
    labels = torch.tensor([0.0, 1.0]).repeat(12)
    families = labels.long() * FAMILIES.index("gan")
    regions = torch.arange(24)

    def nearness(which: float) -> float:
        with torch.no_grad():
            return float((F.normalize(z, dim=1)[labels == which] @ prototypes.T).max(1).values.mean())

    before = nearness(0.0), nearness(1.0)
    optimiser = torch.optim.SGD([z], lr=1.0)
    for _ in range(60):
        loss = soft_contrastive(F.normalize(z, dim=1), labels, families, regions, prototypes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert nearness(0.0) > before[0]
    assert nearness(1.0) < before[1]


def test_a_batch_of_one_class_has_a_finite_loss() -> None:
    z = F.normalize(torch.randn(6, 8), dim=1)
    loss = soft_contrastive(z, torch.zeros(6), torch.zeros(6).long(), torch.arange(6), F.normalize(torch.randn(2, 8)))
    assert bool(torch.isfinite(loss))


def test_stage_one_losses_prefer_what_they_are_for() -> None:
    torch.manual_seed(0)
    z = F.normalize(torch.randn(16, 8), dim=1)
    assert traces.instance_discrimination(z, z) < traces.instance_discrimination(z, z.roll(1, 0))
    collapsed = z[:1].expand(16, 8)
    assert traces.spread(collapsed) > traces.spread(z)
    assert traces.decorrelation(z, torch.randn(16, 8)) < traces.decorrelation(z, z)


def test_both_stages_learn_and_leave_a_checkpoint_that_opens(tmp_path: Path) -> None:
    torch.manual_seed(0)
    main = _shard(tmp_path / "main")
    twins = _shard(tmp_path / "twins", twins_of=10)
    network = TraceNet(_SMALL)
    out = tmp_path / "run"
    stage1.train(network, main, twins, stage1.Stage1Config(steps=2, pairs=8, negatives=4), out)
    assert torch.allclose(network.prototypes.norm(dim=1), torch.ones(4), atol=1e-5)
    anchor = copy.deepcopy(network).eval()
    config = stage2.Stage2Config(steps=24, batch=16, pairs=2, learning_rate=5e-3)
    trained = stage2.train(network, main, twins, main, config, out, anchor=anchor)
    assert stage2.validate(trained, main)["auc_logit"] > 0.9
    opened, stored = checkpoint.load(out / "stage2.pt")
    assert stored["step"] == 24
    crops = torch.from_numpy(np.array(main.crops[:4]))
    with torch.no_grad():
        assert torch.allclose(opened(crops).logit, trained.eval()(crops).logit, atol=1e-5)
    assert (out / "stage2.csv").read_text().count("\n") > 2


def test_a_killed_save_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = TraceNet(_SMALL)
    path = tmp_path / "run.pt"
    checkpoint.save(path, network, _SMALL, 1)

    def die(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", die)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, network, _SMALL, 2)
    assert checkpoint.load(path)[1]["step"] == 1
