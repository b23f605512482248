"""The verb ``run``: an experiment into a store of boxes."""

from __future__ import annotations

import argparse
import shlex
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.terminal import log

from .options import Verbs, add, add_experiment

if TYPE_CHECKING:
    from rgbtbench.results.store import State
    from rgbtbench.running.experiment import Experiment
    from rgbtbench.running.plan import Run

STATE_NAMES: dict[State, str] = {"ok": "done"}
STATE_NAMES |= {"failed": "failed", "damaged": "damaged", "running": "running", "missing": "missing"}
EXAMPLES = (
    "run experiment.yaml --devices cpu*4",
    "run experiment.yaml --only dcf,LasHeR --dry-run",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    run = add(verbs, "run", _run, "trackers on datasets, as an experiment's YAML says; resumes where it stopped",
              EXAMPLES)  # fmt: skip
    add_experiment(run)
    run.add_argument(
        "--devices", default="cpu", metavar="D[,D*k]", help="a lane each, such as cuda:0*3,cuda:1*3 or cpu*4"
    )
    run.add_argument("--cluster", metavar="ADDRESS", help="use this dask scheduler's workers, such as tcp://HOST:8786")
    run.add_argument(
        "--timeout", type=_seconds, default=14400, metavar="SECONDS", help="for one sequence (default: 4 h)"
    )
    run.add_argument(
        "--stale", type=_seconds, default=120, metavar="SECONDS", help="of silence, then another machine's work is free"
    )
    run.add_argument("--dry-run", action="store_true", help="only print the plan")
    run.add_argument("--retry-failed", action="store_true", help="run failed sequences again")
    run.add_argument("--force", action="store_true", help="run all again; old files are moved aside")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e7:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def planned(arguments: argparse.Namespace) -> tuple[Experiment, list[Run]]:
    """The experiment and what of it is in the store, which ``arguments.runs`` names from now on."""
    from rgbtbench.running.experiment import load_experiment
    from rgbtbench.running.plan import make_plan, store_of

    arguments.runs = store_of(arguments.experiment, arguments.runs)
    only = [part.strip() for part in arguments.only.split(",") if part.strip()]
    experiment = load_experiment(arguments.experiment, arguments.set, only)
    return experiment, make_plan(experiment, arguments.runs, only)


def _run(arguments: argparse.Namespace) -> int:
    from uuid import uuid4

    from rgbtbench.core.processes import interruptible
    from rgbtbench.running.cluster import run_cluster
    from rgbtbench.running.jobs import Job, make_units
    from rgbtbench.running.lanes import parse_devices, run_lanes
    from rgbtbench.running.plan import prepare, require_images
    from rgbtbench.running.progress import Progress

    devices = parse_devices(arguments.devices)
    experiment, runs = planned(arguments)
    for run in runs:
        run.choose(retry_failed=arguments.retry_failed, force=arguments.force)
    units = make_units(runs)
    total, todo = sum(len(run.names) for run in runs), sum(len(run.todo) for run in runs)
    sizes = f"{len({r.tracker.label for r in runs})} trackers · {len({r.dataset.name for r in runs})} datasets"
    if arguments.only:
        log(f"only   {arguments.only}: {', '.join(run.title for run in runs[:4])}{' ...' if runs[4:] else ''}")
    lanes = f"cluster {arguments.cluster}" if arguments.cluster else f"{len(devices)} lanes"
    log(f"plan   {sizes} · {total} sequences: {total - todo} settled, {todo} to run, {lanes}")
    if arguments.dry_run:
        print_counts(runs)
        return 0
    start = time.monotonic()
    with interruptible():
        require_images(runs)
        job = Job(units, experiment.seed, arguments.timeout, uuid4().hex, arguments.stale)
        for run in runs:
            for doubt in prepare(run, job.run, job.stale):
                log(f"doubtful: {doubt}")
        try:
            with Progress(units) as progress:
                if units and arguments.cluster:
                    run_cluster(job, devices, arguments.cluster, progress.update)
                elif units:
                    run_lanes(job, devices, progress.update)
        finally:
            for run in runs:
                run.folder.sweep(arguments.stale)
    return _summary(arguments, runs, time.monotonic() - start)


def _summary(arguments: argparse.Namespace, runs: list[Run], seconds: float) -> int:
    from rgbtbench.running.plan import doubts_of

    for run in runs:
        run.refresh()
        for doubt in doubts_of(run):
            log(f"doubtful: {doubt}")
    counts = Counter(state for run in runs for state in run.states.values())
    minutes, rest = divmod(round(seconds), 60)
    told = ", ".join(f"{counts[s]} {STATE_NAMES[s] if s != 'ok' else 'ok'}" for s in STATE_NAMES if counts[s])
    if not counts.total() - counts["ok"]:
        verb, extra = "report", []
    elif counts["failed"] and not counts["missing"] + counts["damaged"] + counts["running"]:
        verb, extra = "run", ["--retry-failed"]
    else:
        verb, extra = ("status" if counts["running"] else "run"), []
    took = f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
    log(f"done   {told} in {took}        next: {next_command(arguments, verb, *extra)}")
    return 0 if counts["ok"] == counts.total() else 1


def next_command(arguments: argparse.Namespace, verb: str, *extra: str) -> str:
    """What to type next about the same experiment."""
    words = ["rgbtbench", verb, arguments.experiment]
    words += ["--runs", str(arguments.runs)] if arguments.runs != Path("runs") else []
    words += [word for change in arguments.set for word in ("--set", change)]
    for option, usual in (("devices", "cpu"), ("cluster", None)) if verb == "run" else ():
        given = getattr(arguments, option, usual)
        words += [f"--{option}", given] if given != usual else []
    return shlex.join([*words, *extra])


def print_counts(runs: list[Run]) -> None:
    """Print a table of how many sequences of each run are in which state."""
    from rgbtbench.reports.tables import Table, as_text

    rows = []
    for run in runs:
        counts = (str(run.counts()[state]) for state in STATE_NAMES)
        rows.append((run.folder.path.parent.name, run.tracker.label, *counts, run.folder.path.name))
    print(as_text(Table("sequences", ("dataset", "tracker", *STATE_NAMES.values(), "folder"), tuple(rows))))
