"""PrDiMP's filter optimiser: steepest descent with Newton steps on a softmax over all cells (Danelljan et al. 2020)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .filters import Correlation, of_each, squares


class Newton(nn.Module):
    """Learns how far to step, ``log_step``, and the filter's penalty, ``regularisation`` (1,).

    ``sigma`` in cells is the width of the target's density. Shapes as in ``filters``. The bounds are those with which
    PrDiMP-18 and -50 were trained (their released code).
    """

    least_penalty = 0.05**2
    damping = 0.05  # added to the penalty in the curvature
    least_bend = 1e-8

    def __init__(self, sigma: float = 0.9, *_: float) -> None:
        super().__init__()
        self.sigma = sigma
        self.log_step = nn.Parameter(torch.zeros(1))
        self.regularisation = nn.Parameter(torch.tensor([0.05]))

    def density(self, boxes: Tensor, size: int, side: int) -> Tensor:
        """Where the targets of boxes (..., 4) are: (..., R, R), of sum 1 while they are inside."""
        x, y = squares(boxes, size, side)
        gauss = torch.exp(-0.5 / self.sigma**2 * (y[..., :, None] + x[..., None, :])) / (2 * math.pi * self.sigma**2)
        return gauss / (gauss.sum((-2, -1), keepdim=True) + 1e-8)

    def forward(
        self, filter: Tensor, features: Tensor, boxes: Tensor, steps: int, sample_weights: Tensor | None = None
    ) -> list[Tensor]:
        """Iterates f_0 (the given one) to f_steps. ``sample_weights`` (n, s), default 1/n each."""
        size = filter.shape[-1]
        density = self.density(boxes, size, features.shape[-1] + 1 - size % 2)
        share = density.new_full((1, 1), 1 / len(features)) if sample_weights is None else sample_weights
        penalty = (self.regularisation**2).clamp(min=self.least_penalty)
        correlation = Correlation(features, size)
        iterates, scores = [filter], correlation.scores(filter)
        for step in range(steps):
            shares = scores.flatten(2).softmax(2).view_as(scores)
            gradient = correlation.adjoint(share[..., None, None] * (shares - density)) + penalty * filter
            change = correlation.scores(gradient)
            mean = (shares * change).sum((2, 3))
            variance = ((shares * change**2).sum((2, 3)) - mean**2).clamp(min=0)  # of the change under what was found
            norm = of_each(gradient**2)
            bend = of_each((share * variance).T) + (penalty + self.damping) * norm
            length = self.log_step.exp() * norm / bend.clamp(min=self.least_bend)
            filter = filter - length[:, None, None, None] * gradient
            iterates.append(filter)
            if step + 1 < steps:  # the correlation is linear: no need to run it on the new filter
                scores = scores - length[:, None, None] * change
        return iterates
