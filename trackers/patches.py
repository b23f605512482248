"""Windows of a frame pair as a few channels on a fixed grid: what the correlation filter looks at.

Indices and sums only, no matrix products: their last bits depend on the number of threads, and a box may not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array
from rgbtbench.core.types import Frame

Float = NDArray[np.float32]
PLANES = 4  # brightness, red-green and yellow-blue of the visible image; brightness of the thermal one
BRIGHTNESS = [0, 3]
DIRECTIONS = 6
ANGLES = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
COSINE, SINE = np.cos(ANGLES).astype(np.float32), np.sin(ANGLES).astype(np.float32)
CHANNELS = DIRECTIONS + 3  # of one modality: gradients, then brightness and two colours (flat in thermal)


def window(frame: Frame, centre: Array, size: Array, n: int) -> Float:
    """Resample a window to (PLANES, n, n) in [0, 1] or, for colours, [-1, 1].

    ``centre`` and ``size`` (2,) are x y and w h in pixels. Outside the image its border repeats. A window of far more
    than n pixels is thinned to 2n to 4n and averaged first, so that it costs the same and fine texture aliases little.
    """
    height, width = frame.rgb.shape[:2]
    xs, ys = ((c + s * ((np.arange(n) + 0.5) / n - 0.5) - 0.5) for c, s in zip(centre, size, strict=True))
    x0, x1 = _span(xs, width)
    y0, y1 = _span(ys, height)
    step_x, step_y = size / n
    skip_x, skip_y = max(1, int(min(step_x, x1 - x0) / 2)), max(1, int(min(step_y, y1 - y0) / 2))
    cut = np.s_[y0:y1:skip_y, x0:x1:skip_x]
    planes = _planes(frame.rgb[cut], frame.tir[cut])
    planes, by_y = _average(planes, 1, min(step_y / skip_y, planes.shape[1]))
    planes, by_x = _average(planes, 2, min(step_x / skip_x, planes.shape[2]))
    at_y, at_x = ((ys - y0) / skip_y + 0.5) / by_y - 0.5, ((xs - x0) / skip_x + 0.5) / by_x - 0.5
    return _interpolate(_interpolate(planes, at_y, 1), at_x, 2)


def _span(at: Array, length: int) -> tuple[int, int]:
    """Pixels needed to interpolate at these places, at least one, inside the image."""
    first, last = np.clip([np.floor(at[0]), np.ceil(at[-1])], 0, length - 1)
    return int(first), int(last) + 1


def _planes(rgb: NDArray[np.uint8], tir: NDArray[np.uint8]) -> Float:
    red, green, blue, *thermal = (image[..., k].astype(np.float32) for image in (rgb, tir) for k in range(3))
    planes = np.empty((PLANES, *rgb.shape[:2]), np.float32)
    planes[0] = (red + green + blue) / 765
    planes[1] = (red - green) / 255
    planes[2] = (0.5 * (red + green) - blue) / 255
    planes[3] = (thermal[0] + thermal[1] + thermal[2]) / 765
    return planes


def _average(planes: Float, axis: int, step: float) -> tuple[Float, int]:
    """Average blocks of whole pixels along an axis, as many as fit into a step; the rest at the end is dropped."""
    by = max(1, int(step))
    if by == 1:
        return planes, 1
    count = planes.shape[axis] // by
    lead = (slice(None),) * axis
    parts = (planes[lead + (slice(k, count * by, by),)] for k in range(by))
    total: Float = sum(parts)  # type: ignore[assignment]
    return total / np.float32(by), by


def _interpolate(planes: Float, at: Array, axis: int) -> Float:
    """Linear interpolation at fractional indices along an axis; beyond the ends the border repeats."""
    at = np.clip(at, 0, planes.shape[axis] - 1)
    low = at.astype(np.intp)
    high = np.minimum(low + 1, planes.shape[axis] - 1)
    part = (at - low).astype(np.float32).reshape(-1, *(1,) * (2 - axis))
    first: Float = planes.take(low, axis)
    second: Float = planes.take(high, axis)
    second -= first
    second *= part
    second += first
    return second


def features(planes: Float, cell: int) -> Float:
    """Channels (2, CHANNELS, ..., H/cell, W/cell) of planes (PLANES, ..., H, W): visible, thermal.

    Gradients are projected on DIRECTIONS unsigned axes (a HOG of soft bins, Dalal and Triggs 2005, without its
    arc tangent), averaged over cells and divided by the contrast around. Every channel has zero mean.
    """
    bright = planes[BRIGHTNESS]
    dx, dy = np.zeros_like(bright), np.zeros_like(bright)
    np.subtract(bright[..., 2:], bright[..., :-2], out=dx[..., 1:-1])
    np.subtract(bright[..., 2:, :], bright[..., :-2, :], out=dy[..., 1:-1, :])
    shape = (*bright.shape[1:-2], bright.shape[-2] // cell, bright.shape[-1] // cell)
    out = np.zeros((2, CHANNELS, *shape), np.float32)
    for k in range(DIRECTIONS):  # one direction at a time stays in the cache: twice as fast as all at once
        out[:, k] = _cells(np.abs(dx * COSINE[k] + dy * SINE[k]), cell)
    contrast = out[:, :DIRECTIONS].sum(axis=1, keepdims=True)
    out[:, :DIRECTIONS] /= _blur(contrast) + np.float32(0.05)
    plain = _cells(planes, cell)
    out[0, DIRECTIONS:] = plain[:3]
    out[1, DIRECTIONS] = plain[3]
    out -= out.mean(axis=(-2, -1), keepdims=True)
    return out


def _cells(values: Float, cell: int) -> Float:
    """Mean over square cells of the last two axes."""
    rows: Float = sum(values[..., k::cell, :] for k in range(cell))  # type: ignore[assignment]
    cells: Float = sum(rows[..., k::cell] for k in range(cell))  # type: ignore[assignment]
    return cells / np.float32(cell * cell)


def _blur(values: Float) -> Float:
    """Mean of 3 x 3 neighbours, the border repeated."""
    wide = np.concatenate([values[..., :1], values, values[..., -1:]], -1)
    across = wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]
    tall = np.concatenate([across[..., :1, :], across, across[..., -1:, :]], -2)
    total: Float = tall[..., :-2, :] + tall[..., 1:-1, :] + tall[..., 2:, :]
    return total / np.float32(9)
