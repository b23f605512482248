"""The samples of the first frame: where the target goes, its box goes."""

import numpy as np
import pytest
import torch
from test_crop import centroid

from rgbtbench.trackers.dimp.augment import blur, boxes, dropout_masks, rotate, samples, shifts
from rgbtbench.trackers.dimp.parameters import Parameters

P = Parameters(crop=128)


def rngs(count=2):
    return [np.random.default_rng(s) for s in range(count)]


def blobs(sequences=2, n=256):
    """A bright Gaussian in the middle of each crop, wider for later sequences; one channel."""
    at = torch.arange(n) - (n - 1) / 2
    widths = 2 + torch.arange(sequences).view(-1, 1, 1, 1)
    return torch.exp(-0.5 * (at[:, None] ** 2 + at**2) / widths**2)


def test_there_are_thirteen_images_and_fifteen_boxes_of_the_paper():
    p = Parameters()
    moved = shifts(rngs(2), p)
    assert moved.shape == (13, 2, 2)
    assert samples(torch.zeros(2, 1, 576, 576), moved, p).shape == (13, 2, 1, 288, 288)
    assert boxes(np.zeros((2, 4)), moved).shape == (15, 2, 4)
    assert p.initial == 15


def test_shifts_are_the_papers():
    p = Parameters()
    moved = shifts(rngs(500), p)
    assert (moved[0] == 0).all()
    assert {tuple(x_y) for x_y in moved[1:5, 0].tolist()} == {(-86, -86), (-86, 86), (86, -86), (86, 86)}
    assert (moved[1:5] == moved[1:5, :1]).all()
    assert (np.abs(moved[5:]).max(axis=(1, 2)) == 47).all()
    assert moved[5:].std() == pytest.approx(96 / 12**0.5, rel=0.05)


def test_the_target_is_in_the_middle_of_its_box_in_every_sample():
    moved = shifts(rngs(), P)
    identity = np.array([[54.0, 49, 20, 30], [44, 54, 40, 20]])  # centred on (63.5, 63.5), inclusive pixels
    found = samples(blobs(), moved, P)
    where = boxes(identity, moved)
    assert (where[..., 2:] == identity[:, 2:]).all()
    assert (where[13:] == identity).all()
    for k in range(13):
        for s in range(2):
            assert centroid(found[k, s, 0]) == pytest.approx(where[k, s, :2] + (where[k, s, 2:] - 1) / 2, abs=0.02)


def test_both_modalities_move_alike_and_a_batch_is_its_sequences_one_by_one():
    crops = torch.rand(2, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    moved = shifts(rngs(), P)
    found = samples(torch.cat([crops, crops], dim=1), moved, P)
    assert torch.allclose(found[:, :, :1], found[:, :, 1:], atol=1e-6)
    for s, rng in enumerate(rngs()):
        alone = shifts([rng], P)
        assert (alone[:, 0] == moved[:, s]).all()
        assert torch.allclose(samples(crops[s : s + 1], alone, P)[:, 0], found[:, s, :1], atol=1e-6)


def test_identity_and_shifts_and_mirror_are_exact():
    crops = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    moved = shifts(rngs(), P)
    found = samples(crops, moved, P)
    assert (found[0] == crops[..., 64:192, 64:192]).all()
    x, y = moved[1, 0]
    assert (found[1, 0] == crops[0, :, 64 - y : 192 - y, 64 - x : 192 - x]).all()
    x, y = moved[5, 1]
    assert (found[5, 1] == crops[1].flip(-1)[:, 64 - y : 192 - y, 64 - x : 192 - x]).all()


def test_rotation_is_anticlockwise_about_the_middle():
    image = torch.zeros(1, 1, 65, 65)
    image[..., 32, 52] = 1  # 20 to the right
    assert centroid(rotate(image, 90)[0, 0]) == pytest.approx([32, 12], abs=1e-3)
    turned = centroid(rotate(image, 45)[0, 0])
    assert turned == pytest.approx([32 + 20 / 2**0.5, 32 - 20 / 2**0.5], abs=0.3)
    assert torch.allclose(rotate(image, 0), image, atol=1e-5)


def test_rotation_and_blur_repeat_the_border():
    flat = torch.full((1, 2, 40, 40), 3.0)
    assert torch.allclose(rotate(flat, 45), flat)
    assert torch.allclose(blur(flat, (3, 1)), flat)


def test_blur_is_a_gaussian_cut_at_two_sigma():
    image = torch.zeros(1, 2, 31, 31)
    image[:, 1, 15, 15] = 1
    found = blur(image, (3, 1))
    assert (found[:, 0] == 0).all()
    rows, columns = (found[0, 1] > 0).nonzero().T
    assert (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())) == (9, 21, 13, 17)
    down = torch.exp(-0.5 * (torch.arange(-6, 7) / 3) ** 2)
    assert torch.allclose(found[0, 1].sum(dim=1)[9:22], down / down.sum(), atol=1e-6)


def test_channels_drop_alike_for_one_sequence_and_many():
    masks = dropout_masks(rngs(2), 4000, P)
    assert masks.shape == (2, 2, 4000)
    assert set(masks.ravel()) == {0, 1.25}
    assert masks.mean() == pytest.approx(1, abs=0.02)
    assert (masks[0] != masks[1]).any()
    assert (dropout_masks([rngs(2)[1]], 4000, P)[:, 0] == masks[:, 1]).all()
