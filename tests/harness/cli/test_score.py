"""``score``: the contract others script against, and what a user sees when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

COLUMNS = "dataset,split,tracker,metric,attribute,sequence,sequences,frames,value,low,high"


@pytest.fixture
def score(cli, generated):
    """``score LasHeR`` on the generated pack with the given further arguments."""

    def run(*arguments: object) -> tuple[int, str, str]:
        return cli("score", "LasHeR", "--truth", generated / "LasHeR", *arguments)

    return run


@pytest.fixture
def results(generated, tmp_path) -> Path:
    """A copy of one tracker's results, to be spoiled."""
    return Path(shutil.copytree(generated / "results" / "fused", tmp_path / "fused"))


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.splitlines()[0] == COLUMNS
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_contract(score, generated):
    status, out, err = score("--results", f"A={generated}/results/fused", "--by", "attribute", "--format", "csv")
    rows = rows_of(out)
    assert (status, err.count("note:")) == (0, 1)
    assert len(rows) == 3 * 20
    assert {row["metric"] for row in rows} == {"PR", "NPR", "SR"}
    overall = next(row for row in rows if (row["metric"], row["attribute"]) == ("SR", "ALL"))
    assert (overall["dataset"], overall["split"], overall["tracker"]) == ("LasHeR", "test", "A")
    assert (overall["sequences"], overall["frames"], overall["sequence"]) == ("6", "120", "")
    assert len(overall["value"].partition(".")[2]) >= 6
    assert 0 < float(overall["low"]) <= float(overall["value"]) <= float(overall["high"]) <= 100


def test_sequences_average_to_the_overall_score(score, generated):
    _, out, _ = score("--results", f"A={generated}/results/rgb-only", "--by", "sequence", "--format", "csv")
    for metric in ("PR", "NPR", "SR"):
        rows = [row for row in rows_of(out) if row["metric"] == metric]
        parts = [float(row["value"]) for row in rows if row["sequence"]]
        assert len(parts) == 6
        assert np.mean(parts) == pytest.approx(float(rows[0]["value"]))


def test_formats_show_the_same_numbers(score, generated):
    arguments = ["--results", f"A_1={generated}/results/fused", "--results", f"B={generated}/results/rgb-only"]
    texts = {form: score(*arguments, "--format", form)[1] for form in ("csv", "json", "table", "md", "latex")}
    records = json.loads(texts["json"])
    assert ",".join(records[0]) == COLUMNS
    for record, row in zip(records, rows_of(texts["csv"]), strict=True):
        assert record["value"] == pytest.approx(float(row["value"]), abs=1e-9)
        for form in ("table", "md", "latex"):
            assert f"{record['value']:.1f}" in texts[form]
    assert r"A\_1" in texts["latex"]
    assert r"\begin{tabular}{lrrrr}" in texts["latex"]
    assert r"A\_1" in texts["md"]
    assert texts["md"].count("**") >= 4  # title and best cells
    assert texts["table"].index("A_1") < texts["table"].index("B ")  # sorted by SR


def test_archives_give_the_same_numbers_as_folders(score, generated, tmp_path):
    with tarfile.open(tmp_path / "A.tar.xz", "w:xz") as archive:
        archive.add(generated / "results" / "fused", "A")
    folder = score("--results", f"A={generated}/results/fused", "--format", "csv")[1]
    assert score("--results", tmp_path / "A.tar.xz", "--format", "csv")[1] == folder


def test_only_the_metrics_and_attributes_asked_for(score, generated):
    path = f"A={generated}/results/fused"
    _, out, _ = score("--results", path, "--metrics", "SR", "--attributes", "li,TC", "--format", "csv")
    assert [(row["metric"], row["attribute"]) for row in rows_of(out)] == [("SR", "ALL"), ("SR", "LI"), ("SR", "TC")]


def test_curves_end_in_the_scores(score, generated, tmp_path):
    path = f"A={generated}/results/rgb-only"
    _, out, _ = score("--results", path, "--format", "csv", "--curves", tmp_path / "c.csv")
    with (tmp_path / "c.csv").open() as file:
        points = list(csv.DictReader(file))
    scores = {row["metric"]: float(row["value"]) for row in rows_of(out)}
    at_20 = next(p for p in points if p["metric"] == "PR" and float(p["threshold"]) == 20)
    assert float(at_20["value"]) == pytest.approx(scores["PR"])
    success = [float(p["value"]) for p in points if p["metric"] == "SR"]
    assert len(success) == 21
    assert np.mean(success) == pytest.approx(scores["SR"])


def test_curves_on_a_full_disk_leave_the_old_file_whole(score, generated):
    from rgbtbench.files import atomic

    with pytest.MonkeyPatch.context() as patch:
        folder = generated.parent / "curves"
        folder.mkdir(exist_ok=True)
        (folder / "c.csv").write_text("old")

        def full(_: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(atomic.os, "fsync", full)
        status, _, err = score("--results", f"A={generated}/results/fused", "--curves", folder / "c.csv")
    assert (status, (folder / "c.csv").read_text()) == (2, "old")
    assert "No space left" in err
    assert [path.name for path in folder.iterdir()] == ["c.csv"]


def test_cells_for_spreadsheets_start_no_formula(score, generated):
    for form, label in (("csv", "@SUM(A1)"), ("csv-safe", "'@SUM(A1)")):
        status, out, _ = score("--results", f"@SUM(A1)={generated}/results/fused", "--format", form)
        rows = rows_of(out)
        assert status == 0
        assert {row["tracker"] for row in rows} == {label}
        assert all(float(row["value"]) > 0 for row in rows)


def test_a_link_that_leads_to_itself_does_not_stop_scoring(score, generated, results):
    (results / "loop").symlink_to("loop")
    (results / "generated99.txt").symlink_to("generated99.txt")
    before = score("--results", f"A={generated}/results/fused", "--format", "csv")[1]
    assert score("--results", f"A={results}", "--format", "csv")[:2] == (0, before)


def test_labels_move_no_cursor(score, generated):
    status, out, err = score("--results", f"a\x1b[2J\u202e={generated}/results/fused")
    assert status == 0
    assert "a\\x1b[2J\\u202e" in out
    assert all(line.isprintable() for line in (out + err).splitlines())


def test_missing_sequences_stop_or_print_gaps(score, results):
    (results / "generated03.txt").unlink()
    status, out, err = score("--results", f"A={results}", "--format", "csv")
    assert (status, out) == (2, "")
    assert "1 of 6 sequences" in err
    assert "generated03" in err
    assert "--allow-missing" in err
    status, out, err = score("--results", f"A={results}", "--allow-missing", "--by", "sequence", "--format", "csv")
    assert status == 1
    assert "missing: A: 1 of 6" in err
    values = {row["sequence"]: row["value"] for row in rows_of(out) if row["metric"] == "SR"}
    assert values[""] == values["generated03"] == ""  # no average over what is not there
    assert float(values["generated02"]) > 50
    assert "–" in score("--results", f"A={results}", "--allow-missing")[1]


def spoil(path: Path, change) -> Path:
    file = path / "generated02.txt"
    rows = [line.split(",") for line in file.read_text().splitlines()]
    file.write_text("".join(",".join(row) + "\n" for row in change(rows)))
    return file


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-3], ["too few rows", "generated02.txt:17", "20 rows", "17 rows"]),
        (lambda rows: [*rows[:4], ["1", "two", "3", "4"], *rows[5:]], ["not a number", "generated02.txt:5", "two"]),
        (lambda rows: [row[:3] for row in rows], ["wrong number of columns", "generated02.txt:1", "3 in"]),
        (lambda rows: [], ["empty file", "generated02.txt"]),
        (lambda rows: [*rows[:4], ["inf", "2", "3", "4"], *rows[5:]], ["not finite", "generated02.txt:5"]),
    ],
)
def test_bad_rows_are_one_clear_message(score, results, change, words):
    spoil(results, change)
    status, out, err = score("--results", f"A={results}")
    assert (status, out) == (2, "")
    for word in words:
        assert word in err
    assert "Traceback" not in err


def test_a_nan_is_repaired_where_the_protocol_says_so_and_an_error_elsewhere(cli, score, results, generated, tmp_path):
    spoil(results, lambda rows: [*rows[:4], ["nan", "2", "3", "4"], *rows[5:]])
    status, _, err = score("--results", f"A={results}")
    assert status == 0
    assert "A: 1 rows with NaN" in err
    assert "generated02" in err
    for name in ("RGBT234", "GTOT"):
        root = tmp_path / name
        for n in range(6):
            boxes = (generated / "LasHeR/annos" / f"generated{n:02d}.txt").read_text()
            (root / f"generated{n:02d}").mkdir(parents=True)
            for truth in ("visible.txt", "infrared.txt", "groundTruth_v.txt", "groundTruth_i.txt"):
                (root / f"generated{n:02d}" / truth).write_text(boxes)
        status, _, err = cli("score", name, "--truth", root, "--results", f"A={results}", "--boxes", "xywh")
        assert status == 2
        assert "not finite" in err
        assert "generated02.txt:5" in err


def test_surplus_rows_are_cut_and_reported(score, results):
    before = score("--results", f"A={results}", "--format", "csv")[1]
    spoil(results, lambda rows: rows + rows)
    status, out, err = score("--results", f"A={results}", "--format", "csv")
    assert (status, out) == (0, before)
    assert "20 surplus rows" in err


@pytest.mark.parametrize("layout", ["ltrb", "cxcywh", "polygon"])
def test_a_wrong_box_layout_is_recognised_by_the_first_truth_box(score, generated, tmp_path, layout):
    out = tmp_path / layout
    out.mkdir()
    for path in (generated / "results" / "fused").iterdir():
        x, y, w, h = np.loadtxt(path, delimiter=",").T
        written = {
            "ltrb": [x, y, x + w, y + h],
            "cxcywh": [x + w / 2, y + h / 2, w, h],
            "polygon": [x + w, y + h, x, y + h, x, y, x + w, y],
        }
        np.savetxt(out / path.name, np.stack(written[layout], axis=1), delimiter=",")
    status, _, err = score("--results", f"A={out}")
    assert status == 2
    assert f"look like {layout}" in err
    assert f"--boxes A={layout}" in err
    right = score("--results", f"A={generated}/results/fused", "--format", "csv")[1]
    status, told, _ = score("--results", f"A={out}", "--boxes", f"A={layout}", "--corners", "exact", "--format", "csv")
    assert status == 0
    for a, b in zip(rows_of(told), rows_of(right), strict=True):
        assert float(a["value"]) == pytest.approx(float(b["value"]), abs=1e-6)


def test_published_stands_beside_measured(cli, real):
    status, out, _ = cli("score", "LasHeR", "--truth", real / "gt/LasHeR.tar.xz", "--published", "--format", "csv",
                         "--results", real / "results/LasHeR/MANet.tar.xz")  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert list(rows[0]) == [*COLUMNS.split(","), "published", "difference", "source", "reference", "note"]
    table5 = {row["metric"]: row for row in rows if "Table 5" in row["reference"]}
    assert float(table5["NPR"]["difference"]) == pytest.approx(38.296091 - 40.8, abs=1e-6)
    assert "MANet++" in table5["NPR"]["note"]
    assert "2021 release" in table5["SR"]["note"]
    toolkit = [row for row in rows if "MATLAB toolkit" in row["reference"]]
    assert len(toolkit) == 3
    assert all(row["note"] == "" for row in toolkit)
