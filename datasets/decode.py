"""Image files into frames: one function for every format, threads ahead of the tracker."""

from __future__ import annotations

import io
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import DataError
from rgbtbench.core.types import Frame, Sequence

Image = NDArray[np.uint8]
LARGEST = 1 << 26  # pixels of an image, 8K twice over: a header can claim anything
LARGEST_FILE = 4 * LARGEST  # bytes
FORMATS = ("JPEG", "PNG", "BMP")  # Pillow would run other programs for some others
THREADS = 2
REPLACE = "copy this file again from where it came"
JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
STRAY = re.compile(r"([2-9]|\d\d+) extraneous bytes before marker 0x([0-9a-f]{2})")


def decode(path: Path, remarks: list[str] | None = None) -> Image:
    """Read an image as uint8 (H, W, 3).

    Grey becomes three equal channels; transparency is dropped. An image of 16 bits or more in one channel (raw
    thermal) is stretched linearly from its own minimum and maximum to 0 and 255, since a camera uses a small part of
    that range. ``remarks`` takes what was odd about the file but harmless. Raises DataError naming the file if it is
    absent, truncated, damaged or no image: libjpeg paints over damage and only warns, so a warning is an error here.
    """
    if not path.is_file():  # a FIFO would block for ever
        raise DataError("no such image", where=path, found="no plain file" if path.exists() else None)
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_FILE else b""
    except OSError as reason:
        raise DataError("cannot read image", where=path, found=reason.strerror) from None
    if size > LARGEST_FILE:
        raise DataError(
            "image file too large", where=path, expected=f"{LARGEST_FILE >> 20} MiB", found=f"{size:,} bytes"
        )
    remark = None
    if data.startswith(JPEG):
        image, remark = _jpeg(path, data)
        if image is not None:
            return image
    elif data.startswith(PNG) and (fault := _png_fault(data)):
        raise DataError("damaged image", where=path, expected="a whole PNG file", found=fault, next=REPLACE)
    image = _with_pillow(path, data)
    if remark and remarks is not None:
        remarks.append(remark)
    return image


def _jpeg(path: Path, data: bytes) -> tuple[Image | None, str | None]:
    """Decode a JPEG with libjpeg-turbo. No image, and a remark, for what Pillow has to decode, which hides warnings."""
    import simplejpeg

    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        return (simplejpeg.decode_jpeg(data, colorspace="RGB") if height * width <= LARGEST else None), None
    except (ValueError, KeyError) as reason:  # KeyError: a subsampling that it has no name for
        complaint = str(reason)
    stray = STRAY.search(complaint)
    if stray and bytes(int(stray[1])) + bytes([0xFF, int(stray[2], 16)]) in data:
        return None, "zeros between the parts of a JPEG"  # other bytes there are lost image data
    if "subsampling" in complaint or complaint.isdigit():
        return None, "unusual colour subsampling of a JPEG"
    raise DataError("damaged image", where=path, expected="a whole JPEG file", found=complaint, next=REPLACE)


def _png_fault(data: bytes) -> str | None:
    """The first broken part of a PNG: Pillow looks at no checksum of the image data."""
    at = len(PNG)
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data):
            break
        wrong = zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big")
        if wrong and not kind[0] & 32:  # the others, in lower case, change no pixel
            return f"wrong checksum of its part {kind!r} at byte {at:,}"
        if kind == b"IEND":
            return None
        at = end
    return f"it ends at byte {len(data):,}, in the middle"


def _with_pillow(path: Path, data: bytes) -> Image:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with Pillow.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > LARGEST:
                raise ValueError(f"{picture.width} x {picture.height} pixels, more than {LARGEST:,}")
            if picture.mode[0] in "IF":
                return _stretch(np.asarray(picture, dtype=np.float64))
            return np.array(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, Pillow.DecompressionBombError) as reason:
        found = "another kind of file" if isinstance(reason, UnidentifiedImageError) else reason
        raise DataError(
            "cannot decode image", where=path, expected=", ".join(FORMATS), found=found, next=REPLACE
        ) from None


def _stretch(values: NDArray[np.float64]) -> Image:
    low, high = values.min(), values.max()
    grey = np.rint((values - low) * (255 / (high - low) if high > low else 0.0)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def frames(sequence: Sequence, ahead: int = 8, pool: ThreadPoolExecutor | None = None) -> Iterator[Frame]:
    """Frames of a sequence in order, decoded by two threads, or those of ``pool``, ahead of who asks.

    At most ``ahead`` pairs (8: 15 MB at 640 x 480) are decoded or being decoded beyond the one in use. A DataError of a
    bad image is raised when its frame is asked for, so are images of different size. Close the iterator
    (``contextlib.closing``) if you leave early: then the threads end.
    """
    pairs = ((k, *both, sequence.sight) for k, both in enumerate(zip(sequence.rgb, sequence.tir, strict=True)))
    shared, waiting = pool is not None, deque[Future[Frame]]()
    pool = pool or threads()
    try:
        waiting.extend(pool.submit(pair, *p) for p in islice(pairs, max(ahead, 1)))
        size: tuple[int, ...] | None = None
        while waiting:
            frame = waiting.popleft().result()
            size = size or frame.rgb.shape
            if frame.rgb.shape != size:
                raise _sizes("frame of another size than the first", sequence.rgb[frame.index], size, frame.rgb.shape)
            waiting.extend(pool.submit(pair, *p) for p in islice(pairs, 1))
            yield frame
    finally:
        for future in waiting:
            future.cancel()
        if not shared:
            pool.shutdown(cancel_futures=True)


def threads() -> ThreadPoolExecutor:
    """The threads that decode for one sequence, or for several that are tracked at once."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="decode")


def pair(index: int, rgb: Path, tir: Path, sight: Callable[[Frame], Frame] | None = None) -> Frame:
    """Both images of a frame, as ``sight`` shows them. Raises DataError if one is bad or they differ in size."""
    remarks: list[str] = []
    image = decode(rgb, remarks)
    other = image if tir == rgb else decode(tir, remarks)  # the same file twice: one modality alone
    frame = Frame(index, image, other, tuple(remarks))
    if frame.rgb.shape != frame.tir.shape:
        raise _sizes("visible and thermal image differ in size", tir, frame.rgb.shape, frame.tir.shape)
    return sight(frame) if sight else frame


def _sizes(what: str, where: Path, expected: tuple[int, ...], found: tuple[int, ...]) -> DataError:
    wide = [f"{width} x {height}" for height, width, _ in (expected, found)]
    return DataError(what, where=where, expected=wide[0], found=wide[1])
