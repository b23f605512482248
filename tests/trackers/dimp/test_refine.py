"""Boxes climb to where the predicted IoU is highest, and bad ones do not count."""

import numpy as np
import pytest
import torch

from rgbtbench.trackers.dimp.parameters import Parameters
from rgbtbench.trackers.dimp.refine import refine, start_boxes

P = Parameters()
TRUTH = np.array([[100.0, 110, 60, 40], [140, 90, 30, 80]])
GIVEN = TRUTH + np.array([[8.0, -6, 10, -5], [-5, 9, -6, 12]])


def overlap(boxes, truth):
    """True IoU of (S, P, 4) with (S, 4), differentiable."""
    truth = torch.as_tensor(truth)[:, None]
    low = torch.maximum(boxes[..., :2], truth[..., :2])
    high = torch.minimum(boxes[..., :2] + boxes[..., 2:], truth[..., :2] + truth[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    return shared / (boxes[..., 2:].prod(dim=-1) + truth[..., 2:].prod(dim=-1) - shared)


def starts(boxes=GIVEN):
    return start_boxes(boxes, [np.random.default_rng(s) for s in range(len(boxes))], P)


def test_starts_are_the_given_box_and_jitter_within_its_range():
    rngs = [np.random.default_rng(k) for k in range(2000)]
    boxes = np.tile([[100.0, 50, 90, 10]], (2000, 1))
    found = start_boxes(boxes, rngs, P)
    assert found.shape == (2000, 10, 4)
    assert (found[:, 0] == boxes).all()
    centres, sizes = found[:, 1:, :2] + found[:, 1:, 2:] / 2, found[:, 1:, 2:]
    reach = np.abs(centres - [145, 55]).max(axis=(0, 1))
    assert reach == pytest.approx([1.5, 1.5], rel=0.01)
    assert sizes.max(axis=(0, 1)) == pytest.approx([97.5, 17.5], rel=0.01)
    assert sizes.min(axis=(0, 1)) == pytest.approx([82.5, 10 / 3], rel=0.01)


def test_starts_of_a_batch_are_those_of_single_sequences():
    found = starts()
    for s in range(2):
        assert (found[s] == start_boxes(GIVEN[s : s + 1], [np.random.default_rng(s)], P)[0]).all()


def test_the_mean_iou_of_the_boxes_rises_with_every_step():
    seen = []

    def iou(boxes):
        seen.append(overlap(boxes, TRUTH))
        return seen[-1]

    box, found = refine(torch.from_numpy(starts()), iou, P)
    means = torch.stack([values.mean(dim=1) for values in seen]).detach()
    assert means.shape == (5, 2)
    assert (means.diff(dim=0) > 0).all()
    assert found.all()
    final = overlap(box[:, None], TRUTH)[:, 0]
    assert (final > overlap(torch.from_numpy(GIVEN)[:, None], TRUTH)[:, 0] + 0.1).all()


def test_the_best_three_by_the_last_forward_pass_are_averaged():
    """The scores of the last pass rank the boxes after the step that follows it."""
    boxes = torch.tensor([[[10.0 * k, 0, 10, 10] for k in range(5)]])
    score = torch.tensor([[0.1, 0.9, 0.2, 0.8, 0.7]])
    box, found = refine(boxes, lambda b: score + 0.1 * b[..., 0] - (0.1 * b[..., 0]).detach(), Parameters(steps=1))
    assert found.tolist() == [True]
    assert box[0].tolist() == pytest.approx([(10 + 30 + 40) / 3 + 0.1 * 10, 0, 10, 10])


def test_a_step_is_the_gradient_times_the_box_size_and_decays():
    boxes = torch.tensor([[[0.0, 0, 20, 10]]])
    slope = torch.tensor([0.1, 0.2, 0.0, 0.0])
    box, _ = refine(boxes, lambda b: (b * slope).sum(dim=2), Parameters(steps=3, step=2.0, decay=0.5))
    assert box[0].tolist() == pytest.approx([0.1 * 20 * 3.5, 0.2 * 10 * 3.5, 20, 10])


@pytest.mark.parametrize("bad", [(0, 0, 70, 10), (0, 0, 10, 70), (np.nan, 0, 10, 10), (0, 0, np.inf, 10)])
def test_boxes_too_long_or_not_finite_do_not_count(bad):
    boxes = torch.tensor([[[5.0, 5, 20, 30], bad], [bad, bad]], dtype=torch.float64)
    box, found = refine(boxes, lambda b: (0 * b).sum(dim=2) + torch.tensor([0.1, 0.9]), P)
    assert found.tolist() == [True, False]
    assert box[0].tolist() == [5, 5, 20, 30]
    assert box[1].isfinite().all()


def test_a_box_that_the_last_step_throws_away_does_not_count():
    boxes = torch.tensor([[[5.0, 5, 20, 30], [0, 5, 20, 30]]])
    box, found = refine(boxes, lambda b: b[..., 0].sqrt() * torch.tensor([0.0, 1.0]), Parameters(steps=1))
    assert found.all()
    assert box[0].tolist() == [5, 5, 20, 30]


def test_vanishing_boxes_are_a_pixel_wide_at_least():
    boxes = torch.tensor([[[5.0, 5, -3, 0.2]]])
    box, found = refine(boxes, lambda b: (0 * b).sum(dim=2), P)
    assert found.all()
    assert box[0].tolist() == [5, 5, 1, 1]


def test_a_batch_is_its_sequences_one_by_one_and_the_network_keeps_no_gradient():
    layer = torch.nn.Linear(4, 1, dtype=torch.float64)
    together = torch.from_numpy(starts())
    with torch.no_grad():
        box, _ = refine(together, lambda b: layer(b / 100)[..., 0], P)
        for s in range(2):
            alone, _ = refine(together[s : s + 1], lambda b: layer(b / 100)[..., 0], P)
            assert torch.allclose(alone[0], box[s], atol=1e-12)
    assert layer.weight.grad is None
    assert not box.requires_grad
    assert not together.requires_grad


def test_relative_steps_follow_the_gradient_in_centres_by_size_and_in_log_sizes():
    """PrDiMP's: by finite differences of the same function."""
    box, step, seen = np.array([100.0, 50, 40, 20]), 0.02, []

    def height(x, y, w, h):
        return -((x / 50 - 2.2) ** 2) - (y / 30 - 1) ** 2 - (w / 40 - 1.5) ** 2 - (h / 20 - 0.7) ** 2

    def iou(boxes):
        seen.append(boxes.detach().numpy()[0, 0])
        return height(*boxes.unbind(-1))

    def at(v):
        width, tall = np.exp(v[2:])
        return v[0] * 40 - width / 2, v[1] * 20 - tall / 2, width, tall

    refine(torch.from_numpy(box[None, None]), iou, Parameters(relative=True, steps=2, step=step, best=1, starts=0))
    start = np.array([120 / 40, 60 / 20, np.log(40), np.log(20)])
    slope = [(height(*at(start + d)) - height(*at(start - d))) / 2e-5 for d in 1e-5 * np.eye(4)]
    assert seen[0] == pytest.approx(box)
    assert seen[1] == pytest.approx(at(start + step * np.array(slope)), rel=1e-6)
