"""A folder, ``.zip`` or ``.tar[.gz|.bz2|.xz]`` of text files behind one read-only view. Nothing is written to disk.

Archives come from strangers: links, devices, absolute or climbing names and bombs are refused before they cost
anything; only files below the limits are ever decompressed into memory.
"""

from __future__ import annotations

import io
import os
import shlex
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from .errors import BenchError
from .foreign import foreign

SUFFIXES = (".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz", ".tar", ".zip", ".npz")  # .npz: a zip of .npy
FILES = (".txt", ".csv", ".npy", ".npz", ".json", ".mat")  # endings of files that are read
FILE_LIMIT = 32 << 20  # bytes of one text file: the longest real result is 0.4 MB
TOTAL_LIMIT = 256 << 20  # bytes of one archive: the largest real one unpacks to 17 MB
COUNT_LIMIT = 100_000  # members of one archive
KNOWN = "a folder, .zip or .tar[.gz|.bz2|.xz]"


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
        return sorted(e.name for e in self._entries(folder) if e.is_file())

    def folders(self, folder: str = "") -> list[str]:
        """See Tree."""
        return sorted(e.name for e in self._entries(folder) if e.is_dir())

    def listing(self, folder: str = "") -> tuple[list[str], list[str]]:
        """Names of files and of folders, with one look at the disk."""
        entries = self._entries(folder)
        return sorted(e.name for e in entries if e.is_file()), sorted(e.name for e in entries if e.is_dir())

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        place = self.root / folder
        if not place.is_dir():
            return []
        with os.scandir(place) as entries:
            return [e for e in entries if not e.name.startswith(".")]

    def exists(self, path: str) -> bool:
        """See Tree."""
        return os.path.isfile(f"{self.root}/{path}")  # noqa: PTH113  half a benchmark is 500 of these

    def read(self, path: str) -> bytes:
        """See Tree."""
        if not self.exists(path):  # a FIFO would block for ever
            raise self.error("no such plain file", where=self.where(path))
        try:
            with open(f"{self.root}/{path}", "rb", buffering=0) as stream:  # noqa: PTH123
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


class Single(Folder):
    """One file, as the only one in its folder."""

    def __init__(self, path: Path, error: type[BenchError]) -> None:
        super().__init__(path.parent, error)
        self.name = str(path)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        own = Path(self.name).name
        return [entry for entry in super()._entries(folder) if entry.name == own] if not folder else []


class Archive:
    """An archive's files of the kinds that are read, in memory; ``skipped`` names the others."""

    def __init__(self, name: str, content: dict[str, bytes], error: type[BenchError], skipped: Sequence[str]) -> None:
        self.name, self.content, self.error, self.skipped = name, content, error, skipped
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
    """The name of a folder, archive or file of arrays, without its ending."""
    name = Path(path).name
    return next((name[: -len(suffix)] for suffix in (*SUFFIXES, *FILES) if name.lower().endswith(suffix)), name)


def open_tree(path: str | Path, error: type[BenchError], *, next: str | None = None) -> Tree:
    """Open a folder, an archive or one file for reading; raises ``error`` if it is none or not trustworthy."""
    path = Path(path).expanduser()
    if path.is_dir():
        return Folder(path, error)
    if not path.exists():
        raise error("path not found", where=path, expected=KNOWN, next=next)
    if not path.is_file():
        raise error("not a plain file", where=path, expected=KNOWN)
    with path.open("rb") as stream:
        magic = stream.read(8)
    if reason := foreign(path, magic):
        raise error(reason[0], where=path, expected=KNOWN, next=reason[1])
    if path.suffix.lower() in FILES and magic[:2] != b"PK":
        return Single(path, error)
    guard = _Guard(str(path), error)
    content = dict(_read_zip(path, guard) if magic[:2] == b"PK" else _read_tar(path, guard))
    return Archive(str(path), content, error, guard.skipped)


def unzip(data: bytes, where: str, error: type[BenchError]) -> dict[str, bytes]:
    """Files of a zip archive inside another tree, under the limits of all archives."""
    try:
        return dict(_read_zip(io.BytesIO(data), _Guard(where, error)))
    except BenchError:
        raise
    except Exception as reason:  # over bytes that no packer wrote, zipfile raises of everything
        raise error("damaged zip archive", where=where, found=str(reason) or type(reason).__name__) from None


def _read_zip(path: Path | io.BytesIO, guard: _Guard) -> Iterator[tuple[str, bytes]]:
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
                # a stored name is cut at NUL by zipfile: judge the name as written
                name = guard.admit(info.orig_filename, info.file_size, plain=plain, folder=info.is_dir())
                if name:
                    yield name, archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as reason:
        split = "multiple disks" in str(reason)
        what = "a split zip is not an archive format that is read" if split else "damaged or unsupported zip archive"
        advice = f"7z x {shlex.quote(guard.path)}, then pass the folder" if split else "unpack it first"
        raise guard.error(what, where=guard.path, found=reason, next=advice) from None


def _read_tar(path: Path, guard: _Guard) -> Iterator[tuple[str, bytes]]:
    import lzma
    import tarfile
    import zlib

    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(path, guard.error))) as archive:
            for member in archive:
                plain = member.isreg() or member.isdir()
                name = guard.admit(member.name, member.size, plain=plain, folder=member.isdir())
                stream = archive.extractfile(member) if name else None
                if name and stream:
                    yield name, stream.read()
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError) as reason:
        raise guard.error(
            "not an archive of a known kind, or damaged",
            where=path,
            expected=KNOWN,
            found=str(reason).splitlines()[0],
            next="unpack it first and pass the folder",
        ) from None


def _unpacked(path: Path, error: type[BenchError]) -> bytes:
    """Decompress a whole tar, but never more than the limit: sizes inside it are claims, not facts."""
    import bz2
    import gzip
    import lzma

    openers: dict[bytes, Callable[..., Any]] = {b"\xfd7zXZ": lzma.open, b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
    with path.open("rb") as file:
        magic = file.read(6)
    opener = next((opener for start, opener in openers.items() if magic.startswith(start)), io.open)
    with opener(path, "rb") as stream:
        data: bytes = stream.read(TOTAL_LIMIT + 1)
    if len(data) > TOTAL_LIMIT:
        raise error(
            "archive too large for tracking results",
            where=path,
            expected=f"at most {TOTAL_LIMIT >> 20} MiB unpacked",
            found="more",
            next="if it is genuine, unpack it and pass the folder",
        )
    return data


class _Guard:
    """Decides on each member of an archive before it is decompressed."""

    def __init__(self, path: str, error: type[BenchError]) -> None:
        self.path, self.error, self.total, self.count = path, error, 0, 0
        self.seen: set[str] = set()
        self.skipped: list[str] = []  # files of other kinds

    def admit(self, name: str, size: int, *, plain: bool, folder: bool) -> str | None:
        """Return the member's clean name if it is a file to be read, None if it may be skipped."""
        parts = PurePosixPath(name.replace("\\", "/"))
        where = f"{self.path}:{name[:200]!r}"
        if parts.is_absolute() or ".." in parts.parts or "\0" in name or name[1:2] == ":":
            raise self.error("archive member outside its folder", where=where, expected="relative names without '..'")
        if not plain:
            raise self.error("archive member is a link or device", where=where, expected="plain files and folders")
        self.total += size
        self.count += 1
        if self.total > TOTAL_LIMIT or self.count > COUNT_LIMIT or size > FILE_LIMIT:
            raise self.error(
                "archive too large for tracking results",
                where=where,
                expected=f"at most {FILE_LIMIT >> 20} MiB a file, {TOTAL_LIMIT >> 20} MiB, {COUNT_LIMIT} members",
                found=f"{size:,} bytes in this member, {self.total:,} so far, {self.count:,} members",
                next="if it is genuine, unpack it and pass the folder",
            )
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts.parts)
        if folder or hidden:
            return None
        if parts.suffix.lower() not in FILES:
            self.skipped.append(str(parts))
            return None
        clean = str(parts)
        if clean in self.seen:
            raise self.error("archive holds a file twice", where=where, next="remove one of them")
        self.seen.add(clean)
        return clean


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
