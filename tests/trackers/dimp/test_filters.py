from __future__ import annotations

import math

import pytest
import torch
from golden import assert_close, fixture, tensor

from rgbtbench.trackers.dimp.filters import Correlation, Initialiser, Optimiser, correlate
from rgbtbench.trackers.dimp.losses import classification_loss, gaussian_label, hinge
from rgbtbench.trackers.networks.layers import InstanceL2Norm

CASES = fixture("dimp_optimizer")["cases"]
LAYERS = fixture("dimp_small_layers")
MAPS = fixture("dimp_maps_init")


def optimiser(variant: str) -> Optimiser:
    made = Optimiser().double()
    fresh = made.state_dict()
    distance = torch.arange(100, dtype=torch.float64) / 10  # not rounded to float32, as the fixture's are not
    gauss = torch.exp(-0.5 * (distance / 0.9) ** 2)
    fresh |= {"label": gauss - gauss.min(), "mask": 3 * torch.tanh(2 - distance)}
    fresh |= {"log_step": tensor([math.log(0.9)]), "regularisation": tensor([0.1])}
    if variant == "learned":
        k = torch.arange(100, dtype=torch.float64)
        fresh["label"] += 0.05 * torch.sin(0.3 * k)
        fresh["mask"] += 0.2 * torch.cos(0.17 * k)
        fresh["weight"] += 0.3 * torch.sin(0.11 * k + 1)
        fresh["log_step"] += 0.05
        fresh["regularisation"] += 0.07
    made.load_state_dict(fresh)
    return made


def parts(case):
    first = next(c for c in CASES if c["name"] == case["name"])  # its tensors are written only there
    start, features, boxes = (tensor(first[key]) for key in ("w0", "feat", "bb"))
    return start, features, boxes, None if case["sample_weight"] is None else tensor(case["sample_weight"])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"] + "-" + c["variant"])
def test_filters_and_losses_of_the_fixture(case):
    solve = optimiser(case["variant"])
    start, features, boxes, weights = parts(case)
    iterates = solve(start, features, boxes, 5, weights)
    assert_close(iterates[1], case["filter_after_1"])
    assert_close(iterates[5], case["filter_after_5"])
    losses = torch.stack([solve.loss(f, features, boxes, weights).mean() for f in iterates])
    assert_close(losses, case["losses_5"])
    assert (losses.diff() < 0).all()


def test_sequences_of_a_batch_do_not_see_each_other():
    case = next(c for c in CASES if tensor(c["feat"]).shape[1] == 2)
    solve = optimiser("learned")
    start, features, boxes, _ = parts(case)
    together = solve(start, features, boxes, 5)[-1]
    for k in range(2):
        alone = solve(start[k : k + 1], features[:, k : k + 1], boxes[:, k : k + 1], 5)[-1]
        assert_close(together[k : k + 1], alone, 1e-12)


def test_the_first_step_goes_along_the_gradient_of_the_loss():
    """g is half the gradient: the step is -exp(a0) alpha g, so both are parallel."""
    solve = optimiser("init")
    start, features, boxes, _ = parts(CASES[0])
    start.requires_grad_()
    [gradient] = torch.autograd.grad(solve.loss(start, features, boxes).sum(), start)
    step = (solve(start, features, boxes, 1)[1] - start).detach().flatten(1)
    assert torch.allclose(torch.cosine_similarity(step, -gradient.flatten(1)), tensor(1.0), atol=1e-12)


def test_the_iterations_pass_gradients_to_everything_that_is_learned():
    solve = optimiser("learned")
    start, features, boxes, _ = parts(CASES[0])
    features.requires_grad_()
    solve(start, features, boxes, 3)[-1].square().sum().backward()
    for name, parameter in [*solve.named_parameters(), ("features", features)]:
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_maps_of_the_fixture():
    label, mask, weight = optimiser("init").maps(tensor(MAPS["boxes_xywh"]), 4, 19)
    assert_close(label, MAPS["label"])
    assert_close(mask, MAPS["mask"])
    assert_close(weight, MAPS["weight"])


def test_every_cell_lies_in_bins_that_sum_to_one():
    solve = optimiser("init")
    boxes = tensor(MAPS["boxes_xywh"])
    bins = []
    for k in range(100):  # the map of one bin is the label map of weights that are 1 there
        solve.label.data = torch.eye(100, dtype=torch.float64)[k]
        bins.append(solve.maps(boxes, 4, 19)[0])
    assert_close(torch.stack(bins)[:, 0, 8, 9], MAPS["distance_bins_sample"])
    assert_close(torch.stack(bins).sum(0), torch.ones(2, 19, 19, dtype=torch.float64), 1e-12)


def test_at_the_target_the_label_is_one_and_most_of_the_score_counts():
    label, mask, _ = optimiser("init").maps(tensor([[104.0, 104.0, 80.0, 80.0]]), 4, 19)
    assert label[0, 9, 9].item() == pytest.approx(1, abs=1e-8)
    assert mask[0, 9, 9].item() == pytest.approx(1 / (1 + math.exp(-3 * math.tanh(2))))


@pytest.mark.parametrize("key", ["out", "out_norm"])
def test_initialiser_of_the_fixture(key):
    golden = fixture("dimp_initializer")
    start = Initialiser(3).double()
    start.conv.load_state_dict({"weight": tensor(golden["conv_weight"]), "bias": tensor(golden["conv_bias"])})
    out = start(tensor(golden["feat"]), tensor(golden["bb"]))
    assert_close(out / (3 * 4 * 4 if key == "out_norm" else 1), golden[key])


def test_correlation_of_the_fixture_and_its_adjoint():
    golden = LAYERS["apply_filter"]
    features, filter = tensor(golden["feat"]), tensor(golden["filter"])
    scores = correlate(features, filter)
    assert_close(scores, golden["scores"])
    other = torch.randn(scores.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    back = Correlation(features, 4).adjoint(other)
    assert (scores * other).sum().item() == pytest.approx((filter * back).sum().item())


def test_a_filter_of_4_gives_one_cell_more():
    assert correlate(torch.ones(2, 1, 3, 18, 18), torch.ones(1, 3, 4, 4)).shape == (2, 1, 19, 19)


def test_norm_of_the_fixture():
    golden = LAYERS["l2norm"]
    assert_close(InstanceL2Norm((1 / (512 * 16)) ** 0.5)(tensor(golden["x"])), golden["y"])


def test_hinge_of_the_fixture():
    golden = LAYERS["lbhinge"]
    scores, label = tensor(golden["pred"]), tensor(golden["label"])
    assert hinge(scores, label).item() == pytest.approx(golden["loss"], rel=1e-9)
    assert hinge(scores, label, -math.inf).item() == pytest.approx(((scores - label) ** 2).mean().item())


def test_label_of_the_fixture_peaks_at_the_box():
    golden = LAYERS["gauss"]
    boxes = tensor(golden["boxes"])
    label = gaussian_label(boxes, 18)
    assert_close(label, golden["label"])
    x, y = ((boxes[:, :2] + boxes[:, 2:] / 2) / 16).round().T.tolist()
    assert label.flatten(1).argmax(1).tolist() == [r * 19 + c for r, c in zip(y, x, strict=True)]


def test_loss_weighs_first_last_and_the_mean_of_those_between():
    label = torch.zeros(1, 1, 3, 3)
    scores = [torch.full((1, 1, 3, 3), v) for v in (1.0, 2.0, 4.0, 3.0)]
    assert classification_loss(scores, label).item() == pytest.approx(100 * 1 + 100 * 9 + 400 * (4 + 16) / 2)
