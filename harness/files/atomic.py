"""Files that appear whole or not at all, and are on the disk when the call returns."""

from __future__ import annotations

import os
import time
from glob import escape
from pathlib import Path
from uuid import uuid4

from rgbtbench.core.errors import ConfigError

ABANDONED = 3600.0  # seconds: nobody writes one file for so long


def write(target: Path, *parts: bytes | memoryview, tag: str | None = None) -> None:
    """Write all of a file or nothing; ``tag`` names the temporary file beside it. Raises OSError."""
    temporary = target.with_name(f".{target.name}.{tag or uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)


def save(target: Path, *parts: bytes | memoryview) -> None:
    """Write a file to where the user asked for it. Raises ConfigError, and what was there before is whole.

    What a killed process left half-written of this file, at least an hour ago, goes away. A device or a pipe, such as
    ``/dev/stdout``, is written to and not replaced; so is the file that a link leads to.
    """
    try:
        target = Path(os.path.realpath(target))  # resolve() fails over a link to itself
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                for part in parts:
                    stream.write(part)
            return
        for left in target.parent.glob(f".{escape(target.name)}.{'[0-9a-f]' * 32}.tmp"):
            if time.time() - left.lstat().st_mtime > ABANDONED:
                left.unlink(missing_ok=True)
        write(target, *parts)
    except OSError as reason:
        raise ConfigError(
            "cannot write", where=target, found=reason.strerror, next="free some space, or choose another folder"
        ) from None
