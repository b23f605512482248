"""CBPNet (Xu et al. 2021): products of neighbouring levels, channel attention, weights of modalities.

From the abstract: products are of maps with the channels of conv3, square-rooted with their sign; widths are ours.
"""

from __future__ import annotations

from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, Select, past
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets
from rgbtbench.trackers.mdnet.trunk import Architecture


class CrossLayer(nn.Module):
    """One modality: conv1 x conv3, conv2 x conv3 and conv3, on the grid of conv3, its channels weighted."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        first, second, third = a.widths
        self.up1, self.up2 = nn.Conv2d(first, third, 1), nn.Conv2d(second, third, 1)
        hidden = max(third // 16, 8)
        self.channels = nn.Sequential(nn.Linear(third, hidden), nn.ReLU(), nn.Linear(hidden, third), nn.Sigmoid())
        self.architecture = a

    def forward(self, levels: list[Tensor], dense: bool) -> Tensor:
        """Maps after conv1 to conv3 to one like the last."""
        a, (first, second, third) = self.architecture, levels
        low = self.up1(past(past(first, 2, a, dense), 3, a, dense))
        products = low * third + self.up2(past(second, 3, a, dense)) * third
        both = third + products.sign() * (products.abs() + 1e-6).sqrt()
        return both * self.channels(both.mean((2, 3)))[..., None, None]


class Bilinear(Fusion):
    """Both modalities, weighted by what they show."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.outputs = a.widths[2]
        self.rgb, self.tir = CrossLayer(a), CrossLayer(a)
        self.select = Select(self.outputs, max(self.outputs // 8, 8), 2, act=True)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """All of it."""
        levels = [*flow.levels[1:], maps]
        rgb, tir = self.rgb([pair.rgb for pair in levels], flow.dense), self.tir([p.tir for p in levels], flow.dense)
        return self.select([rgb, tir])


PRESETS = presets(Bilinear, ROI, RT_MDNET)
