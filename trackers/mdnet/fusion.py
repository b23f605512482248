"""What a tracker of the family adds to the core: hooks after each convolution. Without any: plain concatenation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .trunk import DILATION, Architecture


class Modalities(NamedTuple):
    """A map (N, C, H, W) of each modality."""

    rgb: Tensor
    tir: Tensor


@dataclass(slots=True)
class Flow:
    """One forward pass so far. ``levels[0]`` are the images, ``levels[k]`` what the hook after conv k gave.

    ``dense``: whole scenes (the RoI regime), not patches. ``aside``: what a fusion carries beside both streams.
    """

    dense: bool
    levels: list[Modalities]
    aside: dict[str, Tensor] = field(default_factory=dict)


class Fusion(nn.Module):
    """Plain concatenation of both streams, and the base of all others.

    ``fuse1`` and ``fuse2`` get both maps after conv1 and conv2 and say with what the streams go on; ``fuse3`` gives the
    one map (N, ``outputs``, h, w) that is pooled for fc4.
    """

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.outputs = 2 * a.widths[2]

    def fuse1(self, maps: Modalities, flow: Flow) -> Modalities:
        """After conv1."""
        return maps

    def fuse2(self, maps: Modalities, flow: Flow) -> Modalities:
        """After conv2."""
        return maps

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """After conv3."""
        return torch.cat(maps, 1)


class EachLevel(Fusion):
    """A module after each convolution, Modalities -> Modalities: ``level`` (channels) makes it. Then concatenation."""

    def __init__(self, a: Architecture, level: Callable[[int], nn.Module]) -> None:
        super().__init__(a)
        self.levels = nn.ModuleList([level(width) for width in a.widths])

    def fuse1(self, maps: Modalities, flow: Flow) -> Modalities:
        """Level 1."""
        return self.levels[0](maps)

    def fuse2(self, maps: Modalities, flow: Flow) -> Modalities:
        """Level 2."""
        return self.levels[1](maps)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """Level 3."""
        return super().fuse3(self.levels[2](maps), flow)


class RGBAlone(Fusion):
    """No thermal image: MDNet."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.outputs = a.widths[2]

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """The map of RGB."""
        return maps.rgb


class Select(nn.Module):
    """Weighs ``count`` maps per channel by what all of them show (selective kernels; Li et al. 2019).

    Global mean of the sum, one layer down to ``hidden``, one up for each map, softmax over the maps. ``act``: ReLU in
    between.
    """

    def __init__(self, channels: int, hidden: int, count: int, *, act: bool = False) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden)
        self.select = nn.ModuleList([nn.Linear(hidden, channels) for _ in range(count)])
        self.act = act

    def weights(self, maps: list[Tensor]) -> Tensor:
        """Weights (count, N, C, 1, 1) of maps (N, C, H, W), which sum to 1 over the maps."""
        seen = self.squeeze(torch.stack(maps).sum(0).mean((2, 3)))
        seen = seen.relu() if self.act else seen
        return torch.stack([fc(seen) for fc in self.select]).softmax(0)[..., None, None]

    def forward(self, maps: list[Tensor]) -> Tensor:
        """The weighted sum (N, C, H, W)."""
        return (self.weights(maps) * torch.stack(maps)).sum(0)


def cropped(x: Tensor, like: Tensor) -> Tensor:
    """The middle of a map (N, C, H, W): convolutions without padding lose a border that shortcuts keep."""
    (height, width), (h, w) = x.shape[2:], like.shape[2:]
    top, left = (height - h) // 2, (width - w) // 2
    return x[:, :, top : top + h, left : left + w]


def past(x: Tensor, k: int, a: Architecture, dense: bool) -> Tensor:
    """A map (N, C, H, W) before conv ``k`` (2 or 3) on the grid after it: max-pooled in the windows of that level."""
    if k == 3:
        return F.max_pool2d(x, a.kernels[2], 1, dilation=DILATION if dense else 1)
    x = F.max_pool2d(x, a.kernels[1], a.strides[1])
    return x if dense else F.max_pool2d(x, 3, 2)
