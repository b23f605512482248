"""Boxes moved uphill on the IoU that a network predicts for them (ATOM, DiMP)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.boxes import Array

from .parameters import Parameters


def start_boxes(boxes: Array, rngs: Sequence[np.random.Generator], p: Parameters) -> Array:
    """Each box (S, 4) ``x y w h`` of a crop, and random ones around it: (S, 1 + starts, 4); one generator each."""
    sizes = boxes[:, None, 2:]
    jitter = np.stack([rng.uniform(-0.5, 0.5, (p.starts, 4)) for rng in rngs])
    jitter *= np.sqrt(sizes.prod(axis=2, keepdims=True))
    around = np.maximum(sizes + p.jitter_size * jitter[..., 2:], sizes.min(axis=2, keepdims=True) / 3)
    centres = boxes[:, None, :2] + sizes / 2 + p.jitter_position * jitter[..., :2]
    return np.concatenate([boxes[:, None], np.concatenate([centres - around / 2, around], axis=2)], axis=1)


def refine(boxes: Tensor, iou: Callable[[Tensor], Tensor], p: Parameters) -> tuple[Tensor, Tensor]:
    """Gradient ascent from boxes (S, P, 4) ``x y w h`` on ``iou``, which maps them to (S, P).

    Returns the mean (S, 4) of each sequence's ``best`` boxes by the last IoU computed, that before the last step, and
    whether there is any (S,): boxes too long, too wide or not finite do not count. Where there is none the mean is 0.
    Only the boxes get gradients; ``iou`` may be called under ``no_grad``, not under ``inference_mode``.
    """
    boxes, length, unit = boxes.detach(), p.step, boxes[:, :1, 2:].detach()
    at = _relative(boxes, unit) if p.relative else boxes
    for _ in range(p.steps):
        at.requires_grad_()
        with torch.enable_grad():
            quality = iou(_absolute(at, unit) if p.relative else at)
            [slope] = torch.autograd.grad(quality.sum(), at)
        at = (at + length * (slope if p.relative else slope * at[..., 2:].repeat(1, 1, 2))).detach()
        length *= p.decay
    boxes = _absolute(at, unit) if p.relative else at
    boxes = torch.cat([boxes[..., :2], boxes[..., 2:].clamp(min=1)], dim=2)
    ratio = boxes[..., 2] / boxes[..., 3]
    fits = (ratio < p.aspect) & (ratio > 1 / p.aspect) & boxes.isfinite().all(dim=2) & quality.isfinite()
    _, order = quality.detach().masked_fill(~fits, -torch.inf).topk(min(p.best, boxes.shape[1]), dim=1)
    counts = fits.gather(1, order)[..., None]
    chosen = boxes.gather(1, order[..., None].expand(-1, -1, 4)).where(counts, boxes.new_zeros(()))
    return chosen.sum(dim=1) / counts.sum(dim=1).clamp(min=1), fits.any(dim=1)


def _relative(boxes: Tensor, unit: Tensor) -> Tensor:
    """Boxes (S, P, 4) as their centres in ``unit`` (S, 1, 2) w h and the logarithms of their sizes (PrDiMP)."""
    return torch.cat([(boxes[..., :2] + boxes[..., 2:] / 2) / unit, boxes[..., 2:].log()], dim=2)


def _absolute(at: Tensor, unit: Tensor) -> Tensor:
    """The inverse of ``_relative``."""
    sizes = at[..., 2:].exp()
    return torch.cat([at[..., :2] * unit - sizes / 2, sizes], dim=2)
