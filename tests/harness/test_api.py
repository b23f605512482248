"""What a notebook calls, beside what the command line says of the same files."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small import TRACKERS, write_benchmark, write_experiment

import rgbtbench
from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.types import Trajectory

FEW = ("boy`head", "car", "dog")
FAILS = {"use": "./trackers.py:Walk", "label": "Fails", "params": {"victim": "car", "how": "raises"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny benchmark, trackers of its own and an experiment. Do not change it."""
    home = tmp_path_factory.mktemp("api")
    write_benchmark(home / "data", names=FEW)
    write_experiment(home, "- {use: './trackers.py:Walk', label: Walk}\n- {use: still}")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(shutil.copytree(made, tmp_path / "home"))
    return tmp_path / "home"


def boxes_in(runs: Path) -> dict[str, bytes]:
    return {str(path.relative_to(runs)): path.read_bytes() for path in runs.rglob("*.txt") if "_time" not in path.name}


def test_an_experiment_is_run_from_its_file_and_from_python_into_the_same_folders(home: Path, cli):
    written = rgbtbench.run("exp.yaml", out="a", devices="cpu*2")
    assert (written.complete, written.gaps, str(written), written.store) == (True, {}, "6 ok", Path("a"))
    given = rgbtbench.run(
        trackers=[{"use": "./trackers.py:Walk", "label": "Walk"}, "still"], datasets={"LasHeR": Path("data")}, out="b"
    )
    assert boxes_in(Path("b")) == boxes_in(Path("a")) != {}
    whole = {"name": "x", "datasets": {"LasHeR": {"root": "data"}}, "trackers": [{"use": "still"}], "seed": 0}
    assert rgbtbench.run(whole, out="a").complete
    assert boxes_in(Path("b")) == boxes_in(Path("a"))
    out = cli("report", "exp.yaml", "--runs", "a", "--metrics", "SR", "--format", "csv")[1]
    told = {row["tracker"]: float(row["value"]) for row in csv.DictReader(io.StringIO(out))}
    assert given.evaluate(measures=("SR",)).score("SR") == pytest.approx(told)


def test_a_tracker_that_fails_leaves_a_gap_that_says_so(home: Path):
    runs = rgbtbench.run(trackers=[FAILS, "still"], datasets={"LasHeR": "data"}, out="runs")
    assert not runs.complete
    assert runs.gaps == {"LasHeR/Fails": {"car": "failed"}}
    assert "5 ok, 1 failed" in repr(runs)
    with pytest.raises(ResultError, match="not all sequences") as caught:
        runs.evaluate()
    assert "LasHeR/Fails: 1 without boxes (car)" in str(caught.value)
    assert runs.evaluate(allow_missing=True).missing == {"Fails": ("car",)}
    (home / "trackers.py").write_text(TRACKERS)
    again = rgbtbench.run(trackers=[FAILS, "still"], datasets={"LasHeR": "data"}, out="runs", only=["dog"])
    assert str(again) == "2 ok"


def test_one_tracker_on_one_sequence_gives_the_boxes_of_a_run(home: Path):
    """By name, by an experiment's entry, and as an object: the seeds are the same."""
    rgbtbench.run("exp.yaml", out="runs")
    sequence = rgbtbench.load("LasHeR", "data").sequence("car")
    stored = np.loadtxt(next(home.glob("runs/LasHeR/Walk@*")) / "car.txt", delimiter=",")
    entry = {"use": "./trackers.py:Walk", "params": {"step": 1.0}}
    for tracker in ("./trackers.py:Walk", entry, rgbtbench.TRACKERS.create(f"{home}/trackers.py:Walk")):
        found = rgbtbench.track(tracker, sequence)
        assert isinstance(found, Trajectory)
        assert found.boxes.shape == (7, 4)
        np.testing.assert_array_equal(found.boxes.round(4), stored)  # the store keeps four decimals
    other = rgbtbench.track(entry, sequence, seed=1)
    assert not np.allclose(other.boxes, stored)
    thermal = rgbtbench.track({"use": "./trackers.py:Walk", "modality": "tir"}, sequence)
    assert not np.allclose(thermal.boxes, stored)


def test_a_tracker_that_was_made_here_is_closed_here(home: Path):
    class Closes:
        closed = 0

        def init(self, frame, box): ...
        def update(self, frame):
            return [1, 2, 3, 4]

        def close(self):
            Closes.closed += 1

    sequence = rgbtbench.load("LasHeR", "data").sequence("car")
    rgbtbench.track(Closes(), sequence)
    assert Closes.closed == 0
    rgbtbench.TRACKERS.register("closes")(Closes)
    try:
        rgbtbench.track("closes", sequence)
    finally:
        del rgbtbench.TRACKERS._registered["closes"]
    assert Closes.closed == 1


def test_a_report_is_what_the_verb_prints(generated: Path, cli, tmp_path: Path):
    results = [f"A={generated}/results/fused", f"B={generated}/results/rgb-only"]
    for options, words in (
        ({"format": "csv", "attributes": ["LI", "TC"]}, ("--format", "csv", "--attributes", "LI,TC")),
        ({"ranks": True, "measures": ["SR"], "without": ["B"]}, ("--ranks", "--metrics", "SR", "--without", "B")),
    ):
        status, out, _ = cli("report", *results, "--benchmark", "LasHeR", "--truth", generated / "LasHeR", *words)
        report = rgbtbench.report(
            *results, benchmark="LasHeR", truth=generated / "LasHeR", out=tmp_path / "out", **options
        )
        assert (status, str(report), (tmp_path / "out").read_text()) == (0, out, out)
        assert report.complete
    truth = {"LasHeR": generated / "LasHeR"}
    page = rgbtbench.report(*results, benchmark="LasHeR", truth=truth, format="html", out=tmp_path / "a.html")
    assert (tmp_path / "a.html").read_bytes() == page.content
    assert repr(page) == str(page) == "<Report: 2 trackers on LasHeR test>"


def test_a_report_with_gaps_says_so(generated: Path, tmp_path: Path):
    results = Path(shutil.copytree(generated / "results/fused", tmp_path / "fused"))
    (results / "generated03.txt").unlink()
    asked = {"benchmark": "LasHeR", "truth": generated / "LasHeR"}
    with pytest.raises(ResultError, match="1 of 6"):
        rgbtbench.report(results, **asked)
    report = rgbtbench.report(results, **asked, allow_missing=True)
    assert not report.complete
    assert "with gaps" in repr(report)


def test_compare_has_the_rows_of_the_verb(generated: Path, cli):
    benchmark = rgbtbench.load("LasHeR", generated / "LasHeR")
    rows = rgbtbench.compare(
        benchmark, generated / "results/fused", generated / "results/rgb-only", measures=("SR",), attributes=("LI",)
    )
    out = cli("compare", "LasHeR", generated / "results/fused", generated / "results/rgb-only", "--metrics", "SR",
              "--truth", generated / "LasHeR", "--attributes", "LI", "--format", "csv")[1]  # fmt: skip
    for row, told in zip(rows, csv.DictReader(io.StringIO(out)), strict=True):
        assert (row.first, row.second, row.attribute) == ("fused", "rgb-only", told["attribute"])
        assert (row.difference, row.p_holm) == pytest.approx((float(told["difference"]), float(told["p_holm"])))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: rgbtbench.run(), "what is to run"),
        (lambda: rgbtbench.run("exp.yaml", trackers=["still"]), "what is to run"),
        (lambda: rgbtbench.run(trackers=["still"]), "'datasets' is empty"),
        (lambda: rgbtbench.run(trackers="still", datasets={"LasHeR": "data"}), r"next\s+\['still'\]"),
        (lambda: rgbtbench.run(trackers=["stil"], datasets={"LasHeR": "data"}), "did you mean 'still'"),
        (lambda: rgbtbench.run(trackers=[{"use": "still", "lable": "A"}], datasets={"LasHeR": "data"}),
         r"where\s+experiment.trackers.0.lable"),
        (lambda: rgbtbench.run(trackers=[object()], datasets={"LasHeR": "data"}), "experiment is not plain"),
        (lambda: rgbtbench.run(trackers=["still"], datasets={"LasHeR": "gone"}), r"where\s+experiment.datasets.LasHeR"),
        (lambda: rgbtbench.run("exp.yaml", devices="gpu!"), "malformed --devices"),
        (lambda: rgbtbench.track(3, None), "not a tracker"),
        (lambda: rgbtbench.track({"label": "A", "results": "data"}, None), "nothing to run"),
        (lambda: rgbtbench.report("data", attributes="LI"), "attributes is one text"),
        (lambda: rgbtbench.report("data", format="tables"), "unknown format"),
        (lambda: rgbtbench.report("data", by="attributes"), "unknown breakdown"),
        (lambda: rgbtbench.compare(None, "a/x.zip", "b/x.tar.xz"), "two different labels"),
    ],
)  # fmt: skip
def test_wrong_calls_are_refused_before_anything_runs(home: Path, call, told: str):
    with pytest.raises(ConfigError, match=told):
        call()
    assert not (home / "runs").exists()


def test_a_script_needs_no_main_guard_and_a_thread_may_run_too(home: Path):
    """Lanes are new processes; one that ran the script again would start lanes of its own."""
    (home / "script.py").write_text(
        "import rgbtbench\nprint('once')\n"
        "runs = rgbtbench.run(trackers=['still'], datasets={'LasHeR': 'data'}, out='scripted')\nprint(runs)\n"
    )
    found = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout) == (0, "once\n3 ok\n"), found.stderr
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(rgbtbench.run, "exp.yaml", out="threaded", only=["still"]).result().complete


def test_names_are_there_before_anything_heavy_is_imported():
    code = "import sys, rgbtbench; print(set(dir(rgbtbench)) >= {'run', 'TRACKERS'}, 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True False\n"
    assert all(getattr(rgbtbench, name) for name in rgbtbench.__all__)
