"""What spoils an image: pure functions of uint8 pixels (H, W, 3), numbers of the sequence and of the frame, parameters.

Whole numbers and tables only, so that every machine makes the same bytes. Sizes are shares of the image, so that a
severity means the same on small and on large ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fields import CLOUDS, clouds, gauss, lamps, streaks, view, white

Image = NDArray[np.uint8]
Draws = tuple[int, ...]  # eight numbers below 2**32; those of a frame end with its index
LEVELS = np.arange(256)


def black(image: Image, fixed: Draws, now: Draws) -> Image:
    """Nothing arrives."""
    return np.zeros_like(image)


def static(image: Image, fixed: Draws, now: Draws) -> Image:
    """Uniform noise instead of an image."""
    return view(white(*image.shape[:2]), image, now).copy()


def affine(
    image: Image, fixed: Draws, now: Draws, *, shift: int = 0, zoom: int = 16, turn: tuple[int, int] = (65536, 0)
) -> Image:
    """Nearest pixels of a moved camera; black outside.

    ``shift``: 1/n of the width, to one of eight sides; ``zoom``: sixteenths of the view that are left; ``turn``: cosine
    and sine in 65536ths, to one of two sides. All are exact in binary, so no rounding differs.
    """
    from PIL import Image as Pillow

    height, width = image.shape[:2]
    far = width // shift if shift else 0
    across, down = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))[fixed[0] % 8]
    cosine, sine = turn[0] / 65536, (turn[1] if fixed[1] % 2 else -turn[1]) / 65536
    a, b = cosine * zoom / 16, sine * zoom / 16
    x, y = width / 2, height / 2
    matrix = (a, b, x - a * x - b * y - far * across, -b, a, y + b * x - a * y - far * down)
    picture = Pillow.fromarray(image).transform((width, height), Pillow.Transform.AFFINE, matrix)
    return np.array(picture)


def levels(image: Image, fixed: Draws, now: Draws, *, gain: int, lift: int = 0, noise: int = 0) -> Image:
    """Grey levels times ``gain``/256, plus ``lift``, cut at 0 and 255; then noise of that deviation in grey levels."""
    changed = _through(image, (LEVELS * gain >> 8) + lift)
    return _with(changed, noise, now, colour=True) if noise else changed


def glare(image: Image, fixed: Draws, now: Draws, *, size: int) -> Image:
    """Two lamps, each with a radius of ``size``/12 of the height; they drift across the image."""
    height, width = image.shape[:2]
    field = lamps(height, width, height * size // 12)
    across = _bounced(fixed[0] + now[-1] * (1 + fixed[1] % 3), width)
    down = _bounced(fixed[2] + now[-1] * (fixed[3] % 2), height)
    return _brighter(image, field[height - down : 2 * height - down, width - across : 2 * width - across])


def fog(image: Image, fixed: Draws, now: Draws, *, air: int) -> Image:
    """Koschmieder's law with ``air``/256 of airlight, in drifting clouds."""
    thin = _through(image, (LEVELS * (256 - air) + 160 * air) >> 8)
    height, width = image.shape[:2]
    down, across = fixed[0] % CLOUDS, _bounced(fixed[1] + now[-1], CLOUDS)
    return _brighter(thin, clouds(height, width, air // 4)[down : down + height, across : across + width])


def rain(image: Image, fixed: Draws, now: Draws, *, drops: int) -> Image:
    """Slanted streaks on ``drops`` of 4096 pixels, over an image of less contrast."""
    pale = _through(image, (LEVELS * (256 - drops // 2) + 110 * (drops // 2)) >> 8)
    return _brighter(pale, view(streaks(*image.shape[:2], drops), image, now))


def motion(image: Image, fixed: Draws, now: Draws, *, length: int) -> Image:
    """The mean over the largest power of two of pixels within 1/``length`` of the width, along rows or columns."""
    return _mean(image, *((_power(image, length), 0) if fixed[0] % 2 else (0, _power(image, length))))


def defocus(image: Image, fixed: Draws, now: Draws, *, length: int) -> Image:
    """The mean over a square whose side is the largest power of two of pixels within 1/``length`` of the width."""
    return _mean(image, _power(image, length), _power(image, length))


def contrast(image: Image, fixed: Draws, now: Draws, *, left: int) -> Image:
    """Differences from the image's mean times ``left``/256: all is equally warm."""
    few = image[::8, ::8, 0]
    mean = int(few.sum(dtype=np.int64)) // few.size
    return _through(image, mean + ((LEVELS - mean) * left >> 8))


def sensor_noise(image: Image, fixed: Draws, now: Draws, *, deviation: int) -> Image:
    """Gaussian noise, another in each frame, the same in all channels."""
    return _with(image, deviation, now)


def fixed_pattern(image: Image, fixed: Draws, now: Draws, *, deviation: int) -> Image:
    """Offsets of columns, the same in all frames of a sequence."""
    return _with(image, deviation, fixed, columns=True)


def low_resolution(image: Image, fixed: Draws, now: Draws, *, factor: int) -> Image:
    """Means over squares of ``factor`` pixels, each as large as its square."""
    from PIL import Image as Pillow

    small = Pillow.fromarray(image).reduce(factor)
    wide = (small.width * factor, small.height * factor)
    return np.array(small.resize(wide, Pillow.Resampling.NEAREST).crop((0, 0, image.shape[1], image.shape[0])))


def jpeg(image: Image, fixed: Draws, now: Draws, *, quality: int) -> Image:
    """Through a JPEG of this quality, with halved colours and libjpeg's exact transform."""
    import simplejpeg

    data = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=quality, colorsubsampling="420")
    decoded: Image = simplejpeg.decode_jpeg(data, colorspace="RGB", fastupsample=True)
    return decoded


def _through(image: Image, table: NDArray[np.int64]) -> Image:
    return np.take(table.clip(0, 255).astype(np.uint8), image)


def _brighter(image: Image, light: Image) -> Image:
    return np.minimum(image, 255 - light) + light


def _with(image: Image, deviation: int, draws: Draws, **kind: bool) -> Image:
    """The image with noise of a deviation in grey levels."""
    up, down = (view(field, image, draws) for field in gauss(*image.shape[:2], deviation, **kind))
    noisy = _brighter(image, up)
    return np.maximum(noisy, down) - down


def _bounced(at: int, size: int) -> int:
    """A way that goes there and back again."""
    return size - abs(at % (2 * size) - size)


def _power(image: Image, length: int) -> int:
    """The exponent of the largest power of two of pixels within 1/``length`` of the width; at least 1."""
    pixels: int = image.shape[1] // length
    return max(pixels.bit_length() - 1, 1)


def _mean(image: Image, across: int, down: int) -> Image:
    """Means over 2**down x 2**across pixels, at most 256; the edges are continued."""
    sums: NDArray[Any] = image.astype(np.uint16)
    for axis, power in ((1, across), (0, down)):
        if not power:
            continue
        half = (1 << power) // 2
        first, last = (np.take(sums, [k], axis) for k in (0, -1))
        sums = np.concatenate([*[first] * half, sums, *[last] * (half - 1)], axis)
        for step in (1 << k for k in range(power)):
            sums = sums[:, :-step] + sums[:, step:] if axis else sums[:-step] + sums[step:]
    return (sums >> (across + down)).astype(np.uint8)
