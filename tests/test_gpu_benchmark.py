"""``python -m tests.benchmarks.gpu``: its parts run here, on the CPU at nano size, so that they will run on a GPU."""

from __future__ import annotations

import csv
import math

import pytest

pytest.importorskip("torch")
import torch
from benchmarks import gpu

SMALL = ["--device", "cpu", "--small", "--out"]


def test_parts_leave_rows_like_those_of_other_measurements(tmp_path, capsys):
    path = tmp_path / "gpu.csv"
    assert gpu.main([*SMALL, str(path), "--only", "parity", "--only", "nccl"]) == 0
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert tuple(rows[0]) == gpu.COLUMNS
    values = {row["quantity"]: float(row["value"]) for row in rows}
    assert all(map(math.isfinite, values.values()))
    title = "cmd-student: cpu {} beside cpu fp32: largest difference of boxes, px"
    assert values[title.format("fp32")] == 0, "the same device twice"
    assert values[title.format("bf16")] > 0, "so another precision is seen"
    assert values["paper/hfrd: gloo, relative change of the gradient's norm"] < 1e-4
    assert "all parts done" in capsys.readouterr().out


def test_a_part_that_never_ends_is_recorded_and_the_next_one_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "LIMIT", 0.05)
    path = tmp_path / "gpu.csv"
    assert gpu.main([*SMALL, str(path), "--only", "speed", "--only", "training"]) == 1
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["quantity"], row["value"]) for row in rows] == [("speed: failed", ""), ("training: failed", "")]
    assert rows[0]["conditions"] == "more than 0.05 s"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_without_a_gpu_it_says_so(tmp_path, capsys):
    assert gpu.main(["--out", str(tmp_path / "gpu.csv")]) == 1
    assert "no GPU" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
