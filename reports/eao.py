"""VOT's accuracy, robustness and expected average overlap (EAO) of one run over each sequence, by VOT's own toolkit.

Source: Kristan et al., "The Eighth Visual Object Tracking VOT2020 Challenge Results", ECCVW 2020, section 2. The
toolkit runs in a process of its own; none of its analyses is written again here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rgbtbench.core.errors import ConfigError, ResultError, not_installed
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.results.export import export
from rgbtbench.results.formats import ResultFiles
from rgbtbench.results.vot import LENGTHS, register, write_workspace

from .tables import Table

STACK = """\
title: one start
experiments:
  start:
    type: multistart
    analyses:
      - {{type: multistart_average_ar, name: ar}}
      - {{type: multistart_eao_score, name: eao, low: {low}, high: {high}}}
"""
SAID = 2000  # letters of the toolkit's last words


@dataclass(frozen=True, slots=True)
class Robust:
    """One tracker: ``accuracy`` is its mean overlap before it fails, ``robustness`` the share of frames before that.

    ``eao``: the mean, over lengths from ``low`` to ``high`` frames, of the expected average overlap. All in 0 to 1.
    """

    tracker: str
    accuracy: float
    robustness: float
    eao: float
    low: int
    high: int


def interval(text: str) -> tuple[int, int]:
    """Lengths ``LOW,HIGH`` in frames. Raises ConfigError if they are none."""
    low, high = (int(word) if word.isdecimal() and len(word) < 7 else 0 for word in (text + ",").split(",")[:2])
    if not 1 < low < high or text.count(",") != 1:
        raise ConfigError("no interval of lengths", expected="LOW,HIGH frames, such as 115,755", found=repr(text))
    return low, high


def robust_rows(
    benchmark: Benchmark,
    results: Mapping[str, ResultFiles],
    layouts: Mapping[str, str],
    lengths: tuple[int, int] = LENGTHS,
) -> list[Robust]:
    """Let the toolkit analyse results of all sequences, which started at frame 1 and nowhere else.

    Raises ConfigError where the toolkit is not installed or fails, DataError without images, ResultError for missing
    sequences and frames.
    """
    if not find_spec("vot"):
        raise not_installed(ModuleNotFoundError(name="vot"))
    sequences = [benchmark.sequence(name) for name in benchmark.names]
    low, high = lengths
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        write_workspace(home, benchmark.title, sequences, STACK.format(low=low, high=high), apart=None)
        marks = {f"tracker{number}": label for number, label in enumerate(results)}  # the toolkit takes few letters
        for mark, label in marks.items():
            _require_all(results[label], benchmark)
            written = export(
                replace(results[label], label=mark), "vot", home, benchmark.given, layout=layouts.get(label)
            )
            for name, file in zip(results[label].paths, written, strict=True):
                _require_frames(results[label], name, file, benchmark)
                own = home / "results" / mark / "start" / name
                own.mkdir(parents=True)
                shutil.move(file, own / f"{name}_00000000.txt")
            register(home, mark)
        ar, eao = _analysed(home, list(marks))
    return [
        Robust(label, float(ar[k][0]), float(ar[k][1]), float(eao[k][0]), low, high)
        for k, label in enumerate(marks.values())
    ]


def robust_table(title: str, rows: list[Robust]) -> Table:
    """All trackers, the best EAO first."""
    low, high = (rows[0].low, rows[0].high) if rows else LENGTHS
    ranked = sorted(rows, key=lambda row: -row.eao)
    cells = tuple((row.tracker, *(f"{v:.3f}" for v in (row.eao, row.accuracy, row.robustness))) for row in ranked)
    note = f"{title}: VOT's analysis of runs that start at frame 1; EAO over {low} to {high} frames"
    return Table(note, ("tracker", "EAO", "A", "R"), cells)


def _require_all(files: ResultFiles, benchmark: Benchmark) -> None:
    if missing := [name for name in benchmark.names if name not in files.paths]:
        found = f"none for {len(missing)}: {', '.join(missing[:5])}"
        raise ResultError(
            f"missing results of {files.label}", where=files.tree.name, expected="all sequences", found=found
        )


def _require_frames(files: ResultFiles, name: str, written: Path, benchmark: Benchmark) -> None:
    frames, rows = int(benchmark.lengths[benchmark.names.index(name)]), written.read_bytes().count(b"\n")
    if rows != frames:
        where = files.tree.where(files.paths[name])
        raise ResultError(
            "VOT needs a box in every frame", where=where, expected=f"{frames} rows", found=f"{rows} rows"
        )


def _analysed(home: Path, marks: list[str]) -> list[Any]:
    """What the toolkit found, by analysis and tracker."""
    words = [sys.executable, "-m", "vot", "analysis", "--workspace", str(home), *marks, "--format", "json"]
    done = subprocess.run(
        [*words, "--name", "found"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    try:
        rows: list[Any] = json.loads((home / "analysis" / "found.json").read_text())["results"]["start"]["results"]
        return rows
    except (OSError, ValueError, KeyError):
        said = done.stdout.decode(errors="replace").strip()[-SAID:]
        output = f"exit status {done.returncode}; it said:\n{said}"
        raise ConfigError(
            "the VOT toolkit made no analysis", found=output, next="docs/vot.md: which versions work"
        ) from None
