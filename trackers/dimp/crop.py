"""Square windows of images at the network's size, and boxes in their coordinates (DiMP)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from rgbtbench.core.boxes import Array
from rgbtbench.core.types import Frame
from rgbtbench.trackers.networks.resnet import MEAN, STD
from rgbtbench.trackers.networks.transfer import constant, room, send


class Place(NamedTuple):
    """Where a window lies: ``side`` x ``side`` samples, ``thin`` pixels apart.

    Along x and along y: samples before the part that is inside the image, that part, the window's middle in pixels.
    """

    side: int
    thin: int
    x: tuple[int, slice, float]
    y: tuple[int, slice, float]


def batch(
    frames: Sequence[Frame], centres: Array, scales: Array, size: int, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor, Array, Array]:
    """Cut the same window from both images of S frames, which may differ in size.

    ``centres`` (S, 2) x y in image pixels and ``scales`` (S,) in image pixels per crop pixel are what is wanted.
    Returns normalised rgb and tir (S, 3, size, size) and, on whole pixels, the positions (S, 2) and scales (S,) of
    the crops. Both images lie in one tensor, rgb first: ``torch.cat([rgb, tir])`` is the only copy a network may make.
    All windows travel to the device at once, as bytes.
    """
    device = torch.device(device)
    gain, offset = normalisation(device)
    places = [
        _place(frame.rgb.shape, centre, float(scale), size)
        for frame, centre, scale in zip(frames, centres, scales, strict=True)
    ]
    channels = (frame.rgb.shape[2] + frame.tir.shape[2] for frame in frames)
    shapes = [(count, place.side, place.side) for count, place in zip(channels, places, strict=True)]
    counts = [math.prod(shape) for shape in shapes]
    windows = room(sum(counts), torch.uint8, device)
    for frame, place, part, shape in zip(frames, places, windows.split(counts), shapes, strict=True):
        _fill(part.view(shape).numpy(), (frame.rgb, frame.tir), place)
    images = torch.empty(2, len(frames), 3, size, size, device=device)
    for s, (part, shape) in enumerate(zip(send(windows, device).split(counts), shapes, strict=True)):
        torch.mul(_resampled(part.view(shape), size).view(2, 3, size, size), gain, out=images[:, s])
    images += offset
    positions = np.array([(place.x[2], place.y[2]) for place in places])
    return images[0], images[1], positions, np.array([place.side * place.thin / size for place in places])


def normalisation(device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Gain and offset (3, 1, 1) that turn grey levels 0 to 255 into what networks see (1.2)."""
    return constant(_normalisation, torch.device(device))


def _normalisation(device: torch.device) -> tuple[Tensor, Tensor]:
    std, mean = (torch.tensor(values, device=device).view(3, 1, 1) for values in (STD, MEAN))
    return 1 / (255 * std), -mean / std


def cut(images: Sequence[NDArray[Any]], centre: Array, scale: float, size: int) -> tuple[Tensor, Array, float]:
    """Cut the same window from images (H, W, C) of one size and resample it bilinearly, borders repeated.

    Returns channels (sum of C, size, size) float32, in the images' range, the position x y of the window's middle in
    image pixels and the image pixels per crop pixel. Large windows are thinned by whole factors first, so that the
    cost is bounded whatever the window; it may lie outside the image.
    """
    place = _place(images[0].shape, centre, scale, size)
    window = np.empty((sum(image.shape[2] for image in images), place.side, place.side), np.float32)
    _fill(window, images, place)
    crop = _resampled(torch.from_numpy(window), size)
    return crop, np.array([place.x[2], place.y[2]]), place.side * place.thin / size


def _place(shape: Sequence[int], centre: Array, scale: float, size: int) -> Place:
    """Of the window around a centre x y in an image of a shape (H, W, ...), as wide as ``size`` crop pixels."""
    thin = max(int(scale - 0.1), 1)
    side = max(round(scale * size / thin), 2)
    x, y = (
        _span(int(np.floor(c)), side, thin, length) for c, length in zip(centre.tolist(), shape[1::-1], strict=True)
    )
    return Place(side, thin, x, y)


def _fill(window: NDArray[Any], images: Sequence[NDArray[Any]], place: Place) -> None:
    """Copy what images (H, W, C) show there into channels (sum of C, side, side)."""
    (left, xs, _), (top, ys, _) = place.x, place.y
    right, bottom = left + _length(xs), top + _length(ys)
    channel = 0
    for image in images:
        part = image[ys, xs].transpose(2, 0, 1)
        np.copyto(window[channel : channel + len(part), top:bottom, left:right], part, casting="same_kind")
        channel += len(part)
    rows = window[:, top:bottom]
    rows[..., :left] = rows[..., left : left + 1]
    rows[..., right:] = rows[..., right - 1 : right]
    window[:, :top] = window[:, top : top + 1]
    window[:, bottom:] = window[:, bottom - 1 : bottom]


def _resampled(window: Tensor, size: int) -> Tensor:
    """A window (C, n, n) as float32 (C, size, size)."""
    crop = window[None].float()
    if len(window[0]) != size:
        crop = F.interpolate(crop, size=(size, size), mode="bilinear", align_corners=False)
    return crop[0]


def to_crop(boxes: Array, positions: Array, scales: Array, size: int) -> Array:
    """Boxes (S, 4) ``x y w h`` of the image in the coordinates of crops cut at positions (S, 2) with scales (S,)."""
    by = scales[:, None]
    sizes = boxes[:, 2:] / by
    centres = (boxes[:, :2] + (boxes[:, 2:] - 1) / 2 - positions) / by + (size - 1) / 2
    return np.concatenate([centres - (sizes - 1) / 2, sizes], axis=1)


def to_image(boxes: Array, positions: Array, scales: Array, size: int) -> Array:
    """Boxes (S, 4) of crops in the coordinates of the image: the inverse of ``to_crop``."""
    by = scales[:, None]
    sizes = boxes[:, 2:] * by
    centres = (boxes[:, :2] + (boxes[:, 2:] - 1) / 2 - (size - 1) / 2) * by + positions
    return np.concatenate([centres - (sizes - 1) / 2, sizes], axis=1)


def _span(centre: int, n: int, thin: int, length: int) -> tuple[int, slice, float]:
    """Where n samples, ``thin`` apart around a centre, fall on an axis of the image.

    Returns how many samples come before the part that is inside, the slice of the image that is inside (at least one
    sample: the border, if all are beyond it) and the middle of all n in image pixels.
    """
    offset = centre % thin
    start = (centre - offset) // thin - (n - 1) // 2
    count = max((length - 1 - offset) // thin, 0) + 1  # samples that the thinned image has
    first = min(max(start, 0), count - 1)
    last = min(max(start + n, 1), count)
    before = min(max(first - start, 0), n - (last - first))
    begin = min(offset, length - 1) + thin * first
    return before, slice(begin, begin + thin * (last - first - 1) + 1, thin), (thin * (2 * start + n) - 1) / 2


def _length(span: slice) -> int:
    return len(range(span.start, span.stop, span.step))
