"""What every DiMP-type RGB-T tracker is: trunks, a fusion at levels 3 and 4, a classifier, an IoU-Net."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .filters import Initialiser, Optimiser
from .iou import IoUNet, Pair
from .layers import InstanceL2Norm, fold_batch_norm
from .parameters import KERNEL
from .resnet import BasicBlock, Levels, Trunk, unused_parameters

Fusion = Callable[[int], nn.Module]  # channels -> module (rgb, tir) -> fused, all (N, C, H, W)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a network; the defaults are the student's in the paper."""

    depth: int = 18  # of the ResNet: 18 or 50
    trunks: tuple[str, ...] = ("both",)  # one for both modalities, one each ("rgb", "tir"), or one that sees RGB alone
    width: int = 64  # channels of the stem
    features: int = 256  # channels of the classification features
    iou: int = 256  # width of the IoU-Net
    cells: int = 18  # side of the level-4 map: crop / 16; sets the width of the initial label


class Features(NamedTuple):
    """All levels of both modalities, and the fused levels 3 and 4 that the heads see."""

    rgb: Levels
    tir: Levels
    fused: Pair


class Classifier(nn.Module):
    """Classification features with the filter's initialiser and optimiser (spec 2)."""

    def __init__(self, depth: int, inputs: int, outputs: int, cells: int, size: int = KERNEL) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        norm = InstanceL2Norm(math.sqrt(1 / (outputs * size * size)))
        block = [BasicBlock(inputs, inputs)] if depth == 18 else []
        self.features = nn.Sequential(*block, conv, norm)
        for module in self.features.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, math.sqrt(2 / (math.prod(module.kernel_size) * module.out_channels)))
        self.initialiser = Initialiser(outputs, size)
        self.optimiser = Optimiser(sigma=0.05 * cells)


class Network(nn.Module):
    """Trunks, fusion and heads. Images are (N, 3, H, W), normalised with ImageNet's mean and deviation (spec 1.2)."""

    def __init__(self, architecture: Architecture, fusion: Fusion | None) -> None:
        super().__init__()
        self.architecture = a = architecture
        trunks = {name: Trunk(a.depth, a.width) for name in a.trunks}
        self.trunks = nn.ModuleDict(trunks)
        _, _, level3, level4 = trunks[a.trunks[0]].channels
        self.fusion = nn.ModuleList([fusion(level3), fusion(level4)] if fusion else [])
        self.classifier = Classifier(a.depth, level4, a.features, a.cells)
        self.iou = IoUNet((level3, level4), a.iou)
        self.images_as = torch.float32

    def extract(self, rgb: Tensor, tir: Tensor) -> Features:
        """Images of both modalities to all features."""
        seen = self.look(rgb, tir)
        return Features(*seen, self.fuse(*seen))

    def look(self, rgb: Tensor, tir: Tensor) -> tuple[Levels, Levels]:
        """Levels of each modality. One trunk sees both in one batch, so that its batch norm knows the mixture."""
        rgb, tir = (x.to(self.images_as, memory_format=torch.channels_last) for x in (rgb, tir))
        if "both" in self.trunks:
            halves = [level.chunk(2) for level in self.trunks["both"](torch.cat([rgb, tir]))]
            return Levels(*(first for first, _ in halves)), Levels(*(second for _, second in halves))
        of_rgb = self.trunks["rgb"](rgb)
        return of_rgb, self.trunks["tir"](tir) if "tir" in self.trunks else of_rgb

    def fuse(self, rgb: Levels, tir: Levels) -> Pair:
        """The maps that the heads see; those of RGB where there is no fusion."""
        if not self.fusion:
            return Pair(rgb.layer2, rgb.layer3)
        fuse3, fuse4 = self.fusion
        return Pair(fuse3(rgb.layer2, tir.layer2), fuse4(rgb.layer3, tir.layer3))

    @property
    def params_active(self) -> int:
        """Parameters that run."""
        return sum(p.numel() for p in self.parameters())

    @property
    def params_paper(self) -> int:
        """The same plus each ResNet's layer4 and fc, which printed counts contain (spec 0)."""
        a = self.architecture
        return self.params_active + len(a.trunks) * unused_parameters(a.depth, a.width)

    def prepare(self, device: str | torch.device, precision: torch.dtype) -> Network:
        """For tracking: frozen, batch norm folded, convolutions in ``precision``; filters and boxes stay float32."""
        self.requires_grad_(False)
        fold_batch_norm(self)
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.images_as = precision
        heavy = (self.trunks, self.fusion, self.classifier.features)
        for part in (*heavy, self.iou.ref3, self.iou.ref4, self.iou.test3, self.iou.test4):
            part.to(precision)
        return self
