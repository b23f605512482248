"""Crops are the tracker's, boxes follow them, and augmentation changes what it should."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rgbtbench.core.errors import DataError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.dimp import crop
from rgbtbench.training.samples import collate, normalise, sample
from rgbtbench.training.sampling import Sampling
from rgbtbench.training.sources import Footage

PLAIN = {"grey": 0.0, "brightness": 0.0}


def footage(frame, boxes):
    boxes = np.asarray(boxes, float)
    return Footage(boxes, (boxes[:, 2:] > 0).all(axis=1), frame)


def walking(t):
    """A bright block of 20 x 14 pixels that walks to the right, thermal the negative."""
    image = np.full((120, 400, 3), 10, np.uint8)
    image[50:64, 100 + 2 * t : 120 + 2 * t] = (250, 200, 150)
    return Frame(t, image, 255 - image)


WALK = [[100 + 2 * t, 50, 20, 14] for t in range(60)]


def centroid(image):
    weights = image.double() / image.double().sum()
    at = torch.arange(image.shape[-1], dtype=torch.float64)
    return torch.stack([(weights.sum(0) * at).sum(), (weights.sum(1) * at).sum()])


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), index=st.integers(0, 1000))
def test_a_bright_target_is_where_its_moved_box_says_in_both_modalities(seed, index):
    batch = sample(footage(walking, WALK), Sampling(crop=128, jitter_centre=(1, 1), **PLAIN), seed, index)
    for views in (batch.train, batch.test):
        for rgb, tir, (x, y, w, h) in zip(views.rgb[:, 0], views.tir[:, 0], views.boxes[:, 0].tolist(), strict=True):
            assert min(x, y) > -1
            assert max(x + w, y + h) < 129
            for light in (rgb[0].float() - 10, 245 - tir[0].float()):
                assert centroid(light.clamp(0)).tolist() == pytest.approx([x + (w - 1) / 2, y + (h - 1) / 2], abs=0.6)
                assert float((light > 120).sum()) == pytest.approx(w * h, rel=0.25)
    assert (batch.overlaps > 0.1).all()


@given(seed=st.integers(0, 10_000))
def test_boxes_move_by_dimps_formula(seed):
    """centre_out = (c - 1)/2 + (c_gt - c_crop) c / side, up to the crop's place on whole pixels."""
    random, sampling = np.random.default_rng(seed), Sampling(crop=128)
    box = np.array([[*random.uniform(0, 200, 2), *random.uniform(2, 80, 2)]])
    centres, scales = sampling.windows(box, np.array([True]), random)
    _, position, scale = crop.cut([np.zeros((240, 320, 3), np.uint8)], centres[0], scales[0], 128)
    [moved] = crop.to_crop(box, position[None], np.array([scale]), 128)
    side = scales[0] * 128
    expected = 63.5 + (box[0, :2] + (box[0, 2:] - 1) / 2 - centres[0]) * 128 / side
    assert np.abs(moved[:2] + (moved[2:] - 1) / 2 - expected).max() <= max(scales[0], 1) * 128 / side + 1
    assert moved[2:] == pytest.approx(box[0, 2:] * 128 / side, rel=0.03)


def test_crops_are_those_of_the_tracker(monkeypatch):
    seen = []
    monkeypatch.setattr(
        Sampling,
        "windows",
        lambda self, boxes, test, random: (seen.append(boxes) or boxes[:, :2] + 9.5, np.full(len(boxes), 0.7)),
    )
    batch = normalise(sample(footage(walking, WALK), Sampling(crop=128, **PLAIN), 1, 2))
    frames = [walking(int(x - 100) // 2) for x in seen[0][:, 0]]
    rgb, tir, positions, scales = crop.batch(frames, seen[0][:, :2] + 9.5, np.full(6, 0.7), 128)
    ours = [torch.cat([getattr(v, m)[:, 0] for v in (batch.train, batch.test)]) for m in ("rgb", "tir")]
    step = 0.5 / 255 / min(crop.STD)
    assert (ours[0] - rgb).abs().max() <= step * 1.01
    assert (ours[1] - tir).abs().max() <= step * 1.01
    moved = torch.cat([batch.train.boxes, batch.test.boxes])[:, 0].numpy()
    assert moved == pytest.approx(crop.to_crop(seen[0], positions, scales, 128), rel=1e-5)


def test_shapes_types_and_frames():
    sampling = Sampling(crop=96, train=2, test=1)
    one = sample(footage(walking, WALK), sampling, 0, 0)
    batch = collate([one, collate([sample(footage(walking, WALK), sampling, 0, k) for k in (1, 2)])])
    assert batch.train.rgb.shape == (2, 3, 3, 96, 96)
    assert batch.test.tir.shape == (1, 3, 3, 96, 96)
    assert batch.train.boxes.shape == (2, 3, 4)
    assert batch.proposals.shape == (1, 3, 8, 4)
    assert batch.overlaps.shape == (1, 3, 8)
    assert batch.train.rgb.dtype == torch.uint8
    assert (batch.train.rgb[:, :1] == one.train.rgb).all()
    assert {t.dtype for t in (batch.train.boxes, batch.proposals, batch.overlaps)} == {torch.float32}


def grey(views):
    return (views.rgb[:, :, :1] == views.rgb).all().item()


def test_grey_comes_for_all_visible_images_of_a_sequence_or_none():
    def colourful(t):
        image = np.zeros((120, 400, 3), np.uint8)
        image[..., 0], image[..., 1] = 200, 90
        return Frame(t, image, image)

    sampling, greys = Sampling(crop=64, train=1, test=1, grey=0.3, brightness=0), 0
    for k in range(200):
        batch = sample(footage(colourful, WALK), sampling, 5, k)
        assert grey(batch.train) == grey(batch.test)
        assert not (batch.train.tir[:, :, :1] == batch.train.tir).all()
        if grey(batch.train):
            assert (batch.train.rgb == round(0.299 * 200 + 0.587 * 90)).all()
            greys += 1
    assert 35 < greys < 90


def test_every_image_has_its_own_brightness():
    def flat(t):
        image = np.full((120, 400, 3), 100, np.uint8)
        return Frame(t, image, image)

    batches = [sample(footage(flat, WALK), Sampling(crop=64), 5, k) for k in range(60)]
    gains = torch.stack([getattr(v, m)[:, 0, 0, 0, 0] for b in batches for v in b[:2] for m in ("rgb", "tir")]) / 100
    assert gains.min() < 0.82
    assert gains.max() > 1.18
    assert gains.min() >= 0.8
    assert gains.max() <= 1.2
    assert (gains.std(dim=1) > 0).all()
    bright = sample(
        footage(lambda t: Frame(t, flat(t).rgb * 2 + 50, flat(t).tir * 2 + 50), WALK), Sampling(crop=64), 1, 1
    )
    assert bright.train.rgb.max() == 255  # saturates, does not wrap


def test_a_frame_drawn_twice_is_decoded_once():
    asked = []
    sample(footage(lambda t: asked.append(t) or walking(t), WALK[:20]), Sampling(crop=64, train=4, test=4, gap=3), 1, 1)
    assert len(asked) == len(set(asked)) < 8


def test_too_few_visible_frames_are_an_error():
    boxes = [box if t < 12 else [0, 0, 0, 0] for t, box in enumerate(WALK)]
    with pytest.raises(DataError, match="too few frames") as caught:
        sample(footage(walking, boxes), Sampling(crop=64), 0, 0)
    assert "60 frames, 12 visible" in str(caught.value)
