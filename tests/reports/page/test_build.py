import shutil
from dataclasses import replace

import numpy as np
import pytest
from pages import data_of, entries_of, make
from small import write_benchmark, write_experiment

from rgbtbench.reports.inputs import Benchmarks, gather, score
from rgbtbench.reports.page.build import Page
from rgbtbench.reports.page.packing import array_of, unpack
from rgbtbench.reports.scores import score_rows

LABELS = ("rgb-only", "thermal-only", "fused")


def test_the_page_tells_what_the_tables_tell(generated):
    html, evaluation = make("night", *entries_of(generated, LABELS))
    document, rest = unpack(data_of(html))
    [board] = document["boards"]
    scores = array_of(board["scores"], rest) / board["scale"]["score"] * 100
    expected = [(row.value, row.low, row.high) for row in score_rows(evaluation, "overall")]
    there = ~np.isnan(np.reshape(expected, scores.shape))
    np.testing.assert_allclose(scores[there], np.reshape(expected, scores.shape)[there], atol=6e-5)
    assert (scores[~there] < 0).all()
    for m, measure in enumerate(evaluation.measures):
        curves = array_of(board["hits"][m], rest) / evaluation.frames[:, None]
        np.testing.assert_allclose(curves, evaluation.curves[measure.name], atol=1e-15)
        np.testing.assert_allclose(curves @ board["measures"][m]["weights"], evaluation.values(measure), atol=1e-15)
    np.testing.assert_array_equal(array_of(board["has"], rest), evaluation.has.T)
    assert board["sequences"] == list(evaluation.benchmark.names)
    assert board["printed"] == []  # these are not the published sequences
    assert document["here"][0][1].startswith("rgbtbench ")


def test_failed_and_missing_sequences_are_named_with_their_reasons(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_benchmark(tmp_path / "data")
    trackers = "- {use: './trackers.py:Walk', label: A}\n"
    trackers += "- {use: './trackers.py:Walk', label: B, params: {victim: dog, how: raises}}"
    experiment = write_experiment(tmp_path, trackers)
    assert cli("run", experiment)[0] == 1
    assert cli("report", experiment, "--format", "html", "--out", "page.html")[0] == 2  # as every report
    status, out, err = cli("report", experiment, "--format", "html", "--out", "page.html", "--allow-missing")
    assert (status, out) == (1, ""), err
    assert "page: page.html" in err
    document, _ = unpack(data_of((tmp_path / "page.html").read_bytes()))
    good, bad = document["boards"][0]["scored"]
    assert document["title"] == "exp"
    assert good["failed"] == good["missing"] == bad["missing"] == []
    [[name, reason]] = bad["failed"]
    assert name == "dog"
    assert "no idea" in reason
    facts = dict(map(tuple, good["origin"]))
    assert facts["run"].startswith("LasHeR/A@")
    assert "Python" in facts["machine"]
    shutil.rmtree(next((tmp_path / "runs/LasHeR").glob("B@*")))
    assert cli("report", experiment, "--format", "html", "--out", "page.html", "--allow-missing")[0] == 1
    [unscored] = unpack(data_of((tmp_path / "page.html").read_bytes()))[0]["boards"][0]["unscored"]
    assert unscored["name"] == "B"
    assert ["man", "missing"] in unscored["failed"]


def test_missing_results_are_gaps(generated, tmp_path):
    benchmark, entries = entries_of(generated, LABELS)
    shutil.copytree(generated / "results/fused", tmp_path / "part")
    (tmp_path / "part" / f"{benchmark.names[2]}.txt").unlink()
    part = replace(entries[0], label="part", origin=tmp_path / "part")
    html, _ = make("night", benchmark, [*entries, part], allow_missing=True)
    document, rest = unpack(data_of(html))
    board = document["boards"][0]
    assert board["scored"][3]["missing"] == [benchmark.names[2]]
    assert array_of(board["scores"], rest)[3, 0, 0, 0] == -1
    assert (array_of(board["hits"][0], rest)[3, 2] == 65_535).all()
    assert (array_of(board["hits"][0], rest)[3, 1] <= benchmark.lengths[1]).all()


def test_benchmarks_without_attributes_and_single_trackers_have_pages(generated, tmp_path):
    shutil.copytree(generated / "LasHeR/annos", tmp_path / "annos")
    shutil.copy(generated / "LasHeR/testingsetList.txt", tmp_path)
    benchmarks = Benchmarks([f"LasHeR={tmp_path}"])
    benchmarks.open("LasHeR")
    entries = gather([str(generated / "results/fused")], benchmarks)
    page = Page("bare", {entries[0].benchmark: entries})
    evaluation = score(entries, watch=page.watch[entries[0].benchmark])
    assert [a["name"] for a in unpack(data_of(page.html([evaluation])))[0]["boards"][0]["attributes"]] == ["ALL"]


def test_prints_stand_beside_the_published_benchmark_only(real):
    entries = gather([str(real)], Benchmarks(name="GTOT"))
    html, _ = make("real", entries[0].benchmark, entries)
    board = unpack(data_of(html))[0]["boards"][0]
    assert board["official"]
    prints = [p for row in board["printed"] for cell in row["cells"].values() for found in cell.values() for p in found]
    assert len(prints) > 100
    assert {p["source"] for p in prints} == {"printed", "quoted"}
    assert all(p["reference"] for p in prints)


def test_the_same_results_make_the_same_page(generated):
    assert make("night", *entries_of(generated))[0] == make("night", *entries_of(generated))[0]


@pytest.mark.parametrize("labels", [("a", "b", "c")])
def test_a_page_goes_to_stdout_where_nobody_says_where_to(generated, labels, capfdbinary):
    from rgbtbench.cli import main

    results = [f"{label}={path}" for label, path in zip(labels, sorted((generated / "results").iterdir()), strict=True)]
    truth = ["--truth", f"LasHeR={generated / 'LasHeR'}", "--benchmark", "LasHeR"]
    assert main(["report", *results, *truth, "--format", "html"]) == 0
    out = capfdbinary.readouterr().out
    assert out.startswith(b"<!doctype html>")
    assert out.rstrip().endswith(b"</html>")
