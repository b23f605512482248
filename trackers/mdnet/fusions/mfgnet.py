"""MFGNet (Wang et al. 2022): filters for each modality, made from what both show; then CBAM.

Layers and count follow the released code. Ours: filters are made from the map's global mean, as outer products of 3 x 3
places and channels. Left out: its search of the whole image for a lost target.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities
from rgbtbench.trackers.mdnet.presets import ROI, RT_MDNET, presets
from rgbtbench.trackers.mdnet.trunk import Architecture

REDUCED = 16  # of the channel attention


class DynamicFilter(nn.Module):
    """A 3 x 3 filter for each channel of one modality, different for each image; added to the map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels, self.places = nn.Conv2d(2 * channels, channels, 1), nn.Conv2d(2 * channels, 9, 1)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """A map (N, C, H, W), ``seen`` (N, 2C, 1, 1) being the mean of both."""
        count, channels, height, width = x.shape
        places = self.places(seen).softmax(1).view(count, 1, 3, 3)
        kernels = self.channels(seen).view(-1, 1, 1, 1) * places.repeat_interleave(channels, 0)
        filtered = F.conv2d(x.reshape(1, -1, height, width), kernels.to(x.dtype), padding=1, groups=count * channels)
        return x + filtered.view_as(x)


class CBAM(nn.Module):
    """Channel, then spatial attention (Woo et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // REDUCED
        self.channel = nn.Sequential(
            nn.Linear(channels, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, channels, bias=False)
        )
        self.spatial = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The same map, weighted."""
        x = x * (self.channel(x.mean((2, 3))) + self.channel(x.amax((2, 3)))).sigmoid()[..., None, None]
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * self.spatial(seen).sigmoid()


class Guided(Fusion):
    """Dynamic filters on conv3 of both modalities, concatenation, attention."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.rgb, self.tir = DynamicFilter(a.widths[2]), DynamicFilter(a.widths[2])
        self.attention = CBAM(self.outputs)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """All of it."""
        seen = torch.cat(maps, 1).mean((2, 3), keepdim=True)
        return self.attention(torch.cat([self.rgb(maps.rgb, seen), self.tir(maps.tir, seen)], 1))


PRESETS = presets(Guided, ROI, RT_MDNET, streams=("both",))
