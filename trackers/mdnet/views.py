"""The two ways to give every box its features: each resampled by itself, or pooled from one scene's map (RT-MDNet)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.boxes import Array

from .network import CONTEXT, ENLARGED, Network
from .samplers import Area
from .windows import resample

AT_ONCE = 128  # patches through the network; of any number of boxes


class Patches:
    """Every box is an image of its own: a convolution pass for each (MDNet's regime)."""

    def __init__(self, network: Network, images: Tensor, target: Array, reach: float, widest: float) -> None:
        self.network, self.images = network, images
        self.area = whole(images)

    def features(self, boxes: Array) -> Tensor:
        """Features (N, D) of boxes (N, 4) in image pixels."""
        unit = self.network.architecture.unit
        centres = boxes[:, :2] + boxes[:, 2:] / 2
        wide = np.concatenate([centres - boxes[:, 2:] * CONTEXT / 2, boxes[:, 2:] * CONTEXT], axis=1)
        parts = [
            self.network.patches(*resample(self.images, wide[k : k + AT_ONCE], (unit, unit)).split(3, 1))
            for k in range(0, len(wide), AT_ONCE)
        ]
        return torch.cat(parts) if parts else self.images.new_empty(0, self.network.head.fc4.in_features)


class Scene:
    """One convolution pass over the surroundings of the target; every box is pooled from its map.

    The window around ``target`` (4,) shows boxes whose centres are ``reach`` mean sides away, yet is no wider than
    ``widest`` targets; in it the target is ``unit`` pixels wide and high. ``shift`` in these pixels and ``zoom`` change
    the picture for the first frame's further versions. Boxes may be drawn from its ``area``.
    """

    def __init__(
        self,
        network: Network,
        images: Tensor,
        target: Array,
        reach: float,
        widest: float,
        *,
        shift: tuple[float, float] = (0.0, 0.0),
        zoom: float = 1.0,
    ) -> None:
        self.network = network
        a = network.architecture
        size = np.maximum(target[2:], 1.0)
        self.scale = a.unit / size * zoom  # network pixels per image pixel, x and y
        sides = np.minimum(2 * reach * size.mean() / size + ENLARGED, widest) * a.unit * zoom
        self.pixels = (np.ceil((sides - a.field).clip(min=1) / a.stride) * a.stride + a.field).astype(int)
        extent = self.pixels / self.scale
        self.low = target[:2] + target[2:] / 2 - extent / 2 - np.array(shift) / self.scale
        window = np.concatenate([self.low, extent])
        width, height = self.pixels.tolist()
        rgb, tir = resample(images, window[None], (height, width)).split(3, 1)
        self.map = network.maps(rgb, tir, dense=True)
        inside = ENLARGED * size / 2
        self.area = within(whole(images), np.concatenate([self.low + inside, extent - 2 * inside]))

    def features(self, boxes: Array) -> Tensor:
        """Features (N, D) of boxes (N, 4) in image pixels."""
        scaled = np.concatenate([boxes[:, :2] - self.low, boxes[:, 2:]], axis=1) * np.tile(self.scale, 2)
        return self.network.pooled(self.map, torch.as_tensor(scaled, device=self.map.device)[None].float())[0]


VIEWS: dict[str, type[Patches] | type[Scene]] = {"patch": Patches, "roi": Scene}


def distant_features(network: Network, images: Tensor, boxes: Array, regime: str) -> Tensor:
    """Features (N, D) of boxes anywhere in the image, too far apart for one scene: each its own small picture."""
    if regime == "patch" or not len(boxes):
        return Patches(network, images, boxes, 0, 0).features(boxes)
    a = network.architecture
    side = int(np.ceil(ENLARGED * a.unit))
    wide = np.concatenate([boxes[:, :2] - boxes[:, 2:] * (ENLARGED - 1) / 2, boxes[:, 2:] * ENLARGED], axis=1)
    edge = (ENLARGED - 1) / 2 * a.unit
    at = torch.tensor([edge, edge, a.unit, a.unit], device=images.device).expand(len(boxes), 1, 4)
    return network.pooled(network.maps(*resample(images, wide, (side, side)).split(3, 1), dense=True), at)[:, 0]


def whole(images: Tensor) -> Area:
    """All of the image (C, H, W)."""
    height, width = images.shape[1:]
    return Area(np.array([0.0, 0.0, width, height]), np.array([width, height], float))


def within(area: Area, box: Array) -> Area:
    """The part of an area inside a box (4,); of one apart, the nearest point."""
    low, high = area.centres[:2], area.centres[:2] + area.centres[2:]
    first, last = (np.clip(edge, low, high) for edge in (box[:2], box[:2] + box[2:]))
    return Area(np.concatenate([first, np.maximum(last - first, 0)]), area.image)
