"""DAPNet (Zhu et al. 2019): all levels of each modality aggregated densely, channels pruned at random.

From the abstract: widths, and that as many channels are drawn as there are, with replacement, by their mean, are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, past
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets
from rgbtbench.trackers.mdnet.trunk import Architecture


class Dense(nn.Module):
    """One modality's levels, each max-pooled to the next one's grid, widened, and added to it."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        first, second, third = a.widths
        self.up1, self.up2 = nn.Conv2d(first, second, 1), nn.Conv2d(second, third, 1)
        self.architecture = a

    def forward(self, levels: list[Tensor], dense: bool) -> Tensor:
        """Maps after conv1 to conv3 to one like the last."""
        a = self.architecture
        both = levels[1] + self.up1(past(levels[0], 2, a, dense)).relu()
        return levels[2] + self.up2(past(both, 3, a, dense)).relu()


class Pruned(Fusion):
    """Both aggregates, concatenated; in training only channels drawn by their global means are kept."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.rgb, self.tir = Dense(a), Dense(a)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """All of it."""
        levels = [*flow.levels[1:], maps]
        rgb, tir = self.rgb([pair.rgb for pair in levels], flow.dense), self.tir([p.tir for p in levels], flow.dense)
        both = torch.cat([rgb, tir], 1)
        return both * kept(both)[..., None, None] if self.training else both


def kept(x: Tensor) -> Tensor:
    """Which channels (N, C) of a map (N, C, H, W) are drawn at least once, the stronger the likelier: 1 or 0."""
    chances = x.detach().float().mean((2, 3)).clamp(min=0) + 1e-6
    drawn = torch.multinomial(chances, x.shape[1], replacement=True)
    return torch.zeros_like(chances).scatter_(1, drawn, 1.0).to(x.dtype)


PRESETS = presets(Pruned, ROI, RT_MDNET)
