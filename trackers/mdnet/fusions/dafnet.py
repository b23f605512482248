"""DAFNet (Gao et al. 2019): what all levels say, fused recursively by selective kernels."""

from __future__ import annotations

from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, Select, past
from rgbtbench.trackers.mdnet.presets import DAFNET, ROI, presets
from rgbtbench.trackers.mdnet.trunk import Architecture, lrn_elementwise

HIDDEN = 32


class Recursive(Fusion):
    """The streams stay as they are; what is fused goes beside them from level to level, and alone reaches fc4."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        first, second, third = a.widths
        self.outputs = third
        self.architecture = a
        self.norm = a.norm or lrn_elementwise
        self.select1, self.select2, self.select3 = (
            Select(width, HIDDEN, count) for width, count in ((first, 2), (second, 3), (third, 3))
        )
        self.up1, self.up2 = nn.Conv2d(first, second, 1), nn.Conv2d(second, third, 1)

    def fuse1(self, maps: Modalities, flow: Flow) -> Modalities:
        """Both maps, pooled to the grid of conv2."""
        pooled = [past(x, 2, self.architecture, flow.dense) for x in maps]
        flow.aside["fused"] = self.norm(self.up1(self.select1(pooled)).relu())
        return maps

    def fuse2(self, maps: Modalities, flow: Flow) -> Modalities:
        """Both maps and what is fused so far, pooled to the grid of conv3."""
        seen = self.select2([*maps, flow.aside["fused"]])
        pooled = past(seen, 3, self.architecture, flow.dense)
        flow.aside["fused"] = self.norm(self.up2(pooled).relu())
        return maps

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """The last selection is what fc4 sees."""
        return self.select3([*maps, flow.aside["fused"]])


PRESETS = presets(Recursive, ROI, DAFNET, streams=("both",))
