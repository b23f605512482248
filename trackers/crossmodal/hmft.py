"""HMFT (Zhang et al., CVPR 2022): two DiMP classifiers, and how far to trust each at each cell.

Its fused level 4 is RGB by its own trunk, RGB by the shared one, then TIR likewise: 4C channels, which the IoU-Net sees
as they are. Layers and sizes follow the released code (github.com/zhang-pengyu/HMFT). Ours differs in four things: the
two maps that become weights are normalised for each sample, not over a batch; no dropout; trained in one go by DiMP's
losses on the weighted scores, without the divergence loss and the stages of the paper; the scores' last row and column,
which the release cuts off on line, stay.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgbtbench.trackers.dimp.filters import correlate
from rgbtbench.trackers.dimp.network import Architecture, Classifier
from rgbtbench.trackers.networks.layers import widen

from .fusion import ChannelSelection

LEAST = 5  # cells that the dilated 3x3 convolution needs


class Similarity(nn.Module):
    """One map of how much each cell resembles all others, by the products of two 1x1 convolutions."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.one, self.other = (nn.Conv2d(channels, hidden, 1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 1, H, W)."""
        one, other = (widen(conv(x).relu()).flatten(2) for conv in (self.one, self.other))
        total = widen(x).sum(1, keepdim=True).flatten(2)
        return (total @ other.transpose(1, 2) @ one).view(len(x), 1, *x.shape[2:])  # never cells by cells


class DecisionFusion(nn.Module):
    """Adaptive decision fusion: what each classifier saw to the logits of its weight at each cell."""

    def __init__(self, own: int, shared: int, hidden: int) -> None:
        super().__init__()
        self.own, self.shared = Similarity(own, hidden), Similarity(shared, hidden)
        self.encode = nn.Conv2d(2, 16, 3, dilation=2)
        self.decode = nn.ConvTranspose2d(16, 2, 3, dilation=2)

    def forward(self, own: Tensor, shared: Tensor) -> Tensor:
        """Maps (N, C, H, W) and (N, 2C, H, W) to (N, 2, H, W)."""
        maps = torch.cat([self.own(own), self.shared(shared)], 1)
        height, width = maps.shape[2:]
        maps = F.pad(F.layer_norm(maps, maps.shape[1:]), (0, max(0, LEAST - width), 0, max(0, LEAST - height)))
        logits = self.decode(self.encode(maps.to(self.encode.weight.dtype)).relu()).relu()
        return widen(logits)[..., :height, :width]


class TwoFeatures(nn.Module):
    """Classification features of both classifiers (D each), and 2 channels: the logits of their weights."""

    def __init__(self, own: nn.Module, shared: nn.Module, channels: int) -> None:
        super().__init__()
        self.fuse = ChannelSelection(channels)
        self.own, self.shared = own, shared
        self.decide = DecisionFusion(channels, 2 * channels, channels // 4)

    def forward(self, fused: Tensor) -> Tensor:
        """Level 4 (N, 4C, H, W) to (N, 2D + 2, H, W)."""
        rgb, shared_rgb, tir, shared_tir = fused.chunk(4, 1)  # as Network.look and SideBySide put them
        own, shared = self.fuse(rgb, tir), torch.cat([shared_rgb, shared_tir], 1)
        return torch.cat([self.own(own), self.shared(shared), self.decide(own, shared)], 1)


def _halves(features: Tensor) -> tuple[Tensor, Tensor]:
    own, shared = features[:, :, :-2].chunk(2, 2)
    return own, shared


class TwoInitialisers(nn.ModuleList):
    """Of features (n, s, 2D + 2, H, W): both filters, one after the other, (s, 2D, k, k)."""

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """See ``Initialiser``."""
        return torch.cat([one(half, boxes) for one, half in zip(self, _halves(features), strict=True)], 1)


class TwoOptimisers(nn.ModuleList):
    """Each filter is learned by itself."""

    def forward(
        self, filter: Tensor, features: Tensor, boxes: Tensor, steps: int, sample_weights: Tensor | None = None
    ) -> list[Tensor]:
        """See ``Optimiser``."""
        parts = zip(self, filter.chunk(2, 1), _halves(features), strict=True)
        iterates = [solve(start, half, boxes, steps, sample_weights) for solve, start, half in parts]
        return [torch.cat(pair, 1) for pair in zip(*iterates, strict=True)]


class TwoClassifiers(Classifier):
    """One for what only one modality sees (discriminative), one for what both see alike (complementary)."""

    def __init__(self, a: Architecture, inputs: int) -> None:
        nn.Module.__init__(self)
        own, shared = Classifier(a, inputs // 4), Classifier(a, inputs // 2)
        self.features = TwoFeatures(own.features, shared.features, inputs // 4)
        self.initialiser = TwoInitialisers([own.initialiser, shared.initialiser])
        self.optimiser = TwoOptimisers([own.optimiser, shared.optimiser])

    def scores(self, features: Tensor, filter: Tensor) -> Tensor:
        """Both scores (n, s, R, R), weighted and summed; weights come from the nearest cell."""
        own, shared = (correlate(*pair) for pair in zip(_halves(features), filter.chunk(2, 1), strict=True))
        trust = F.interpolate(features[:, :, -2:].flatten(0, 1), own.shape[2:]).softmax(1)
        first, second = trust.unflatten(0, own.shape[:2]).unbind(2)
        return own * first + shared * second
