"""A repository of the pytracking or OSTrack shape, as its authors published it, in an interpreter of its own.

Nothing in the repository is edited or written: ``codebase_client.py``, at the other end of the pipes, answers for its
``local.py``, for packages that only its evaluation needs, and on a CPU lane for CUDA.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.core.identity import digest

from .process import Process

IMAGES = ("stacked", "list", "rgb", "tir")
SOURCES = (".py", ".pyx", ".yaml", ".yml", ".c", ".cpp", ".cu", ".h")  # what may change a box, beside weights
IGNORED = re.compile(  # local.py is never read
    r"(.*/)?(\.|__pycache__/).*|(lib/test/evaluation|lib/train/admin|pytracking/evaluation|ltr/admin)/local\.py"
)


class Shape(NamedTuple):
    """Where a family of repositories keeps a tracker, what makes its parameters, and its configurations."""

    tracker: str
    maker: str  # the file that holds ``parameters()``; {config} if there is one for each configuration
    configs: str


SHAPES = (
    Shape("lib/test/tracker/{name}.py", "lib/test/parameter/{name}.py", "experiments/{name}/*.yaml"),
    Shape(
        "pytracking/tracker/{name}/__init__.py",
        "pytracking/parameter/{name}/{config}.py",
        "pytracking/parameter/{name}/*.py",
    ),
)


class Offer(NamedTuple):
    """A tracker of a repository: its shape, and the names of its configurations."""

    shape: Shape
    configs: tuple[str, ...]


class Codebase(Process):
    """A repository's tracker, made anew for each sequence, as these repositories' own evaluation does.

    ``root``: the checkout. ``tracker``, ``config``: names of ``rgbtbench list codebases ROOT``. ``python``: its
    interpreter; default: ours. ``image``: what it is handed: ``stacked`` (H, W, 6) RGB before thermal, a ``list`` of
    both, ``rgb`` or ``tir``. ``local``: further paths of its ``local.py``. ``absent``: further packages to answer for
    if they are not installed. ``timeout``, ``start``: seconds, as those of ``Process``.

    Raises ConfigError if the repository has no such tracker; else as ``Process``.
    """

    def __init__(
        self,
        root: str,
        tracker: str,
        config: str | None = None,
        python: str | None = None,
        image: str = "stacked",
        local: dict[str, str] | None = None,
        absent: list[str] | None = None,
        timeout: float = 60.0,
        start: float = 300.0,
        weights: str | None = None,
        device: str = "cpu",
    ) -> None:
        shape = _required(Path(root), tracker, config)
        if image not in IMAGES:
            raise unknown("image of a codebase", str(image), IMAGES)
        client = Path(__file__).with_name("codebase_client.py")
        params = {
            "root": str(root),
            "tracker": _module(shape.tracker, tracker, config),
            "maker": _module(shape.maker, tracker, config),
            "config": config,
            "image": image,
            "local": local or {},
            "absent": absent or [],
        }
        command = [python or sys.executable, "{client}", f"{client}:Codebase"]
        super().__init__(command, timeout, start, str(root), params=params, weights=weights, device=device)
        self.environment = visible_devices(device, os.environ)


def offers(root: Path) -> dict[str, Offer]:
    """The trackers of a checkout, without importing any of it. Raises ConfigError if it has none."""
    offered: dict[str, Offer] = {}
    for shape in SHAPES:
        pattern = re.compile(re.escape(shape.tracker).replace(r"\{name\}", "([^/]+)"))
        for path in sorted(root.glob(shape.tracker.format(name="*"))):
            match = pattern.fullmatch(path.relative_to(root).as_posix())
            if not match or "get_tracker_class" not in path.read_text(encoding="utf-8", errors="replace"):
                continue
            maker, configs = shape.maker.format(name=match[1], config="*"), shape.configs.format(name=match[1])
            if any(root.glob(maker)):
                names = (path.stem for path in sorted(root.glob(configs)) if path.stem != "__init__")
                offered[match[1]] = Offer(shape, tuple(names))
    if not offered:
        expected = " or ".join(f"{shape.tracker} with {shape.maker}" for shape in SHAPES)
        next = f"ls {shlex.quote(str(root))}"
        raise ConfigError("no repository of the pytracking or OSTrack shape", where=root, expected=expected, next=next)
    return offered


def origin(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's identity knows of a repository: its commit, whether files differ from it, a digest of its sources.

    Raises ConfigError if repository, tracker, configuration or interpreter is not there.
    """
    root, tracker, python = (params.get(key) for key in ("root", "tracker", "python"))
    if not root or not tracker:
        expected = "params: {root: ~/src/ViPT, tracker: vipt, config: deep_rgbt}"
        raise ConfigError("a codebase needs root and tracker", expected=expected, found=dict(params))
    folder = Path(str(root))
    _required(folder, tracker, params.get("config"))
    if python is not None and not (Path(str(python)).is_file() and os.access(str(python), os.X_OK)):
        raise ConfigError("no interpreter", where=python, expected="the path of a program: /envs/NAME/bin/python")
    files, (commit, known) = _sources(folder), _committed(folder)
    return {"commit": commit, "dirty": files != known, "sources": digest(files)}


def visible_devices(device: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The setting that shows a process the lane's GPU alone, counted among those that we see; none to a CPU lane.

    >>> visible_devices("cuda:1", {"CUDA_VISIBLE_DEVICES": "4,6"}), visible_devices("cpu", {})
    ({'CUDA_VISIBLE_DEVICES': '6'}, {'CUDA_VISIBLE_DEVICES': ''})
    """
    kind, _, number = device.partition(":")
    if kind != "cuda":
        return {"CUDA_VISIBLE_DEVICES": ""}
    ours = environment.get("CUDA_VISIBLE_DEVICES")
    if not number:
        return {}
    if ours is None:
        return {"CUDA_VISIBLE_DEVICES": number}
    seen = [name.strip() for name in ours.split(",") if name.strip()]
    if int(number) >= len(seen):
        raise ConfigError("no such device", where=device, expected=f"one of {len(seen)}: CUDA_VISIBLE_DEVICES={ours}")
    return {"CUDA_VISIBLE_DEVICES": seen[int(number)]}


def _required(root: Path, tracker: str, config: str | None) -> Shape:
    """The shape of the repository that has this tracker and configuration."""
    next = f"rgbtbench list codebases {shlex.quote(str(root))}"
    if not root.is_dir():
        raise ConfigError("no folder of a repository", where=root, next="git clone it; root: PATH")
    known = offers(root)
    if tracker not in known:
        raise unknown(f"tracker of {root.name}", str(tracker), known, next=next)
    shape, configs = known[tracker]
    if configs and config not in configs:
        raise unknown(f"config of {root.name}'s {tracker}", str(config), configs, next=next)
    return shape


def _module(path: str, name: str, config: str | None) -> str:
    return path.format(name=name, config=config).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_source(name: str) -> bool:
    return name.endswith(SOURCES) and not IGNORED.fullmatch(name)


def _sources(root: Path) -> dict[str, str]:
    """Each source file's name and the hash that git has for such a content; links to folders are not followed."""
    sources = {}
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".") and name != "__pycache__"]
        for path in (Path(folder, name) for name in files):
            if _is_source(name := path.relative_to(root).as_posix()) and path.is_file():
                data = path.read_bytes()
                sources[name] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return sources


def _committed(root: Path) -> tuple[str | None, dict[str, str]]:
    """The commit that is checked out, and hashes of its source files; None where git knows of none.

    Only commands that run nothing a repository's configuration names: no status, no diff.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), "-c", "core.fsmonitor=false", *arguments]
        environment = os.environ | {"GIT_NO_LAZY_FETCH": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=environment)
        return done.stdout

    try:
        listing = git("ls-tree", "-r", "-z", "HEAD")  # of this folder, named from here
        commit = git("rev-parse", "HEAD").strip()
    except (OSError, subprocess.SubprocessError):
        return None, {}
    entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
    files = {name: about.split()[2] for about, _, name in entries if about.startswith("100")}  # no links or submodules
    return (commit, {name: sha for name, sha in files.items() if _is_source(name)}) if files else (None, {})
