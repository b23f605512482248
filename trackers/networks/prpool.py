"""Precise RoI pooling (Jiang et al. 2018) as two matrix products: exact, differentiable in the box, on any device.

A map extended by the hat function integrates in closed form over a rectangle. So each bin is a weighted sum of the
cells that it touches, and its weights are those of its rows times those of its columns: first the rows are summed,
then the columns, which is a few times less work than to weigh each cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .transfer import constant

FEW = 400  # cells of a map all of which are weighed: to look where the boxes are would take longer
Window = tuple[int, int, int, int]  # first and last (exclusive) column and row, in the order left, top, right, bottom


def prpool(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """Mean of the maps over ``size`` x ``size`` bins of each box.

    ``features`` (S, C, H, W), ``boxes`` (S, P, 4) as x y w h in pixels, ``scale`` cells per pixel; gives
    (S, P, C, size, size), zeros for boxes without area. On a CPU an image's means do not depend on the other images.
    """
    boxes, (height, width) = boxes * scale, features.shape[2:]
    if boxes.device.type != "cpu" or height * width <= FEW:
        return _means(features, boxes, size, (0, 0, width, height))
    images = zip(features.split(1), boxes.split(1), strict=True)
    return torch.cat([_means(one, own, size, touched(one, own)) for one, own in images])


def _means(features: Tensor, boxes: Tensor, size: int, window: Window) -> Tensor:
    """The same from the cells of a window alone, boxes (S, P, 4) in cells."""
    left, top, right, bottom = window
    features = features[:, :, top:bottom, left:right]
    count, channels, height, width = features.shape
    columns, rows = _weights(boxes, size, (left, top), max(height, width)).unbind(2)
    cells = features.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    slabs = (rows[..., :height].flatten(1, 2) @ cells).view(count, -1, size, width, channels)
    return (columns[..., None, :, :width] @ slabs).movedim(-1, 2)


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


def touched(features: Tensor, boxes: Tensor) -> Window:
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
