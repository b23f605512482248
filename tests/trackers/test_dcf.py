"""The correlation filter really tracks, and never returns nonsense."""

import numpy as np
import pytest
from clips import clip, follow, only

from rgbtbench.core.boxes import overlap
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.dcf import DCF, _peak


def score(frames, truth):
    return overlap(follow(DCF(), frames, truth[0])[0], truth).mean()


@pytest.mark.parametrize(("size", "growth"), [((36, 44), 1.5), ((60, 40), 0.5), ((20, 80), 1.0), ((10, 10), 1.2)])
def test_it_follows_a_target_through_clutter_and_scale(size, growth):
    assert score(*clip(60, seed=1, size=size, growth=growth)) > 0.75


def test_each_modality_carries_where_the_other_is_blind():
    dark, dark_truth = clip(60, dark=True)
    flat, flat_truth = clip(60, flat=True)
    assert score(dark, dark_truth) > 0.6
    assert score(flat, flat_truth) > 0.6
    assert score(only(dark, "tir"), dark_truth) > 0.6
    assert score(only(flat, "rgb"), flat_truth) > 0.6
    assert score(only(dark, "rgb"), dark_truth) < 0.2
    assert score(only(flat, "tir"), flat_truth) < 0.2


def test_confidence_falls_when_the_target_disappears_and_the_box_stays_near():
    frames, truth = clip(30)
    gone, _ = clip(10, dark=True, flat=True)
    boxes, confidence = follow(DCF(), frames[:20] + gone, truth[0])
    assert confidence[5:19].min() > 20
    assert confidence[20:].max() < 14
    assert np.abs(boxes[20:, :2] - boxes[19, :2]).max() < 18  # half the target


@pytest.mark.parametrize(
    "box",
    [(100, 100, 4, 4), (-50, -50, 60, 60), (310, 230, 40, 40), (-100, -100, 600, 500), (400, 300, 20, 20),
     (50, 50, 0, 0), (0, 0, 320, 240), (10, 10, 300, 3), (1e4, -1e4, 1e4, 1e4)],
)  # fmt: skip
def test_boxes_stay_finite_and_positive_wherever_they_start(box):
    frames, _ = clip(5)
    boxes, confidence = follow(DCF(), frames, box)
    assert np.isfinite(boxes).all()
    assert np.isfinite(confidence).all()
    assert (boxes[1:, 2:] > 0).all()


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(240, 320, 3), (1, 1, 3), (3, 500, 3)])
def test_images_without_content_are_survived(value, shape):
    image = np.full(shape, value, np.uint8)
    boxes, _ = follow(DCF(), [Frame(k, image, image) for k in range(3)], (10, 10, 20, 20))
    assert np.isfinite(boxes).all()


def test_it_is_deterministic_and_forgets_between_sequences():
    frames, truth = clip(12)
    other, other_truth = clip(5, seed=9)
    tracker = DCF()
    first = follow(tracker, frames, truth[0])[0]
    follow(tracker, other, other_truth[0])
    np.testing.assert_array_equal(follow(tracker, frames, truth[0])[0], first)


def test_peak_is_found_between_cells_and_across_the_seam():
    away = np.fft.fftfreq(32, 1 / 32)
    bump = np.exp(-0.5 * ((away[:, None] + 2.25) / 2) ** 2) * np.exp(-0.5 * ((away - 3.4) / 2) ** 2)
    offset, ratio = _peak(bump)
    np.testing.assert_allclose(offset, [3.4, -2.25], atol=0.05)
    assert ratio > 10
    assert _peak(np.zeros((32, 32)))[1] == 0


@pytest.mark.parametrize("wrong", [{"grid": 31}, {"grid": "32"}, {"rate": float("nan")}, {"lost": 20}, {"scales": 1}])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="dcf"):
        DCF(**wrong)
