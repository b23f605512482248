"""Many boxes of one image resampled at once, each stretched to the same size: candidates, and scenes.

``dimp.crop.cut`` gives one square window on whole pixels, as DiMP defines it; MDNet's boxes have any aspect and place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rgbtbench.core.boxes import Array
from rgbtbench.core.types import Frame


def images(frame: Frame, device: torch.device | str = "cpu") -> Tensor:
    """Both images of a frame as float32 (6, H, W): red, green, blue, thermal thrice; in grey levels."""
    both = np.concatenate([frame.rgb, frame.tir], axis=2)
    return torch.from_numpy(both).to(device).permute(2, 0, 1).float()


def resample(images: Tensor, boxes: Array, size: tuple[int, int]) -> Tensor:
    """Windows (N, C, h, w) of ``images`` (C, H, W) where ``boxes`` (N, 4) ``x y w h`` are, ``size`` being h, w.

    Bilinear, the image's border repeated outside; images that every box shrinks are averaged first. Sides below a
    pixel count as one. What it costs depends on the output alone, wherever boxes lie.
    """
    h, w = size
    sides = np.maximum(boxes[:, 2:], 1.0)
    thin = max(int((sides / (w, h)).min()), 1) if len(boxes) else 1
    if thin > 1:
        images = F.avg_pool2d(images[None], min(thin, *images.shape[1:]), ceil_mode=True)[0]
    length = np.array(images.shape[:0:-1]) * thin  # width, height of what is averaged
    like: dict[str, Any] = {"dtype": torch.float32, "device": images.device}
    low, side = (torch.as_tensor(part * 2 / length, **like) for part in (boxes[:, :2], sides))
    x, y = (
        low[:, k, None] + side[:, k, None] * (torch.arange(n, **like) + 0.5) / n - 1 for k, n in ((0, w), (1, h))
    )  # -1 and 1 are the image's edges
    shape = (len(boxes), h, w)
    grid = torch.stack([x[:, None].expand(shape), y[:, :, None].expand(shape)], -1).view(1, -1, w, 2)
    windows = F.grid_sample(images[None], grid, padding_mode="border", align_corners=False)
    return windows.view(len(images), *shape).transpose(0, 1)
