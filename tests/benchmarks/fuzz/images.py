"""Image files: sound ones of every kind with bytes changed, lost, repeated or in a file of another name."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from rgbtbench.datasets.decode import decode

HEADERS = 700  # bytes in which most of what a decoder believes is said


@cache
def sound() -> tuple[tuple[str, bytes], ...]:
    """Small pictures as (format, bytes): those that are read, and some that are not."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3)).astype(np.uint8)
    kinds = {"RGB": Image.fromarray(pixels), "L": Image.fromarray(pixels[..., 0])}
    kinds |= {"CMYK": kinds["RGB"].convert("CMYK"), "P": kinds["RGB"].quantize(16), "1": kinds["L"].convert("1")}
    kinds["I;16"] = Image.fromarray(pixels[..., 0].astype(np.uint16) * 200)
    wanted = [("JPEG", mode, options) for mode in ("RGB", "L", "CMYK") for options in ({}, {"progressive": True})]
    wanted += [("JPEG", "RGB", {"restart_marker_blocks": 2})]
    wanted += [("PNG", mode, {}) for mode in kinds if mode != "CMYK"] + [
        ("BMP", mode, {}) for mode in ("RGB", "L", "P", "1")
    ]
    wanted += [("GIF", "P", {}), ("TIFF", "RGB", {}), ("PPM", "RGB", {}), ("ICO", "RGB", {}), ("EPS", "RGB", {})]
    found = []
    for form, mode, options in wanted:
        stream = io.BytesIO()
        kinds[mode].save(stream, form, **options)
        found.append((form, stream.getvalue()))
    return tuple(found)


def one(rng: Random, folder: Path) -> None:
    """Decode a changed picture."""
    form, whole = rng.choice(sound())
    data = bytearray(whole)
    for _ in range(rng.choice((0, 1, 1, 3, 20))):
        at = rng.randrange(min(len(data), HEADERS) if rng.random() < 0.6 else len(data))
        data[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
    if rng.random() < 0.15:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.15:
        at = rng.randrange(len(data) + 1)
        data[at:at] = rng.choice((bytes(9), b"\xff" * 9, bytes(data[:64]), rng.randbytes(50)))
    path = folder / rng.choice(("x.jpg", "x.png", "x.bmp"))
    path.write_bytes(data)
    image = decode(path, [])
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    if data == whole and form not in ("JPEG", "PNG", "BMP"):
        raise AssertionError(f"{form} was read")
