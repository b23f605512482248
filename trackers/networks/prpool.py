"""Precise RoI pooling (Jiang et al. 2018) as two matrix products: exact, differentiable in the box, on any device.

A map extended by the hat function integrates in closed form over a rectangle, and the integral separates into rows and
columns. So each box becomes two small weight matrices, and pooling is ``Wy . F . Wx^T``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .transfer import constant

BLOCK = 8  # cells; with 2 or 4 the rounding of many sequences still differs from that of one


def prpool(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """Mean of the maps over ``size`` x ``size`` bins of each box.

    ``features`` (S, C, H, W), ``boxes`` (S, P, 4) as x y w h in pixels, ``scale`` cells per pixel; gives
    (S, P, C, size, size), zeros for boxes without area.
    """
    boxes = boxes * scale
    height, width = features.shape[2:]
    left, top, right, bottom = whole_blocks(touched(features, boxes), width, height)
    features = features[:, :, top:bottom, left:right]
    count, channels, height, width = features.shape
    columns, rows = _weights(boxes, size, (left, top), max(height, width)).unbind(2)
    flat = features.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    strips = (rows[..., :height].flatten(1, 2) @ flat).view(count, -1, size, width, channels)
    return (columns[:, :, None, :, :width] @ strips).permute(0, 1, 4, 2, 3)


def _weights(boxes: Tensor, bins: int, first: tuple[int, int], cells: int) -> Tensor:
    """How much of each cell from ``first`` on lies in each bin of boxes (S, P, 4): x and y (S, P, 2, bins, cells)."""
    like: dict[str, Any] = {"dtype": boxes.dtype, "device": boxes.device}
    low, length = boxes.view(*boxes.shape[:2], 2, 2, 1).unbind(2)
    valid = length > 0
    length = torch.where(valid, length, 1.0)
    edges = low + length * constant(torch.linspace, 0, 1, bins + 1, **like)
    if any(first):  # else, as on a GPU, nothing is copied to the device
        edges = edges - torch.tensor(first, **like)[:, None]
    t = (edges[..., None] - constant(torch.arange, cells, **like)).clamp(-1, 1)
    integral = torch.addcmul(t, t, t.abs(), value=-0.5)  # of the hat function, less its constant 1/2
    return integral.diff(dim=-2) * (bins * valid / length)[..., None]


def touched(features: Tensor, boxes: Tensor) -> tuple[int, int, int, int]:
    """First and last (exclusive) column and row of the cells that boxes (S, P, 4) in cells touch, at least one.

    Search areas are mostly background: to pool from the rest is a fraction of the work. On other devices the whole
    map, since asking where the boxes are would cost more than it saves.
    """
    height, width = features.shape[2:]
    if boxes.device.type != "cpu":
        return 0, 0, width, height
    at = boxes.detach().numpy()
    low, high = at[..., :2].min((0, 1)), (at[..., :2] + at[..., 2:]).max((0, 1))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return 0, 0, width, height
    limits = np.array([width, height])
    first = np.clip(np.floor(low) - 1, 0, limits - 1)
    left, top = first.astype(int).tolist()
    right, bottom = np.clip(np.ceil(high) + 2, first + 1, limits).astype(int).tolist()
    return left, top, right, bottom


def whole_blocks(window: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """A window grown to whole blocks of cells: products then add up in the same order whatever else is in the batch."""
    left, top, right, bottom = window
    left, top, right, bottom = (BLOCK * (at // BLOCK) for at in (left, top, right + BLOCK - 1, bottom + BLOCK - 1))
    return left, top, min(right, width), min(bottom, height)
