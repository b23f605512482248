"""The paper's losses against the golden values, and what must hold whatever the values."""

from __future__ import annotations

import pytest
import torch
from golden import assert_close, fixture, tensor

from rgbtbench.trackers.crossmodal import methods
from rgbtbench.trackers.crossmodal.equations import (
    TARGETS,
    cem,
    distance,
    l_fus,
    l_hfrd,
    l_p,
    l_scfd,
    normalise,
    path_losses,
    r_c,
    sem,
    soft,
)
from rgbtbench.trackers.crossmodal.fusion import ACTS, MPSD
from rgbtbench.trackers.networks.resnet import Levels

GOLDEN = fixture("cmd_losses")
RGB, TIR = tensor(GOLDEN["rgb"]), tensor(GOLDEN["tir"])


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape)), dtype=torch.float64)


def test_targets_of_scfd():
    rgb, tir = sem(RGB, TIR)
    assert_close(rgb, GOLDEN["sem_rgb"])
    assert_close(tir, GOLDEN["sem_tir"])
    for common in cem(RGB, TIR):
        assert_close(common, GOLDEN["cem"])


@pytest.mark.parametrize("act", ["sigmoid", "softmax"])
def test_losses_of_mpsd(act):
    fusion, golden = MPSD(3, act=act).double(), GOLDEN["mpsd"][act]
    layers = {f"attention.{ACTS[act][0]}.0": "sa", "selector.0": "fc1", "selector.2": "fc2"}
    parts = ("weight", "bias")
    fusion.load_state_dict(
        {f"{ours}.{p}": tensor(GOLDEN[f"{name}_{p}"]) for ours, name in layers.items() for p in parts}
    )
    paths, target = fusion.paths(RGB, TIR), tensor(GOLDEN["teacher_fused"])
    assert_close(paths.weights, golden["path_weights"])
    assert_close(paths.fused, golden["fused"])
    assert torch.allclose(paths.weights.sum(1), torch.ones(2).double())
    losses = path_losses(paths.maps, target, "mean")
    assert_close(losses, golden["per_sample_path_mse"])
    assert losses.argmin(1).tolist() == golden["lambda_index0"]
    assert paths.weights.argmax(1).tolist() == golden["nu_index0"]
    assert_close(l_fus(paths.fused, target, "mean"), golden["L_fus"])
    assert_close(l_p(paths.weights, losses), golden["L_p_mean_over_samples"])


def test_selector_loss_is_nil_where_the_most_trusted_path_fits_best_and_its_gradient_moves_trust_there():
    weights = tensor([[0.2, 0.5, 0.3]]).requires_grad_()
    assert l_p(weights, tensor([[3.0, 1.0, 2.0]])) == 0
    losses = tensor([[1.0, 3.0, 2.0]]).requires_grad_()
    l_p(weights, losses).backward()
    assert losses.grad is None
    assert weights.grad.tolist() == [[-1, 1, 0]]


def test_without_a_stop_the_selector_loss_lowers_the_best_paths_loss_too():
    weights = tensor([[0.2, 0.5, 0.3]])
    losses = tensor([[1.0, 3.0, 2.0]]).requires_grad_()
    value = l_p(weights, losses, stop_gradient=False)
    assert value.item() == pytest.approx(0.3)
    value.backward()
    assert losses.grad[0].tolist() == pytest.approx([0.3, 0, 0])


def test_softened_features_by_hand():
    one, other = tensor([[[[0.0]], [[8.0]]]]), tensor([[[[4.0]], [[4.0]]]])
    p = 1 / (1 + torch.exp(tensor(-2.0)))  # 8 / 4 degrees
    wanted = 16 * (0.5 * torch.log(0.5 / (1 - p)) + 0.5 * torch.log(0.5 / p))
    assert torch.allclose(soft(one, other).double(), wanted.double(), rtol=1e-5)
    assert soft(other + 7, other) == 0, "blind to what all channels have in common"


def test_response_map_of_hfrd():
    golden = GOLDEN["hfrd"]
    r_t, r_g, r_s = (tensor(golden[k]) for k in ("R_t", "R_g", "R_s"))
    assert_close(r_c(r_t, r_g), golden["R_c_clamped"])
    assert_close(r_c(r_t, r_g, clamp=False), golden["R_c_raw"])
    assert_close(l_hfrd(r_s, r_t, r_g), golden["loss_clamped"])
    assert_close(l_hfrd(r_s, r_t, r_g, clamp=False), golden["loss_raw"])


def test_forms_of_hfrd_part_in_where_they_are_least_and_in_what_background_costs():
    r_t, r_g = tensor([0.0, 0.4, 0.9]), tensor([0.01, 0.4, 1.0])  # background, the label's ring, its peak
    weight = r_c(r_t, r_g)
    wider = r_g / weight
    assert wider[1] == 0.5  # the ring, lifted from 0.4
    assert l_hfrd(wider, r_t, r_g) == 0
    assert l_hfrd(r_g, r_t, r_g) > 0
    for form in ("both", "hinge"):
        assert l_hfrd(r_g.clamp(min=0), r_t, r_g, form=form) < 1e-4
        assert l_hfrd(wider, r_t, r_g, form=form) > 1e-4
    low, hard = (tensor([value]) for value in (-1.0, 0.5))
    nothing, distractor = tensor([0.0]), tensor([0.6])
    assert [float(l_hfrd(low, distractor, nothing, form=form)) for form in ("hinge", "both")] == [0, 0.36]
    assert l_hfrd(hard, distractor, nothing, form="hinge") > 0
    assert l_hfrd(hard, nothing, nothing, form="hinge") == 0  # where the teacher answers nothing, nothing is taught


def test_response_map_is_above_the_label_and_its_hole_can_be_mended():
    r_t, r_g = 2 * random(40, 40).abs(), random(3, 40, 40)[0].abs().clamp(max=1)
    assert (r_c(r_t, r_g) >= r_g).all()
    distractor, nothing = tensor([1.3]), tensor([0.0])
    assert r_c(distractor, nothing) == 0
    assert r_c(distractor, nothing, hole_fix=True) == 0.999


def test_no_gradient_through_the_response_map():
    r_s, r_t, r_g = (random(*shape).requires_grad_() for shape in ((4, 4), (1, 4, 4), (1, 1, 4, 4)))
    l_hfrd(r_s, r_t, r_g.detach()).backward()
    assert r_t.grad is None
    assert r_s.grad is not None


def test_reductions():
    student, target = random(2, 6, 4, 5), 3 * random(1, 2, 6, 4, 5)[0]
    mean = distance(student, target, "mean")
    assert mean.shape == (2,)
    assert torch.allclose(mean.mean(), torch.nn.functional.mse_loss(student, target))
    assert torch.allclose(distance(student, target, "channel_sum"), 6 * mean, rtol=1e-12)
    assert torch.equal(distance(student, target), distance(student, target, "channel_sum"))
    far = distance(student, target, "normalised")
    assert torch.allclose(far, distance(student, 100 * target, "normalised")), "blind to the target's scale"
    average = torch.full_like(target, normalise(target).mean())
    assert torch.allclose(distance(average, target, "normalised").mean(), tensor(1.0), atol=0.02), "share of variance"
    assert distance(student, torch.zeros_like(target), "normalised").isfinite().all(), "a dead level"


def test_recipes_know_every_target_by_name():
    assert tuple(TARGETS) == methods.TARGETS


def test_scfd_sums_levels_and_modalities_and_is_nil_at_its_targets():
    def levels(seed):
        maps = torch.randn(4, 2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
        return Levels(*maps.double())

    f_rgb, f_tir = levels(1), levels(2)
    for names in (("sem", "sem", "sem", "cem"), ("add",) * 4):
        pairs = [TARGETS[n](a, b) for n, a, b in zip(names, f_rgb, f_tir, strict=True)]
        perfect = [Levels(*side) for side in zip(*pairs, strict=True)]
        assert l_scfd(*perfect, f_rgb, f_tir, names) == 0
        missed = Levels(*(level + 1 for level in perfect[0]))
        assert torch.allclose(l_scfd(missed, perfect[1], f_rgb, f_tir, names, "mean"), tensor(4.0))
        assert torch.allclose(l_scfd(missed, perfect[1], f_rgb, f_tir, names), tensor(4.0 * 3))
