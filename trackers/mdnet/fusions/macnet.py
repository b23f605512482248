"""MACNet (Zhang et al. 2020): modalities weighted at each level by what the images show, then exchanged."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities
from rgbtbench.trackers.mdnet.presets import MDNET, PATCH, presets
from rgbtbench.trackers.mdnet.trunk import Architecture


class ModalityAware(Fusion):
    """A small net gives six weights, RGB and thermal at three levels; each level adds what both say together."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.weigh = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 6))
        self.exchange = nn.ModuleList([nn.Conv2d(2 * width, width, 1, bias=False) for width in a.widths])

    def exchanged(self, k: int, maps: Modalities, flow: Flow) -> Modalities:
        """Both maps after conv ``k``, each with the same addition."""
        if k == 1:
            seen = torch.cat(flow.levels[0], 1).mean((2, 3))
            flow.aside["weights"] = self.weigh(seen).softmax(1)[..., None, None, None]
        of_rgb, of_tir = flow.aside["weights"][:, 2 * k - 2], flow.aside["weights"][:, 2 * k - 1]
        common = self.exchange[k - 1](torch.cat([maps.rgb * of_rgb, maps.tir * of_tir], 1)).relu()
        return Modalities((maps.rgb + common).relu(), (maps.tir + common).relu())

    def fuse1(self, maps: Modalities, flow: Flow) -> Modalities:
        """The first exchange."""
        return self.exchanged(1, maps, flow)

    def fuse2(self, maps: Modalities, flow: Flow) -> Modalities:
        """The second."""
        return self.exchanged(2, maps, flow)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """The third, then concatenation."""
        return super().fuse3(self.exchanged(3, maps, flow), flow)


PRESETS = presets(ModalityAware, PATCH, MDNET)
