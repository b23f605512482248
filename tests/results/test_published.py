"""Printed numbers: complete, sourced, and each either reproduced by the raw files or explained."""

from __future__ import annotations

import csv

import pytest

import rgbtbench
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.results.published import errata, erratum, printed_scores, read_table
from rgbtbench.results.published.claims import evidence
from rgbtbench.results.published.cmd import PAPER
from rgbtbench.scoring.evaluation import evaluate

FILE_SETS = {"MaCNet": ("MaCNet", "MaCNet-author")}  # GTOT has two public sets of its results


def test_every_print_has_a_source_and_a_plausible_value():
    assert len(printed_scores()) > 500
    for entry in printed_scores():
        assert entry.reference
        assert 0 < float(entry.value) < 100
        spec = BENCHMARKS.get(entry.dataset)
        assert entry.metric in {m.name for m in spec.protocol.measures}
        assert entry.attribute == "ALL" or entry.attribute in spec.attributes, entry
        assert entry.split in (spec.sizes if len(spec.sizes) > 1 else [""])


def test_table_5_of_the_cmd_paper_is_complete():
    reference = "CMD paper (CVPR 2023) Table 5"
    rows = {e.tracker for e in printed_scores() if e.reference == reference}
    assert rows == {row["tracker"] for row in read_table("cmd_trackers.csv")}
    assert sum(e.reference == reference for e in printed_scores()) == 144


def test_the_collection_agrees_with_the_shared_one(real):
    with (real / "published.csv").open() as file:
        shared = [row["value"] for row in csv.DictReader(file)]
    assert [entry.value for entry in printed_scores()] == shared


def test_each_erratum_speaks_of_something_printed():
    references = {entry.reference for entry in printed_scores()}
    for entry in errata():
        assert evidence(entry)
        if entry.where in references:
            assert any(entry.covers(printed) for printed in printed_scores()), entry
        else:
            assert (entry.reference, bool(entry.place)) == (PAPER, True)


@pytest.fixture(scope="module")
def measured(real) -> dict[tuple[str, ...], float]:
    """Every score of every raw result: (dataset, split, file set, metric, attribute) -> percent."""
    scores = {}
    for name in (name for name in BENCHMARKS.names() if (real / f"gt/{name}.tar.xz").exists()):
        spec = BENCHMARKS.get(name)
        for split in spec.sizes:
            if split == "train":
                continue
            benchmark = rgbtbench.load(name, real / f"gt/{name}.tar.xz", split)
            paths = {p.name.removesuffix(".tar.xz"): p for p in (real / "results" / name).glob("*.tar.xz")}
            if split == "all" and name == "LasHeR":
                paths = {label: p for label, p in paths.items() if label not in ("MTNet", "DFAT")}  # test split only
            evaluation = evaluate(benchmark, paths, attributes=tuple(spec.attributes))
            for measure in evaluation.measures:
                table = evaluation.scores(measure) * 100
                for k, label in enumerate(evaluation.trackers):
                    for a, attribute in enumerate(evaluation.attributes):
                        key = (name, benchmark.split_label, label, measure.name, attribute)
                        scores[key] = float(table[k, a])
    return scores


def test_scores_equal_the_reference_to_a_millionth_of_a_point(real, measured):
    with (real / "reference_scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(measured) > 1000
    for row in rows:
        key = tuple(row[k] for k in ("dataset", "split", "tracker", "metric", "attribute"))
        assert measured[key] == pytest.approx(float(row["value"]), abs=1e-6), key


def test_every_print_is_reproduced_or_explained(measured):
    reproduced = explained = 0
    for entry in printed_scores():
        labels = FILE_SETS.get(entry.tracker, (entry.tracker,))
        values = [
            measured[key]
            for label in labels
            if (key := (entry.dataset, entry.split, label, entry.metric, entry.attribute)) in measured
        ]
        if not values:
            continue
        if any(abs(entry.difference(value)) <= 0.05 + 1e-6 for value in values):
            reproduced += 1
        else:
            assert erratum(entry), (entry, values)
            explained += 1
    assert reproduced >= 130
    assert explained >= 20


def test_no_erratum_blames_a_print_that_the_raw_files_reproduce(measured):
    """An erratum on one cell ('*' ones cover rows that disagree in part) must be a real disagreement."""
    for entry in errata():
        cells = [p for p in printed_scores() if entry.covers(p)]
        keys = [(p, (p.dataset, p.split, p.tracker, p.metric, p.attribute)) for p in cells]
        known = [p.difference(measured[key]) for p, key in keys if key in measured]
        if known and entry.tracker not in FILE_SETS:
            assert max(abs(difference) for difference in known) > 0.05, entry
