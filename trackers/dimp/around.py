"""The IoU-Net's test features around the boxes that are tried: a target is a small part of its search area."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgbtbench.trackers.networks.layers import convolve, widen
from rgbtbench.trackers.networks.prpool import Window, touched

MARGIN = 1  # cells to spare around the first boxes: they move a little
WORTH = 0.5  # share of the map from which on all of it is computed, all images in one batch


class Around:
    """Test features of one level, times the modulation: of each of S images where its boxes touch them, 0 elsewhere.

    ``branch`` of 3x3 convolutions, ``level`` (S, C, H, W), ``vector`` (S, width), ``scale`` cells per pixel. Each value
    is what the whole map has there, to rounding. On other devices the whole map is computed.
    """

    def __init__(self, branch: nn.Sequential, level: Tensor, vector: Tensor, scale: float) -> None:
        self.branch: Any = branch
        self.level, self.vector, self.scale = level, vector[..., None, None], scale
        self.map: Tensor | None = None
        self.done: list[Window] = []  # of each image; empty where the whole map is computed

    @torch.no_grad()
    def cover(self, boxes: Tensor) -> Tensor:
        """Features (S, width, H, W), computed at least where boxes (S, P, 4) in pixels touch them."""
        if self.map is not None and not self.done:
            return self.map
        height, width = self.level.shape[2:]
        needs = [touched(self.level, one[None]) for one in boxes * self.scale]
        if self.map is None:
            needs = [_grown(need, width, height) for need in needs]
            if max((right - left) * (bottom - top) for left, top, right, bottom in needs) > WORTH * height * width:
                self.map = widen(self.branch(self.level)) * self.vector
                return self.map
            self.map = self.vector.new_zeros(*self.vector.shape[:2], height, width)
            self.map = self.map.to(memory_format=torch.channels_last)
            self.done = [(width, height, 0, 0)] * len(needs)
        for s, need in enumerate(needs):
            if (both := _union(need, self.done[s])) != self.done[s]:
                self.done[s] = both
                self._compute(self.map, s, both)
        return self.map

    def _compute(self, map: Tensor, s: int, window: Window) -> None:
        """Fill a window of one image's map: convolutions see further, and zeros only beyond the border of the map."""
        height, width = self.level.shape[2:]
        left, top, right, bottom = _grown(window, width, height, len(self.branch))
        x = self.level[s : s + 1, :, top:bottom, left:right]
        for convolution, norm, activation in self.branch:
            beyond = [int(at) for at in (left == 0, right == width, top == 0, bottom == height)]
            x = activation(norm(convolve(F.pad(x, beyond), convolution.weight, convolution.bias)))
            left, right = left + (left > 0), right - (right < width)
            top, bottom = top + (top > 0), bottom - (bottom < height)
        map[s : s + 1, :, top:bottom, left:right] = widen(x) * self.vector[s]


def _grown(window: Window, width: int, height: int, by: int = MARGIN) -> Window:
    left, top, right, bottom = window
    return max(left - by, 0), max(top - by, 0), min(right + by, width), min(bottom + by, height)


def _union(one: Window, other: Window) -> Window:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
