"""The family's blocks against fixed numbers, and every network's size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from golden import assert_close, fixture, tensor

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers import mdnet
from rgbtbench.trackers.fidelity import AUTHORS, rows
from rgbtbench.trackers.mdnet.head import Branches, binary_losses
from rgbtbench.trackers.mdnet.models import MODELS, build, find
from rgbtbench.trackers.mdnet.regress import BoxRegression, targets
from rgbtbench.trackers.mdnet.trunk import lrn_elementwise, lrn_torch, lrn_window

BLOCKS = fixture("mdnet_blocks")
COUNTS = fixture("param_counts")
EXACT = {
    "mdnet": COUNTS["mdnet"]["rgb"],
    "mdnet-rgbt": COUNTS["mdnet"]["two_stream_concat"],
    "manet": COUNTS["manet"],
    "dafnet": COUNTS["dafnet"],
    "fanet": COUNTS["fanet_rebuild"],
    "macnet": COUNTS["macnet_test"],
    "mfgnet": 7_991_030,  # baselines spec, by arithmetic
    "manet++": COUNTS["manet"],  # MANet's layers
}


@pytest.mark.parametrize(
    ("norm", "key"), [(lrn_elementwise, "lrn_rt"), (lrn_window, "lrn_manet"), (lrn_torch, "lrn_torch")]
)
def test_the_three_normalisations(norm, key):
    assert_close(norm(tensor(BLOCKS["x"])), BLOCKS[key])


def test_the_binary_loss():
    losses = binary_losses(tensor(BLOCKS["pos_scores"]), tensor(BLOCKS["neg_scores"]))
    assert_close(losses.sum(), BLOCKS["binary_loss_sum"])
    assert_close(losses.mean(), BLOCKS["binary_loss_mean"])


def test_box_regression():
    golden = BLOCKS["bbreg"]
    x, boxes, truth = tensor(golden["X"]), np.array(golden["boxes_xywh"]), np.array(golden["gt_xywh"][0])
    regression = BoxRegression(x, boxes, truth)
    assert_close(torch.from_numpy(targets(boxes, truth)), golden["targets"])
    assert_close(regression.weights, golden["W"])
    assert_close(regression.intercept, golden["intercept"])
    assert_close(torch.from_numpy(regression.raw(x, boxes)), golden["boxes_out"])


def test_box_regression_is_the_same_with_fewer_samples_than_features():
    """Then the other of two equivalent systems is solved."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(6, 9, dtype=torch.float64, generator=random)
    boxes = np.array(BLOCKS["bbreg"]["boxes_xywh"][:6])
    truth = np.array(BLOCKS["bbreg"]["gt_xywh"][0])
    dual = BoxRegression(x, boxes, truth, alpha=3.0)
    centred, y = x - x.mean(0), torch.from_numpy(targets(boxes, truth))
    primal = torch.linalg.solve(centred.T @ centred + 3 * torch.eye(9, dtype=x.dtype), centred.T @ (y - y.mean(0)))
    assert_close(dual.weights, primal)


def test_a_regression_that_goes_too_far_is_not_followed():
    boxes, truth = np.array([[10.0, 10, 20, 20], [12, 10, 20, 20]]), np.array([10.0, 10, 20, 20])
    regression = BoxRegression(torch.eye(2), boxes, truth)
    regression.weights, regression.intercept = torch.zeros(2, 4), torch.tensor([2.0, 0, 0, 0])  # two widths away
    assert np.array_equal(regression(torch.eye(2), boxes, (0.6, 1), (1, 2)), boxes)
    regression.intercept = torch.tensor([0.05, 0, 0, 0])
    assert regression(torch.eye(2), boxes, (0.6, 1), (1, 2))[:, 0] == pytest.approx([11, 13])


@pytest.mark.parametrize("name", EXACT)
def test_parameters_are_those_of_the_released_codes(name):
    with torch.device("meta"):
        network = build(name, branches=7)
    assert network.params_active == network.params_paper == EXACT[name]
    assert sum(p.numel() for p in network.with_one_branch().parameters()) == EXACT[name]


@pytest.mark.parametrize("name", MODELS)
def test_both_regimes_see_three_by_three_cells_of_the_same_channels(name):
    network = build(name, "nano").eval()
    a = network.architecture
    images = torch.rand(2, 3, a.unit, a.unit) * 255
    patches = network.patches(images, images)
    scenes = torch.rand(2, 3, 3 * a.unit, 3 * a.unit + 5) * 255
    boxes = torch.tensor([[70.0, 60, 59, 59], [50, 80, 40, 90], [0, 0, 1, 1]]).expand(2, 3, 4)
    pooled = network.pooled(network.maps(scenes, scenes, dense=True), boxes)
    assert patches.shape == (2, 9 * network.fusion.outputs)
    assert pooled.shape == (2, 3, 9 * network.fusion.outputs)
    assert network.head(patches).shape == (2, 2)
    assert patches.isfinite().all()
    assert pooled.isfinite().all()


@pytest.mark.parametrize("name", set(MODELS) - {"mdnet"})
def test_both_modalities_count(name):
    network = build(name, "nano").eval()
    unit = network.architecture.unit
    rgb, tir, other = (torch.rand(1, 3, unit, unit) * 255 for _ in range(3))
    both = network.patches(rgb, tir)
    assert not torch.allclose(both, network.patches(other, tir))
    assert not torch.allclose(both, network.patches(rgb, other))


@pytest.mark.parametrize("name", MODELS)
def test_nano_is_small(name):
    assert 2 * build(name, "nano").params_active < 2e6  # bytes in float16


def test_each_sequence_has_its_branch():
    branches = Branches(4, 3)
    x = torch.randn(2, 5, 4)
    scores = branches(x, torch.tensor([2, 0]))
    assert torch.allclose(scores[0], x[0] @ branches.weight[2].T + branches.bias[2])
    assert torch.allclose(scores[1], x[1] @ branches.weight[0].T + branches.bias[0])


def test_unknown_names_are_answered_with_suggestions():
    with pytest.raises(ConfigError, match="did you mean 'dafnet'"):
        build("dafnett")
    with pytest.raises(ConfigError, match="did you mean 'nano'"):
        find("dafnet", "nanno")


def test_the_structure_of_its_authors_is_said_only_of_what_is_exact():
    assert {row.tracker for row in rows() if row.fidelity == AUTHORS} & set(mdnet.FAMILY) <= set(EXACT)
