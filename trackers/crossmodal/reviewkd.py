"""ReviewKD (Chen et al., CVPR 2021): fusing a student's levels from the top down, and its loss, as released.

Training only: no tracker holds any of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rgbtbench.trackers.networks.resnet import Levels

from .equations import distance, normalise


class ABF(nn.Module):
    """Attention-based fusion of one level with what came down from above; ``fuse`` False at the top level."""

    def __init__(self, inputs: int, mid: int, outputs: int, *, fuse: bool) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(inputs, mid, 1, bias=False), nn.BatchNorm2d(mid))
        self.conv2 = nn.Sequential(nn.Conv2d(mid, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        self.att_conv = nn.Sequential(nn.Conv2d(2 * mid, 2, 1), nn.Sigmoid()) if fuse else None
        for stage in (self.conv1, self.conv2):
            nn.init.kaiming_uniform_(next(stage.parameters()), a=1)

    def forward(self, x: Tensor, above: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N, inputs, H, W) and the residual (N, mid, h, w) of the level above to (N, outputs, H, W), residual."""
        x = self.conv1(x)
        if self.att_conv is not None and above is not None:
            above = F.interpolate(above, size=x.shape[-2:], mode="nearest")
            own, other = self.att_conv(torch.cat([x, above], 1)).split(1, 1)
            x = x * own + above * other
        return self.conv2(x), x


class TopDown(nn.Module):
    """The chain of ABFs over levels 4 to 1 of one modality: channels ``inputs`` to ``outputs``, both level 1 first."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        mid, top = min(512, inputs[-1]), len(inputs) - 1
        sizes = enumerate(zip(inputs, outputs, strict=True))
        self.levels = nn.ModuleList([ABF(i, mid, o, fuse=k < top) for k, (i, o) in sizes])

    def forward(self, levels: Levels) -> Levels:
        """fu^1 to fu^4 with the sides of ``levels`` and the teacher's channels."""
        outputs, above = [], None
        for fuse, level in zip(reversed(self.levels), reversed(levels), strict=True):
            output, above = fuse(level, above)
            outputs.append(output)
        return Levels(*reversed(outputs))


def hcl(student: Tensor, target: Tensor, reduction: str = "channel_sum") -> Tensor:
    """Hierarchical context loss of one level: whole maps and their averages over 4x4, 2x2 and 1x1 cells.

    Weights 1, 1/2, 1/4, 1/8, for sizes below the map's only, divided by their sum. ``reduction`` as in ``distance``.
    """
    if reduction == "normalised":
        target, reduction = normalise(target), "mean"
    total, weight, weights = distance(student, target, reduction).mean(), 1.0, 1.0
    for side in (4, 2, 1):
        if side < student.shape[-2]:
            weight /= 2
            few, wanted = (F.adaptive_avg_pool2d(maps, side) for maps in (student, target))
            total, weights = total + weight * distance(few, wanted, reduction).mean(), weights + weight
    return total / weights
