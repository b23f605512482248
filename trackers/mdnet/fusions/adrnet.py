"""ADRNet (Zhang et al. 2021): residual branches for attributes, weighted by channel and by place.

Ours: the layers of the spatial ensemble, whose template is the first scene's mean here, not a correlation; and that
branches learn together, from no attribute labels.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, Select
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets
from rgbtbench.trackers.mdnet.trunk import Architecture

BRANCHES = 5  # none, extreme illumination, occlusion, thermal crossover, motion blur


class Spatial(nn.Module):
    """A weight for each branch and place: a small encoder and decoder of what stands out from the map's mean."""

    def __init__(self, channels: int, hidden: int, count: int) -> None:
        super().__init__()
        self.encode = nn.Conv2d(channels, hidden, 3, padding=1)
        self.decode = nn.Conv2d(hidden, count, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Weights (count, N, 1, H, W), which sum to 1 over the branches."""
        seen = self.encode(x - x.mean((2, 3), keepdim=True)).relu()
        return self.decode(seen).softmax(1).transpose(0, 1)[:, :, None]


class Attributes(Fusion):
    """Both modalities concatenated, plus what five branches add."""

    def __init__(self, a: Architecture, kernel: int = 3) -> None:
        super().__init__(a)
        both = self.outputs
        self.branches = nn.ModuleList([nn.Conv2d(both, both, kernel, padding=kernel // 2) for _ in range(BRANCHES)])
        self.channel = Select(both, both // 8, BRANCHES, act=True)
        self.spatial = Spatial(both, both // 4, BRANCHES)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """The residuals, by channel and by place."""
        both = torch.cat(maps, 1)
        residuals = [branch(both).relu() for branch in self.branches]
        weights = self.channel.weights(residuals) + self.spatial(both)
        return both + (weights * torch.stack(residuals)).sum(0) / 2


PRESETS = presets(Attributes, ROI, RT_MDNET, nano=partial(Attributes, kernel=1))
