"""DiMP's target filter: initialiser, correlation, steepest-descent Gauss-Newton optimiser (Bhat et al. 2019).

Shapes: features (n, s, C, H, W) of n images of s sequences; boxes (n, s, 4) as x y w h in crop pixels; filter
(s, C, k, k); scores (n, s, R, R).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgbtbench.trackers.networks.prpool import prpool
from rgbtbench.trackers.networks.transfer import constant

from .parameters import KERNEL, STRIDE

BINS = 100  # of DiMP's distance maps
BIN = 0.1  # width of a bin in cells


def correlate(features: Tensor, filter: Tensor) -> Tensor:
    """Scores (n, s, R, R) of each sequence's features with its own filter; k = 4 turns 18 cells into 19 (DiMP)."""
    return Correlation(features, filter.shape[-1]).scores(filter)


class Correlation:
    """Correlation of fixed features with filters of ``size`` cells, and its adjoint.

    Both are one matrix product per sequence, cells (n H W, C) by filter taps (C, k k), and a shift of each tap: several
    times faster than convolutions with a single output channel.
    """

    def __init__(self, features: Tensor, size: int) -> None:
        n, s, channels, self.height, self.width = features.shape
        self.cells = features.permute(1, 0, 3, 4, 2).reshape(s, n * self.height * self.width, channels)
        self.size, self.border = size, size - 1 - size // 2  # taps that reach beyond the scores

    def scores(self, filter: Tensor) -> Tensor:
        """Filters (s, C, k, k) to scores (n, s, R, R)."""
        taps = self.cells @ filter.flip(-1, -2).flatten(2)  # (s, n H W, k k)
        taps = taps.view(-1, self.height * self.width, self.size**2).transpose(1, 2)
        grow = 1 - self.size % 2
        scores = F.fold(taps, (self.height + grow, self.width + grow), self.size, padding=self.border)
        return scores.view(len(self.cells), -1, *scores.shape[2:]).transpose(0, 1)

    def adjoint(self, scores: Tensor) -> Tensor:
        """Scores (n, s, R, R) to filters (s, C, k, k): <scores(f), r> = <f, adjoint(r)>."""
        taps = F.unfold(scores.transpose(0, 1).flatten(0, 1)[:, None], self.size, padding=self.border)
        taps = taps.transpose(1, 2).reshape(len(self.cells), -1, self.size**2)
        filter = self.cells.transpose(1, 2) @ taps
        return filter.view(*filter.shape[:2], self.size, self.size).flip(-1, -2)


def of_each(values: Tensor) -> Tensor:
    """Sums (s,) of values (s, ...), each added up in the same order whatever s is: rounding would grow in the steps."""
    return values.flatten(1).sum(1)


class Initialiser(nn.Module):
    """First guess of the filter: a convolution pooled over the target, averaged over images (DiMP)."""

    def __init__(self, channels: int, size: int = KERNEL) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.normal_(self.conv.weight, 0, math.sqrt(2 / (9 * channels)))
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Features and boxes of n images to the filter (s, C, k, k)."""
        maps = self.conv(features.flatten(0, 1))
        pooled = prpool(maps, boxes.flatten(0, 1)[:, None], self.size, 1 / STRIDE)
        return pooled.view(*features.shape[:3], self.size, self.size).mean(0)


def squares(boxes: Tensor, size: int, side: int) -> tuple[Tensor, Tensor]:
    """Squared distance in cells, x and y (..., R), of R = ``side`` scores from the centres of boxes (..., 4)."""
    centre = (boxes[..., :2] + boxes[..., 2:] / 2) / STRIDE - (size % 2) / 2
    cells = constant(torch.arange, side, device=boxes.device, dtype=boxes.dtype)
    x, y = ((cells - c[..., None]) ** 2 for c in centre.unbind(-1))
    return x, y


class Optimiser(nn.Module):
    """Learns what to ask of the scores at each distance from the target, and how far to step (DiMP).

    ``label``, ``mask``, ``weight`` (bins,) over distance bins ``bin`` cells wide; ``log_step`` and ``regularisation``
    (1,). ``sigma`` in cells is the width of the initial label: a quarter of the target's side.
    """

    least_penalty = 1e-6  # on the filter's square
    least_bend = 1e-8  # by which a step's length is divided
    mapped_back = True  # whether residuals pass the slope of the scores on their way into the gradient

    def __init__(self, sigma: float = 0.9, bins: int = BINS, bin: float = BIN) -> None:
        super().__init__()
        self.bin = bin
        distance = torch.arange(bins) * bin
        gauss = torch.exp(-0.5 * (distance / sigma) ** 2)
        self.label = nn.Parameter(gauss - gauss.min())
        self.mask = nn.Parameter(3 * torch.tanh(2 - distance))
        self.weight = nn.Parameter(torch.ones(bins))
        self.log_step = nn.Parameter(torch.tensor([math.log(0.9)]))
        self.regularisation = nn.Parameter(torch.tensor([0.1]))

    def maps(self, boxes: Tensor, size: int, side: int) -> tuple[Tensor, Tensor, Tensor]:
        """Label, mask and weight (..., R, R) of boxes (..., 4) for a filter of ``size`` cells and R = ``side``."""
        x, y = squares(boxes, size, side)
        last = len(self.label) - 1
        at = ((y[..., :, None] + x[..., None, :]).sqrt() / self.bin).clamp(max=last)
        below = at.long().clamp(max=last - 1)
        part = at - below
        learned = (self.label, self.mask, self.weight)
        label, mask, weight = (w[below] * (1 - part) + w[below + 1] * part for w in learned)
        return label, mask.sigmoid(), weight

    def forward(
        self, filter: Tensor, features: Tensor, boxes: Tensor, steps: int, sample_weights: Tensor | None = None
    ) -> list[Tensor]:
        """Iterates f_0 (the given one) to f_steps. ``sample_weights`` (n, s), default 1/n each."""
        label, mask, weight, penalty = self._problem(filter, features, boxes, sample_weights)
        correlation = Correlation(features, filter.shape[-1])
        iterates, scores = [filter], correlation.scores(filter)
        for step in range(steps):
            slope = (1 - mask) / 2 * scores.sign() + (1 + mask) / 2  # spec: q
            residual = weight * (slope * scores - label)
            back = slope * weight if self.mapped_back else weight
            gradient = correlation.adjoint(back * residual) + penalty * filter
            change = correlation.scores(gradient)
            norm = of_each(gradient**2)
            bend = of_each((weight * slope * change * (back * change)).transpose(0, 1)) + penalty * norm
            length = self.log_step.exp() * norm / bend.clamp(min=self.least_bend)
            filter = filter - length[:, None, None, None] * gradient
            iterates.append(filter)
            if step + 1 < steps:  # the correlation is linear: no need to run it on the new filter
                scores = scores - length[:, None, None] * change
        return iterates

    def loss(self, filter: Tensor, features: Tensor, boxes: Tensor, sample_weights: Tensor | None = None) -> Tensor:
        """What the iterations descend on: weighted squared residuals plus penalty, per sequence (s,)."""
        label, mask, weight, penalty = self._problem(filter, features, boxes, sample_weights)
        scores = correlate(features, filter)
        residual = weight * ((1 - mask) / 2 * scores.abs() + (1 + mask) / 2 * scores - label)
        return (residual**2).sum((0, 2, 3)) + penalty * (filter**2).sum((1, 2, 3))

    def _problem(
        self, filter: Tensor, features: Tensor, boxes: Tensor, sample_weights: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        size = filter.shape[-1]
        label, mask, weight = self.maps(boxes, size, features.shape[-1] + 1 - size % 2)
        share = weight.new_full((), 1 / len(features)) if sample_weights is None else sample_weights[..., None, None]
        return label, mask, weight * share.sqrt(), (self.regularisation**2).clamp(min=self.least_penalty)


class FirstOptimiser(Optimiser):
    """The optimiser as mfDiMP's authors trained with it (their released code), before DiMP's own release.

    Its gradient takes residuals as they are, the curvature follows from that, and its bounds differ.
    """

    least_penalty = 0.0
    least_bend = 1e-4
    mapped_back = False
