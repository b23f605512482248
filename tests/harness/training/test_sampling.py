"""Frames are chosen, windows jittered and boxes proposed as DiMP does."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench.core.boxes import overlap
from rgbtbench.core.errors import ConfigError
from rgbtbench.training.sampling import Sampling

length = st.floats(1, 200)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "wrong",
    [{"crop": 100}, {"crop": 32}, {"crop": 288.0}, {"scale": 0}, {"scale": "5"}, {"train": 0}, {"test": True},
     {"gap": 1}, {"widen": 0}, {"shortest": 1}, {"proposals": 0}, {"grey": 1}, {"grey": -0.1}, {"brightness": math.nan},
     {"overlap": 1}, {"sigmas": ()}, {"sigmas": (0.1, 0)}, {"sigmas": 0.1}, {"jitter_size": (0.1,)},
     {"jitter_size": (0.1, -1)}, {"jitter_centre": 3}, {"jitter_centre": (3, 5)}, {"jitter_centre": (math.inf, 1)}],
)  # fmt: skip
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Sampling(**wrong)


def test_a_smaller_search_area_needs_less_jitter_or_the_target_leaves_the_crop():
    with pytest.raises(ConfigError, match="jitter_centre"):
        Sampling(scale=4)
    assert Sampling(scale=4, jitter_centre=(2.4, 3.5)).scale == 4


@pytest.mark.parametrize(("train", "test", "gap"), [(3, 3, 30), (1, 1, 30), (2, 1, 9)])
def test_others_come_before_the_base_and_tests_after_it_within_the_gap(train, test, gap):
    sampling, random = Sampling(train=train, test=test, gap=gap), rng()
    visible = random.random(120) < 0.7
    bases, spans = set(), set()
    for _ in range(3000):
        (base, *others), tests = sampling.draw(visible, random)
        assert len(others) == train - 1
        assert len(tests) == test
        assert all(visible[[base, *others, *tests]])
        assert all(base - gap <= t < base for t in others)
        assert all(base < t < base + gap for t in tests)
        bases.add(base)
        spans |= {t - base for t in (*others, *tests)}
    every = set(np.flatnonzero(visible)[np.flatnonzero(visible) >= train - 1])
    assert len(every - bases) <= 1 + test + 30 * (train > 1) / 10  # the first, and the last few, may not be bases
    assert max(spans) == gap - 1
    assert train == 1 or min(spans) == -gap


def test_frames_are_drawn_with_replacement():
    visible = np.zeros(20, bool)
    visible[:13] = True
    repeats = Counter(len(set(Sampling().draw(visible, rng(seed))[1])) for seed in range(200))
    assert set(repeats) == {1, 2, 3}


def test_the_gap_widens_until_frames_are_found():
    visible = np.zeros(400, bool)
    visible[[*range(7), *range(200, 207)]] = True
    sampling = Sampling(train=2, gap=3)
    drawn = [sampling.draw(visible, rng(seed)) for seed in range(100)]
    assert all(t < base < min(tests) for (base, t), tests in drawn)
    assert max(max(tests) - train[0] for train, tests in drawn) < 12  # a dense place was found before the hole closed

    alone = np.zeros(100, bool)
    alone[::7] = True
    for seed in range(20):
        (base, before), tests = sampling.draw(alone, rng(seed))
        assert base - before in (7,)
        assert {t - base for t in tests} == {7}


def test_every_usable_sequence_can_be_drawn_from():
    for seed in range(200):
        random = rng(seed)
        sampling = Sampling(train=int(random.integers(1, 4)), test=int(random.integers(1, 4)), gap=2, widen=1)
        need = 2 * (sampling.train + sampling.test) + 1
        visible = np.zeros(int(random.integers(20, 200)), bool)
        visible[random.choice(len(visible), need, replace=False)] = True
        assert sampling.usable(visible)
        sampling.draw(visible, random)
        visible[np.flatnonzero(visible)[0]] = False
        assert not sampling.usable(visible)
    assert not Sampling().usable(np.ones(19, bool))


def test_windows_are_jittered_by_the_specified_amounts():
    boxes = np.tile([[100.0, 50, 40, 90]], (20_000, 1))
    for test, size, centre in ((False, 0.25, 3.0), (True, 0.5, 4.5)):
        centres, scales = Sampling().windows(boxes, np.full(len(boxes), test), rng())
        sides = scales * 288
        assert sides == pytest.approx(np.rint(sides), abs=1e-9)
        logs = np.log(sides / 5 / 60)  # of the geometric mean of two factors
        assert logs.mean() == pytest.approx(0.003, abs=0.01)
        assert logs.std() == pytest.approx(size / math.sqrt(2), rel=0.03)
        offsets = (centres - [119.5, 94.5]) / (sides / 5)[:, None]
        assert np.abs(offsets).max() <= centre / 2
        assert offsets.std() == pytest.approx(centre / math.sqrt(12), rel=0.03)


@given(
    st.lists(st.tuples(st.floats(-50, 250), st.floats(-50, 250), length, length), min_size=1, max_size=4),
    st.integers(0, 99),
)
def test_proposals_overlap_enough_and_say_how_much(boxes, seed):
    boxes = np.array(boxes)
    found, ious = Sampling().propose(boxes, rng(seed))
    assert found.shape == (len(boxes), 8, 4)
    assert ious == pytest.approx(overlap(found, boxes[:, None]), abs=1e-12)
    assert (ious > 0.1).all()
    assert (found[..., 2:] > 0).all()


def test_proposals_range_from_hardly_to_nearly_right():
    _, ious = Sampling(proposals=20_000).propose(np.array([[100.0, 90, 60, 60]]), rng())
    share = np.histogram(ious, [0.1, 0.3, 0.5, 0.7, 0.9, 1.01])[0] / ious.size
    assert (share > [0.02, 0.08, 0.1, 0.2, 0.15]).all()
    narrow = Sampling(proposals=2000, sigmas=(0.01,)).propose(np.array([[100.0, 90, 60, 60]]), rng())[1]
    wide = Sampling(proposals=2000, sigmas=(0.3,)).propose(np.array([[100.0, 90, 60, 60]]), rng())[1]
    assert narrow.min() > 0.85
    assert 0.35 < wide.mean() < 0.5


def test_proposals_lie_on_whole_pixels_around_their_target():
    box = np.array([[100.3, 90.6, 61.2, 59.9]])
    found, _ = Sampling(proposals=5000).propose(box, rng())
    assert (found == np.rint(found)).all()
    assert found[0].mean(axis=0) == pytest.approx(box[0], abs=1.5)


def test_a_target_smaller_than_a_pixel_still_has_proposals():
    box = np.array([[10.45, 10.45, 0.1, 0.1]])
    found, ious = Sampling().propose(box, rng())
    assert ((found == box[:, None]).all(axis=2) | (ious > 0.1)).all()
