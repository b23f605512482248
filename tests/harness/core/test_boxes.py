from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rgbtbench.core.boxes import (
    LAYOUTS,
    center_error,
    normalized_error,
    overlap,
    reading,
    round_half_away,
    to_corners,
)
from rgbtbench.core.errors import ConfigError

pixels = st.floats(-2000, 2000, allow_nan=False).map(lambda v: round(v, 3))
sizes = st.floats(0.5, 2000).map(lambda v: round(v, 3))
boxes = st.lists(st.tuples(pixels, pixels, sizes, sizes), min_size=1, max_size=8).map(lambda rows: np.array(rows))
whole = arrays(np.int64, (6, 4), elements=st.integers(1, 500)).map(lambda a: a.astype(float))


@given(boxes)
def test_layouts_invert_what_writes_them(b):
    x, y, w, h = b.T
    written = {
        "xywh": b,
        "ltrb": np.stack([x, y, x + w, y + h], axis=1),
        "cxcywh": np.stack([x + w / 2, y + h / 2, w, h], axis=1),
        "corners": to_corners(b),
        "polygon": to_corners(b)[:, [4, 5, 6, 7, 0, 1, 2, 3]],  # starting at another corner
    }
    written["first-of-two"] = np.hstack([b, b + 1])
    written["second-of-two"] = np.hstack([b + 1, b])
    assert set(written) == set(LAYOUTS)
    for name, rows in written.items():
        np.testing.assert_allclose(LAYOUTS[name].to_xywh(rows), b, atol=1e-9)


@given(boxes)
def test_a_reading_undoes_what_was_done_to_boxes_and_rows(b):
    x, y, w, h = b.T
    given_box = b[0] - 3
    for text, rows in {
        "inclusive": b - [0, 0, 1, 1],
        "ltrb+inclusive+one-based": np.stack([x + 1, y + 1, x + w, y + h], axis=1),
        "half-more": b + [0.5, 0.5, 0, 0],
        "corners+inclusive": to_corners(b - [0, 0, 1, 1]),
    }.items():
        np.testing.assert_allclose(reading(text).boxes(rows, round_corners=False), b, atol=1e-9)
    whole = np.vstack([given_box, b])
    assert (reading("first-missing").aligned(b, given_box) == whole).all()
    assert (reading("first-given").aligned(np.vstack([b[:1], b]), given_box) == whole).all()
    assert (reading("first-twice").aligned(np.vstack([given_box, whole]), given_box) == whole).all()


@pytest.mark.parametrize("text", ["xywx", "ltrb+xywh", "inclusive+inclusive", "first-missing+first-twice", "ltrb+"])
def test_a_reading_that_makes_no_sense_is_refused(text):
    with pytest.raises(ConfigError, match="unknown"):
        reading(text)


@given(boxes, boxes)
def test_overlap_is_a_symmetric_share(a, b):
    n = min(len(a), len(b))
    forward, backward = overlap(a[:n], b[:n]), overlap(b[:n], a[:n])
    np.testing.assert_allclose(forward, backward, atol=1e-9)
    assert ((forward >= 0) & (forward <= 1 + 1e-9)).all()
    np.testing.assert_allclose(overlap(a, a), 1, atol=1e-6)


@given(boxes, st.floats(-100, 100), st.floats(-100, 100))
def test_overlap_and_errors_ignore_where_the_image_starts(b, dx, dy):
    other = b * [1, 1, 1.2, 0.9] + [3, -2, 0, 0]
    shift = np.array([dx, dy, 0, 0])
    np.testing.assert_allclose(overlap(b + shift, other + shift), overlap(b, other), atol=1e-6)
    before = center_error(b, other, inclusive=True)
    np.testing.assert_allclose(center_error(b + shift, other + shift, inclusive=True), before, atol=1e-6)


@given(whole, whole)
def test_overlap_counts_pixels(a, b):
    """On whole pixels the overlap is what counting the shared pixels gives."""
    for first, second in zip(a.astype(int), b.astype(int), strict=True):
        columns = len(set(range(first[0], first[0] + first[2])) & set(range(second[0], second[0] + second[2])))
        rows = len(set(range(first[1], first[1] + first[3])) & set(range(second[1], second[1] + second[3])))
        union = first[2] * first[3] + second[2] * second[3] - columns * rows
        found = overlap(first.astype(float), second.astype(float))
        assert found == pytest.approx(columns * rows / union, abs=1e-12)


@given(boxes)
def test_half_a_pixel_cancels_in_the_centre_error(b):
    other = b + [1.5, -2.5, 3, 4]
    np.testing.assert_allclose(
        center_error(b, other, inclusive=True), center_error(b, other, inclusive=False), atol=1e-9
    )


def test_normalised_error_is_in_units_of_the_truth():
    truth, result = np.array([[10.0, 20, 40, 80]]), np.array([[20.0, 20, 40, 80]])
    assert normalized_error(result, truth, inclusive=True) == pytest.approx([0.25])


def test_a_box_without_area_has_no_overlap():
    empty, full = np.array([[5.0, 5, 0, 0]]), np.array([[0.0, 0, 10, 10]])
    assert overlap(empty, full) == [0]
    assert np.isnan(overlap(empty, empty)).all()


@given(st.integers(-1000, 1000))
def test_halves_are_rounded_away_from_zero(n):
    assert round_half_away(np.array([n + 0.5])) == (n + 1 if n >= 0 else n)
    assert round_half_away(np.array([n + 0.25])) == n
