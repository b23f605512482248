"""The verb ``run``: an experiment into a store of boxes."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import line_width, log

from .options import Verbs, add, add_experiment, count, names_in

if TYPE_CHECKING:
    from rgbtbench.running.runs import Runs

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
        "--devices",
        metavar="D[,D*k]",
        help="a lane each, such as cuda:0*3,cuda:1*3 or cpu*4 (default: cpu; a lane a core if all entries have batch)",
    )
    run.add_argument("--cluster", metavar="ADDRESS", help="use this dask scheduler's workers, such as tcp://HOST:8786")
    run.add_argument(
        "--timeout", type=_seconds, default=14400, metavar="SECONDS", help="for one sequence (default: 4 h)"
    )
    run.add_argument(
        "--stale", type=_seconds, default=120, metavar="SECONDS", help="of silence, then another machine's work is free"
    )
    run.add_argument("--batch", type=count, metavar="K", help="every network that can follows K sequences at once")
    run.add_argument("--stress", metavar="NAME[:1-3],...", help="also under these: rgbtbench list stresses")
    run.add_argument("--dry-run", action="store_true", help="only print the plan")
    run.add_argument("--retry-failed", action="store_true", help="run failed sequences again")
    run.add_argument("--force", action="store_true", help="run all again; old files are moved aside")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e7:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def planned(arguments: argparse.Namespace) -> Runs:
    """The experiment and what of it is in the store, which ``arguments.runs`` names from now on."""
    from rgbtbench.running.runs import plan_runs

    runs = plan_runs(arguments.experiment, arguments.runs, arguments.set, names_in(arguments.only) or ())
    arguments.runs = runs.store
    return runs


def _run(arguments: argparse.Namespace) -> int:
    from rgbtbench.running.lanes import parse_devices, usual_devices

    devices = parse_devices(arguments.devices or "cpu")
    if arguments.batch:
        arguments.set += _batches(arguments)
    if arguments.stress:
        arguments.set.append(f"stress={list(names_in(arguments.stress) or ())}")
    runs = planned(arguments)
    runs.choose(retry_failed=arguments.retry_failed, force=arguments.force)
    if not (arguments.devices or arguments.cluster):
        devices = usual_devices([(run.tracker.batch, len(run.todo)) for run in runs.runs if run.tracker.use])
    total, todo = runs.counts.total(), sum(len(run.todo) for run in runs.runs)
    trackers, datasets = {run.tracker.label for run in runs.runs}, {run.dataset.name for run in runs.runs}
    if arguments.only:
        titles = ", ".join(run.title for run in runs.runs[:4])
        log(f"only   {arguments.only}: {titles}{' ...' if runs.runs[4:] else ''}")
    sizes = f"{len(trackers)} trackers · {len(datasets)} datasets · {total} sequences"
    lanes = f"cluster {arguments.cluster}" if arguments.cluster else f"{len(devices)} lanes"
    log(f"plan   {sizes}: {total - todo} settled, {todo} to run, {lanes}")
    if arguments.dry_run:
        print_counts(runs)
        return 0
    start = time.monotonic()
    runs.execute(devices, cluster=arguments.cluster, timeout=arguments.timeout, stale=arguments.stale)
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    took = f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"
    before = f"; {total - todo} of them before" if total > todo else ""
    log(f"done   {runs} in {took}{before}        next: {_next(arguments, runs)}")
    return 0 if runs.complete else 1


def _batches(arguments: argparse.Namespace) -> list[str]:
    """``--batch`` as changes to the experiment, so that the next command can repeat them."""
    from rgbtbench.running.experiment import load_experiment
    from rgbtbench.trackers import follows_many

    trackers = load_experiment(arguments.experiment, arguments.set).trackers
    able = [k for k, entry in enumerate(trackers) if entry.use and follows_many(entry.use)]
    if not able:
        raise ConfigError("no tracker here follows several sequences at once", next="leave out --batch")
    return [f"trackers.{k}.batch={arguments.batch}" for k in able]


def _next(arguments: argparse.Namespace, runs: Runs) -> str:
    states = {state for gaps in runs.gaps.values() for state in gaps.values()}
    if not states:
        return next_command(arguments, "report")
    if states == {"failed"}:
        return next_command(arguments, "run", "--retry-failed")
    return next_command(arguments, "status" if "running" in states else "run")


def next_command(arguments: argparse.Namespace, verb: str, *extra: str) -> str:
    """What to type next about the same experiment."""
    words = ["rgbtbench", verb, arguments.experiment]
    words += ["--runs", str(arguments.runs)] if arguments.runs != Path("runs") else []
    words += [word for change in arguments.set for word in ("--set", change)]
    for option, usual in (("devices", None), ("cluster", None)) if verb == "run" else ():
        given = getattr(arguments, option, usual)
        words += [f"--{option}", given] if given != usual else []
    return shlex.join([*words, *extra])


def print_counts(runs: Runs) -> None:
    """Print a table of how many sequences of each run are in which state."""
    from rgbtbench.reports.tables import Table, as_text
    from rgbtbench.running.runs import STATES

    rows = []
    for run in runs.runs:
        counts = (str(run.counts()[state]) for state in STATES)
        rows.append((run.folder.path.parent.name, run.tracker.label, *counts, run.folder.path.name))
    names = ("done" if state == "ok" else state for state in STATES)
    print(as_text(Table("sequences", ("dataset", "tracker", *names, "folder"), tuple(rows)), line_width()))
