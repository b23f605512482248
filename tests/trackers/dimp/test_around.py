"""What is computed around boxes is what the whole map has there; nothing else is computed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rgbtbench.trackers.dimp.around import Around
from rgbtbench.trackers.dimp.iou import IoUNet, TwoLevels

WIDTH = 16


def seeded(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def net() -> IoUNet:
    torch.manual_seed(0)
    made = IoUNet((8, 12), WIDTH).double().eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.bias.data.normal_(0, 0.5)  # what lies beyond the border is 0, and not what convolutions make of 0
    return made.requires_grad_(False)


def levels(count: int) -> tuple[TwoLevels, TwoLevels]:
    """Fused levels of images of 288 pixels, and modulations."""
    fused = TwoLevels(seeded(count, 8, 36, 36), seeded(count, 12, 18, 18, seed=1))
    return fused, TwoLevels(seeded(count, WIDTH, seed=2), seeded(count, WIDTH, seed=3))


BOXES = torch.tensor(
    [
        [[110.0, 120, 60, 50], [100, 118, 70, 66]],  # in the middle
        [[0.0, 3, 40, 60], [-20, -30, 50, 80]],  # at two borders
        [[250.0, 240, 60, 90], [230, 260, 50, 20]],  # at the others
    ],
    dtype=torch.float64,
)


@pytest.mark.parametrize("which", [[0], [1], [2], [0, 1, 2]])
def test_predictions_and_gradients_are_those_of_the_whole_maps(net: IoUNet, which: list[int]) -> None:
    fused, modulation = levels(len(which))
    predict = net.predictor(modulation, fused)
    whole = net.maps(fused)
    for shift in (0.0, 3, -9, 40):  # 40: out of what was computed
        boxes = (BOXES[which] + torch.tensor([shift, -shift, 0, 0])).requires_grad_()
        found, expected = predict(boxes), net(modulation, whole, boxes)
        assert torch.allclose(found, expected, atol=1e-12)
        [one], [other] = (torch.autograd.grad(x.sum(), boxes, retain_graph=True) for x in (found, expected))
        assert torch.allclose(one, other, atol=1e-12)


def test_only_a_part_of_the_map_is_computed(net: IoUNet) -> None:
    fused, modulation = levels(3)
    part = Around(net.test3, fused.level3, modulation.level3, 1 / 8)
    share = (part.cover(BOXES) != 0).double().mean((1, 2, 3))
    assert (share < 0.3).all()
    assert (share > 0.01).all()  # ReLU leaves half of what is computed
    before = part.cover(BOXES).clone()
    assert torch.equal(part.cover(BOXES - 1), before)  # a small step is foreseen


def test_large_boxes_take_the_whole_map_in_one_batch(net: IoUNet, monkeypatch: pytest.MonkeyPatch) -> None:
    fused, modulation = levels(3)
    part = Around(net.test4, fused.level4, modulation.level4, 1 / 16)
    monkeypatch.setattr(Around, "_compute", None)
    whole = net.test4(fused.level4) * modulation.level4[..., None, None]
    assert torch.equal(part.cover(torch.tensor([[[20.0, 20, 250, 250]]] * 3, dtype=torch.float64)), whole)


def test_boxes_that_are_not_finite_are_no_fault(net: IoUNet) -> None:
    fused, modulation = levels(1)
    boxes = BOXES[:1].clone()
    boxes[0, 0, 2] = torch.nan
    assert net.predictor(modulation, fused)(boxes)[0, 1].isfinite()
