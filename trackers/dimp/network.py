"""What every DiMP-type RGB-T tracker is: trunks, a fusion at levels 3 and 4, a classifier, an IoU-Net."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rgbtbench.trackers.networks.layers import InstanceL2Norm, fold_batch_norm, same_in_any_batch
from rgbtbench.trackers.networks.resnet import BasicBlock, Levels, Trunk, unused_parameters

from .filters import BIN, BINS, FirstOptimiser, Initialiser, Optimiser, correlate
from .iou import IoUNet, TwoLevels
from .newton import Newton
from .parameters import KERNEL

# of the filter: DiMP's as released, mfDiMP's, PrDiMP's
OPTIMISERS: Mapping[str, Callable[..., nn.Module]] = {
    "current": Optimiser, "original": FirstOptimiser, "newton": Newton,
}  # fmt: skip
Fusion = Callable[[int], nn.Module]  # channels C -> module (rgb, tir) -> fused, all (N, C, H, W); or see Network


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a network; the defaults are the student's in the paper."""

    depth: int = 18  # of the ResNet: 18 or 50
    trunks: tuple[str, ...] = ("both",)  # one for both modalities, one each ("rgb", "tir"), all three, or RGB alone
    width: int = 64  # channels of the stem
    features: int = 256  # channels of the classification features
    iou: int = 256  # width of the IoU-Net
    cells: int = 18  # side of the level-4 map: crop / 16; sets the width of the initial label
    bins: tuple[int, float] = (BINS, BIN)  # of the filter optimiser's distance maps: how many, and their width in cells
    optimiser: str = "current"  # of the filter: one of OPTIMISERS


class Features(NamedTuple):
    """All levels of both modalities, and the fused levels 3 and 4 that the heads see."""

    rgb: Levels
    tir: Levels
    fused: TwoLevels


class Classifier(nn.Module):
    """Classification features with the filter's initialiser and optimiser (DiMP)."""

    features: nn.Module
    initialiser: nn.Module
    optimiser: nn.Module

    def __init__(self, a: Architecture, inputs: int) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, a.features, 3, padding=1, bias=False)
        norm = InstanceL2Norm(math.sqrt(1 / (a.features * KERNEL**2)))
        block = [BasicBlock(inputs, inputs)] if a.depth == 18 else []
        self.features = nn.Sequential(*block, conv, norm)
        for module in self.features.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, math.sqrt(2 / (math.prod(module.kernel_size) * module.out_channels)))
        self.initialiser = Initialiser(a.features)
        self.optimiser = OPTIMISERS[a.optimiser](0.05 * a.cells, *a.bins)

    def scores(self, features: Tensor, filter: Tensor) -> Tensor:
        """Classification features (n, s, D, H, W) and filters (s, D, k, k) to scores (n, s, R, R)."""
        return correlate(features, filter)


class Network(nn.Module):
    """Trunks, fusion and heads. Images are (N, 3, H, W), normalised with ImageNet's mean and deviation.

    Heads are as wide as the ``channels`` that a fusion says it gives; one without them gives what it gets.
    """

    def __init__(
        self, architecture: Architecture, fusion: Fusion | None, classifier: type[Classifier] = Classifier
    ) -> None:
        super().__init__()
        self.architecture = a = architecture
        trunks = {name: Trunk(a.depth, a.width) for name in a.trunks}
        self.trunks = nn.ModuleDict(trunks)
        seen = sum(name in ("rgb", "both") for name in a.trunks)
        self.channels = tuple(seen * c for c in trunks[a.trunks[0]].channels)  # of a modality's four levels
        self.fusion = nn.ModuleList([fusion(c) for c in self.channels[2:]] if fusion else [])
        wide = [getattr(f, "channels", c) for f, c in zip(self.fusion, self.channels[2:], strict=False)]
        level3, level4 = self.fused = wide or self.channels[2:]  # channels that the heads see
        self.classifier = classifier(a, level4)
        self.iou = IoUNet((level3, level4), a.iou)
        self.images_as = torch.float32

    def extract(self, rgb: Tensor, tir: Tensor) -> Features:
        """Images of both modalities to all features."""
        seen = self.look(rgb, tir)
        return Features(*seen, self.fuse(*seen))

    def look(self, rgb: Tensor, tir: Tensor) -> tuple[Levels, Levels]:
        """Levels of each modality, side by side where two trunks see it.

        A trunk for both sees them in one batch, so that its batch norm knows the mixture.
        """
        images = {"rgb": rgb, "tir": tir}
        seen: dict[str, list[Levels]] = {"rgb": [], "tir": []}
        for name, trunk in self.trunks.items():
            names = ("rgb", "tir") if name == "both" else (name,)
            batch = torch.cat([images[name] for name in names])
            levels = trunk(batch.to(self.images_as, memory_format=torch.channels_last))
            for own, *maps in zip(names, *(level.chunk(len(names)) for level in levels), strict=True):
                seen[own].append(Levels(*maps))
        return _side_by_side(seen["rgb"]), _side_by_side(seen["tir"] or seen["rgb"])

    def fuse(self, rgb: Levels, tir: Levels) -> TwoLevels:
        """The maps that the heads see; those of RGB where there is no fusion."""
        if not self.fusion:
            return TwoLevels(rgb.layer2, rgb.layer3)
        fuse3, fuse4 = self.fusion
        return TwoLevels(fuse3(rgb.layer2, tir.layer2), fuse4(rgb.layer3, tir.layer3))

    @property
    def optimiser(self) -> str:
        """With which of OPTIMISERS it learns filters; files of weights say so."""
        return self.architecture.optimiser

    @property
    def params_active(self) -> int:
        """Parameters that run."""
        return sum(p.numel() for p in self.parameters())

    @property
    def params_paper(self) -> int:
        """The same plus each ResNet's layer4 and fc, which printed counts contain (docs/networks.md)."""
        a = self.architecture
        return self.params_active + len(a.trunks) * unused_parameters(a.depth, a.width)

    def prepare(self, device: str | torch.device, precision: torch.dtype) -> Network:
        """For tracking: frozen, batch norm folded, convolutions in ``precision``; filters and boxes stay float32."""
        self.requires_grad_(False)
        fold_batch_norm(self)
        same_in_any_batch(self)
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.images_as = precision
        heavy = (self.trunks, self.fusion, self.classifier.features)
        for part in (*heavy, self.iou.ref3, self.iou.ref4, self.iou.test3, self.iou.test4):
            part.to(precision)
        return self


def _side_by_side(levels: list[Levels]) -> Levels:
    return Levels(*(torch.cat(maps, 1) if len(maps) > 1 else maps[0] for maps in zip(*levels, strict=True)))
