"""Zips and tars of strangers, member by member: bounded before anything is built, and nothing is written to disk.

Links, devices, absolute or climbing names and bombs are refused before they cost anything.
"""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from rgbtbench.core.errors import BenchError

UNPACK = "if it is genuine, unpack it and pass the folder"
FILE_LIMIT = 32 << 20  # bytes of one text file: the longest real result is 0.4 MB
TOTAL_LIMIT = 256 << 20  # bytes of one archive: the largest real one unpacks to 17 MB
COUNT_LIMIT = 20_000  # members of one archive: the largest real one has 2,449
NAME_LIMIT, DEPTH_LIMIT = 500, 16  # characters of a member's name, folders in it
DIRECTORY_LIMIT = 8 << 20  # bytes of a zip's list of members
HEADER_LIMIT = 16 << 10  # bytes of one header of a tar
PAX_LIMIT = 100  # values in a tar's global headers: git writes one
STREAM_LIMIT = 10_000  # compressed streams in one file: parallel packers write one a block
BLOCK = 64 << 10


def read_zip(file: ShortFile | ShortBytes, guard: Guard) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the members that the guard admits. Raises of everything over bytes that no packer wrote."""
    import zipfile

    with zipfile.ZipFile(file) as archive:
        file.most = 2 * FILE_LIMIT  # the list is read
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            # a stored name is cut at NUL by zipfile: judge the name as written
            name = guard.admit(info.orig_filename, info.file_size, plain=plain, folder=info.filename.endswith("/"))
            if name and info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise OSError(f"{name} is compressed by another method than deflate")  # others know no limit
            if name:
                yield name, archive.read(info)


def read_tar(file: BinaryIO, guard: Guard) -> Iterator[tuple[str, bytes]]:
    """The same of a tar, compressed or not."""
    import tarfile

    data = _unpacked(file, guard)
    with tarfile.open(fileobj=_Headers(data), mode="r:") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # each would keep a copy of the headers
            plain = (member.isreg() and not member.issparse()) or member.isdir()
            name = guard.admit(member.name, member.size, plain=plain, folder=member.isdir())
            if len(archive.pax_headers) > PAX_LIMIT:
                raise OSError(f"{len(archive.pax_headers):,} values in its global headers")
            if name:
                content = data[member.offset_data : member.offset_data + member.size]
                if len(content) < member.size:
                    raise EOFError(f"{name} ends early")
                yield name, content
        if data[archive.offset : archive.offset + tarfile.BLOCKSIZE].strip(b"\0"):  # which tarfile takes for the end
            raise OSError(f"no header at byte {archive.offset:,}")


class _Short:
    """A zip: zipfile reads the whole list of members before any of them can be judged."""

    most = DIRECTORY_LIMIT

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does, but not too much at once."""
        if size is not None and size > self.most:
            raise OSError(f"a list of {size:,} bytes, more than {self.most:,}")
        data: bytes = super().read(-1 if size is None else size)  # type: ignore[misc]
        return data


class ShortFile(_Short, io.FileIO):
    """On disk."""


class ShortBytes(_Short, io.BytesIO):
    """In memory."""


class _Headers(io.BytesIO):
    """A tar as tarfile reads it: only headers, since members are cut out of the whole. Long ones are refused."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a header."""
        data = super().read(size)
        # tarfile looks for a number in quadratic time
        if len(data) > HEADER_LIMIT or (len(data) > 512 and re.search(rb"\d{64}", data)):
            raise OSError(f"a header of {len(data):,} bytes, more than a name needs")
        return data


def _unpacked(file: BinaryIO, guard: Guard) -> bytes:
    """Decompress a whole tar, but never more than the limit: sizes inside it are claims, not facts."""
    import bz2
    import lzma
    import zlib

    makers: dict[bytes, Callable[[], Any]] = {
        b"\xfd7zXZ": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=TOTAL_LIMIT),
        b"\x1f\x8b": lambda: zlib.decompressobj(31),
        b"BZh": bz2.BZ2Decompressor,
    }
    file.seek(0)
    magic = file.read(6)
    make = next((make for start, make in makers.items() if magic.startswith(start)), None)
    file.seek(0)
    if make is None:
        data = file.read(TOTAL_LIMIT + 1)
        guard.require_room(len(data))
        return data
    parts, size, streams, decoder = [], 0, 1, make()
    while block := file.read(BLOCK):
        while block:
            if decoder.eof:
                block = block.lstrip(b"\0")  # padding between streams
                if not block:
                    break
                streams, decoder = streams + 1, make()
                if streams > STREAM_LIMIT:
                    raise OSError(f"over {STREAM_LIMIT:,} compressed streams, one after the other")
            parts.append(decoder.decompress(block, TOTAL_LIMIT + 1))
            size += len(parts[-1])
            guard.require_room(size)
            block = decoder.unused_data
    if not decoder.eof:
        raise EOFError("compressed data end early")
    return b"".join(parts)


class Guard:
    """Decides on each member of an archive before it is decompressed."""

    def __init__(self, path: str, error: type[BenchError], kinds: tuple[str, ...]) -> None:
        self.path, self.error, self.kinds, self.total, self.count = path, error, kinds, 0, 0
        self.seen: set[str] = set()
        self.skipped: list[str] = []  # files of other kinds

    def require_room(self, size: int) -> None:
        """Refuse an archive of more than the limit, packed or unpacked."""
        if size > TOTAL_LIMIT:
            raise self._too_large(self.path, f"over {TOTAL_LIMIT:,} bytes")

    def admit(self, name: str, size: int, *, plain: bool, folder: bool) -> str | None:
        """Return the member's clean name if it is a file to be read, None if it may be skipped."""
        where = f"{self.path}:{name[:200]!r}"
        name = name.replace("\\", "/")
        if not 0 < len(name) <= NAME_LIMIT or name.count("/") > DEPTH_LIMIT:
            raise self.error(
                "archive member with an odd name",
                where=where,
                expected=f"1 to {NAME_LIMIT} characters, at most {DEPTH_LIMIT} folders deep",
                found=f"{len(name):,} characters, {name.count('/'):,} folders",
                next=UNPACK,
            )
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\0" in name or name[1:2] == ":":
            raise self.error(
                "archive member outside its folder",
                where=where,
                expected="relative names without '..'",
                next="do not unpack it either; ask its author for another",
            )
        if not plain:
            raise self.error(
                "archive member is a link or device", where=where, expected="plain files and folders", next=UNPACK
            )
        self.total += size
        self.count += 1
        if self.total > TOTAL_LIMIT or self.count > COUNT_LIMIT or size > FILE_LIMIT:
            raise self._too_large(
                where, f"{size:,} bytes in this member, {self.total:,} so far, {self.count:,} members"
            )
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts.parts)
        if folder or hidden:
            return None
        if parts.suffix.lower() not in self.kinds:
            self.skipped.append(str(parts))
            return None
        clean = str(parts)
        if clean in self.seen:
            raise self.error("archive holds a file twice", where=where, next="remove one of them")
        self.seen.add(clean)
        return clean

    def _too_large(self, where: object, found: str) -> BenchError:
        return self.error(
            "archive too large for tracking results",
            where=where,
            expected=f"at most {FILE_LIMIT >> 20} MiB a file, {TOTAL_LIMIT >> 20} MiB, {COUNT_LIMIT:,} members",
            found=found,
            next=UNPACK,
        )
