"""Noise, rain, clouds and lamps: made once for a size of images, then looked at through a window that jumps or drifts.

A field's numbers come from PCG64, whose stream is the same in every version of NumPy and on every machine.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
JUMP = 128  # places of a window in each direction
CLOUDS = 256  # steps that clouds drift before they come again
SIDE = 1024  # of the random field that larger ones repeat
KEPT = 16  # fields of each kind; 3 MB each at 640 x 480


def view(field: Image, image: Image, draws: tuple[int, ...]) -> Image:
    """A window of the image's size into a field that is ``JUMP`` larger; ``draws`` say where."""
    down, across = draws[4] % JUMP, draws[5] % JUMP
    return field[down : down + image.shape[0], across : across + image.shape[1]]


@lru_cache(maxsize=KEPT)
def white(height: int, width: int) -> Image:
    """Uniform noise (H + JUMP, W + JUMP, 3), grey."""
    return _coloured(_repeated(_bytes(1, SIDE, SIDE), height + JUMP, width + JUMP))


@lru_cache(maxsize=KEPT)
def gauss(
    height: int, width: int, deviation: int, *, colour: bool = False, columns: bool = False
) -> tuple[Image, Image]:
    """What to add, and what to take away afterwards: noise of about a Gaussian's shape (the sum of four uniform ones).

    ``colour``: each channel has its own; ``columns``: each column has one value.
    """
    channels = []
    for stream in range(2, 5) if colour else (2,):
        sums = _bytes(4 * stream, 4, SIDE, SIDE)[:, : 1 if columns else None].sum(axis=0, dtype=np.int32) - 510
        channels.append(_repeated((sums * deviation) // 148, height + JUMP, width + JUMP))  # 148: deviation of the sums
    noise = np.stack(channels * (3 // len(channels)), axis=2).clip(-255, 255)
    return noise.clip(0, None).astype(np.uint8), (-noise).clip(0, None).astype(np.uint8)


@lru_cache(maxsize=KEPT)
def streaks(height: int, width: int, drops: int) -> Image:
    """Bright slanted lines, a tenth of the height long, that begin on enough pixels to cover ``drops`` in 4096."""
    length = max(height // 10, 4)
    random = _bytes(20, 3, SIDE, SIDE).astype(np.int64)
    starts = (random[0] << 16 | random[1] << 8 | random[2]) < (drops << 12) // length
    lines = _repeated(np.where(starts, 70 + (random[2] >> 2), 0).astype(np.uint8), height + JUMP, width + JUMP)
    drawn = lines.copy()
    for step in range(1, length):
        aside = step // 4
        np.maximum(drawn[step:, aside:], lines[:-step, : lines.shape[1] - aside], out=drawn[step:, aside:])
    return _coloured(drawn)


@lru_cache(maxsize=KEPT)
def clouds(height: int, width: int, brightest: int) -> Image:
    """A smooth field (H + CLOUDS, W + CLOUDS, 3) of levels up to ``brightest``."""
    from PIL import Image as Pillow

    coarse = (_bytes(30, 1, 12, 12)[0].astype(np.int32) * brightest // 255).astype(np.uint8)
    smooth = Pillow.fromarray(coarse).resize((width + CLOUDS, height + CLOUDS), Pillow.Resampling.BILINEAR)
    return _coloured(np.array(smooth))


@lru_cache(maxsize=KEPT)
def lamps(height: int, width: int, radius: int) -> Image:
    """Two round lights beside one another in the middle of (2 H, 2 W, 3)."""
    y, x = np.arange(2 * height)[:, None] - height, np.arange(2 * width)[None] - width
    light = np.zeros((2 * height, 2 * width), np.int64)
    for aside in (-radius * 2 // 3, radius * 2 // 3):
        near = (radius**2 - (x - aside) ** 2 - y**2).clip(0)
        light += 320 * near // radius**2
    return _coloured(light.clip(0, 255).astype(np.uint8))


def _bytes(stream: int, *shape: int) -> Image:
    """Random bytes of a shape; another ``stream``, others."""
    count = int(np.prod(shape))
    raw = np.random.PCG64(stream).random_raw(-(-count // 8))
    return raw.astype("<u8").view(np.uint8)[:count].reshape(shape)


def _repeated(field: NDArray[np.generic], height: int, width: int) -> NDArray[np.generic]:
    repeats = (-(-height // field.shape[0]), -(-width // field.shape[1]))
    return np.tile(field, repeats)[:height, :width]


def _coloured(grey: NDArray[np.generic]) -> Image:
    field: Image = np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)
    return field
