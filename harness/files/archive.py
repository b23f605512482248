"""A folder, ``.zip`` or ``.tar[.gz|.bz2|.xz]`` of text files behind one read-only view. Nothing is written to disk.

Archives come from strangers: ``packed`` decides what of them is decompressed into memory.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

from rgbtbench.core import regular
from rgbtbench.core.errors import BenchError

from .foreign import foreign
from .packed import FILE_LIMIT, Guard, ShortBytes, ShortFile, read_tar, read_zip

SUFFIXES = (".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz", ".tar", ".zip", ".npz")  # .npz: a zip of .npy
FILES = (".txt", ".csv", ".npy", ".npz", ".json", ".mat", ".bin")  # endings of files that are read
BESIDE = (".value",)  # and of those that only tell the time: VOT's
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
        return self.listing(folder)[0]

    def folders(self, folder: str = "") -> list[str]:
        """See Tree."""
        return self.listing(folder)[1]

    def listing(self, folder: str = "") -> tuple[list[str], list[str]]:
        """Names of files and of folders, with one look at the disk."""
        files: list[str] = []
        folders: list[str] = []
        for entry in self._entries(folder):
            with suppress(OSError):  # a link that leads to itself is neither
                (folders if entry.is_dir() else files if entry.is_file() else []).append(entry.name)
        return sorted(files), sorted(folders)

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
        try:
            with regular.opened(f"{self.root}/{path}", buffering=0) as stream:
                size = os.fstat(stream.fileno()).st_size
                data = stream.read() if size <= FILE_LIMIT else b""
        except OSError as reason:
            next = f"ls -l {shlex.quote(self.where(path))}"
            raise self.error("cannot read file", where=self.where(path), found=reason.strerror, next=next) from None
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
    guard = Guard(str(path), error, (*FILES, *BESIDE))
    with _damage(guard), regular.opened(path) as file:
        magic = file.read(8)
        if reason := foreign(path, magic):
            raise error(reason[0], where=path, expected=KNOWN, next=reason[1])
        zipped = magic[:2] == b"PK"
        if path.suffix.lower() in FILES and not zipped:
            return Single(path, error)
        members = read_zip(ShortFile(file.fileno(), closefd=False), guard) if zipped else read_tar(file, guard)
        return Archive(str(path), dict(members), error, guard.skipped)


def unzip(data: bytes, where: str, error: type[BenchError]) -> dict[str, bytes]:
    """Files of a zip archive inside another tree, under the limits of all archives."""
    guard = Guard(where, error, FILES)
    with _damage(guard):
        return dict(read_zip(ShortBytes(data), guard))
    raise AssertionError


@contextmanager
def _damage(guard: Guard) -> Iterator[None]:
    """Whatever zipfile, tarfile and struct raise over bytes that no packer wrote, as an error of the archive."""
    try:
        yield
    except BenchError:
        raise
    except Exception as reason:
        split = "multiple disks" in str(reason)
        what = (
            "a split zip is not an archive format that is read"
            if split
            else "not an archive of a known kind, or damaged"
        )
        advice = (
            f"7z x {shlex.quote(guard.path)}, then pass the folder" if split else "unpack it first and pass the folder"
        )
        found = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise guard.error(what, where=guard.path, expected=KNOWN, found=found, next=advice) from None


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
