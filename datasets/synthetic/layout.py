"""Generated benchmarks on disk: file names, separators and line ends as published, for the real readers."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import ConfigError
from rgbtbench.datasets.names import GENERATED

from .causes import ATTRIBUTES, design
from .clip import Clip, check, known, scene
from .texture import photographs

Labels = Mapping[str, frozenset[str]]  # in the order of the list file


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one benchmark's files lie. Templates in ``{name}``; images in ``{n}``, counted from ``first``."""

    images: tuple[str, str]
    first: int
    truths: Mapping[str, tuple[int, str]]  # file -> annotation (-1: the last), form of a row
    listing: Mapping[str, str]  # file of all names -> line end
    attributes: Callable[[str, Labels], Mapping[str, str]]  # files -> contents
    every: int = 1  # frames from one row of truth to the next


def _rows_of_flags(benchmark: str, labels: Labels) -> dict[str, str]:
    columns = ATTRIBUTES[benchmark]
    return {f"AttriSeqsTxt/{name}.txt": ",".join(str(int(a in own)) for a in columns) for name, own in labels.items()}


def _files_of_flags(benchmark: str, labels: Labels) -> dict[str, str]:
    files = {
        f"attr_txt/{a}.txt": "".join(f"{int(a in own)}\r\n" for own in labels.values()) for a in ATTRIBUTES[benchmark]
    }
    return files | {"attr_txt/SequencesName.txt": "".join(f"{name}\r\n" for name in labels)}


def _table_of_flags(benchmark: str, labels: Labels) -> dict[str, str]:
    columns = ATTRIBUTES[benchmark]
    rows = [" ".join([name, *(str(int(a in own)) for a in columns)]) for name, own in labels.items()]
    return {"attributes.txt": "\n".join([" ".join(["sequence", *columns]), *rows]) + "\n"}


XYWH, TABS, CORNERS = "{0},{1},{2},{3}\r\n", "{0}\t{1}\t{2}\t{3}\r\n", "{0} {1} {4} {5}\n"
BLANKS = "{0} {1} {2} {3}\n"

LAYOUTS = {
    "LasHeR": Layout(
        images=("testingset/{name}/visible/v{n:03d}.jpg", "testingset/{name}/infrared/i{n:03d}.jpg"),
        first=0,
        truths={"annos/{name}.txt": (0, XYWH)}
        | {f"testingset/{{name}}/{file}.txt": (0, XYWH) for file in ("init", "visible", "infrared")},
        listing={"testingsetList.txt": "\r\n"},
        attributes=_rows_of_flags,
    ),
    "RGBT234": Layout(
        images=("{name}/visible/{n:05d}v.jpg", "{name}/infrared/{n:05d}i.jpg"),
        first=1,
        truths={"{name}/init.txt": (0, XYWH), "{name}/visible.txt": (0, XYWH), "{name}/infrared.txt": (-1, XYWH)},
        listing={"SequencesName.txt": "\r\n"},
        attributes=_files_of_flags,
    ),
    "GTOT": Layout(
        images=("{name}/v/{n:05d}v.png", "{name}/i/{n:05d}i.png"),
        first=1,
        truths={
            "{name}/groundTruth_v.txt": (0, CORNERS),
            "{name}/groundTruth_i.txt": (-1, CORNERS),
            "{name}/init.txt": (0, TABS),
        },
        listing={"SequencesName.txt": "\n"},
        attributes=_table_of_flags,
    ),
    "VTUAV": Layout(
        images=("test_ST/{name}/rgb/{n:06d}.jpg", "test_ST/{name}/ir/{n:06d}.jpg"),
        first=1,
        truths={"test_ST/{name}/rgb.txt": (0, BLANKS), "test_ST/{name}/ir.txt": (-1, BLANKS)},
        listing={},
        attributes=_table_of_flags,
        every=10,
    ),
}


def write(
    name: str,
    out: str | Path,
    sequences: int,
    frames: int,
    size: tuple[int, int],
    seed: int,
    backgrounds: str | Path | None = None,
    *,
    hard: bool = False,
    progress: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> tuple[str, ...]:
    """Write a benchmark called ``name`` to a new folder ``out`` and return the names of its sequences.

    ``size`` is width, height; ``backgrounds`` a folder of registered photograph pairs; ``hard``: as ``design``.
    Everything is written beside ``out`` and renamed at the end: a killed run leaves only ``.OUT-*.partial``.
    Raises ConfigError, DataError.
    """
    name, out = known(name), Path(out)
    check(frames, size)
    if sequences < 1 or seed < 0:
        raise ConfigError("nothing to generate", expected="sequences >= 1, seed >= 0", found=f"{sequences}, {seed}")
    if os.path.lexists(out):
        raise ConfigError("will not write over what is there", where=out, next="another folder, or remove this one")
    if not out.absolute().parent.is_dir():
        raise ConfigError("no such folder", where=out.absolute().parent, next=f"mkdir -p {out.parent}")
    pairs = photographs(Path(backgrounds)) if backgrounds is not None else []
    names = tuple(f"{GENERATED}{index + 1:03d}" for index in range(sequences))
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".partial", dir=out.absolute().parent))
    try:
        labels = {}
        for index, sequence in enumerate(progress(names)):
            pair = pairs[index % len(pairs)] if pairs else None
            asked = design(name, seed, index, hard=hard)
            clip = scene((seed, index), asked, frames, size, benchmark=name, photographs=pair)
            labels[sequence] = clip.attributes
            _write_sequence(partial, LAYOUTS[name], sequence, clip)
        _write_lists(partial, name, labels)
        partial.chmod(0o777 & ~_umask())
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return names


def _write_sequence(root: Path, layout: Layout, name: str, clip: Clip) -> None:
    for template, (annotation, row) in layout.truths.items():
        boxes = clip.truth[annotation, :: layout.every].astype(int)
        text = "".join(row.format(x, y, w, h, x + w, y + h) for x, y, w, h in boxes)
        _put(root / template.format(name=name), text.encode())
    templates = [str(root / template) for template in layout.images]
    for template in templates:
        Path(template.format(name=name, n=0)).parent.mkdir(parents=True, exist_ok=True)
    encode = {".jpg": _jpeg, ".png": _png}[Path(templates[0]).suffix]
    for frame in clip:
        for template, image in zip(templates, (frame.rgb, frame.tir), strict=True):
            with open(template.format(name=name, n=frame.index + layout.first), "wb", buffering=0) as file:  # noqa: PTH123
                file.write(encode(image))


def _write_lists(root: Path, benchmark: str, labels: Labels) -> None:
    layout = LAYOUTS[benchmark]
    for path, end in layout.listing.items():
        _put(root / path, end.join(labels).encode())
    for path, text in layout.attributes(benchmark, labels).items():
        _put(root / path, text.encode())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    from simplejpeg import encode_jpeg

    data: bytes = encode_jpeg(image, quality=90, colorspace="RGB", colorsubsampling="420")
    return data


def _png(image: NDArray[np.uint8]) -> bytes:
    """A PNG without compression: noise does not compress, and trying costs 25 times the rendering."""
    height, width, channels = image.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
