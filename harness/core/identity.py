"""Identity by content: sha256 of files and of canonical JSON; what this machine and this code are."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rgbtbench import __version__

from . import regular
from .boxes import Array


def digest(value: object) -> str:
    """sha256 of a JSON value; the order of keys does not matter.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: object) -> bytes:
    """One spelling of a JSON value: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def path_digest(path: Path) -> str:
    """sha256 of a file, or of a folder's file names and contents. Raises OSError, also for FIFOs and devices."""
    if path.is_dir():
        files = sorted(files_of(path))
        return digest([[file.relative_to(path).as_posix(), path_digest(file)] for file in files])
    hasher = hashlib.sha256()
    with regular.opened(path) as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """All files in a folder, but not what Python compiles there while it runs a tracker."""
    return [
        file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.relative_to(folder).parts
    ]


def truth_digest(names: Sequence[str], lengths: NDArray[np.int64], truth: Array) -> str:
    """sha256 of sequence names, lengths and truth boxes: the same for every container they come in."""
    hasher = hashlib.sha256("\n".join(names).encode())
    hasher.update(np.ascontiguousarray(lengths, dtype="<i8").tobytes())
    hasher.update(np.ascontiguousarray(truth, dtype="<f8").tobytes())
    return hasher.hexdigest()


def host() -> str:
    """This machine's name, fit for a file name."""
    return re.sub(r"[^\w-]", "_", socket.gethostname()) or "unnamed"


def machine() -> dict[str, Any]:
    """What may explain speed or the last bits: hardware, versions, packages."""
    packages = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    about: dict[str, Any] = {
        "host": host(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "packages": dict(sorted(packages.items())),
    }
    torch = sys.modules.get("torch")  # never imported for this
    if torch is not None and torch.cuda.is_available():
        about["cuda"] = torch.version.cuda
        about["gpus"] = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return about


def code() -> dict[str, Any]:
    """The version of this package; in a checkout its commit and whether files differ, else its files' digest."""
    package = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(package), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # else it is the repository somebody installed us into
        return {"version": __version__, "commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        files = [[file.relative_to(package).as_posix(), path_digest(file)] for file in package.rglob("*.py")]
        return {"version": __version__, "commit": None, "dirty": None, "sources": digest(sorted(files))}
