"""The contract others script against, and what a user sees when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from rgbtbench.cli.demo import EXPERIMENT
from rgbtbench.cli.list import LISTED
from rgbtbench.cli.listings import LISTS
from rgbtbench.reports.page.packing import unpack

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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "Lasher2", "--results", "A=x"], ["unknown benchmark 'Lasher2'", "rgbtbench list benchmarks"]),
        (["score", "LasHeR", "--truth", "nowhere", "--results", "A=x"], ["path not found", "nowhere"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=nowhere"], ["path not found", "nowhere"]),
        (["score", "LasHeR", "--truth", "{truth}"], ["no results", "--results"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "=x"], ["malformed"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=x", "--results", "A=y"], ["two results labelled"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A=x", "--split", "tset"], ["unknown split", "'test'"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--attributes", "X"], ["unknown attribute"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--metrics", "MPR"], ["unknown metric"]),
        (["score", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--boxes", "xyxy"], ["unknown box layout"]),
        (["score", "GTOT", "--truth", "{truth}", "--results", "A={ok}"], ["no sequences of GTOT"]),
        (["export", "LasHeR", "--truth", "{truth}", "--results", "A={ok}", "--out", "o", "--kit=x"], ["unknown kit"]),
        (["compare", "LasHeR", "A={ok}", "A={ok}", "--truth", "{truth}"], ["different labels"]),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_clear_message(cli, generated, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    paths = {"truth": generated / "LasHeR", "ok": generated / "results" / "fused"}
    status, out, err = cli(*(argument.format(**paths) for argument in arguments))
    assert (status, out) == (2, "")
    for word in words:
        assert word in err, err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_compare_finds_what_was_built_in(cli, generated):
    """The colour-only tracker is lost in low light and nowhere else."""
    status, out, _ = cli("compare", "LasHeR", f"fused={generated}/results/fused", "rgb",
                         "--results", f"rgb={generated}/results/rgb-only", "--truth", generated / "LasHeR",
                         "--by", "attribute", "--format", "csv")  # fmt: skip
    rows = {row["attribute"]: row for row in csv.DictReader(io.StringIO(out)) if row["metric"] == "SR"}
    assert status == 0
    assert (rows["ALL"]["first"], rows["ALL"]["second"]) == ("fused", "rgb")
    light = rows["LI"]
    assert float(light["low"]) > 20
    assert float(light["difference"]) == pytest.approx(float(light["first_value"]) - float(light["second_value"]))
    assert 0 < float(rows["ALL"]["p"]) <= float(rows["ALL"]["p_holm"]) <= 1
    table = cli("compare", "LasHeR", f"a={generated}/results/fused", f"b={generated}/results/rgb-only",
                "--truth", generated / "LasHeR")[1]  # fmt: skip
    assert "p (Holm)" in table


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


def test_list_shows_everything_there_is(cli):
    assert tuple(LISTS) == LISTED
    for what, word in [("benchmarks", "220,703"), ("attributes", "hyaline"), ("trackers", "repeats"),
                       ("boxes", "polygon"), ("kits", "gtot"),
                       ("published", "CMD paper"), ("errata", "repeats")]:  # fmt: skip
        status, out, _ = cli("list", what)
        assert status == 0
        assert word in out
    assert "OCC" not in cli("list", "attributes", "LasHeR")[1]


def test_list_trackers_tells_where_each_row_of_table_5_stands(cli):
    _, out, _ = cli("list", "trackers")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "authors' structure" in lines["mfdimp"]
    assert "mfDiMP, mfDiMP*" in lines["mfdimp"]
    assert "reconstruction" in lines["cmd-teacher"]
    assert "results only" in lines["SiamCDA"]
    assert "stands alone" in lines["SiamCDA"]


def test_check_and_export(cli, generated, tmp_path):
    status, out, _ = cli("check", "LasHeR", generated / "LasHeR", "--results", f"A={generated}/results/fused")
    assert status == 1  # not the official size
    assert "A: complete" in out
    status, _, err = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--out", tmp_path / "o",
                         "--results", f"A={generated}/results/fused")  # fmt: skip
    assert status == 0
    assert "6 of 6" in err
    assert (tmp_path / "o/A_tracking_result/generated00.txt").exists()
    status, _, err = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--out", tmp_path / "o",
                         "--results", f"A={generated}/results/fused")  # fmt: skip
    assert status == 2
    assert "\n  next      choose another --out" in err  # a line of its own


def test_the_demo_tracks_scores_and_says_where(cli, tmp_path, monkeypatch):
    """The whole chain on a small set: images, runs on two lanes, scores by attribute."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    assert cli("synth", "LasHeR", "demo/LasHeR", "--sequences", 2, "--frames", 8, "--size", "160x120")[0] == 0
    (tmp_path / "demo/demo.yaml").write_text(EXPERIMENT)
    status, out, err = cli("demo")
    assert status == 0, err
    assert "PR by attribute" in out
    assert all(label in out for label in ("dcf", "dcf-rgb", "dcf-tir", "still"))
    assert "boxes: demo" in out
    assert "down to single frames: demo/index.html" in out
    commands = [shlex.split(line)[1:] for line in out.partition("to go on:\n")[2].splitlines()]
    assert len(commands) == 3
    for command in commands:  # as printed, in the same folder
        assert cli(*command)[0] == 0, command
    assert (tmp_path / "demo/paper").is_dir()
    today = unpack((tmp_path / "demo/today.html").read_text().partition('id="data">')[2].partition("<")[0])[0]
    assert [board["title"] for board in today["boards"]] == ["GTOT", "RGBT210", "RGBT234", "LasHeR test"]
    data = (tmp_path / "demo/index.html").read_text().partition('id="data">')[2].partition("<")[0]
    assert "dcf-tir" in unpack(data)[0]["colours"]


def test_runs_lie_beside_the_experiment_or_here(generated, tmp_path, cli, monkeypatch):
    """One rule for run, status and report."""
    monkeypatch.chdir(tmp_path)
    results = generated / "results/fused"
    text = f"datasets: {{LasHeR: {generated}/LasHeR}}\ntrackers: [{{label: A, results: {results}}}]\n"
    (tmp_path / "here").mkdir()
    (tmp_path / "beside/runs").mkdir(parents=True)
    for folder, store in (("here", "runs"), ("beside", "beside/runs")):
        (tmp_path / folder / "e.yaml").write_text(f"name: e\n{text}")
        assert cli("run", f"{folder}/e.yaml")[0] == 0
        assert len(list((tmp_path / store).glob("LasHeR/A@*/generated00.json"))) == 1
        assert cli("status", f"{folder}/e.yaml")[0] == 0
        status, out, err = cli("report", f"{folder}/e.yaml")
        assert status == 0, err
        assert "A" in out
    assert cli("report", "beside/e.yaml", "--runs", "elsewhere")[0] == 2


def test_a_closed_pipe_is_no_error(generated):
    command = [sys.executable, "-m", "rgbtbench", "list", "published"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
