"""MANet (Li et al. 2019): modality adapters beside a trunk that both modalities share."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F

from rgbtbench.trackers.mdnet.fusion import Flow, Fusion, Modalities, cropped
from rgbtbench.trackers.mdnet.presets import MANET, MDNET, presets
from rgbtbench.trackers.mdnet.trunk import GROUPS, Architecture


class Adapters(nn.Module):
    """One modality's: a convolution beside each of the trunk's, ReLU, batch norm, dropout; pooled as the trunk is."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        first, second, third = a.widths
        self.convs = nn.ModuleList(
            [nn.Conv2d(3, first, 3, 2), nn.Conv2d(first, second, 1, a.strides[1]), nn.Conv2d(second, third, 1)]
        )
        self.dropout = a.dropouts[1]
        norm = nn.BatchNorm2d if a.norm else partial(nn.GroupNorm, GROUPS)
        self.norms = nn.ModuleList([norm(width) for width in a.widths])

    def level(self, k: int, x: Tensor, like: Tensor, dense: bool) -> Tensor:
        """What is added to the trunk's map ``like`` after conv ``k``, from the map before it."""
        conv = self.convs[k - 1]
        stride = 2 if k == 3 and not dense else conv.stride  # a patch's 5 cells become 3, as conv3 leaves them
        x = self.norms[k - 1](F.conv2d(x, conv.weight, conv.bias, stride).relu())  # type: ignore[arg-type]
        x = F.dropout(x, self.dropout) if self.training and self.dropout else x
        if k == 1 or (k == 2 and not dense):
            x = F.max_pool2d(x, 5, 2)
        return cropped(x, like)


class ModalityAdapters(Fusion):
    """feat = trunk(x) + adapters of the modality(x) at each level; concatenated after conv3."""

    def __init__(self, a: Architecture) -> None:
        super().__init__(a)
        self.rgb, self.tir = Adapters(a), Adapters(a)

    def adapted(self, k: int, maps: Modalities, flow: Flow) -> Modalities:
        """Both maps after conv ``k`` with what their adapters add."""
        before = flow.levels[-1]
        return Modalities(
            maps.rgb + self.rgb.level(k, before.rgb, maps.rgb, flow.dense),
            maps.tir + self.tir.level(k, before.tir, maps.tir, flow.dense),
        )

    def fuse1(self, maps: Modalities, flow: Flow) -> Modalities:
        """Adapters of 3 x 3."""
        return self.adapted(1, maps, flow)

    def fuse2(self, maps: Modalities, flow: Flow) -> Modalities:
        """Adapters of 1 x 1."""
        return self.adapted(2, maps, flow)

    def fuse3(self, maps: Modalities, flow: Flow) -> Tensor:
        """The same, then the instance adapter's concatenation."""
        return super().fuse3(self.adapted(3, maps, flow), flow)


PRESETS = presets(ModalityAdapters, MANET, MDNET, streams=("both",))
