"""What every MDNet-type tracker is: trunks, a fusion's hooks between their levels, a head."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from rgbtbench.trackers.networks.layers import fold_batch_norm, widen
from rgbtbench.trackers.networks.prpool import prpool

from .fusion import Flow, Fusion, Modalities
from .head import Head
from .trunk import CELLS, Architecture, Trunk, normalise

CONTEXT = 107 / 75  # a patch over its box: 16 px of 107 on each side
ENLARGED = 1.2  # a RoI over its box


class Network(nn.Module):
    """Trunks, fusion and head. Images are (N, 3, H, W) in grey levels 0 to 255; ``branches``: training sequences."""

    def __init__(self, architecture: Architecture, fusion: Callable[[Architecture], Fusion], branches: int = 1) -> None:
        super().__init__()
        self.architecture = a = architecture
        self.input = f"RGB in [0,255] minus 128, times {a.gain:g}"
        self.streams = nn.ModuleDict({name: Trunk(a) for name in a.streams})
        self.fusion = fusion(a)
        self.head = Head(self.fusion.outputs * CELLS**2, a.hidden, branches, a.dropouts)
        self.images_as = torch.float32

    def maps(self, rgb: Tensor, tir: Tensor, *, dense: bool) -> Tensor:
        """Images of both modalities to the fused map (N, C, h, w); a patch of the usual side has 3 x 3 cells."""
        pair = Modalities(*(normalise(x, self.architecture).to(self.images_as) for x in (rgb, tir)))
        flow = Flow(dense, [pair])
        flow.levels.append(self.fusion.fuse1(self._level(0, flow), flow))
        flow.levels.append(self.fusion.fuse2(self._level(1, flow), flow))
        return widen(self.fusion.fuse3(self._level(2, flow), flow))

    def patches(self, rgb: Tensor, tir: Tensor) -> Tensor:
        """Features (N, D) of patches (N, 3, unit, unit), each a box with its context."""
        return self.maps(rgb, tir, dense=False).flatten(1)

    def pooled(self, maps: Tensor, boxes: Tensor) -> Tensor:
        """Features (S, P, D) of boxes (S, P, 4) ``x y w h`` in the pixels of S scenes, given their dense maps.

        A cell stands for the pixel where its receptive field begins; a RoI covers the cells whose fields lie in the
        box enlarged by 1.2, and one pixel at least (RT-MDNet).
        """
        low = boxes[..., :2] - boxes[..., 2:] * (ENLARGED - 1) / 2
        size = (boxes[..., 2:] * ENLARGED - self.architecture.field).clamp(min=1)
        return prpool(maps, torch.cat([low, size], -1), CELLS, 1 / self.architecture.stride).flatten(2)

    @property
    def params_active(self) -> int:
        """Parameters of the tracker, which has one branch whatever it was trained with."""
        branches = sum(p.numel() for p in self.head.fc6.parameters())
        return sum(p.numel() for p in self.parameters()) - branches + branches // len(self.head.fc6.bias)

    @property
    def params_paper(self) -> int:
        """The same: printed counts of this family have nothing else in them."""
        return self.params_active

    def with_one_branch(self) -> Network:
        """A copy for tracking: the branches of the training sequences become their mean."""
        copy = deepcopy(self)
        fc6 = copy.head.fc6
        fc6.weight = nn.Parameter(fc6.weight.detach().mean(0, keepdim=True))
        fc6.bias = nn.Parameter(fc6.bias.detach().mean(0, keepdim=True))
        return copy

    def prepare(self, device: str | torch.device, precision: torch.dtype) -> Network:
        """For tracking: convolutions frozen, batch norm folded, in ``precision``; the head stays float32 and learns."""
        self.requires_grad_(False)
        fold_batch_norm(self)
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.images_as = precision
        for part in (self.streams, self.fusion):
            part.to(precision)
        self.head.requires_grad_(True)
        return self

    def _level(self, k: int, flow: Flow) -> Modalities:
        rgb, tir = flow.levels[-1]
        streams: Any = self.streams.items()
        trunks = {name: trunk.levels[k] for name, trunk in streams}
        if "both" in trunks:
            first, second = trunks["both"](torch.cat([rgb, tir]), flow.dense).chunk(2)
            return Modalities(first, second)
        of_rgb = trunks["rgb"](rgb, flow.dense)
        return Modalities(of_rgb, trunks["tir"](tir, flow.dense) if "tir" in trunks else of_rgb)
