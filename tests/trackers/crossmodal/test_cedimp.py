"""Channels are exchanged by their scaling factors, and a penalty makes these fall."""

from __future__ import annotations

import pytest
import torch

from rgbtbench.trackers.crossmodal.cedimp import PENALTY, ChannelExchange
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.learn import penalties

RGB, TIR = torch.rand(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def exchange():
    torch.manual_seed(0)
    return ChannelExchange(4).eval()


def test_without_small_factors_it_is_the_mean(exchange):
    assert torch.allclose(exchange(RGB, TIR), (RGB + TIR) / 2, atol=1e-4)


def test_a_channel_that_carries_nothing_takes_the_others(exchange):
    with torch.no_grad():
        exchange.rgb.weight[0] = exchange.rgb.weight[3] = exchange.tir.weight[2] = 0.01
    fused = exchange(RGB, TIR)
    assert torch.allclose(fused[:, 0], TIR[:, 0], atol=1e-4)  # RGB gave its channel up
    assert torch.allclose(fused[:, 2], RGB[:, 2], atol=1e-4)
    assert torch.allclose(fused[:, 3], (0.01 * RGB + TIR)[:, 3] / 2, atol=1e-4)  # not RGB's to give up


def test_the_penalty_pulls_only_at_what_may_be_given_up(exchange):
    exchange.penalty().backward()
    assert exchange.rgb.weight.grad.tolist() == pytest.approx([PENALTY, PENALTY, 0, 0])
    assert exchange.tir.weight.grad.tolist() == pytest.approx([0, 0, PENALTY, PENALTY])


def test_only_networks_that_ask_are_penalised():
    assert penalties(build("mfdimp", "nano")) == {}
    network = build("cedimp", "nano")
    expected = sum(PENALTY * c for c in network.channels[2:])  # factors start at 1
    assert penalties(network)["penalty"].item() == pytest.approx(expected)
