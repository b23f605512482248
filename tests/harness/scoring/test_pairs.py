"""Every two trackers: the numbers of each pair alone, ties, and the ranks that paired differences leave open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rgbtbench import evaluate, load
from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.pairs import compare_all, compare_rows, rank_ranges
from rgbtbench.scoring.statistics import holm


@pytest.fixture(scope="module")
def evaluation(generated) -> Evaluation:
    benchmark = load("LasHeR", generated / "LasHeR")
    results = {path.name: path for path in sorted((generated / "results").iterdir())}
    return evaluate(benchmark, results, attributes=("LI", "TC"))


def invented(evaluation: Evaluation, values: np.ndarray) -> Evaluation:
    """Trackers whose score on each sequence is as given (K, S), on as many of the sequences."""
    names, size, levels = tuple(f"t{k}" for k in range(len(values))), values.shape[1], values[..., None]
    return replace(
        evaluation,
        trackers=names,
        curves={m.name: levels / m.weights().sum() * np.ones(len(m.thresholds)) for m in evaluation.measures},
        repeats=(1,) * len(names),
        frames=np.ones(size, dtype=int),
        has=np.ones((size, len(evaluation.attributes)), dtype=bool),
    )


def test_each_pair_has_the_numbers_that_it_has_alone(evaluation):
    rows = compare_all(evaluation)
    assert len(rows) == 3 * len(evaluation.measures) * 3
    for row in rows:
        [alone] = [
            other
            for other in evaluation.compare(row.first, row.second)
            if (other.metric, other.attribute) == (row.metric, row.attribute)
        ]
        numbers = ("difference", "low", "high", "p", "wins", "ties", "losses", "sequences")
        assert [getattr(row, name) for name in numbers] == pytest.approx([getattr(alone, name) for name in numbers])
    same = [row for row in rows if (row.metric, row.attribute) == ("SR", "LI")]
    np.testing.assert_allclose([row.p_holm for row in same], holm(np.array([row.p for row in same])))


def test_wins_ties_and_losses_are_counted_without_the_last_digits(evaluation):
    scores = np.array([[0.3, 0.5, 0.2, 0.6, 0.1], [0.1 + 0.2, 0.4, 0.2, 0.7, 0.4]])
    pair = invented(evaluation, scores)
    assert {(row.wins, row.ties, row.losses) for row in compare_rows(pair)} == {(1, 2, 2)}
    scores[1, 4] = np.nan
    assert {(row.wins, row.ties, row.losses) for row in compare_rows(invented(evaluation, scores))} == {(1, 2, 1)}


def test_ranks_part_where_paired_differences_do_though_intervals_overlap(evaluation):
    rng = np.random.default_rng(3)
    hard = rng.uniform(0.2, 0.7, 40)
    scores = np.stack([hard, hard + 0.05 + rng.normal(0, 0.01, 40), rng.permutation(hard) + rng.normal(0, 0.01, 40)])
    found = invented(evaluation, scores)
    assert rank_ranges(found, found.measures[-1])[0] == [(2, 3), (1, 2), (1, 3)]


def test_equal_trackers_share_their_ranks_and_gaps_have_none(evaluation):
    scores = np.array([[0.5, 0.6], [0.5, 0.6], [0.1, 0.2], [np.nan, 0.9]])
    found = invented(evaluation, scores)
    assert rank_ranges(found, found.measures[0])[0] == [(1, 2), (1, 2), (3, 3), None]
    one = invented(evaluation, scores[:3, :1])  # a single sequence has no interval
    assert rank_ranges(one, one.measures[0])[0] == [(1, 2), (1, 2), (3, 3)]


def test_paired_differences_part_nineteen_of_the_pairs_on_lasher(real):
    from rgbtbench.reports.inputs import Benchmarks, gather, score

    found = score(gather([str(real)], Benchmarks(name="LasHeR")), measures=("SR",))
    assert found
    parted = [row for row in compare_all(found) if row.low > 0 or row.high < 0]
    assert (len(parted), len(compare_all(found))) == (19, 28)
    ranks = found.ranks("SR")
    assert ranks["DMCNet"] != ranks["DAFNet"]
