"""FANet (Zhu et al. 2021), a rebuild: no code or text was at hand, the widths are ours."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, Select, past
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets
from rgbtbench.trackers.mdnet.trunk import Architecture, lrn_elementwise


class Aggregation(nn.Module):
    """One modality's three levels on the grid of conv3: 1 x 1 convolutions to ``widths`` channels, concatenated."""

    def __init__(self, a: Architecture, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.compress = nn.ModuleList([nn.Conv2d(n, m, 1) for n, m in zip(a.widths, widths, strict=True)])
        self.norm = a.norm or lrn_elementwise
        self.architecture = a

    def forward(self, levels: list[Tensor], dense: bool) -> Tensor:
        """Maps after conv1 to conv3 to one map (N, sum of widths, h, w)."""
        first, second, third = levels
        a = self.architecture
        same = past(past(first, 2, a, dense), 3, a, dense), past(second, 3, a, dense), third
        return self.norm(torch.cat([conv(x) for conv, x in zip(self.compress, same, strict=True)], 1))


class Adaptive(Fusion):
    """Hierarchical aggregation in each modality, then a weight for each modality and channel."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        first, second, third = a.widths
        widths = first, second // 2, third - first - second // 2  # 96, 128, 288: as many channels as conv3
        self.outputs = third
        self.rgb, self.tir = Aggregation(a, widths), Aggregation(a, widths)
        self.select = Select(third, third // 4, 2, act=True)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """Both aggregated maps, weighted."""
        levels = [*flow.levels[1:], maps]
        rgb, tir = self.rgb([pair.rgb for pair in levels], flow.dense), self.tir([p.tir for p in levels], flow.dense)
        return self.select([rgb, tir])


PRESETS = presets(Adaptive, ROI, RT_MDNET)
