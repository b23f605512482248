"""A folder, ``.zip`` or ``.tar[.gz|.bz2|.xz]`` of text files behind one read-only view. Nothing is written to disk.

Archives come from strangers: links, devices, absolute or climbing names and bombs are refused before they cost
anything; only files below the limits are ever decompressed into memory.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from . import regular
from .errors import BenchError

SUFFIXES = (".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz", ".tar", ".zip")
KINDS = "a folder, .zip or .tar[.gz|.bz2|.xz]"
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


class Tree(Protocol):
    """A read-only file tree. Paths are relative, with forward slashes; the root is ''."""

    name: str

    def files(self, folder: str = "") -> list[str]:
        """Names of the files directly in a folder, sorted; [] if there is no such folder."""

    def folders(self, folder: str = "") -> list[str]:
        """Names of the folders directly in a folder, sorted; [] if there is no such folder."""

    def exists(self, path: str) -> bool:
        """Whether a file is there."""

    def read(self, path: str) -> bytes:
        """Content of a file. Raises BenchError if it is absent, too large or not a plain file."""

    def where(self, path: str) -> str:
        """How to name a file in a message."""


class Folder:
    """A folder on disk."""

    def __init__(self, root: Path, error: type[BenchError]) -> None:
        self.root, self.error, self.name = root, error, str(root)

    def files(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(e.name for e in self._entries(folder) if self._is(e, folder=False))

    def folders(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(e.name for e in self._entries(folder) if self._is(e, folder=True))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        place = self.root / folder
        if not place.is_dir():
            return []
        with os.scandir(place) as entries:
            return [e for e in entries if not e.name.startswith(".")]

    def _is(self, entry: os.DirEntry[str], *, folder: bool) -> bool:
        try:
            return entry.is_dir() if folder else entry.is_file()
        except OSError:  # a link that leads to itself is neither
            return False

    def exists(self, path: str) -> bool:
        """See Tree."""
        return os.path.isfile(f"{self.root}/{path}")  # noqa: PTH113  half a benchmark is 500 of these

    def read(self, path: str) -> bytes:
        """See Tree."""
        try:
            with regular.opened(f"{self.root}/{path}", buffering=0) as stream:
                size = os.fstat(stream.fileno()).st_size
                data = stream.read() if size <= FILE_LIMIT else b""
        except OSError as reason:
            raise self.error("cannot read file", where=self.where(path), found=reason.strerror) from None
        if size > FILE_LIMIT:
            raise self.error(
                "file too large for a list of boxes", where=self.where(path), expected=f"at most {FILE_LIMIT >> 20} MiB"
            )
        return data

    def where(self, path: str) -> str:
        """See Tree."""
        return str(self.root / path)


class Archive:
    """An archive's text files, in memory."""

    def __init__(self, name: str, content: dict[str, bytes], error: type[BenchError]) -> None:
        self.name, self.content, self.error = name, content, error
        self._children: dict[str, tuple[set[str], set[str]]] = {"": (set(), set())}
        for path in content:
            parts = PurePosixPath(path)
            self._children.setdefault(_parent(parts), (set(), set()))[0].add(parts.name)
            for folder in parts.parents:
                if folder.name:
                    self._children.setdefault(_parent(folder), (set(), set()))[1].add(folder.name)

    def files(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(self._children.get(folder, (set(), set()))[0])

    def folders(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(self._children.get(folder, (set(), set()))[1])

    def exists(self, path: str) -> bool:
        """See Tree."""
        return path in self.content

    def read(self, path: str) -> bytes:
        """See Tree."""
        if path not in self.content:
            raise self.error("no such file in archive", where=self.where(path))
        return self.content[path]

    def where(self, path: str) -> str:
        """See Tree."""
        return f"{self.name}:{path}"


def stem(path: str | Path) -> str:
    """The name of a folder or archive, without the archive's ending."""
    name = Path(path).name
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


def open_tree(path: str | Path, error: type[BenchError], *, next: str | None = None) -> Tree:
    """Open a folder or archive for reading; raises ``error`` if it is neither or not trustworthy."""
    path = Path(path).expanduser()
    if path.is_dir():
        return Folder(path, error)
    if not path.exists():
        raise error("path not found", where=path, expected=KINDS, next=next)
    try:
        with regular.opened(path) as file:
            read = _read_zip if file.read(2) == b"PK" else _read_tar
            return Archive(str(path), dict(read(file, _Guard(path, error))), error)
    except BenchError:
        raise
    except Exception as reason:  # over bytes that no packer wrote, zipfile, tarfile and struct raise of everything
        raise error(
            "not an archive of a known kind, or damaged",
            where=path,
            expected=KINDS,
            found=str(reason) or type(reason).__name__,
            next="unpack it first and pass the folder",
        ) from None


def _read_zip(file: BinaryIO, guard: _Guard) -> Iterator[tuple[str, bytes]]:
    import zipfile

    with _Short(file.fileno(), closefd=False) as short, zipfile.ZipFile(short) as archive:
        short.most = 2 * FILE_LIMIT  # the list is read
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            # a stored name is cut at NUL by zipfile: judge the name as written
            name = guard.admit(info.orig_filename, info.file_size, plain=plain, folder=info.filename.endswith("/"))
            if name and info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise OSError(f"{name} is compressed by another method than deflate")  # others know no limit
            if name:
                yield name, archive.read(info)


def _read_tar(file: BinaryIO, guard: _Guard) -> Iterator[tuple[str, bytes]]:
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


class _Short(io.FileIO):
    """A zip's file: zipfile reads the whole list of members before any of them can be judged."""

    most = DIRECTORY_LIMIT

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does, but not too much at once."""
        if size is not None and size > self.most:
            raise OSError(f"a list of {size:,} bytes, more than {self.most:,}")
        return super().read(-1 if size is None else size)


class _Headers(io.BytesIO):
    """A tar as tarfile reads it: only headers, since members are cut out of the whole. Long ones are refused."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a header."""
        found = super().read(size)
        # tarfile looks for a number in quadratic time
        if len(found) > HEADER_LIMIT or (len(found) > 512 and re.search(rb"\d{64}", found)):
            raise OSError(f"a header of {len(found):,} bytes, more than a name needs")
        return found


def _unpacked(file: BinaryIO, guard: _Guard) -> bytes:
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


class _Guard:
    """Decides on each member of an archive before it is decompressed."""

    def __init__(self, path: Path, error: type[BenchError]) -> None:
        self.path, self.error, self.total, self.count = path, error, 0, 0
        self.seen: set[str] = set()

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
        if folder or hidden or parts.suffix.lower() not in (".txt", ".mat", ".csv"):
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


def descend(tree: Tree, folder: str = "") -> str:
    """Follow single folders down to the first place with more than one entry ('GTOT.tar.xz' holds only 'GTOT/')."""
    while not tree.files(folder) and len(inner := tree.folders(folder)) == 1:
        folder = join(folder, inner[0])
    return folder


def join(folder: str, name: str) -> str:
    """Path of a name in a folder of a tree; the root is ''."""
    return f"{folder}/{name}" if folder else name


def _parent(path: PurePosixPath) -> str:
    parent = str(path.parent)
    return "" if parent == "." else parent
