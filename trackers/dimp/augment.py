"""The first frame's training samples: one crop seen shifted, mirrored, blurred and turned (DiMP)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from rgbtbench.core.boxes import Array
from rgbtbench.trackers.networks.transfer import constant

from .parameters import DROPOUTS, Parameters

Shift = tuple[float, float]  # x y, in half crops


def transforms(p: Parameters) -> list[tuple[Callable[[Tensor], Tensor], Shift | None]]:
    """What happens to each image sample, and how far it is shifted: None is a random shift."""
    same: Callable[[Tensor], Tensor] = torch.Tensor.contiguous
    return [
        (same, (0, 0)),
        *((same, (x, y)) for x in (-p.shift, p.shift) for y in (-p.shift, p.shift)),
        (partial(torch.flip, dims=(-1,)), None),
        *((partial(blur, sigma=sigma), None) for sigma in p.blurs),
        *((partial(rotate, degrees=degrees), None) for degrees in p.rotations),
    ]


def shifts(rngs: Sequence[np.random.Generator], p: Parameters) -> NDArray[np.int64]:
    """Whole pixels x y (samples, S, 2) by which the content of each image sample moves; one generator a sequence."""
    fixed = [shift for _, shift in transforms(p)]
    random = [k for k, shift in enumerate(fixed) if shift is None]
    offsets = np.array([shift or (0, 0) for shift in fixed])[:, None].repeat(len(rngs), 1) * p.crop / 2
    for s, rng in enumerate(rngs):
        offsets[random, s] = rng.uniform(-0.5, 0.5, (len(random), 2)) * p.crop * p.random_shift
    return np.trunc(offsets).astype(np.int64)


def samples(crops: Tensor, moved: NDArray[np.int64], p: Parameters) -> Tensor:
    """Image samples (samples, S, C, crop, crop) from crops (S, C, n, n) of ``expansion`` times the side.

    ``moved`` comes from ``shifts``; give the same to both modalities, and to ``boxes``.
    """
    corners = (crops.shape[-1] - p.crop) // 2 - moved
    cut = crops.new_empty(len(moved), *crops.shape[:2], p.crop, p.crop)
    for k, (transform, _) in enumerate(transforms(p)):
        seen = transform(crops)
        for s, (x, y) in enumerate(corners[k].tolist()):
            cut[k, s] = seen[s, :, y : y + p.crop, x : x + p.crop]
    return cut


def boxes(identity: Array, moved: NDArray[np.int64]) -> Array:
    """Target boxes (samples + DROPOUTS, S, 4) of all first samples, given the unchanged crop's (S, 4).

    Sizes stay, under rotation too. The samples with dropped channels come last and see the unchanged crop.
    """
    still = np.zeros((DROPOUTS, *moved.shape[1:]))
    offsets = np.concatenate([moved, still])
    moved_boxes: Array = identity + np.concatenate([offsets, np.zeros_like(offsets)], axis=2)
    return moved_boxes


def dropout_masks(rngs: Sequence[np.random.Generator], channels: int, p: Parameters) -> Array:
    """Factors (DROPOUTS, S, channels) for the classification features: 0 if dropped, else 1 / (1 - dropout)."""
    kept = np.stack([rng.random((DROPOUTS, channels)) >= p.dropout for rng in rngs], axis=1)
    masks: Array = kept / (1 - p.dropout)
    return masks


def blur(images: Tensor, sigma: tuple[float, float]) -> Tensor:
    """Images (S, C, H, W) under a Gaussian of sigma y, x in pixels, cut at 2 sigma; borders repeated."""
    for axis, spread in ((-2, sigma[0]), (-1, sigma[1])):
        half = math.ceil(2 * spread)
        kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / spread) ** 2)
        ends = [half, half, 0, 0] if axis == -1 else [0, 0, half, half]
        wide, images = F.pad(images, ends, mode="replicate"), torch.zeros_like(images)
        for k, weight in enumerate((kernel / kernel.sum()).tolist()):  # half the time of a convolution by channel
            images.add_(wide.narrow(axis, k, images.shape[axis]), alpha=weight)
    return images


def rotate(images: Tensor, degrees: float) -> Tensor:
    """Square images (S, C, n, n) turned anticlockwise about their middle, bilinear, borders repeated."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = ((cos, -sin, 0.0), (sin, cos, 0.0))
    where = constant(torch.tensor, turn, dtype=images.dtype, device=images.device)
    grid = F.affine_grid(where.expand(len(images), 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
