"""Strangers' files, opened only if they are regular: a FIFO waits for ever, a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

# never wait for the other end of a FIFO, never become a terminal's process
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def opened(path: str | Path, *, buffering: int = -1) -> BinaryIO:
    """Open a file for reading bytes. Raises OSError if it cannot be opened or is no regular file."""
    fd = os.open(path, FLAGS)
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            kind = KINDS.get(stat.S_IFMT(mode), "a special file")
            raise OSError(errno.EINVAL, f"not a plain file but {kind}", str(path))
        return os.fdopen(fd, "rb", buffering)
    except BaseException:
        os.close(fd)
        raise


def read(path: str | Path) -> bytes:
    """The content of a file. Raises OSError if it cannot be read or is no regular file."""
    with opened(path) as stream:
        return stream.read()
