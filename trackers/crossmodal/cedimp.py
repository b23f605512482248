"""CEDiMP (Zhao et al., Sensors 2021), a reconstruction from its abstract: DiMP whose modalities exchange channels.

Known: channels are exchanged by the size of their batch norm's scaling factors, which adds hardly any parameters. Ours,
after channel exchanging networks (Wang et al., NeurIPS 2020): one ResNet-50 for both modalities, a batch norm for each
at levels 3 and 4, its threshold and its penalty, and the mean of both maps as what the heads see.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgbtbench.trackers.networks.transfer import constant

THRESHOLD = 0.02  # a smaller scaling factor says that the channel carries nothing
PENALTY = 0.005  # on the absolute scaling factors that may fall


class ChannelExchange(nn.Module):
    """RGB may give up the first half of its channels to thermal, thermal the second half to RGB."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rgb, self.tir = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.cut = channels // 2

    def forward(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """The mean (N, C, H, W) of both maps, each with the other's in place of channels that carry nothing."""
        rgb, tir = self.rgb(rgb), self.tir(tir)
        first = constant(torch.arange, rgb.shape[1], device=rgb.device) < self.cut
        drop_rgb, drop_tir = self.rgb.weight.abs() < THRESHOLD, self.tir.weight.abs() < THRESHOLD
        of_rgb = torch.where((first & drop_rgb)[:, None, None], tir, rgb)
        of_tir = torch.where((~first & drop_tir)[:, None, None], rgb, tir)
        return ((of_rgb + of_tir) / 2).relu()

    def penalty(self) -> Tensor:
        """What makes factors fall: the sum of those that may."""
        return PENALTY * (self.rgb.weight[: self.cut].abs().sum() + self.tir.weight[self.cut :].abs().sum())
