"""What a scene is made of: backgrounds, objects and noise. Albedo is RGB uint8, heat is one uint8 channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import DataError

from .plan import PHASES
from .waves import Floats, octaves, wave

Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]
Words = NDArray[np.uint16]

GRAIN = 128  # side of an object's texture in pixels


@dataclass(frozen=True, slots=True)
class Patch:
    """An object at one size: ``albedo`` (h, w, 3), ``heat`` (h, w, 1), ``alpha`` (h, w, 1) of 0..256."""

    albedo: Words
    heat: Words
    alpha: Words


class Thing:
    """Something of the target's class: a rounded shape with its own texture in either modality."""

    def __init__(self, random: np.random.Generator) -> None:
        grain = octaves(random, (GRAIN, GRAIN), 40, 3)[..., None]
        share = np.minimum(np.maximum((grain - 0.5) * 8 + 0.5, 0), 1)  # two colours with a soft seam
        first, second = _colours(random)
        fine = octaves(random, (GRAIN, GRAIN), 16, 2)[..., None]
        albedo = _bytes(first * share + second * (1 - share) + (fine - 0.5) * 50)
        warm = float(random.integers(165, 216))
        heat = octaves(random, (GRAIN, GRAIN), 44, 3)
        texture = np.concatenate([albedo, _bytes(warm + (heat - 0.5) * 110)[..., None]], axis=2)
        self.texture = texture.reshape(GRAIN * GRAIN, 4).astype(np.uint16)
        self.at_size = lru_cache(maxsize=64)(self._at_size)

    def _at_size(self, width: int, height: int, phase: int) -> Patch:
        """Nearest samples of the texture. A bent silhouette still touches its box on every side."""
        y = ((np.arange(height) + 0.5) / height * 2 - 1)[:, None]
        x = ((np.arange(width) + 0.5) / width * 2 - 1)[None]
        if phase:
            shift = 0.35 * wave(phase / PHASES + 0.6 * y)
            x = (x - shift) / (1 - np.abs(shift))
        inside = 4 - 4 * (x * x * x * x + y * y * y * y)
        alpha = np.rint(256 * np.minimum(np.maximum(inside, 0), 1)).astype(np.uint16)
        row, column = (np.clip((v + 1) * (GRAIN // 2), 0, GRAIN - 1).astype(np.int64) for v in (y, x))
        samples = self.texture[row * GRAIN + column]
        return Patch(samples[..., :3], samples[..., 3:], alpha[..., None])


def background(random: np.random.Generator, shape: tuple[int, int]) -> tuple[Bytes, Bytes]:
    """Albedo under a fixed pattern of light (H, W, 3), and heat (H, W, 1): noise of several scales, a few walls."""
    cell = max(shape) / 6
    albedo = (octaves(random, shape, cell, 6)[..., None] - 0.5) * random.integers(50, 140, 3)
    albedo += random.integers(70, 150, 3)
    albedo += (octaves(random, shape, 12, 2)[..., None] - 0.5) * random.integers(-30, 31, 3)
    heat = 85 + (octaves(random, shape, cell, 6)[..., None] - 0.5) * 70
    for _ in range(8):
        top, left, bottom, right = _somewhere(random, shape, (shape[1] // 5, shape[0] // 5))
        albedo[top:bottom, left:right] += random.integers(-45, 46, 3)
        heat[top:bottom, left:right] += random.integers(-18, 19)
    albedo *= 0.7 + 0.5 * octaves(random, shape, cell, 2)[..., None]
    return _bytes(albedo), _bytes(heat)


def scatter(random: np.random.Generator, rgb: Bytes, tir: Bytes, target: tuple[int, int]) -> None:
    """Strew things of the target's size, colours and temperature over a background, in place."""
    shape = rgb.shape[0], rgb.shape[1]
    kinds = [Thing(random) for _ in range(6)]
    for number in range(shape[0] * shape[1] // max(2 * target[0] * target[1], 400)):
        top, left, bottom, right = _somewhere(random, shape, target)
        patch = kinds[number % len(kinds)].at_size(right - left, bottom - top, 0)
        blend(rgb, patch.albedo, patch.alpha, left, top)
        blend(tir, patch.heat, patch.alpha, left, top)


def blend(canvas: Bytes, patch: Words, alpha: Words, left: int, top: int) -> None:
    """Lay a patch over a canvas in place; what sticks out is cut off."""
    height, width = canvas.shape[:2]
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + patch.shape[0], height), min(left + patch.shape[1], width)
    if y0 < y1 and x0 < x1:
        seen = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        under = canvas[y0:y1, x0:x1]
        over = alpha[seen]
        under[:] = (under * (256 - over) + patch[seen] * over) >> 8  # at most 255 * 256: fits 16 bits


def noise_tile(random: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Shorts:
    """Nearly Gaussian noise: the sum of four uniform bytes (exact integers, unlike a true normal draw)."""
    total = np.frombuffer(random.bytes(4 * int(np.prod(shape))), np.uint8).reshape(4, *shape)
    spread = total.sum(axis=0, dtype=np.int16).astype(np.float32) - 510
    tile: Shorts = np.rint(spread * np.float32(sigma / 147.8)).astype(np.int16)
    return tile


def _colours(random: np.random.Generator) -> Floats:
    """Two colours that differ (2, 3)."""
    first = random.integers(40, 216, 3)
    return np.array([first, (first + 90 + random.integers(-30, 31, 3)) % 216 + 20], float)


def _somewhere(random: np.random.Generator, shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box of about this size (w, h) with its corner in the image: top, left, bottom, right."""
    top, left = int(random.integers(shape[0])), int(random.integers(shape[1]))
    width, height = (max(4, int(n * random.uniform(0.7, 1.3))) for n in size)
    return top, left, top + height, left + width


def _bytes(values: Floats) -> Bytes:
    whole: Bytes = np.rint(np.minimum(np.maximum(values, 0), 255)).astype(np.uint8)
    return whole


def photographs(folder: Path) -> list[tuple[Path, Path]]:
    """Registered pairs of a folder, by rank: ``visible`` and ``infrared``, or ``VI`` and ``IR``.

    Raises DataError if there are none or their numbers differ.
    """
    from rgbtbench.datasets.frames import frame_files

    for names in (("visible", "infrared"), ("VI", "IR")):
        rgb, tir = (frame_files(folder / name) for name in names)
        if rgb or tir:
            break
    if not rgb or len(rgb) != len(tir):
        raise DataError(
            "no pairs of background photographs",
            where=folder,
            expected="as many images in visible/ as in infrared/ (or VI/ and IR/)",
            found=f"{len(rgb)} visible and {len(tir)} thermal images",
        )
    return list(zip(rgb, tir, strict=True))


def photographed(pair: tuple[Path, Path], shape: tuple[int, int]) -> tuple[Bytes, Bytes]:
    """A pair of photographs as albedo (H, W, 3) and heat (H, W, 1). Raises DataError if one cannot be read."""
    from PIL import Image

    pictures = []
    for path, mode in zip(pair, ("RGB", "L"), strict=True):
        try:
            with Image.open(path) as image:
                picture = image.convert(mode).resize(shape[::-1], Image.Resampling.BILINEAR)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as reason:
            raise DataError("cannot read background photograph", where=path, found=reason) from None
        pictures.append(np.array(picture, np.uint8).reshape(*shape, -1))
    return pictures[0], pictures[1]
