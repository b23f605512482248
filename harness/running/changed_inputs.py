"""Inputs that change under a run: what a lane reads must be what the run's folder is named after.

A stamp is what the file system says of a file: its size and times. While stamps stay, contents stay; when one changes,
contents are digested again. If a file changed while a tracker was made or while it tracked, that tracker or those boxes
are dropped. The time of the last change (``ctime``) also shows a file that was put back. The inode number is no part of
a stamp: some network file systems give another one each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from rgbtbench.core import identity
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.types import Sequence

Contents = tuple[tuple[Path, str], ...]  # weights, and what ``params`` name: path, sha256
Stamps = tuple[tuple[object, ...], ...]

_verified: set[tuple[Path, str, Stamps]] = set()


def stamps(paths: Iterable[Path]) -> Stamps:
    """The stamp of each file, and of all files in folders."""
    stamped: list[tuple[object, ...]] = []
    for path in paths:
        files = sorted(identity.files_of(path)) if path.is_dir() else [path]
        stamped += [(str(path), *_stamp(file)) for file in files]
    return tuple(stamped)


def verify(contents: Contents) -> Stamps:
    """The stamps of files whose contents are as they were when the run began. Raises ConfigError if one is not."""
    seen: dict[Path, Stamps] = {path: stamps([path]) for path, _ in contents}
    for path, wanted in contents:
        if (path, wanted, seen[path]) in _verified:
            continue
        try:
            found = identity.path_digest(path)
        except OSError as reason:
            raise ConfigError("cannot read", where=path, found=reason.strerror, next="run again") from None
        if found != wanted:
            raise ConfigError(
                "has changed since the run began, so these boxes would be filed as another file's",
                where=path,
                expected=f"sha256 {wanted[:12]}",
                found=f"sha256 {found[:12]}",
                next="run again: with the new file it is another run",
            )
        if stamps([path]) == seen[path]:
            _verified.add((path, wanted, seen[path]))
    return tuple(stamp for path, _ in contents for stamp in seen[path])


def image_stamps(sequence: Sequence) -> Stamps:
    """The stamp of each image of a sequence."""
    return tuple(_stamp(path) for path in dict.fromkeys((*sequence.rgb, *sequence.tir)))


def same(before: Stamps, after: Stamps, *, exact: bool) -> bool:
    """Whether nothing was changed, nor put back. Not ``exact``: links and permissions may have changed."""
    return before == after if exact else [stamp[:-1] for stamp in before] == [stamp[:-1] for stamp in after]


def image_digest(seen: Stamps) -> str:
    """The sizes of the images as one short text: cheap, the same for every copy, and rarely the same for others."""
    return identity.digest([size for size, *_ in seen])[:16]


def _stamp(path: Path) -> tuple[object, ...]:
    try:
        status = os.stat(path)  # noqa: PTH116  asked for every image
    except OSError:
        return -1, 0, 0
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
