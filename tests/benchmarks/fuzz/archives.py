"""Zips and tars that were sound: bytes changed, cut, doubled; fields set to extremes; names of all kinds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path
from random import Random

from rgbtbench.core.errors import ResultError
from rgbtbench.files.archive import Folder, Tree, descend, open_tree

NAMES = (
    *(
        "a.txt",
        "top/b.txt",
        "top/in/c.csv",
        "top/AttrMat.mat",
        "x/../y.txt",
        "/abs.txt",
        "C:/x.txt",
        "a\\b.txt",
        "é.txt",
    ),
    *("\udcff.txt", ".hidden/a.txt", "d" * 250 + ".txt", "p/" * 40 + "q.txt", " .txt", "\n.txt", "\x1b[2J.txt", "top/"),
)
FIELDS = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
PAX = (
    "path",
    "size",
    "mtime",
    "hdrcharset",
    "comment",
    "GNU.sparse.map",
    "GNU.sparse.major",
    "GNU.sparse.size",
    "linkpath",
)
VALUES = ("", "1", "-1", "1e400", "BINARY", "9" * 400, "a.txt", "../x", "0,1,0,1", "\udcff")
TYPES = b"0017123456xgLKSDVNMX\0A"


def one(rng: Random, folder: Path) -> None:
    """Make an archive, spoil it, look at all that is in it."""
    made = rng.choice((_zip, _tar, _tar))(rng)
    data = _spoilt(made, rng) if rng.random() < 0.8 else made
    if rng.random() < 0.3:
        data = rng.choice((gzip.compress, bz2.compress, lambda d: lzma.compress(d, preset=0)))(data)
        data = _spoilt(data, rng) if rng.random() < 0.3 else data
        data *= rng.choice((1, 1, 1, 3))
    path = folder / "x.zip"
    path.write_bytes(data)
    tree = open_tree(path, ResultError)
    assert not isinstance(tree, Folder)
    _walk(tree, "")
    descend(tree)


def _walk(tree: Tree, folder: str) -> None:
    for name in tree.files(folder):
        place = f"{folder}/{name}" if folder else name
        assert tree.exists(place)
        tree.read(place)
        tree.where(place)
    for name in tree.folders(folder):
        _walk(tree, f"{folder}/{name}" if folder else name)


def _zip(rng: Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in dict.fromkeys(rng.choices(NAMES, k=rng.randrange(4))):
            info = zipfile.ZipInfo(name.encode(errors="replace").decode())
            info.compress_type = rng.choice((0, 8, 8, 8, 12, 14))
            info.external_attr = rng.choice((0, 0o100644 << 16, 0o100644 << 16, 0o120777 << 16))
            archive.writestr(info, b"1,2,3,4\n" * rng.randrange(50))
    return out.getvalue()


def _tar(rng: Random) -> bytes:
    out = io.BytesIO()
    form = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as archive:
        for name in rng.choices(NAMES, k=rng.randrange(4)):
            info = tarfile.TarInfo(name)
            info.size = rng.randrange(2000)
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {rng.choice(PAX): rng.choice(VALUES[:-1]) for _ in range(rng.randrange(3))}
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def _spoilt(data: bytes, rng: Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(found)) if found else 0
        how = rng.random()
        if how < 0.3:
            found[at : at + 1] = rng.randbytes(1)
        elif how < 0.5:
            width = rng.choice((1, 2, 4, 8))
            found[at : at + width] = (rng.choice(FIELDS) & (256**width - 1)).to_bytes(width, "little")
        elif how < 0.6:
            del found[at:]
        elif how < 0.7:
            found[at:at] = found[: rng.randrange(1 + len(found))]
        elif how < 0.75:
            del found[at : at + rng.randrange(600)]
        elif len(found) >= 512:  # a header of a tar, with a sum that fits again
            at = min(at - at % 512, len(found) - 512)
            header = found[at : at + 512]
            header[156] = rng.choice(TYPES)
            if rng.random() < 0.5:
                header[124:136] = rng.choice(
                    (b"00000000000\0", b"77777777777\0", b"\x80" + b"\xff" * 11, b"00000001000\0", b"-1         \0")
                )
            header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
            found[at : at + 512] = header
    return bytes(found)
