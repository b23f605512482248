from __future__ import annotations

import numpy as np
import pytest
import torch
from golden import assert_close, fixture, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from rgbtbench.trackers.networks.prpool import prpool

GOLDEN = fixture("prroi_pool")
ROIS = tensor(GOLDEN["rois"])


def pooled(features, boxes, case):
    """The fixture lists RoIs with their image; ours are boxes of each image."""
    size, scale = case["pooled"][0], case["spatial_scale"]
    return prpool(features[ROIS[:, 0].long()], boxes[:, None], size, scale)[:, 0]


def as_xywh(rois):
    return torch.cat([rois[:, 1:3], rois[:, 3:5] - rois[:, 1:3]], 1)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda c: f"{c['pooled'][0]}x{c['spatial_scale']}")
def test_values_and_gradients_of_the_fixture(case):
    features = tensor(GOLDEN["features"]).requires_grad_()
    corners = ROIS.clone().requires_grad_()
    out = pooled(features, as_xywh(corners), case)
    assert_close(out, case["out"], 1e-9)
    of_features, of_corners = torch.autograd.grad((out * tensor(case["cotangent"])).sum(), (features, corners))
    assert_close(of_features, case["grad_features"], 1e-9)
    seen = ROIS[:, 3] > ROIS[:, 1]  # the fixture's box without width has no meaningful gradient
    assert_close(of_corners[seen, 1:], tensor(case["grad_boxes"])[seen], 1e-9)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-20, 120)] * 2, *[st.floats(1, 150)] * 2), st.sampled_from([1, 3, 5]))
def test_is_the_mean_over_each_bin(box, size):
    features = torch.randn(1, 2, 6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ours = prpool(features, tensor([[box]]), size, 1 / 16)[0, 0]
    x, y, w, h = np.array(box) / 16
    steps = (torch.arange(800 * size, dtype=torch.float64) + 0.5) / 800  # in bins
    rows, columns = (
        torch.clamp(1 - abs((low + steps * side / size)[:, None] - torch.arange(cells)), 0).double()
        for low, side, cells in ((y, h, 6), (x, w, 7))
    )
    dense = torch.einsum("ph,chw,qw->cpq", rows, features[0], columns)
    means = dense.view(2, size, 800, size, 800).mean((2, 4))
    assert (ours - means).abs().max() < 1e-4


def test_a_constant_stays_itself_inside_the_map():
    out = prpool(torch.full((1, 1, 8, 8), 3.0), torch.tensor([[[20.0, 20.0, 60.0, 50.0]]]), 4, 1 / 16)
    assert torch.allclose(out, torch.tensor(3.0))


def test_gradients_are_those_of_finite_differences():
    features = torch.randn(2, 2, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    boxes = tensor([[[10.3, 7.1, 40.2, 33.7]], [[-5.2, 20.6, 60.1, 30.3]]])
    assert torch.autograd.gradcheck(
        lambda f, b: prpool(f, b, 3, 1 / 16), (features.requires_grad_(), boxes.requires_grad_())
    )


@pytest.mark.parametrize("cells", [8, 24])  # all of a small map is weighed, and the touched part of a large one
def test_an_image_has_the_same_bits_alone_and_among_others(cells):
    draw = torch.Generator().manual_seed(2)
    features = torch.randn(5, 16, cells, cells, generator=draw)
    boxes = torch.rand(5, 3, 4, generator=draw) * cells * 4 + 1
    together = prpool(features, boxes, 3, 1 / 8)
    alone = [prpool(one, own, 3, 1 / 8) for one, own in zip(features.split(1), boxes.split(1), strict=True)]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("box", [[5, 5, 0, 9], [5, 5, 9, -1], [5, 5, 0, 0]])
def test_a_box_without_area_gives_zeros_and_no_nan(box):
    boxes = torch.tensor([[box]], dtype=torch.float32, requires_grad=True)
    out = prpool(torch.ones(1, 2, 4, 4), boxes, 3, 1 / 16)
    assert (out == 0).all()
    assert torch.autograd.grad(out.sum(), boxes)[0].isfinite().all()
