"""The study's whole way, each training cut to a step."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
from rgbtbench.results.study_record import average, read_study, settings

SMALL = (
    "samples=2",
    "batch=2",
    "epochs=1",
    "validate_every=0",
    "data.size=[160,120]",
    "data.frames=24",
    "precision=fp32",
)


def test_rows_are_trained_tracked_compared_and_recorded(cli, tmp_path):
    changes = [word for change in SMALL for word in ("--set", change)]
    options = ["--out", tmp_path, "--seeds", 1, "--sequences", 2, "--frames", 6, "--record", tmp_path / "study.csv"]
    status, out, err = cli("study", "scfd", "student-longer", *options, *changes)
    assert status == 0, err
    assert "Table 1, nano networks on 2 generated sequences" in out
    assert {"Student", "Student+SCFD", "Teacher", "dcf", "scfd-0-rgb"} <= {
        line.split("  ")[0] for line in out.splitlines()
    }
    rows = list(csv.DictReader((tmp_path / "study.csv").open()))
    assert {(row["recipe"], row["metric"]) for row in rows} == {
        (recipe, metric)
        for recipe in ("teacher", "student", "student-longer", "scfd", "dcf", "scfd-0-rgb", "scfd-0-tir")
        for metric in ("PR", "NPR", "SR")
    }
    assert len({row["weights_sha256"] for row in rows}) == 5  # dcf has none
    tables, rest = out.split("Against a plain student trained longer")
    equal_time, recovered = rest.split("Recovered of the teacher's lead over Student")
    assert "Student+SCFD" in tables
    assert ["scfd", "1"] in [line.split()[:2] for line in equal_time.splitlines()]
    assert [line.split()[:2] for line in recovered.splitlines()[-1:]] == [["scfd", "1"]]
    found = read_study(tmp_path / "study.csv")
    assert average(found, settings(found)[0], "scfd", "SR").seeds == 1
    assert all(np.mean(one.each) == pytest.approx(one.value, abs=0.01) for one in found)
    again, out2, _ = cli("study", "scfd", "student-longer", *options, "--trained")
    assert (again, out2) == (0, out)
    assert cli("study", "--recorded", tmp_path / "study.csv")[:2] == (0, out)


def test_a_teacher_that_fuses_is_set_beside_the_packages_and_each_row_beside_the_one_before(cli, tmp_path):
    changes = [word for change in SMALL for word in ("--set", change)]
    options = ["--recipes", "fused", "--out", tmp_path, "--seeds", 1, "--sequences", 2, "--frames", 6]
    status, out, err = cli("study", "mpsd-alone", "hfrd-hinge", *options, *changes, "--record", tmp_path / "fused.csv")
    assert status == 0, err
    steps = [line.split()[:3] for line in out.partition("Step by step")[2].partition("\n\n\n")[0].splitlines()]
    pairs = [["teacher", "1", "side-by-side"], ["teacher", "1", "student"], ["mpsd-alone", "1", "student"]]
    assert [step for step in steps if step in pairs] == pairs
    rows = list(csv.DictReader((tmp_path / "fused.csv").open()))
    assert {row["recipe"] for row in rows} == {"teacher", "student", "mpsd-alone", "hfrd-hinge", "side-by-side", "dcf"}
    assert len({row["weights_sha256"] for row in rows}) == 6
    assert (tmp_path / "LasHeR/AttriSeqsTxt/synthetic001.txt").read_text().split(",")[10] == "1"  # BC: hard ones
    status, _, err = cli("study", "--recipes", "fusd", "--out", tmp_path)
    assert (status, "did you mean 'fused'" in err) == (2, True)


def test_bad_rows_and_empty_folders_are_refused(cli, tmp_path):
    status, _, err = cli("study", "scdf", "--out", tmp_path)
    assert (status, "did you mean 'scfd'" in err) == (2, True)
    status, _, err = cli("study", "--trained", "--out", tmp_path)
    assert (status, "nothing to compare with" in err) == (2, True)
    status, _, err = cli("study", "--recorded", tmp_path / "none.csv")
    assert (status, "nothing is recorded" in err) == (2, True)


def test_without_torch_the_shipped_record_has_every_table_and_nothing_is_trained(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from rgbtbench.cli import main; sys.exit(main(sys.argv[1:]))"

    def without_torch(*words):
        command = [sys.executable, "-c", code, "study", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    recorded = without_torch("--recorded")
    assert recorded.returncode == 0, recorded.stderr
    assert [line.split(",")[0] for line in recorded.stdout.splitlines() if line.startswith("Table")] == [
        f"Table {n}" for n in (1, 2, 3, 4)
    ]
    refused = without_torch("--trained")
    assert (refused.returncode, "rgbtbench[torch]" in refused.stderr) == (2, True), refused.stderr
