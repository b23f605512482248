from __future__ import annotations

import math

import pytest
import torch
from golden import assert_close, fixture, tensor

from rgbtbench.trackers.dimp.iou import IoUNet, TwoLevels

GOLDEN = fixture("iou_predictor")
BLOCKS = {"conv3_1r": "ref3", "conv4_1r": "ref4", "fc3_1r": "ref3_fc", "conv3_1t": "test3.0", "conv3_2t": "test3.1"}
BLOCKS |= {"conv4_1t": "test4.0", "conv4_2t": "test4.1", "fc34_3r": "mod3", "fc34_4r": "mod4", "fc3_rt": "fc3"}
BLOCKS |= {"fc4_rt": "fc4", "iou_predictor": "out"}
ROLES = {"weight": "0.weight", "bias": "0.bias", "bn_weight": "1.weight", "bn_bias": "1.bias"}


def by_rule(part):
    k = torch.arange(math.prod(part["shape"]), dtype=torch.float64)
    return (part["offset"] + part["amplitude"] * torch.sin(0.7 * k + part["p"])).view(part["shape"])


def net() -> IoUNet:
    made = IoUNet((128, 256)).double().eval()
    state = made.state_dict()
    for part in GOLDEN["tensors"]:
        block, role = BLOCKS[part["block"]], part["role"]
        name = f"{block}.{role}" if block == "out" else f"{block}.{ROLES[role]}"
        assert state[name].shape == tuple(part["shape"])
        state[name] = by_rule(part)
    made.load_state_dict(state)
    return made


def features(q, *shape):
    k = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.relu(torch.sin(torch.fmod(0.013 * k * k, 6.283185307179586) + 0.3 * k + q)).view(1, *shape)


def test_modulation_iou_gradients_and_ascent_of_the_fixture():
    iou = net()
    reference = TwoLevels(features(1, 128, 12, 12), features(2, 256, 6, 6))
    test = TwoLevels(features(3, 128, 12, 12), features(4, 256, 6, 6))
    modulation = iou.modulation(reference, tensor(GOLDEN["reference_box_xywh"]))
    assert_close(modulation.level3[0, :8], GOLDEN["modulation3_first8"], 1e-6)
    assert_close(modulation.level4[0, :8], GOLDEN["modulation4_first8"], 1e-6)
    assert_close(modulation.level3.sum(), tensor(GOLDEN["modulation3_sum"]), 1e-6)
    assert_close(modulation.level4.sum(), tensor(GOLDEN["modulation4_sum"]), 1e-6)
    maps = iou.maps(test)
    assert_close(maps.level3.sum(), tensor(GOLDEN["testfeat3_sum"]), 1e-6)
    assert_close(maps.level4.sum(), tensor(GOLDEN["testfeat4_sum"]), 1e-6)
    boxes, trace = tensor(GOLDEN["proposals_xywh"])[None], []
    for step in range(5):
        boxes = boxes.detach().requires_grad_()
        predicted = iou(modulation, maps, boxes)
        [gradient] = torch.autograd.grad(predicted.sum(), boxes)
        if step == 0:
            assert_close(predicted[0], GOLDEN["iou"], 1e-6)
            assert_close(gradient[0], GOLDEN["grad_boxes"], 1e-6)
        trace.append(predicted[0].detach())
        boxes = boxes + gradient * boxes[..., 2:].repeat(1, 1, 2)
    assert_close(torch.stack(trace), GOLDEN["iou_trace"], 1e-6)
    assert_close(boxes[0], GOLDEN["boxes_after_5"], 1e-6)


@pytest.mark.parametrize("together", [2, 16])
def test_a_predicted_iou_does_not_depend_on_what_is_tracked_beside(together):
    torch.manual_seed(0)
    made = IoUNet((8, 16), width=64).eval()
    maps = TwoLevels(torch.randn(together, 64, 16, 16), torch.randn(together, 64, 8, 8))
    wanted = TwoLevels(torch.randn(together, 64), torch.randn(together, 64))
    boxes = torch.rand(together, 10, 4) * 40 + 20

    def asked(part):
        mine = boxes[part].clone().requires_grad_()
        said = made(*(TwoLevels(*(level[part] for level in both)) for both in (wanted, maps)), mine)
        return said.detach(), torch.autograd.grad(said.sum(), mine)[0]

    said, slopes = asked(slice(None))
    for k in range(together):
        own, slope = asked(slice(k, k + 1))
        assert torch.equal(own[0], said[k])
        assert torch.equal(slope[0], slopes[k])
