"""What people pass as results, through every verb that takes them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from small import NAMES, write_benchmark, write_experiment

import rgbtbench
from rgbtbench.cli import main
from rgbtbench.core.errors import ConfigError
from rgbtbench.datasets.names import sequence_names
from rgbtbench.reports.inputs import Benchmarks, Entry
from rgbtbench.reports.page.packing import unpack
from rgbtbench.reports.speed import scatter, with_facts
from rgbtbench.results.formats import find_results

RUNS = ("fused", "rgb-only", "thermal-only")  # of one tracker, for once


@pytest.fixture
def score(cli, generated):
    """Rows of ``score LasHeR`` on the generated pack as CSV."""

    def run(*results: object, extra: tuple[str, ...] = ()) -> list[dict[str, str]]:
        given = [word for result in results for word in ("--results", result)]
        status, out, err = cli("score", "LasHeR", "--truth", generated / "LasHeR", *given, "--format", "csv", *extra)
        assert status == 0, err
        return list(csv.DictReader(io.StringIO(out)))

    return run


def arrays(folder: Path) -> dict[str, list[list[float]]]:
    return {path.stem: np.loadtxt(path, delimiter=",").tolist() for path in sorted(folder.glob("*.txt"))}


@pytest.fixture
def repeats(generated, tmp_path) -> Path:
    """Three repeats of a tracker T."""
    for number, name in enumerate(RUNS, 1):
        shutil.copytree(generated / "results" / name, tmp_path / "T" / f"run{number}")
    return tmp_path / "T"


def test_an_equals_sign_in_a_path(score, generated, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    Path("a=b").mkdir()
    shutil.copytree(generated / "results" / "fused", "a=b/c=d")
    plain = score(f"X={generated}/results/fused")
    assert score("X=a=b/c=d") == plain
    assert score("a=b/c=d") == [row | {"tracker": "c=d"} for row in plain]
    assert (
        cli("report", "a=b/c=d", "--benchmark", "LasHeR", "--truth", shutil.copytree(generated / "LasHeR", "t=u"))[0]
        == 0
    )


def test_a_tracker_in_one_file_scores_as_its_text_files(score, generated, tmp_path, cli):
    (tmp_path / "T.json").write_text(json.dumps(arrays(generated / "results/fused")))
    np.savez(tmp_path / "N.npz", **arrays(generated / "results/fused"))
    plain, *others = (score(p) for p in (generated / "results/fused", tmp_path / "T.json", tmp_path / "N.npz"))
    assert [rows[0]["tracker"] for rows in others] == ["T", "N"]
    for rows in others:
        assert [row["value"] for row in rows] == [row["value"] for row in plain]
    assert cli("check", "LasHeR", generated / "LasHeR", "--results", tmp_path / "T.json")[1].endswith("T: complete\n")
    export = ("export", "LasHeR", "--truth", generated / "LasHeR", "--results", tmp_path / "T.json")
    assert cli(*export, "--kit", "pytracking", "--out", tmp_path / "out")[0] == 0
    for name, rows in arrays(generated / "results/fused").items():
        np.testing.assert_array_equal(np.loadtxt(tmp_path / "out/T/default" / f"{name}.txt"), rows)


def test_repeats_are_one_row_with_mean_and_deviation(score, repeats, generated, cli):
    singles = [score(repeats / f"run{number}", extra=("--by", "attribute")) for number in (1, 2, 3)]
    joined = score(repeats, extra=("--by", "attribute"))
    for row, *runs in zip(joined, *singles, strict=True):
        values = [float(run["value"] or "nan") for run in runs]
        assert (row["tracker"], row["repeats"]) == ("T", "3")
        np.testing.assert_allclose(float(row["value"] or "nan"), np.mean(values), atol=1e-9)
        np.testing.assert_allclose(float(row["std"] or "nan"), np.std(values, ddof=1), atol=1e-9)
    assert "repeats" not in singles[0][0]
    arguments = ("--truth", generated / "LasHeR", "--results", repeats)
    table = cli("score", "LasHeR", *arguments)[1]
    assert f" ± {float(joined[0]['std']):.1f} [" in table
    assert "mean ± standard deviation over repeats (T: 3)" in table
    [record, *_] = json.loads(cli("score", "LasHeR", *arguments, "--format", "json")[1])
    assert record["repeats"] == 3
    evaluation = rgbtbench.evaluate(rgbtbench.load("LasHeR", generated / "LasHeR"), {"T": repeats})
    assert evaluation.repeats == (3,)
    assert evaluation.spread["PR"][0, 0] * 100 == pytest.approx(float(joined[0]["std"]))
    board = cli("leaderboard", f"T={repeats}", "--benchmark", "LasHeR", "--truth", generated / "LasHeR")[1]
    assert " ± " in board
    assert "mean ± standard deviation of 3 repeats" in board


def test_a_gap_in_one_repeat_is_a_gap(repeats, generated, cli):
    (repeats / "run2/generated03.txt").unlink()
    arguments = ("score", "LasHeR", "--truth", generated / "LasHeR", "--results", repeats)
    status, _, err = cli(*arguments)
    assert status == 2
    assert "T, run2 has no results for 1 of 6" in err
    assert cli(*arguments, "--allow-missing")[0] == 1
    (repeats / "run3/generated05.txt").write_text("1,2,x,4\n")
    _, out, _ = cli("check", "LasHeR", generated / "LasHeR", "--results", repeats)
    assert "run2: 1 of 6 sequences missing: generated03" in out
    assert "run3/generated05.txt:1" in out


def test_what_is_repaired_in_several_repeats_is_said_once(repeats, generated, cli):
    for number in (1, 3):
        with (repeats / f"run{number}/generated03.txt").open("a") as file:
            file.write("1,2,3,4\n")
    err = cli("score", "LasHeR", "--truth", generated / "LasHeR", "--results", repeats)[2]
    assert err.count("surplus rows") == 1
    assert "surplus rows, cut off (run1, run3)" in err


def test_repeats_are_exported_one_by_one(repeats, generated, tmp_path, cli):
    status = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--results", repeats, "--out", tmp_path / "out")[
        0
    ]
    assert status == 0
    for number, name in enumerate(RUNS, 1):
        found = find_results("T", tmp_path / f"out/run{number}", sorted(arrays(generated / "results/fused")))
        for sequence, rows in arrays(generated / "results" / name).items():
            np.testing.assert_array_equal(found.read(sequence), rows)


def test_imports_and_replays_read_the_same_formats(tmp_path, cli):
    write_benchmark(tmp_path / "data")
    rows = {name: np.array([[3.0, 2, 8, 6]] * (6 + k)) for k, name in enumerate(NAMES)}
    (tmp_path / "each").mkdir()
    for name, boxes in rows.items():
        np.save(tmp_path / "each" / f"{name}.npy", boxes)
    np.savez(tmp_path / "all.npz", **rows)
    (tmp_path / "all.json").write_text(json.dumps({name: boxes.tolist() for name, boxes in rows.items()}))
    trackers = "- {label: A, results: all.json}\n- {label: B, results: all.npz}\n"
    trackers += "- {use: replay, label: C, params: {results: each, file: '{name}.npy'}}\n"
    trackers += "- {use: replay, label: D, params: {results: all.npz, file: '{name}.npy'}}\n"
    experiment = write_experiment(tmp_path, trackers.replace("results: each", f"results: {tmp_path}/each").replace(
        "results: all.npz, file", f"results: {tmp_path}/all.npz, file"))  # fmt: skip
    assert main(["run", str(experiment), "--runs", str(tmp_path / "runs")]) == 0
    status, out, _ = cli("report", experiment, "--runs", tmp_path / "runs", "--format", "csv")
    found = [(row["tracker"], row["metric"], row["value"]) for row in csv.DictReader(io.StringIO(out))]
    assert status == 0
    assert {tracker for tracker, _, _ in found} == {"A", "B", "C", "D"}
    assert len({(metric, value) for _, metric, value in found}) == 3


def test_an_import_takes_no_mean_of_repeats(tmp_path, capsys):
    write_benchmark(tmp_path / "data")
    for number in (1, 2):
        (tmp_path / f"raw/run{number}").mkdir(parents=True)
        for k, name in enumerate(NAMES):
            np.savetxt(tmp_path / f"raw/run{number}/{name}.txt", np.array([[3.0, 2, 8, 6]] * (6 + k)))
    experiment = write_experiment(tmp_path, "- {label: A, results: raw}")
    assert main(["run", str(experiment), "--runs", str(tmp_path / "runs")]) == 2
    assert "2 repeats of A" in capsys.readouterr().err


@pytest.fixture(scope="module")
def gtot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GTOT's names with truths of five frames, and results of all of them with their authors' times."""
    home = tmp_path_factory.mktemp("gtot")
    (home / "T").mkdir()
    for name in sequence_names("GTOT"):
        (home / "GTOT" / name).mkdir(parents=True)
        for file in ("groundTruth_v.txt", "groundTruth_i.txt"):
            (home / "GTOT" / name / file).write_text("10 10 30 40\n" * 5)
        (home / "T" / f"T_{name}.txt").write_text("10,10,20,30\n" * 5)
        (home / "T" / f"T_{name}_time.txt").write_text("9.0\n" + "0.04\n" * 4)
    return home


def test_a_benchmark_is_known_by_its_sequences(gtot, cli, generated):
    status, out, err = cli("report", gtot / "T", "--truth", gtot / "GTOT", "--format", "csv")
    assert status == 0, err
    assert {row["dataset"] for row in csv.DictReader(io.StringIO(out))} == {"GTOT"}
    status, _, err = cli("score", "LasHeR", "--truth", generated / "LasHeR", "--results", gtot / "T")
    assert status == 2
    assert "these results of T are GTOT's" in err
    assert "50 of 50" in err
    assert "rgbtbench score GTOT" in err
    status, _, err = cli("report", generated / "results/fused")
    assert status == 2
    assert "which benchmark" in err


def test_all_of_rgbt210_is_rgbt210_though_its_names_are_rgbt234s_too(tmp_path):
    opened: list[tuple[str, str | None]] = []

    class Noted(Benchmarks):
        def open(self, name, split=None):
            opened.append((name, split))

    cases = [("RGBT210", "all", "RGBT210"), ("RGBT234", "all", "RGBT234"), ("LasHeR", "test", "LasHeR")]
    cases += [("LasHeR", "train", "LasHeR"), ("LasHeR", "all", "LasHeR")]
    for at, (name, split, _) in enumerate(cases):
        (tmp_path / str(at)).mkdir()
        for sequence in sequence_names(name, split):
            (tmp_path / str(at) / f"{sequence}.txt").touch()
        Noted().of(tmp_path / str(at))
    splits = ["all", "all", "test", "train", "test"]  # a benchmark's usual split where it is complete
    assert opened == [(name, split) for (_, _, name), split in zip(cases, splits, strict=True)]
    (tmp_path / "few").mkdir()
    for sequence in sequence_names("RGBT210")[:40]:
        (tmp_path / "few" / f"{sequence}.txt").touch()
    with pytest.raises(ConfigError, match="which benchmark"):
        Noted().of(tmp_path / "few")


def test_all_sequences_of_a_smaller_benchmark_are_said_to_be_that(tmp_path, cli):
    for name in sequence_names("RGBT234"):
        (tmp_path / "truth" / name).mkdir(parents=True)
        for file in ("visible.txt", "infrared.txt"):
            (tmp_path / "truth" / name / file).write_text("1 1 5 5\n")
    (tmp_path / "T").mkdir()
    for name in sequence_names("RGBT210"):
        (tmp_path / "T" / f"{name}.txt").write_text("1 1 5 5\n")
    status, _, err = cli("score", "RGBT234", "--truth", tmp_path / "truth", "--results", tmp_path / "T")
    assert status == 2
    assert "rgbtbench score RGBT210: all of its sequences are here" in err


def test_authors_times_become_fps_that_say_whose_they_are(gtot, cli):
    arguments = ("leaderboard", gtot / "T", "--benchmark", "GTOT", "--truth", gtot / "GTOT")
    [row, *_] = csv.DictReader(io.StringIO(cli(*arguments, "--format", "csv")[1]))
    assert (row.get("fps"), float(row["authors_fps"])) == (None, pytest.approx(25.0))
    table = cli(*arguments)[1]
    assert "FPS, authors' files" in table
    assert "  25.0  " in table


def scored_in(page: Path) -> list[dict[str, object]]:
    [data] = re.findall(r'id="data"[^>]*>([^<]*)<', page.read_text())
    return unpack(data)[0]["boards"][0]["scored"]


def test_the_page_and_the_figure_say_whose_fps_and_how_many_repeats(gtot, cli, repeats, generated, tmp_path):
    cli("report", gtot / "T", "--truth", gtot / "GTOT", "--format", "html", "--out", tmp_path / "a.html")
    [row] = scored_in(tmp_path / "a.html")
    assert (row["about"]["authors_fps"], row["repeats"], row["spread"]) == ("25.0", 1, [None, None])
    assert "fps" not in row["about"]
    arguments = ("--benchmark", "LasHeR", "--truth", generated / "LasHeR", "--format", "html")
    cli("report", repeats, *arguments, "--out", tmp_path / "b.html")
    [row] = scored_in(tmp_path / "b.html")
    assert (row["about"].get("authors_fps"), row["repeats"], len(row["spread"])) == (None, 3, 3)
    speed = with_facts("T", 50.0, "scored", None, 25.0)
    assert (speed.fps, speed.by_authors) == (25.0, True)
    assert not with_facts("T", 50.0, "measured", 30.0, 25.0).by_authors
    assert with_facts("nobody", 50.0, "scored", None, None) is None
    made = scatter([speed], [], "GTOT", "SR")
    assert "†: by the authors' files" in made.axes[0].get_xlabel()


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        ("9\n" + "0.04\n" * 4, 25.0),
        ("0.05\n" * 4, 20.0),  # none of the first frame
        ("9,9\n" + "0.04,0.06\n" * 4, 20.0),  # got10k: a column for each repeat
        ("0.2\n", None),  # a total
        ("0\n" * 5, None),
        ("0.04\n" * 4 + "0\n", None),
        ("25\n" * 5, None),  # frames a second, or milliseconds
        ("0.04\nnan\n0.04\n0.04\n0.04\n", None),
        ("", None),
        ("fast\n" * 5, None),
    ],
)
def test_only_seconds_per_frame_become_fps(gtot, tmp_path, times, fps):
    shutil.copytree(gtot / "T", tmp_path / "T")
    for path in (tmp_path / "T").glob("*_time.txt"):
        path.write_text(times)
    entry = Entry("T", rgbtbench.load("GTOT", gtot / "GTOT"), "scored", tmp_path / "T", raw=tmp_path / "T")
    assert entry.authors_fps() == (fps and pytest.approx(fps))


def test_names_in_python_are_those_of_the_command_line(generated):
    benchmark, results = rgbtbench.load("LasHeR", generated / "LasHeR"), {"A": generated / "results/fused"}
    evaluation = rgbtbench.evaluate(benchmark, results, attributes=("li", "arv", "LI", "tc+li"), measures=("sr",))
    assert evaluation.attributes == ("ALL", "LI", "ARC", "TC+LI")
    assert not np.isnan(evaluation.scores(evaluation.measures[0])[0, :2]).any()
    for wrong in ({"attributes": "LI"}, {"measures": "SR"}, {"attributes": ("light",)}, {"measures": ("HR",)}):
        with pytest.raises(ConfigError):
            rgbtbench.evaluate(benchmark, results, **wrong)


def test_a_readme_among_trackers_is_no_tracker(generated, tmp_path, cli):
    shutil.copytree(generated / "LasHeR", tmp_path / "gt" / "LasHeR")
    shutil.copytree(generated / "results" / "fused", tmp_path / "results" / "LasHeR" / "A")
    (tmp_path / "results/LasHeR/README.txt").write_text("Raw results of A.")
    (tmp_path / "results/LasHeR/B.json").write_text(json.dumps(arrays(generated / "results/fused")))
    status, out, err = cli("report", tmp_path, "--format", "csv")
    assert status == 0, err
    assert {row["tracker"] for row in csv.DictReader(io.StringIO(out))} == {"A", "B"}
