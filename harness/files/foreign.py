"""Kinds of archives that we do not read: their names, and the programs that unpack them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

OTHERS = {  # first bytes of archives that are not read -> what they are, and what unpacks them
    b"Rar!\x1a\x07": ("RAR", "unrar x {path}"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x {path}"),
    b"PK\x07\x08": ("one part of a split zip", "7z x {first}"),
    b"\x28\xb5\x2f\xfd": ("Zstandard", "tar --zstd -xf {path}"),
    b"\x04\x22\x4d\x18": ("LZ4", "lz4 -dc {path} | tar -x"),
    b"LZIP": ("lzip", "tar --lzip -xf {path}"),
    b"\x1f\x9d": (".Z", "tar -xZf {path}"),
    b"MSCF": ("CAB", "7z x {path}"),
    b"\x89HDF": ("HDF5", "write its boxes as text files"),
}
PART = re.compile(r"(.+\.zip)\.\d{3}|(.+)\.z\d\d", re.I)  # names of the parts of a split zip


def foreign(path: Path, magic: bytes) -> tuple[str, str] | None:
    """What an archive that is not read is, by its first bytes or its name, and what to do with it; None for others."""
    part = PART.fullmatch(path.name)
    if part:
        magic = b"PK\x07\x08"
    first = path.with_name(f"{part[1]}.001" if part[1] else f"{part[2]}.zip") if part else path
    for start, (what, command) in OTHERS.items():
        if magic.startswith(start):
            command = command.format(path=shlex.quote(str(path)), first=shlex.quote(str(first)))
            return f"{what} is not an archive format that is read", f"{command}, then pass the folder"
    return None
