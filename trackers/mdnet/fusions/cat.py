"""CAT (Li et al. 2020): branches for challenges, some shared by the modalities, some of one alone.

From the abstract: bottlenecks of a quarter of the channels are ours, and branches learn together, from no challenge
labels; the guidance module that transfers features between modalities is left out.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from rgbtbench.trackers.mdnet.fusion import EachLevel, Modalities, Select
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets

SHARED = 3  # fast motion, scale variation, occlusion


def branch(channels: int) -> nn.Sequential:
    """What one challenge adds to a map."""
    width = max(channels // 4, 4)
    return nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1), nn.ReLU())


class Level(nn.Module):
    """Five branches after one convolution: each modality sees the shared ones and its own (illumination, crossover)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shared = nn.ModuleList([branch(channels) for _ in range(SHARED)])
        self.illumination, self.crossover = branch(channels), branch(channels)
        self.rgb, self.tir = (Select(channels, max(channels // 8, 8), SHARED + 1, act=True) for _ in range(2))

    def forward(self, maps: Modalities) -> Modalities:
        """Both maps with what is selected of their branches."""
        rgb = [*(one(maps.rgb) for one in self.shared), self.illumination(maps.rgb)]
        tir = [*(one(maps.tir) for one in self.shared), self.crossover(maps.tir)]
        return Modalities(maps.rgb + self.rgb(rgb), maps.tir + self.tir(tir))


PRESETS = presets(partial(EachLevel, level=Level), ROI, RT_MDNET)
