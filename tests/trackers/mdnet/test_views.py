"""Windows, scenes and what is pooled from them: where things are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rgbtbench.core.types import Frame
from rgbtbench.trackers.mdnet.models import build
from rgbtbench.trackers.mdnet.trunk import Architecture
from rgbtbench.trackers.mdnet.views import Scene, distant_features, whole, within
from rgbtbench.trackers.mdnet.windows import images, resample
from rgbtbench.trackers.networks.prpool import prpool


def ramp(width=60, height=40):
    """Red grows to the right, green downwards; thermal is 7."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    rgb = np.stack([x, y, np.full_like(x, 100)], -1).astype(np.uint8)
    return Frame(0, rgb, np.full_like(rgb, 7))


def test_a_window_of_whole_pixels_is_the_image_itself():
    seen = images(ramp())
    assert seen.shape == (6, 40, 60)
    found = resample(seen, np.array([[10.0, 5, 20, 8], [0, 0, 20, 8]]), (8, 20))
    assert torch.allclose(found[0], seen[:, 5:13, 10:30], atol=1e-3)
    assert torch.allclose(found[1], seen[:, :8, :20], atol=1e-3)


def test_each_box_is_stretched_to_the_same_size():
    found = resample(images(ramp()), np.array([[10.0, 5, 40, 10], [10, 5, 5, 30]]), (16, 16))
    red, green = found[:, 0].mean(1), found[:, 1].mean(2)
    assert red[0] == pytest.approx((10 + (np.arange(16) + 0.5) * 2.5 - 0.5), abs=0.01)
    assert green[1] == pytest.approx((5 + (np.arange(16) + 0.5) * 30 / 16 - 0.5), abs=0.01)


def test_outside_the_image_its_border_repeats():
    seen = images(ramp())
    found = resample(seen, np.array([[-500.0, -500, 5, 5], [900, 900, 30, 30]]), (4, 4))
    assert torch.allclose(found[0], seen[:, :1, :1].expand(6, 4, 4))
    assert torch.allclose(found[1], seen[:, -1:, -1:].expand(6, 4, 4), atol=1e-3)


def test_shrinking_averages():
    """A chequerboard of single pixels becomes grey, whatever the phase."""
    x, y = np.meshgrid(np.arange(64), np.arange(64))
    board = np.repeat(((x + y) % 2 * 200).astype(np.uint8)[..., None], 3, 2)
    found = resample(images(Frame(0, board, board)), np.array([[1.0, 2, 48, 48]]), (12, 12))
    assert found.std() < 1
    assert found.mean() == pytest.approx(100, abs=1)


def test_the_geometry_is_rt_mdnets():
    a = Architecture()
    assert (a.field, a.stride) == (75, 8)
    with torch.device("meta"):
        network = build("mdnet-rgbt")
        patch = network.maps(*torch.empty(2, 1, 3, 107, 107), dense=False)
    assert patch.shape == (1, 1024, 3, 3)


def test_a_box_is_pooled_from_the_cells_whose_fields_lie_in_it():
    """RT-MDNet's RoI: the box enlarged by 1.2, its right and bottom edges a receptive field nearer."""
    network = build("mdnet-rgbt", "nano").eval()
    a = network.architecture
    maps = torch.randn(1, 4, 30, 30)
    x, y, w, h = 40.0, 60.0, 59.0, 59.0
    low, high = np.array([x - 0.1 * w, y - 0.1 * h]), np.array([x + 1.1 * w, y + 1.1 * h]) - a.field
    roi = torch.tensor([[[*low, *(high - low)]]]).float()
    found = network.pooled(maps, torch.tensor([[[x, y, w, h]]]))
    assert torch.allclose(found, prpool(maps, roi, 3, 1 / a.stride).flatten(2), atol=1e-4)
    tiny = network.pooled(maps, torch.tensor([[[40.0, 60, 2, 2]]]))  # smaller than a field: one pixel
    roi = torch.tensor([[[40 - 0.2, 60 - 0.2, 1, 1]]])
    assert torch.allclose(tiny, prpool(maps, roi, 3, 1 / a.stride).flatten(2), atol=1e-4)


def test_one_pass_for_all_candidates(monkeypatch):
    network = build("dafnet", "nano").eval()
    calls = []
    real = network.maps
    monkeypatch.setattr(network, "maps", lambda *a, **k: calls.append(1) or real(*a, **k))
    scene = Scene(network, images(ramp(320, 240)), np.array([100.0, 80, 40, 30]), 1.5, 6.0)
    for count in (1, 256, 17):
        assert scene.features(np.tile([100.0, 80, 40, 30], (count, 1))).shape == (count, 576)
    assert len(calls) == 1


def test_a_box_has_the_same_features_wherever_the_scene_is_cut():
    """To the resampling: both scenes show the target at the same size."""
    network = build("mdnet-rgbt", "nano").eval()
    random = np.random.default_rng(0)
    picture = np.kron(random.integers(0, 255, (24, 32, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    seen, box = images(Frame(0, picture, picture)), np.array([120.0, 90, 59, 59])
    one, other = (Scene(network, seen, box, 1.0, 6.0, shift=shift).features(box[None]) for shift in ((0, 0), (8, 4)))
    assert torch.nn.functional.cosine_similarity(one, other).item() > 0.99


def test_distant_boxes_are_their_own_small_pictures():
    network = build("mdnet-rgbt", "nano").eval()
    random = np.random.default_rng(0)
    picture = np.kron(random.integers(0, 255, (24, 32, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    seen, box = images(Frame(0, picture, picture)), np.array([120.0, 90, 59, 59])
    far = distant_features(network, seen, np.tile(box, (3, 1)), "roi")
    assert far.shape == (3, 1152)
    here = Scene(network, seen, box, 1.0, 6.0).features(box[None])
    assert torch.nn.functional.cosine_similarity(far[:1], here).item() > 0.97
    assert distant_features(network, seen, np.empty((0, 4)), "roi").shape == (0, 1152)


def test_an_area_apart_is_its_nearest_point():
    area = whole(torch.zeros(6, 240, 320))
    assert within(area, np.array([400.0, -50, 30, 20])).centres.tolist() == [320, 0, 0, 0]
    assert within(area, np.array([300.0, 200, 50, 60])).centres.tolist() == [300, 200, 20, 40]
