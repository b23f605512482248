"""A network of several trunks that starts from a DiMP on RGB alone."""

from __future__ import annotations

import pytest
import torch

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.fusion import SideBySide
from rgbtbench.trackers.crossmodal.hmft import TwoClassifiers
from rgbtbench.trackers.dimp.network import Architecture, Network
from rgbtbench.trackers.dimp.warm_start import start
from rgbtbench.trackers.networks import weights

SMALL = {"depth": 50, "width": 4, "features": 8, "iou": 8, "cells": 8}
RGB = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))


def mfdimp(**changes) -> Network:
    return Network(Architecture(trunks=("rgb", "tir"), bins=(10, 0.5), **{**SMALL, **changes}), SideBySide)


@pytest.fixture
def dimp(tmp_path):
    torch.manual_seed(0)
    network = Network(Architecture(trunks=("rgb",), **SMALL), None).eval()
    network.trunks["rgb"].stride_on(first=True)
    weights.save(tmp_path / "dimp.safetensors", network, {})
    return network, tmp_path / "dimp.safetensors"


def test_mfdimp_classifies_as_the_dimp_it_starts_from(dimp):
    """Repeated kernels on a map that stands there twice answer twice; the norm behind them takes that back."""
    network, path = dimp
    started = mfdimp().eval()
    start(started, path, what="mfdimp")
    maps = [n.classifier.features(n.extract(RGB, RGB).fused.level4) for n in (started, network)]
    assert torch.allclose(*maps, rtol=1e-4, atol=1e-6)
    assert torch.equal(started.classifier.initialiser.conv.weight, network.classifier.initialiser.conv.weight)
    assert torch.equal(started.iou.test3[0][0].weight, network.iou.test3[0][0].weight.repeat(1, 2, 1, 1))
    assert len(started.classifier.optimiser.label) == 10


def test_whole_networks_are_copied_as_they_are(tmp_path):
    trained, fresh = mfdimp(), mfdimp()
    weights.save(tmp_path / "trained.safetensors", trained, {})
    start(fresh, tmp_path / "trained.safetensors", what="mfdimp")
    pairs = zip(trained.state_dict().values(), fresh.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("network", [
    mfdimp(features=16),
    Network(Architecture(trunks=("rgb", "tir", "both"), **SMALL), SideBySide, TwoClassifiers),
], ids=["other features", "two classifiers"])  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(dimp, network):
    _, path = dimp
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(ConfigError, match="do not fit mfdimp"):
        start(network, path, what="mfdimp")
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
