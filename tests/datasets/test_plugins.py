"""Benchmarks that others bring: from a file, a module, an entry point, or as a Spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.protocol import PR20, SR21, Protocol
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.spec import Spec

SOURCE = """
from rgbtbench.core.protocol import PR20, SR21, Protocol
from rgbtbench.datasets.spec import Spec
MINE = Spec(name="{name}", protocol=Protocol(measures=(PR20, SR21)), truths=(("{{name}}/truth.txt",),),
            sizes={{"all": (2, 6)}}{more})
OTHER = 5
"""


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """What one test makes known is unknown to the next."""
    monkeypatch.setattr(BENCHMARKS, "_registered", {})


def spec_file(folder: Path, name: str = "Mine", more: str = "") -> str:
    (folder / "mine.py").write_text(SOURCE.format(name=name, more=more))
    return f"{folder}/mine.py:MINE"


def annotations(folder: Path, rows: int = 3) -> Path:
    for name in ("walker01", "walker02"):
        (folder / name).mkdir(parents=True)
        boxes = np.array([10.0, 10, 20, 30]) + np.arange(rows)[:, None] * [7, 5, 0, 0]
        np.savetxt(folder / name / "truth.txt", boxes, fmt="%g", delimiter=",")
    return folder


def test_one_from_a_file_is_known_by_its_name_afterwards(tmp_path):
    reference, root = spec_file(tmp_path), annotations(tmp_path / "data")
    with pytest.raises(ConfigError, match="unknown benchmark 'Mine'"):
        BENCHMARKS.get("Mine")
    benchmark = rgbtbench.load(reference, root)
    assert (benchmark.title, benchmark.names, benchmark.is_official) == ("Mine", ("walker01", "walker02"), True)
    assert BENCHMARKS.get("mine") is BENCHMARKS.get(reference) is benchmark.spec
    assert rgbtbench.load(benchmark.spec, root).names == benchmark.names
    assert "Mine" in BENCHMARKS.names()


def test_a_spec_itself_will_do(tmp_path):
    spec = Spec(name="Own", protocol=Protocol((PR20, SR21)), truths=(("{name}/truth.txt",),), sizes={"all": (2, None)})
    benchmark = rgbtbench.load(spec, annotations(tmp_path))
    assert benchmark.title == "Own"
    assert benchmark.labels is None
    assert rgbtbench.load(replace(spec, every=2), tmp_path).spec.every == BENCHMARKS.get("Own").every == 2
    with pytest.raises(ConfigError, match="two benchmarks called 'Own'"):
        BENCHMARKS.get(spec_file(tmp_path, "Own"))
    with pytest.raises(ConfigError, match="two benchmarks called 'GTOT'"):
        rgbtbench.load(replace(spec, name="GTOT"), tmp_path)


def test_a_second_benchmark_of_a_name_is_refused(tmp_path):
    for name in ("LasHeR", "lasher"):
        with pytest.raises(ConfigError, match="two benchmarks called 'LasHeR'") as caught:
            BENCHMARKS.get(spec_file(tmp_path, name))
        assert "another name" in str(caught.value)
        (tmp_path / "mine.py").rename(tmp_path / f"was-{name}.py")
        tmp_path = tmp_path / "next"
        tmp_path.mkdir()


def test_a_built_in_one_by_its_module_is_itself():
    assert BENCHMARKS.get("rgbtbench.datasets.gtot:GTOT") is BENCHMARKS.get("GTOT")


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("../up", "", "name"),
        ("LasHeR-train", "", "name"),
        ("", "", "name"),
        ("A,B", "", "name"),
        ("Mine", ", default_split='test'", "default_split"),
        ("Mine", ", every=0", "every"),
        ("Mine", ", every=2.5", "every"),
        ("Mine", ", homes=('images',)", "truths and homes"),
        ("Mine", ", homes=('../{{name}}',)", "truths and homes"),
        ("Mine", ", lists={{'test': ('t.txt',)}}", "lists"),
        ("Mine", ", colour='red'", "colour"),
    ],
)
def test_a_spec_that_cannot_be_is_told_with_its_file(cli, tmp_path, name, more, told):
    status, _, err = cli("check", spec_file(tmp_path, name, more.replace("{{", "{").replace("}}", "}")), tmp_path)
    assert status == 2
    assert (f"cannot be: {told}\n" if told != "colour" else told) in err
    assert "mine.py:4\n" in err


def test_what_is_no_spec_is_told(cli, tmp_path):
    reference = spec_file(tmp_path)
    for wrong, told in (
        (reference.replace("MINE", "OTHER"), "is no benchmark"),
        (reference.replace("MINE", "ABSENT"), "ABSENT"),
        (reference.replace("mine.py", "yours.py"), "no such file"),
        ("no.such.module:MINE", "cannot load benchmark"),
        ("Mien", "unknown benchmark"),
    ):
        status, _, err = cli("score", wrong, "--truth", tmp_path, "--results", tmp_path)
        assert (status, told in err) == (2, True), err


def test_an_entry_point_brings_one(tmp_path, monkeypatch):
    (tmp_path / "brought.py").write_text(SOURCE.format(name="Brought", more=""))
    about = tmp_path / "brought-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[rgbtbench.benchmarks]\nBrought = brought:MINE\nCalled = brought:MINE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert BENCHMARKS.get("brought").name == "Brought"
    with pytest.raises(ConfigError, match="has another name in its Spec"):
        BENCHMARKS.get("Called")


def test_every_verb_takes_one(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec_file(tmp_path)
    root = annotations(tmp_path / "data")
    for name in ("walker01", "walker02"):
        for label in ("A", "B"):
            Path(label).mkdir(exist_ok=True)
            Path(label, f"{name}.txt").write_text((root / name / "truth.txt").read_text())
    mine, truth = "mine.py:MINE", ("--truth", root)
    for arguments in (
        ("check", mine, root, "--results", "A"),
        ("score", mine, *truth, "--results", "A"),
        ("compare", mine, *truth, "A", "B"),
        ("export", mine, *truth, "--results", "A", "--out", "kit"),
        ("list", "attributes", mine),
        ("report", "A", "B", "--truth", f"{mine}={root}"),
        ("report", "A", "B", "--benchmark", mine, *truth),
        ("leaderboard", "A", "B", "--benchmark", mine, *truth, "--format", "html", "--out", "p.html"),
    ):
        BENCHMARKS._registered.clear()
        status, _, err = cli(*arguments)
        assert status == 0, (arguments, err)


def test_a_store_names_the_file_that_its_benchmark_came_from_but_does_not_run_it(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec_file(tmp_path)
    root = annotations(tmp_path / "data")
    Path("A").mkdir()
    for name in ("walker01", "walker02"):
        Path("A", f"{name}.txt").write_text((root / name / "truth.txt").read_text())
    Path("exp.yaml").write_text("datasets: {./mine.py:MINE: data}\ntrackers: [{results: A, label: A}]\n")
    assert cli("run", "exp.yaml")[0] == 0
    BENCHMARKS._registered.clear()
    status, _, err = cli("report", "runs")
    assert status == 2
    assert "mine.py:MINE" in err
    assert "--truth FILE.py:SPEC=PATH" in err
    status, out, _ = cli("report", "runs", "--truth", f"mine.py:MINE={root}", "--format", "csv")
    assert status == 0
    assert out.splitlines()[1].startswith("Mine,")


def test_an_experiment_says_the_line_of_a_wrong_one(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec_file(tmp_path)
    annotations(tmp_path / "data")
    for datasets, told in (
        ("{./yours.py:MINE: data}", "exp.yaml:1"),
        ("{Mien: data}", "exp.yaml:1"),
        ("{./mine.py:OTHER: data}", "exp.yaml:1"),
        ("{./mine.py:MINE: nowhere}", "exp.yaml:1"),
        ("{./mine.py:MINE: data, Mine: data}", "one dataset twice"),
    ):
        BENCHMARKS._registered.clear()
        Path("exp.yaml").write_text(f"datasets: {datasets}\ntrackers: [{{use: still}}]\n")
        status, _, err = cli("run", "exp.yaml")
        assert (status, told in err) == (2, True), err
