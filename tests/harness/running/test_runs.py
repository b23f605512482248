"""The runs of an experiment as an object; that they run is tested with the verb and in test_api.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import write_benchmark

from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.running.runs import plan_runs

FEW = ("car", "dog")


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """One tracker on two datasets."""
    monkeypatch.chdir(tmp_path)
    write_benchmark(tmp_path / "data", names=FEW)
    (tmp_path / "gtot").mkdir()
    for name in FEW:
        (tmp_path / "gtot" / name).mkdir()
        for file in ("groundTruth_v.txt", "groundTruth_i.txt"):
            (tmp_path / "gtot" / name / file).write_text("10 10 30 40\n" * 5)
    return {"trackers": [{"use": "still"}], "datasets": {"LasHeR": "data", "GTOT": "gtot"}}


def test_a_plan_writes_nothing_and_counts_what_is_missing(experiment, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    runs = plan_runs(experiment)
    assert (runs.store, str(runs), runs.complete) == (Path("runs"), "4 missing", False)
    assert runs.gaps == {f"{name}/still": dict.fromkeys(FEW, "missing") for name in ("LasHeR", "GTOT")}
    assert str(plan_runs(experiment, only=["GTOT", "dog"])) == "1 missing"
    assert sorted(tmp_path.rglob("*")) == before


def test_scores_are_of_one_dataset_and_of_nothing_that_is_missing(experiment) -> None:
    two = [{"use": "still"}, {"use": "still", "label": "late"}]
    runs = plan_runs({**experiment, "trackers": two})
    with pytest.raises(ConfigError, match="which dataset"):
        runs.evaluate()
    with pytest.raises(ConfigError, match="no runs on 'RGBT234'"):
        runs.evaluate("RGBT234")
    with pytest.raises(ResultError, match="not all sequences"):
        runs.evaluate("LasHeR", allow_missing=True)
    lasher = plan_runs({**experiment, "datasets": {"LasHeR": "data"}})
    lasher.choose()
    lasher.execute()
    both = plan_runs(
        {"datasets": {"LasHeR": "data"}, "trackers": [{"use": "still"}, {"use": "still", "label": "late"}]}
    )
    with pytest.raises(ResultError, match="LasHeR/late: 2 without boxes"):
        both.evaluate()  # a tracker without any boxes is not left out without a word
    assert both.evaluate("lasher", allow_missing=True).trackers == ("still",)
