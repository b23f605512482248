from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rgbtbench.core.protocol import NPR20, PR20, SR21, Measure, Protocol, colon
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.scoring import metrics

values = arrays(float, 30, elements=st.floats(-1, 60) | st.sampled_from([0.0, 5.0, 20.0, 0.2, 0.65, float("nan")]))


@given(values, st.sampled_from(["<", "<=", ">"]), st.sampled_from([PR20, NPR20, SR21]))
def test_counting_by_search_is_counting_by_comparison(frame_values, hit, measure):
    """The fast count must equal the definition: compare every frame with every threshold."""
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater}[hit]
    lengths = np.array([10, 1, 19])
    table = compare(frame_values[:, None], np.array(measure.thresholds))
    expected = [table[:10].sum(axis=0), table[10:11].sum(axis=0), table[11:].sum(axis=0)]
    np.testing.assert_array_equal(metrics.hit_counts(replace(measure, hit=hit), frame_values, lengths), expected)


def test_thresholds_are_matlabs_to_the_bit():
    """0:0.05:1 in MATLAB; 13*0.05 is one bit off and moves ties at an overlap of 13/20."""
    grid = colon(0.05, 20)
    assert grid[13] == 0.6499999999999999 != 13 * 0.05
    assert (grid[0], grid[20], len(grid)) == (0.0, 1.0, 21)


def test_score_weights():
    assert PR20.weights() @ np.array(PR20.thresholds) == 20
    assert NPR20.weights() @ np.array(NPR20.thresholds) == 0.2
    area = Measure("SR", "overlap", ">", colon(0.02, 50), "trapezoid").weights()
    assert area @ (1 - np.array(colon(0.02, 50))) == pytest.approx(0.5)
    assert SR21.weights().sum() == pytest.approx(1)


def perfect(protocol: Protocol, truth: np.ndarray) -> dict[str, float]:
    lengths = np.array([len(truth)])
    return {
        m.name: (metrics.curves(m, protocol, truth, truth[None], lengths) @ m.weights()).item()
        for m in protocol.measures
    }


def test_the_truth_itself_does_not_score_1_in_sr():
    """Overlap > 1 never holds: 20/21 with the mean of 21 values, 0.99 with GTOT's trapezoid."""
    truth = np.tile([10.0, 20, 30, 40], (5, 1))
    assert perfect(BENCHMARKS.get("RGBT234").protocol, truth)["SR"] == pytest.approx(20 / 21)
    gtot = perfect(BENCHMARKS.get("GTOT").protocol, truth)
    assert gtot["SR"] == pytest.approx(0.99)
    assert gtot["PR"] == 1


def test_border_truth_is_a_hit_for_errors_and_a_miss_for_overlap():
    lasher = BENCHMARKS.get("LasHeR").protocol
    truth = np.array([[0.0, 20, 30, 40], [10, 20, 30, 40]])  # frame 1 touches the left border
    far = truth + [500, 0, 0, 0]
    lengths = np.array([2])
    pr, npr, sr = (metrics.curves(m, lasher, far, truth[None], lengths)[0] for m in lasher.measures)
    assert (pr == 0.5).all()
    assert (npr == 0.5).all()
    assert (metrics.curves(lasher.measures[2], lasher, truth, truth[None], lengths)[0][:20] == 0.5).all()
    assert (sr == 0).all()


def test_gtot_misses_at_exactly_five_pixels_and_the_others_hit_at_exactly_twenty():
    truth = np.array([[100.0, 100, 10, 10]])
    for name, distance, hit in (("GTOT", 5, 0), ("RGBT234", 20, 1), ("LasHeR", 20, 1)):
        protocol = BENCHMARKS.get(name).protocol
        curve = metrics.curves(protocol.measures[0], protocol, truth + [distance, 0, 0, 0], truth[None], np.array([1]))
        assert (curve @ protocol.measures[0].weights()).item() == hit, name


def test_the_better_of_two_annotations_counts_frame_by_frame():
    gtot = BENCHMARKS.get("GTOT").protocol
    boxes = np.array([[0.0, 0, 10, 10], [50, 50, 10, 10]])
    truths = np.stack([boxes + [[0, 0, 0, 0], [90, 0, 0, 0]], boxes + [[90, 0, 0, 0], [0, 0, 0, 0]]])
    for measure in gtot.select(None):
        score = (metrics.curves(measure, gtot, boxes, truths, np.array([2])) @ measure.weights()).item()
        assert score == pytest.approx(1 if measure.name == "PR" else 0.99)


def test_broken_rows_repeat_the_row_before_but_never_across_sequences():
    good, other = [1.0, 2, 3, 4], [5.0, 6, 7, 8]
    boxes = np.array([good, [0, 0, 0, 5], [np.nan, 1, 1, 1], [1, 1, 1, -1], [0, 0, -1, -1], other, [9, 9, 0, 0]])
    replaced = metrics.repair(boxes, np.array([4, 3]))
    assert replaced.tolist() == [False, True, True, True, False, False, True]
    assert boxes.tolist() == [good, good, good, good, [0, 0, -1, -1], other, other]


def test_reduction_pools_or_averages():
    scores, frames = np.array([1.0, 0.0]), np.array([30, 10])
    per_sequence = metrics.weights(Protocol((SR21,)), frames)
    pooled = metrics.weights(Protocol((SR21,), average="frame"), frames)
    assert metrics.reduce(scores, per_sequence) == 0.5
    assert metrics.reduce(scores, pooled) == 0.75
    assert np.isnan(metrics.reduce(scores, np.zeros(2)))
