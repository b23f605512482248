from __future__ import annotations

import copy

import pytest
import torch
from golden import fixture

from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.networks.resnet import Trunk, unused_parameters

COUNTS = fixture("param_counts")
IMAGES = torch.randn(2, 2, 3, 128, 128, generator=torch.Generator().manual_seed(0))


def randomised(name: str, preset: str = "nano"):
    """With batch norm statistics as after training, so that folding them has something to fold."""
    torch.manual_seed(0)
    network = build(name, preset)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.mark.parametrize("depth", [18, 50])
def test_trunk_has_torchvisions_sizes(depth):
    golden = COUNTS[f"resnet{depth}"]
    with torch.device("meta"):
        trunk = Trunk(depth)
    for name in ("conv1", "bn1", "layer1", "layer2", "layer3"):
        assert sum(p.numel() for p in trunk.get_submodule(name).parameters()) == golden[name]
    assert unused_parameters(depth) == golden["layer4"] + golden["fc"]
    with torch.device("meta"):
        levels = trunk(torch.empty(1, 3, 288, 288))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (c, s, s) for c, s in zip(trunk.channels, (144, 72, 36, 18), strict=True)
    ]


def test_one_batch_of_both_modalities_is_two_passes():
    network = randomised("cmd-student")
    rgb, tir = IMAGES
    together = network.look(rgb, tir)
    for levels, images in zip(together, (rgb, tir), strict=True):
        for one, other in zip(levels, network.trunks["both"](images), strict=True):
            assert torch.allclose(one, other, atol=1e-4)


def test_two_trunks_see_their_own_modality():
    network = randomised("cmd-teacher")
    rgb, tir = IMAGES
    before = network.extract(rgb, tir)
    after = network.extract(rgb, tir + 1)
    assert torch.equal(before.rgb.layer3, after.rgb.layer3)
    assert not torch.equal(before.tir.layer3, after.tir.layer3)
    assert not torch.equal(before.fused.level4, after.fused.level4)


def test_three_trunks_show_each_modality_twice():
    network = randomised("hmft")
    rgb, tir = IMAGES
    seen, swapped = network.look(rgb, tir), network.look(tir, rgb)
    half = network.channels[3] // 2
    assert seen[0].layer3.shape[1] == network.channels[3]
    assert torch.allclose(seen[0].layer3[:, half:], swapped[1].layer3[:, half:], atol=1e-4)  # by the shared trunk
    assert not torch.allclose(seen[0].layer3[:, :half], swapped[1].layer3[:, :half], atol=1e-2)


@pytest.mark.parametrize("name", ["mfdimp", "hmft"])
def test_heads_are_as_wide_as_what_is_fused(name):
    network = randomised(name)
    fused = network.extract(*IMAGES).fused
    assert [level.shape[1] for level in fused] == list(network.fused) == [2 * c for c in network.channels[2:]]


@pytest.mark.parametrize("name", ["cmd-student", "cmd-teacher", "mfdimp", "hmft"])
def test_folding_batch_norm_changes_nothing(name):
    network = randomised(name)
    rgb, tir = IMAGES
    boxes = torch.tensor([[40.0, 40.0, 30.0, 40.0], [50.0, 30.0, 40.0, 40.0]])
    fast = copy.deepcopy(network).prepare("cpu", torch.float32)
    assert not any(isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d) for m in fast.modules())
    answers = []
    for net in (network, fast):
        fused = net.extract(rgb, tir).fused
        iou = net.iou(net.iou.modulation(fused, boxes), net.iou.maps(fused), boxes[:, None])
        answers.append((net.classifier.features(fused.level4), iou))
    for one, other in zip(*answers, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4 * one.abs().max().item())


def test_bfloat16_stays_close():
    network = randomised("cmd-student")
    rgb, tir = IMAGES
    fast = copy.deepcopy(network).prepare("cpu", torch.bfloat16)
    exact, rounded = (net.classifier.features(net.extract(rgb, tir).fused.level4) for net in (network, fast))
    assert rounded.dtype == torch.float32
    assert (exact - rounded).norm() < 0.05 * exact.norm()


def test_strides_move_to_the_first_convolution_and_back():
    trunk = Trunk(50, 4).eval()
    before = trunk(IMAGES[0])
    trunk.stride_on(first=True)
    moved = trunk(IMAGES[0])
    assert moved.layer3.shape == before.layer3.shape
    assert not torch.equal(moved.layer2, before.layer2)
    trunk.stride_on(first=False)
    assert torch.equal(trunk(IMAGES[0]).layer3, before.layer3)
