import base64
import zlib
from itertools import pairwise

import numpy as np
import pytest

from rgbtbench import load
from rgbtbench.core.boxes import center_error, overlap
from rgbtbench.reports.page.traces import (
    ERROR_STEPS,
    FEWEST,
    GAP,
    MOST,
    OVERLAP_STEPS,
    VALUES,
    Traces,
    choose_points,
    first_frames,
)
from rgbtbench.scoring.evaluation import Aligned, evaluate

OFFICIAL = [(50, 157), (234, 498), (245, 901)]  # sequences of GTOT, RGBT234 and LasHeR, and their mean length


def traces_of(generated, points):
    benchmark = load("LasHeR", generated / "LasHeR")
    traces = Traces(benchmark, points, frames=True)
    evaluate(benchmark, {"fused": generated / "results/fused"}, watch=traces.watch)
    return benchmark, traces


@pytest.mark.parametrize("points", [7, 400])
def test_a_point_is_the_mean_of_its_frames(generated, points):
    benchmark, traces = traces_of(generated, points)
    first = [*first_frames(benchmark.lengths, points), int(benchmark.lengths.sum())]
    boxes, truth = traces.boxes["fused"].astype(float), benchmark.truth[0]
    overlaps, errors = overlap(boxes, truth), center_error(boxes, truth, inclusive=True)
    for point, (start, end) in enumerate(pairwise(first)):
        told = traces.overlap["fused"][point] / OVERLAP_STEPS
        assert told == pytest.approx(overlaps[start:end].mean(), abs=0.5 / OVERLAP_STEPS + 1e-3)
        told = traces.error["fused"][point] / ERROR_STEPS
        assert told == pytest.approx(np.log2(1 + errors[start:end].mean()), abs=0.5 / ERROR_STEPS + 1e-3)


def test_no_sequence_lends_frames_to_the_next():
    lengths = np.array([3, 10, 1, 400])
    first = first_frames(lengths, 4)
    assert set(np.cumsum(lengths) - lengths) <= set(first.tolist())
    assert len(first) == 3 + 4 + 1 + 4
    assert (np.diff(first) > 0).all()


def test_absent_targets_and_missing_sequences_are_gaps(generated):
    benchmark = load("LasHeR", generated / "LasHeR")
    traces = Traces(benchmark, MOST, frames=False)
    there = np.arange(30, int(benchmark.lengths.sum()))  # frames of the sequences that have results
    truth = benchmark.truth[:, there].copy()
    truth[:, 5] = 0  # absent, by LasHeR's rule
    traces.watch(Aligned("some", truth[0].copy() + [0, 0, 1, 1], truth, there))
    assert (traces.overlap["some"][:30] == GAP).all()
    assert traces.overlap["some"][35] == GAP == traces.error["some"][35]
    assert (np.delete(traces.overlap["some"], [*range(30), 35]) < GAP).all()


@pytest.mark.filterwarnings("error")
def test_a_box_that_ran_away_is_still_a_number(generated):
    benchmark = load("LasHeR", generated / "LasHeR")
    traces = Traces(benchmark, MOST, frames=True)
    boxes = benchmark.truth[0].copy()
    boxes[7] = 1e200
    traces.watch(Aligned("wild", boxes, benchmark.truth, np.arange(len(boxes))))
    assert np.isfinite(traces.boxes["wild"]).all()


def test_lines_get_fewer_points_where_there_are_many_of_them():
    sizes = [(22, np.full(*official)) for official in OFFICIAL]
    points = choose_points(sizes)
    assert FEWEST < points < MOST
    assert sum(k * np.minimum(lengths, points).sum() for k, lengths in sizes) <= VALUES
    assert choose_points([(4, np.full(20, 60))]) == MOST
    assert choose_points([(500, np.full(1224, 600))]) == FEWEST


def test_22_trackers_on_529_sequences_take_less_than_two_megabytes(generated):
    """With boxes that jump by tenths of the target's size in every frame, which compresses worse than real ones."""
    rng = np.random.default_rng(0)
    sizes = [np.full(*official) for official in OFFICIAL]
    points = choose_points((22, lengths) for lengths in sizes)
    benchmark, packed = load("LasHeR", generated / "LasHeR"), 0
    for lengths in sizes:
        count = int(lengths.sum())
        benchmark.lengths = lengths
        truth = np.tile([50.0, 50, 40, 40], (1, count, 1))
        traces = Traces(benchmark, points, frames=False)
        for name in "ab":
            walk = np.abs(np.cumsum(rng.normal(0, 0.3, (count, 1)), axis=0) % 60 - 30)
            boxes = truth[0] + walk * [1, 0, 0, 0] + rng.normal(0, 3, (count, 4)) * [1, 1, 0, 0]
            traces.watch(Aligned(name, boxes, truth, np.arange(count)))
        for lines in (traces.overlap, traces.error):
            steps = np.diff(np.stack([lines["a"], lines["b"]]), axis=1, prepend=np.uint8(0)).astype(np.uint8)
            packed += 11 * len(base64.b64encode(zlib.compress(steps.tobytes(), 9)))
    assert 1e6 < packed < 2e6
