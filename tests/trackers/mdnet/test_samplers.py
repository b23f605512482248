"""Drawn boxes keep what is asked of them, whatever the target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench.core.boxes import overlap
from rgbtbench.trackers.mdnet.samplers import MARGIN, SMALLEST, Area, Sampler, filled

IMAGE = Area(np.array([0.0, 0, 320, 240]), np.array([320.0, 240]))

targets = st.tuples(st.floats(-50, 330), st.floats(-50, 250), st.floats(1, 400), st.floats(1, 300)).map(
    lambda box: np.array(box)
)
samplers = st.builds(
    Sampler,
    st.sampled_from(["gaussian", "uniform", "whole"]),
    st.floats(0, 2),
    st.floats(1, 2),
    st.floats(1, 1.5),
)
seeds = st.integers(0, 1 << 31)


@given(box=targets, sampler=samplers, seed=seeds)
def test_centres_lie_in_the_area_and_sides_in_their_bounds(box, sampler, seed):
    boxes = sampler.draw(box, 200, IMAGE, np.random.default_rng(seed))
    assert boxes.shape == (200, 4)
    assert np.isfinite(boxes).all()
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    assert (centres >= -1e-9).all()
    assert (centres <= IMAGE.image + 1e-9).all()
    least = np.minimum(box[2:], SMALLEST)
    assert (boxes[:, 2:] >= least - 1e-9).all()
    assert (boxes[:, 2:] <= np.maximum(least, IMAGE.image - MARGIN) + 1e-9).all()


@given(seed=seeds, trans=st.floats(0.05, 1.5), scale=st.floats(1, 1.5), aspect=st.floats(1, 1.3))
def test_boxes_stray_as_far_as_they_may(seed, trans, scale, aspect):
    box = np.array([140.0, 100, 40, 30])
    for kind in ("gaussian", "uniform"):
        boxes = Sampler(kind, trans, scale, aspect).draw(box, 300, IMAGE, np.random.default_rng(seed))
        shift = np.abs(boxes[:, :2] + boxes[:, 2:] / 2 - (160, 115)) / 35
        assert shift.max() <= trans + 1e-9
        ratio = np.log(boxes[:, 2:] / box[2:])
        assert np.abs(ratio).max() <= np.log(scale) + np.log(aspect) + 1e-9
        assert shift.max() > 0.6 * trans


@given(box=targets, seed=seeds, low=st.floats(0, 1), width=st.floats(0.05, 1))
def test_overlaps_lie_in_their_range_and_numbers_are_never_exceeded(box, seed, low, width):
    range_ = (low, min(low + width, 1.0))
    boxes = Sampler("uniform", 0.5, 1.3, 1.1).within(box, 50, IMAGE, np.random.default_rng(seed), range_, (1, 2))
    assert len(boxes) <= 50
    shared = overlap(boxes, box)
    assert ((shared >= range_[0]) & (shared <= range_[1])).all()
    ratio = boxes[:, 2:].prod(1) / box[2:].prod()
    assert (np.maximum(ratio, 1 / ratio) <= 2 + 1e-9).all()


@pytest.mark.parametrize("range_", [(0.7, 1.0), (0.0, 0.5), (0.6, 1.0)])
def test_an_ordinary_target_gets_all_it_asked_for(range_):
    sampler = Sampler("gaussian", 0.1, 1.2) if range_[0] else Sampler("uniform", 1.0, 2.0, 1.1)
    boxes = sampler.within(np.array([100.0, 80, 40, 30]), 500, IMAGE, np.random.default_rng(0), range_)
    assert len(boxes) == 500


def test_where_nothing_fits_nothing_is_returned():
    """A tiny target outside the border: no box with its centre in the image overlaps it."""
    boxes = Sampler("gaussian", 0.1, 1.2).within(
        np.array([330.0, 250, 3, 3]), 50, IMAGE, np.random.default_rng(0), (0.7, 1.0)
    )
    assert boxes.shape == (0, 4)


def test_filling_repeats_what_is_there():
    random = np.random.default_rng(0)
    one = np.array([[1.0, 2, 3, 4]])
    assert np.array_equal(filled(one, 5, random), np.repeat(one, 5, 0))
    assert len(filled(np.empty((0, 4)), 5, random)) == 0
    assert len(filled(np.zeros((9, 4)), 5, random)) == 5


def test_the_same_seed_draws_the_same_boxes():
    box = np.array([100.0, 80, 40, 30])
    one, other = (Sampler("gaussian", 0.6, 1.05).draw(box, 9, IMAGE, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one, other)
