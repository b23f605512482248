"""A workspace of the VOT toolkit: the frames of a benchmark as its sequences, experiments, and room for results.

Layout: https://vot-toolkit.readthedocs.io, "Workspace" and "Dataset". Frames are links to the benchmark's files, so
that a workspace is small.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.types import Sequence
from rgbtbench.files.atomic import save

APART = 50  # frames between starts, as in VOT2020's protocol
BURN_IN = "burnin: 1"  # the first frame, whose box is given, does not count
LENGTHS = 115, 755  # frames: EAO is the mean over these lengths, as in the toolkit's stack vot2020/rgbtir
STACK = f"""\
title: {{title}}
experiments:
  unsupervised:
    type: unsupervised
    repetitions: 1
    analyses:
      - {{{{type: average_accuracy, name: accuracy, {BURN_IN}}}}}
  baseline:
    type: multistart
    analyses:
      - {{{{type: multistart_average_ar, name: ar}}}}
      - {{{{type: multistart_eao_score, name: eao, low: {LENGTHS[0]}, high: {LENGTHS[1]}}}}}
"""
CHANNELS = ("color", "ir")


def write_workspace(
    out: Path, title: str, sequences: Iterable[Sequence], stack: str | None = None, apart: int | None = APART
) -> None:
    """Make ``out`` a workspace of these sequences, or leave it alone if it is one already.

    ``stack``: the experiments as YAML; ``apart``: frames between the starts of multistart, None for one at frame 1.

    All or nothing: a temporary folder beside ``out`` is filled first. Raises ResultError if ``out`` is anything else,
    ConfigError for frames without truth, or where links cannot be made.
    """
    sequences = list(sequences)
    if sparse := [sequence.name for sequence in sequences if np.isnan(sequence.truth).any()]:
        found = f"frames without it in {len(sparse)} sequences: {', '.join(sparse[:3])}"
        raise ConfigError("VOT needs truth of every frame", found=found, next="rgbtbench score")
    names = "".join(f"{sequence.name}\n" for sequence in sequences)
    listing = out / "sequences" / "list.txt"
    if out.exists() and any(out.iterdir()):
        if not listing.is_file() or listing.read_text(encoding="utf-8") != names:
            raise ResultError("folder is in use, and no workspace of these sequences", where=out, next="another --out")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    draft = staging / "workspace"  # with the user's permissions, not a temporary folder's
    try:
        for sequence in sequences:
            _write_sequence(draft / "sequences" / sequence.name, sequence, apart)
        for path, text in {
            "sequences/list.txt": names,
            "stack.yaml": stack or STACK.format(title=json.dumps(title)),
            "config.yaml": "registry: [./trackers.ini]\nstack: ./stack.yaml\n",
            "trackers.ini": "",
        }.items():
            (draft / path).write_text(text, encoding="utf-8", newline="\n")
        (draft / "results").mkdir()
        if out.exists():
            out.rmdir()
        draft.replace(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def register(out: Path, label: str) -> None:
    """Make the toolkit know a tracker that it has results of, unless its list of trackers has it already."""
    file = out / "trackers.ini"
    known = file.read_text(encoding="utf-8") if file.is_file() else ""
    if f"[{label}]" not in known.split("\n"):
        command = "results-were-exported-by-rgbtbench"  # there is nothing to start
        save(file, f"{known}[{label}]\nlabel = {label}\nprotocol = trax\ncommand = {command}\n".encode())


def _write_sequence(home: Path, sequence: Sequence, apart: int | None) -> None:
    about = ["format=default", "fps=30", "channel.default=color", f"length={len(sequence.rgb)}"]
    for channel, files in zip(CHANNELS, (sequence.rgb, sequence.tir), strict=True):
        (home / channel).mkdir(parents=True)
        end = ".png" if files[0].suffix.lower() == ".png" else ".jpg"  # the toolkit knows no other; contents decide
        about.append(f"channels.{channel}={channel}/%08d{end}")
        for number, file in enumerate(files, 1):
            try:
                (home / channel / f"{number:08d}{end}").symlink_to(file.absolute())
            except OSError as reason:
                raise ConfigError("cannot link to an image", where=file, found=reason.strerror) from None
    truth = sequence.truth[0]
    seen = np.isfinite(truth).all(axis=1) & (truth[:, 2:] > 0).all(axis=1)
    rows = [_row(box) if there else "0" for box, there in zip(truth, seen, strict=True)]
    starts = list(map(str, anchors(seen, apart)))
    for name, lines in {"sequence": about, "groundtruth.txt": rows, "anchor.value": starts}.items():
        (home / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _row(box: Array) -> str:
    return ",".join(repr(value).removesuffix(".0") for value in box.tolist())


def anchors(seen: NDArray[np.bool_], apart: int | None = APART) -> list[int]:
    """Where the toolkit starts a tracker, by frame: 1 and on to the end, -1 and back to the beginning, 0 not at all.

    Every ``apart`` frames, the way that has more frames, as in VOT2020's protocol (None: at the first alone); never
    where nothing is to be seen. ``seen`` (N,): where the truth has a box.

    >>> [k for k, sign in enumerate(anchors(np.ones(130, dtype=bool))) if sign]
    [0, 50, 100]
    """
    count = len(seen)
    return [int(seen[k]) * (1 if count - k > k else -1) if k % (apart or count) == 0 else 0 for k in range(count)]
