"""DiMP's offline classification loss (Bhat et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .parameters import KERNEL, STRIDE

THRESHOLD = 0.05  # of the label: below, a score is background


def gaussian_label(boxes: Tensor, cells: int, size: int = KERNEL) -> Tensor:
    """Label (..., R, R), peak 1, of boxes (..., 4) in crop pixels, as wide as a twentieth of the feature map's side.

    That is 0.9 of the paper's 18 cells; a smaller map's label is no narrower, or it would miss a target between cells.
    """
    side, sigma = cells + 1 - size % 2, max(cells / 20, 0.9)
    centre = (boxes[..., :2] + boxes[..., 2:] / 2) / STRIDE - 0.5 * (size % 2)
    at = torch.arange(side, device=boxes.device, dtype=boxes.dtype)
    x, y = (torch.exp(-0.5 * ((at - c[..., None]) / sigma) ** 2) for c in centre.unbind(-1))
    return y[..., :, None] * x[..., None, :]


def hinge_error(scores: Tensor, label: Tensor, threshold: float = THRESHOLD) -> Tensor:
    """Each score's error, where background may be as negative as it likes."""
    return torch.where(label < threshold, scores.clamp(min=0), scores - label)


def hinge(scores: Tensor, label: Tensor, threshold: float = THRESHOLD) -> Tensor:
    """Mean squared error in which background may be as negative as it likes (LBHinge)."""
    error = hinge_error(scores, label, threshold)
    return (error * error).mean()


def classification_loss(scores: Sequence[Tensor], label: Tensor) -> Tensor:
    """100 (initial) + 100 (final) + 400 (mean of those between) over the scores of all filter iterates."""
    losses = [hinge(s, label) for s in scores]
    between = losses[1:-1]
    return 100 * (losses[0] + losses[-1]) + (400 * torch.stack(between).mean() if between else 0)
