"""Other methods behind one interface: each learns what is plain, and the table keeps what is done."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402

from naturaltrace_model.baselines import fronts, table  # noqa: E402
from naturaltrace_model.baselines.interface import Budget, Material, chosen  # noqa: E402
from naturaltrace_model.baselines.judged import Judged  # noqa: E402
from naturaltrace_model.baselines.ours import OneClass, Ours, Parts, Steadiness, without_hard_real  # noqa: E402
from naturaltrace_model.baselines.registry import ROWS  # noqa: E402
from naturaltrace_model.baselines.statistics import five  # noqa: E402
from naturaltrace_model.baselines.table import score_regions  # noqa: E402
from naturaltrace_model.baselines.trained import Trained  # noqa: E402
from naturaltrace_model.evaluation.folds import PROTOCOLS, folds  # noqa: E402
from naturaltrace_model.evaluation.metrics import auc  # noqa: E402
from naturaltrace_model.evaluation.protocols import markdown as protocols_table  # noqa: E402
from naturaltrace_model.evaluation.protocols import run as run_protocols  # noqa: E402
from naturaltrace_model.training import judgement  # noqa: E402
from naturaltrace_model.training.judgement import JudgementConfig  # noqa: E402
from naturaltrace_model.training.traces import TracesConfig  # noqa: E402
from tests.model.crops import material, noise_shard, samples_of_shard  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]
_BUDGET = Budget(steps=14, batch=16, width=0.25, learning_rate=5e-3)
_SHORT = JudgementConfig(steps=40, traces=TracesConfig(first_steps=20, second_steps=40))
_FRONTS = (
    fronts.Colour, fronts.NeighbourResidual, fronts.MaskedDetail, fronts.RichPoor, fronts.MedianResidual,
    fronts.GatedBands, fronts.GatedExperts,
)  # fmt: skip


@pytest.mark.parametrize("front", _FRONTS)
def test_a_front_gives_what_it_says_at_half_resolution(front: type[fronts.Front]) -> None:
    crops = torch.randint(0, 256, (3, 128, 128, 3), dtype=torch.uint8)
    for mode in (True, False):
        out = front().train(mode)(crops)
        assert out.shape[:2] == (3, front.channels)
        assert out.shape[2] * out.shape[3] in {64 * 64, 32 * 64}
        assert bool(torch.isfinite(out).all())


@pytest.mark.parametrize("front", [fronts.NeighbourResidual, fronts.MedianResidual])
def test_residuals_do_not_see_a_plain_colour(front: type[fronts.Front]) -> None:
    plain = torch.full((1, 128, 128, 3), 77, dtype=torch.uint8)
    assert float(front()(plain).abs().max()) < 1e-5


def test_rich_less_poor_is_nothing_where_all_patches_are_alike() -> None:
    patch = torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8)
    crops = patch.repeat(4, 4, 1)[None]
    assert float(fronts.RichPoor().eval()(crops).detach().abs().max()) < 1e-5


def test_a_chosen_part_of_a_shard_is_a_shard(tmp_path: Path) -> None:
    shard = noise_shard(tmp_path)
    part = chosen(shard, shard.label == 1)
    assert len(part) == int((shard.label == 1).sum())
    assert np.array_equal(part.crops[3], shard.crops[int(np.flatnonzero(shard.label == 1)[3])])
    assert np.array_equal(part.crops[np.array([0, 2])], shard.crops[np.flatnonzero(shard.label == 1)[[0, 2]]])
    kept = without_hard_real(shard)
    assert set(kept.category[kept.label == 0]) == {shard.categories.index("photo")}
    assert (kept.label == 1).sum() == (shard.label == 1).sum()


def test_the_five_statistics_grow_with_noise_and_energy_falls() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((128, 128, 3), 120, dtype=np.uint8)
    noisy = np.clip(120 + rng.normal(0, 40, flat.shape), 0, 255).astype(np.uint8)
    edges, contrast, energy, laplacian, spectrum = five(noisy) - five(flat)
    assert min(edges, contrast, laplacian, spectrum) > 0
    assert energy < 0


@pytest.mark.parametrize(
    "baseline",
    [
        Trained("", fronts.NeighbourResidual),
        Ours(""),
        Ours("", Parts(stage1=False, hard_real=False)),
        Judged("", _SHORT),
        Judged("", _SHORT, by_proximity=True),
    ],
)
def test_what_is_trained_tells_weak_noise_from_strong(baseline: Trained | Ours | Judged, tmp_path: Path) -> None:
    data = material(tmp_path)
    baseline.fit(data, _BUDGET, tmp_path / "row")
    found = score_regions(baseline, data.train, most=12)
    assert len(found.scores) == 24
    assert auc(found.label, found.scores) > 0.9
    assert baseline.parameters > 1000


def test_training_free_scores_train_one_encoder_and_are_finite(tmp_path: Path) -> None:
    data = material(tmp_path)
    for name, baseline in (("a", OneClass()), ("b", Steadiness("", blur=False)), ("c", Steadiness("", blur=True))):
        baseline.fit(data, Budget(steps=2, batch=16, width=0.25), tmp_path / "out" / name)
        assert bool(np.isfinite(score_regions(baseline, data.train, most=4).scores).all())
    assert len(list((tmp_path / "out" / "shared").glob("real-only*/stage1.pt"))) == 1


def test_both_rows_of_the_released_way_learn_its_heads_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = material(tmp_path)
    learned: list[Path] = []
    train = judgement.train_traces

    def counted(*given: Any) -> None:
        learned.append(given[-1])
        train(*given)

    monkeypatch.setattr(judgement, "train_traces", counted)
    for name, near in (("a", False), ("b", True)):
        row = Judged("", _SHORT, by_proximity=near)
        row.fit(data, _BUDGET, tmp_path / "out" / name)
        assert bool(np.isfinite(score_regions(row, data.train, most=4).scores).all())
    assert len(learned) == 1


def test_a_row_that_is_done_is_kept_and_another_budget_is_another_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = material(tmp_path)
    fitted: list[int] = []

    class Counted(Trained):
        def fit(self, material: Material, budget: Budget, folder: Path) -> None:
            fitted.append(budget.steps)
            super().fit(material, budget, folder)

    monkeypatch.setitem(ROWS, "rgb", lambda: Counted("pixels", fronts.Colour))
    judged = {"val": data.train, "test": data.train}
    for steps in (2, 2, 3):
        rows = table.run(["rgb"], data, judged, Budget(steps, 8, 0.25), 8, tmp_path / "out")
    assert fitted == [2, 3]
    assert [r["name"] for r in rows] == ["rgb"]
    assert rows[0]["splits"]["test"]["auc_low"] <= rows[0]["splits"]["test"]["auc"]
    assert "| rgb | pixels |" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "table.csv").read_text(encoding="utf-8").count("\n") == 2


def test_no_fold_trains_on_what_it_judges(tmp_path: Path) -> None:
    data = material(tmp_path)
    judged = [noise_shard(tmp_path / "judged", seed=5, owner="other")]
    for protocol in PROTOCOLS:
        found = list(folds(protocol, data, judged, samples_of_shard(data.train)))
        assert found, protocol
        for fold in found:
            train, twins = fold.material.train, fold.material.twins
            assert twins is not None
            for held in fold.generated:
                if held.sources == train.sources:
                    assert not set(held.region) & set(train.region)
                if held.sources == twins.sources:
                    assert not set(held.source) & set(twins.source)
            if fold.protocol in {"autoencoders", "real-sources"}:
                held_regions = set(np.concatenate([r.region for r in fold.real]))
                assert held_regions
                assert not held_regions & set(train.region)
                assert not held_regions & set(twins.twin)
            if fold.protocol == "families":
                assert not {int(f) for h in fold.generated for f in h.family} & set(train.family[train.label == 1])
    with pytest.raises(ValueError, match="no protocol"):
        list(folds("guessing", data, judged, []))


def test_folds_are_trained_apart_and_written_with_their_budget(tmp_path: Path) -> None:
    data = material(tmp_path)
    judged = [noise_shard(tmp_path / "judged", seed=5, owner="other")]
    budget = Budget(steps=2, batch=16, width=0.25)
    out = tmp_path / "out"
    rows = run_protocols(["families", "real-sources"], "npr", data, judged, [], budget, 20, out)
    assert len(rows) == 2 + 4
    assert {r["steps"] for r in rows} == {2}
    worst = [r for r in rows if r["protocol"] == "real-sources"]
    assert all(r["false_at_5"] is not None and 0 <= r["false_at_5"] <= 1 for r in worst)
    before = (out / "families-gan" / "figures.json").stat().st_mtime_ns
    run_protocols(["families"], "npr", data, judged, [], budget, 20, out)
    assert (out / "families-gan" / "figures.json").stat().st_mtime_ns == before
    assert "| families | mean, worst |" in protocols_table(rows)
