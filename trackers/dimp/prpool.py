"""Precise RoI pooling (Jiang et al. 2018) as two matrix products: exact, differentiable in the box, on any device.

A map extended by the hat function integrates in closed form over a rectangle, and the integral separates into rows and
columns (spec 3.2). So each box becomes two small weight matrices, and pooling is ``Wy . F . Wx^T``.
"""

from __future__ import annotations

import torch
from torch import Tensor


def prpool(features: Tensor, boxes: Tensor, size: int, scale: float) -> Tensor:
    """Mean of the maps over ``size`` x ``size`` bins of each box.

    ``features`` (S, C, H, W), ``boxes`` (S, P, 4) as x y w h in pixels, ``scale`` cells per pixel; gives
    (S, P, C, size, size), zeros for boxes without area.
    """
    count, channels, height, width = features.shape
    x, y, w, h = (boxes * scale).unbind(-1)
    rows = _weights(y, h, size, height)
    columns = _weights(x, w, size, width)
    flat = features.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    strips = (rows.flatten(1, 2) @ flat).view(count, -1, size, width, channels)
    return (columns[:, :, None] @ strips).permute(0, 1, 4, 2, 3) * ((w > 0) & (h > 0))[..., None, None, None]


def _weights(low: Tensor, length: Tensor, bins: int, cells: int) -> Tensor:
    """How much of each cell (..., bins, cells) lies in each of the bins that start at ``low`` (...)."""
    step = torch.where(length > 0, length, 1.0)[..., None] / bins
    edges = low[..., None] + step * torch.arange(bins + 1, device=low.device, dtype=low.dtype)
    t = (edges[..., None] - torch.arange(cells, device=low.device, dtype=low.dtype)).clamp(-1, 1)
    integral = t - 0.5 * t * t.abs()  # of the hat function, less its constant 1/2
    return integral.diff(dim=-2) / step[..., None]
