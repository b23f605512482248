from __future__ import annotations

import pytest
import torch

from rgbtbench.trackers.crossmodal.cedimp import ChannelExchange
from rgbtbench.trackers.crossmodal.fusion import (
    MPSD,
    ChannelAttention,
    ChannelSelection,
    Concat,
    LivingMPSD,
    SideBySide,
    SpatialAttention,
    TeacherFusion,
)

GENERATOR = torch.Generator().manual_seed(0)
RGB, TIR = (torch.randn(3, 8, 5, 6, generator=GENERATOR) for _ in range(2))
FUSIONS = [Concat(8), MPSD(8), LivingMPSD(8), SpatialAttention(8), SpatialAttention(8, hidden=12)]
FUSIONS += [ChannelAttention(8, hidden=6)]
FUSIONS += [SpatialAttention(8, act="softmax"), TeacherFusion(8, hidden=4), ChannelSelection(8), ChannelExchange(8)]


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda f: type(f).__name__)
def test_a_fusion_keeps_the_shape_and_uses_both_modalities(fusion):
    fusion.eval()
    fused = fusion(RGB, TIR)
    assert fused.shape == RGB.shape
    assert not torch.allclose(fused, fusion(RGB + 1, TIR))
    assert not torch.allclose(fused, fusion(RGB, TIR + 1))


def test_side_by_side_gives_as_many_channels_as_it_says():
    fusion = SideBySide(8)
    fused = fusion(RGB, TIR)
    assert fused.shape[1] == fusion.channels == 16
    assert torch.equal(fused[:, :8], RGB)
    assert torch.equal(fused[:, 8:], TIR)


def test_channel_selection_mixes_channel_by_channel():
    fusion = ChannelSelection(8)
    for part in (fusion.rgb, fusion.tir):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    torch.nn.init.constant_(fusion.tir.bias, 50.0)
    assert torch.allclose(fusion(RGB, TIR), TIR, atol=1e-6)


def test_paths_of_mpsd():
    mpsd = MPSD(8)
    paths, swapped = mpsd.paths(RGB, TIR), mpsd.paths(TIR, RGB)
    assert paths.maps.shape == (3, 3, 8, 5, 6)
    assert torch.allclose(paths.weights.sum(1), torch.ones(3))
    assert torch.equal(swapped.maps[:, 1], paths.maps[:, 1])
    assert torch.equal(swapped.maps[:, 2], -paths.maps[:, 2])
    by_hand = sum(paths.weights[:, k, None, None, None] * paths.maps[:, k] for k in range(3))
    assert torch.allclose(mpsd(RGB, TIR), by_hand, atol=1e-6)


def test_attention_with_zero_logits_is_half_of_each():
    """Sigmoid and softmax agree there: the one place where the paper's two readings do."""
    for act in ("sigmoid", "softmax"):
        fusion = SpatialAttention(8, act=act)
        for parameter in fusion.parameters():
            torch.nn.init.zeros_(parameter)
        assert torch.allclose(fusion(RGB, TIR), (RGB + TIR) / 2)


def test_weights_of_one_reading_are_no_weights_of_the_other():
    """They would fit, and track otherwise than they learned to."""
    sigmoid, softmax = (MPSD(8, act=act) for act in ("sigmoid", "softmax"))
    with pytest.raises(RuntimeError, match="choose"):
        softmax.load_state_dict(sigmoid.state_dict())
    assert [t.shape for t in sigmoid.parameters()] == [t.shape for t in softmax.parameters()]


def test_a_living_selector_begins_without_a_favourite_and_no_path_outgrows_the_others():
    living, mpsd = LivingMPSD(8), MPSD(8)
    assert torch.allclose(living.paths(RGB, TIR).weights, torch.full((3, 3), 1 / 3))
    torch.nn.init.normal_(living.select[-1].weight)
    small, large = (living.paths(k * RGB, k * TIR) for k in (1, 100))
    for paths in (small, large):
        assert torch.allclose(paths.maps.square().mean((2, 3, 4)), torch.ones(3, 3), atol=1e-3)
    assert torch.allclose(small.weights, large.weights, atol=0.05)  # attention alone sees the size
    grown = [mpsd.paths(k * RGB, k * TIR).maps.square().mean((2, 3, 4)) for k in (1, 100)]
    assert (grown[1][:, 1] > 1e7 * grown[0][:, 1]).all()  # MPSD's product path grows by the fourth power
    assert sum(p.numel() for p in living.parameters()) == sum(p.numel() for p in mpsd.parameters())
    with pytest.raises(RuntimeError, match="select"):
        living.load_state_dict(mpsd.state_dict())


def test_the_teachers_selection_mixes_three_maps_by_channel():
    fusion = TeacherFusion(8, hidden=4).eval()
    for fc in fusion.select:
        torch.nn.init.zeros_(fc.weight)
        torch.nn.init.constant_(fc.bias, -50.0)
    torch.nn.init.constant_(fusion.select[1].bias, 50.0)
    assert torch.allclose(fusion(RGB, TIR), TIR, atol=1e-6)
