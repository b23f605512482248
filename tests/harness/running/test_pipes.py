"""A FIFO, where a file was expected, blocks nothing: neither a run, nor its plan, status or report."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small import rgbtbench, write_benchmark, write_experiment

TRACKERS = """- {use: './trackers.py:Walk', label: Walk, weights: w.bin, params: {how: ./p.bin}}
- {label: raw, results: raw}"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_benchmark(tmp_path / "data", names=("boy", "car"), frames=3)
    (tmp_path / "raw").mkdir()
    for name in ("w.bin", "p.bin", "raw/boy.txt", "raw/car.txt"):
        (tmp_path / name).write_text("3,2,8,6\n" * 4)
    write_experiment(tmp_path, TRACKERS)
    return tmp_path


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("verb", [("run", "--dry-run"), ("report",)], ids=lambda verb: verb[0])
@pytest.mark.parametrize(
    "file", ["w.bin", "p.bin", "raw/boy.txt", "exp.yaml", "trackers.py", "data/boy/init.txt", "data/testingsetList.txt"]
)
def test_a_pipe_among_the_inputs(home: Path, verb: tuple[str, ...], file: str):
    pipe(home / file)
    run = rgbtbench(verb[0], home / "exp.yaml", "--runs", home / "runs", *verb[1:], timeout=20)
    assert run.returncode in ((0, 1, 2) if file.startswith("raw") else (2,))
    assert "Traceback" not in run.stderr


def test_a_pipe_in_the_store(home: Path):
    assert rgbtbench("run", home / "exp.yaml", "--runs", home / "runs").returncode == 0
    [folder] = (home / "runs/LasHeR").glob("Walk@*")
    for name in ("boy.txt", "boy.json", "car.lease", "about-run.json", "machine-x.json"):
        old = (folder / name).read_bytes() if (folder / name).exists() else None
        pipe(folder / name)
        if name == "car.lease":
            (folder / "car.json").rename(home / "car.json")
        for verb in (("status",), ("report", "--allow-missing")):
            run = rgbtbench(verb[0], home / "exp.yaml", "--runs", home / "runs", *verb[1:], timeout=20)
            assert run.returncode in (0, 1, 2), run.stderr
            assert "Traceback" not in run.stderr
        (folder / name).unlink()
        if old is not None:
            (folder / name).write_bytes(old)
        if name == "car.lease":
            (home / "car.json").rename(folder / "car.json")
