"""``report`` and ``leaderboard`` over experiments, stores and raw results; what does not belong together is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from small import NAMES, write_benchmark, write_experiment

from rgbtbench.cli import main

HOSTILE = "A & B_$%"
TRACKERS = f"""- {{use: './trackers.py:Walk', label: Walk}}
- {{use: './trackers.py:Walk', label: "{HOSTILE}", params: {{step: 3}}}}"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny benchmark, a store with two trackers and raw results of a third. Do not change it."""
    home = tmp_path_factory.mktemp("made")
    write_benchmark(home / "data")
    (home / "raw").mkdir()
    rng = np.random.default_rng(0)
    for k, name in enumerate(NAMES):
        rows = np.array([[3, 2, 8, 6.0]]) + rng.normal(0, 1, (6 + k, 4)) * (np.arange(6 + k) > 0)[:, None]
        np.savetxt(home / "raw" / f"{name}.txt", rows, delimiter=",", fmt="%.6g")
    assert main(["run", str(write_experiment(home, TRACKERS)), "--runs", str(home / "runs")]) == 0
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_store_and_raw_results_score_as_the_experiment_does(made, cli):
    status, store, _ = cli("report", made / "runs", "--truth", f"LasHeR={made}/data", "--format", "csv")
    assert status == 0
    experiment = cli("report", made / "exp.yaml", "--runs", made / "runs", "--format", "csv")[1]
    assert sorted(store.splitlines()) == sorted(experiment.splitlines())
    _, both, _ = cli("report", made / "runs", f"Raw={made}/raw", "--truth", made / "data", "--format", "csv")
    assert {row["tracker"] for row in rows_of(both)} == {"Walk", HOSTILE, "Raw"}
    alone = cli("score", "LasHeR", "--truth", made / "data", "--results", f"Raw={made}/raw", "--format", "csv")[1]
    of = {(row["tracker"], row["metric"]): row["value"] for row in rows_of(both)}
    assert {row["metric"]: row["value"] for row in rows_of(alone)} == {m: of["Raw", m] for m in ("PR", "NPR", "SR")}


def test_a_collection_brings_its_own_truth(made, cli, tmp_path):
    (tmp_path / "pack/gt").mkdir(parents=True)
    shutil.copytree(made / "data", tmp_path / "pack/gt/LasHeR")
    shutil.copytree(made / "raw", tmp_path / "pack/results/LasHeR/Raw")
    status, out, _ = cli("report", tmp_path / "pack", "--format", "csv")
    assert status == 0
    assert {row["tracker"] for row in rows_of(out)} == {"Raw"}


def test_raw_results_alone_need_a_benchmark(made, cli):
    status, _, err = cli("report", f"Raw={made}/raw")
    assert status == 2
    assert "--benchmark LasHeR" in err
    status, _, err = cli("report", f"Raw={made}/raw", "--benchmark", "LasHeR", "--truth", made / "data")
    assert status == 0, err


def test_gaps_are_refused_or_counted(home, cli):
    [folder] = (home / "runs/LasHeR").glob("Walk@*")
    (folder / "car.json").unlink()
    arguments = ("report", home / "runs", "--truth", home / "data")
    status, _, err = cli(*arguments)
    assert status == 2
    assert "LasHeR test/Walk: 1 of 8 sequences without boxes: car (missing)" in err
    assert folder.name in err
    assert "boxes for all 8 sequences" in err
    status, out, err = cli(*arguments, "--allow-missing")
    assert status == 1
    assert "missing: LasHeR test/Walk: 1 sequences (car)" in err
    line = next(line for line in out.splitlines() if line.startswith("Walk"))
    assert line.split() == ["Walk", "–", "–", "–", "7", "of", "8"]


def test_failed_sequences_are_named_with_what_retries_them(home, cli):
    text = (home / "exp.yaml").read_text().replace("label: Walk}", "label: Walk, params: {victim: car, how: raises}}")
    (home / "exp.yaml").write_text(text)
    assert cli("run", home / "exp.yaml", "--runs", home / "runs")[0] == 1
    status, _, err = cli("report", home / "exp.yaml", "--runs", home / "runs")
    assert status == 2
    assert "car (failed)" in err
    assert "--retry-failed, or --allow-missing" in err


def test_inputs_stand_before_and_behind_options(made, cli):
    truth = ("--truth", made / "data")
    together = cli("report", made / "runs", f"Raw={made}/raw", *truth)
    assert cli("report", made / "runs", *truth, f"Raw={made}/raw") == together
    assert together[0] == 0
    with pytest.raises(SystemExit) as stop:
        cli("report", made / "runs", *truth, "--attribute-typo", "x")
    assert stop.value.code == 2
    with pytest.raises(SystemExit):
        cli("score", "LasHeR", "surplus")


def test_an_input_that_is_not_there_is_named(made, cli):
    status, _, err = cli("report", made / "run", "--truth", made / "data")
    assert status == 2
    assert f"where     {made}/run" in err
    assert "EXPERIMENT.yaml, a folder of runs" in err


def test_out_takes_every_format(made, cli, tmp_path):
    for verb, form in (("report", "latex"), ("report", "csv"), ("leaderboard", "md"), ("leaderboard", "json")):
        arguments = (verb, made / "runs", "--truth", made / "data", "--format", form)
        _, out, _ = cli(*arguments)
        status, nothing, _ = cli(*arguments, "--out", tmp_path / form)
        assert (status, nothing) == (0, "")
        assert (tmp_path / form).read_text() == out
    assert cli(*arguments, "--out", tmp_path / "no/such/folder")[0] == 2


def test_trackers_are_left_out(made, cli):
    arguments = ("report", made / "runs", "--truth", made / "data", "--format", "csv")
    assert {row["tracker"] for row in rows_of(cli(*arguments, "--without", HOSTILE)[1])} == {"Walk"}
    status, _, err = cli(*arguments, "--without", "walk")
    assert status == 2
    assert "did you mean 'Walk'" in err
    status, _, err = cli(*arguments, "--without", f"Walk,{HOSTILE}")
    assert status == 2
    assert f"--without Walk,{HOSTILE}; there is" in err


def test_chosen_attributes_have_their_rows(cli, real):
    arguments = ("report", real, "--benchmark", "GTOT", "--only", "MTNet", "--attributes", "LI,LI+TC")
    _, out, _ = cli(*arguments)
    assert "SR by attribute" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("LI")] == ["LI", "LI+TC"] * 2
    assert "by attribute" not in cli(*arguments, "--by", "overall")[1]


def test_runs_on_another_truth_are_refused_by_name(home, cli):
    shutil.copytree(home / "data", home / "other")
    (home / "other/car/init.txt").write_text((home / "other/car/init.txt").read_text().replace("8,6", "8,7"))
    status, _, err = cli("report", home / "runs", "--truth", home / "other")
    assert status == 2
    assert "different truths of LasHeR test" in err
    assert "about-run.json" in err
    mixed = home / "two.yaml"
    mixed.write_text((home / "exp.yaml").read_text().replace("LasHeR: data", "LasHeR: other"))
    status, _, err = cli("report", home / "exp.yaml", mixed, "--runs", home / "runs", "--allow-missing")
    assert status == 2
    assert "two.yaml:3" in err


def test_splits_do_not_mix(home, cli):
    for folder in (home / "runs/LasHeR").iterdir():
        about = json.loads((folder / "about-run.json").read_text())
        (home / "runs/LasHeR-train").mkdir(exist_ok=True)
        shutil.copytree(folder, home / "runs/LasHeR-train" / folder.name)
        about["identity"]["dataset"] |= {"name": "LasHeR-train", "split": "train"}
        (home / "runs/LasHeR-train" / folder.name / "about-run.json").write_text(json.dumps(about))
    (home / "data/trainingsetList.txt").write_text((home / "data/testingsetList.txt").read_text())
    arguments = ("report", home / "runs", "--truth", home / "data")
    status, _, err = cli(*arguments)
    assert status == 2
    assert "different splits of LasHeR" in err
    assert "LasHeR train: " in err
    assert cli(*arguments, "--split", "test")[0] == 0


def test_names_that_clash_are_refused_and_told_apart_in_a_leaderboard(home, cli):
    text = (home / "exp.yaml").read_text().replace("label: Walk}", "label: Walk, params: {step: 5}}")
    (home / "new.yaml").write_text(text)
    assert cli("run", home / "new.yaml", "--runs", home / "runs")[0] == 0
    arguments = (home / "runs", "--truth", home / "data")
    status, _, err = cli("report", *arguments)
    assert status == 2
    assert "two trackers named 'Walk'" in err
    twice = cli("report", made_raw := f"Raw={home}/raw", made_raw, "--truth", home / "data", "--benchmark", "LasHeR")[2]
    assert "next      name it once" in twice
    folders = sorted(path.name for path in (home / "runs/LasHeR").glob("Walk@*"))
    assert all(name in err for name in folders)
    assert cli("report", *arguments, "--only", folders[0])[0] == 0
    status, out, _ = cli("leaderboard", *arguments, "--format", "csv")
    assert status == 0
    assert {*folders, HOSTILE} == {row["tracker"] for row in rows_of(out)}


def test_an_empty_selection_says_what_there_is(made, cli, tmp_path):
    status, _, err = cli("report", made / "runs", "--truth", made / "data", "--only", "nobody")
    assert status == 2
    assert HOSTILE in err
    status, _, err = cli("report")
    assert status == 2
    assert "nothing to report on" in err
    assert cli("leaderboard")[0] == 2


def test_a_newer_store_and_a_broken_one_are_refused(home, cli):
    [file] = (home / "runs/LasHeR").glob("Walk@*/about-run.json")
    good = file.read_text()
    for text, told in (
        (good.replace('"format": 1', '"format": 2', 1), "pip install --upgrade rgbtbench"),
        ("{}", "says nothing of a run"),
        ('{"format": 1, "label": "x", "identity": {"dataset": [1]}}', "names no benchmark"),
    ):
        file.write_text(text)
        status, _, err = cli("report", home / "runs", "--truth", home / "data")
        assert status == 2
        assert told in err
        assert "about-run.json" in err


@pytest.mark.parametrize("spoil", [Path.unlink, lambda about: (about.unlink(), os.mkfifo(about))], ids=["none", "pipe"])
def test_a_run_that_cannot_be_read_is_said_and_counts_as_a_gap(home, cli, spoil):
    about = next((home / "runs").glob("*/Walk@*/about-run.json"))
    spoil(about)
    status, out, err = cli("report", home / "runs", "--truth", home / "data", "--format", "csv")
    assert status == 1
    assert f"left out: {about.parent}: about-run.json: " in err
    assert {row["tracker"] for row in csv.DictReader(io.StringIO(out))} == {HOSTILE}


def test_two_attributes_together_have_counts_and_flags(cli, real):
    status, out, _ = cli("report", real, "--only", "MTNet", "--benchmark", "GTOT", "--metrics", "SR", "--by", "pair")
    assert status == 0
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if "+" in line}
    assert lines["LI+TC"] == ["76.6", "14"]
    assert lines["FM+DEF"][1] == "2*"
    assert "* fewer than 10 sequences" in out
    chosen = cli("score", "GTOT", "--truth", real / "gt/GTOT.tar.xz", "--results", real / "results/GTOT/MTNet.tar.xz",
                 "--attributes", "tc+li", "--metrics", "SR", "--format", "csv")[1]  # fmt: skip
    assert [(row["attribute"], row["sequences"]) for row in rows_of(chosen)] == [("ALL", "50"), ("TC+LI", "14")]


def test_ranks_by_attribute(cli, real):
    status, out, _ = cli("report", real, "--only", "MTNet,MaCNet,SGT", "--benchmark", "LasHeR", "--metrics", "SR",
                         "--by", "attribute", "--ranks", "--format", "csv")  # fmt: skip
    assert status == 0
    ranks = {row["tracker"]: (row["rank"], row["rank_high"]) for row in rows_of(out) if row["attribute"] == "ALL"}
    assert ranks == {"MTNet": ("1", "1"), "MaCNet": ("2", "2"), "SGT": ("3", "3")}


def test_figures_are_the_same_bytes_again_and_stay_in_their_folder(made, cli, tmp_path):
    pytest.importorskip("matplotlib", reason="figures need matplotlib")
    for folder in ("a", "b"):
        status, _, err = cli("report", made / "runs", f"../{HOSTILE}={made}/raw", "--truth", made / "data",
                             "--figures", tmp_path / folder)  # fmt: skip
        assert status == 0, err
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    each = [f"{m}-{what}" for m in ("NPR", "PR", "SR") for what in ("curves", "ranks", "scatter", "sequences")]
    once = ("SR-speed", "SR-overlaps", "survival", "strip-car", "strip-floor-1", "strip-leftgirl-swhitebag")
    assert files == sorted(f"LasHeR-test-{name}.svg" for name in (*each, *once))
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
