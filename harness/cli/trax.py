"""The verb ``trax``: a tracker of ours as a TraX server."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError, unknown
from rgbtbench.core.processes import threads

from .options import Verbs, add

if TYPE_CHECKING:
    from rgbtbench.running.experiment import TrackerEntry

EXAMPLES = (
    "trax dcf --ini",
    "trax Mine --experiment exp.yaml",
)
TIMEOUT = 300  # seconds that the toolkit waits for an answer: torch and weights are loaded before the first one


def add_verb(verbs: Verbs) -> None:
    """Add ``trax`` to the command line."""
    trax = add(verbs, "trax", _trax, "make a tracker a TraX server, for the VOT toolkit and its like", EXAMPLES)
    trax.add_argument("tracker", help="rgbtbench list trackers, FILE.py:CLASS, or a label of --experiment")
    trax.add_argument("--experiment", type=Path, metavar="EXP.yaml", help="its parameters, weights and seed")
    trax.add_argument("--preset", choices=("paper", "nano"), help="size of a network (default: the tracker's own)")
    trax.add_argument("--weights", type=Path, metavar="FILE")
    trax.add_argument("--modality", choices=("rgb", "tir"), help="ask for one channel (default: color and ir)")
    trax.add_argument("--device", default="cpu", metavar="D", help="cpu (default, one thread), cuda or cuda:N")
    trax.add_argument("--seed", type=int, metavar="S", help="as in an experiment (default: 0)")
    trax.add_argument("--ini", action="store_true", help="print what to write into the toolkit's trackers.ini")


def _trax(arguments: argparse.Namespace) -> int:
    if arguments.ini:
        entry, _ = _entry(arguments)
        print(_section(arguments, entry), end="")
        return 0
    os.environ.update(threads(arguments.device))  # before NumPy and torch read it
    from rgbtbench.running.held_tracker import create
    from rgbtbench.running.trax_server import serve
    from rgbtbench.trackers.process_client import take_pipes

    calls, answers = take_pipes()
    entry, seed = _entry(arguments)
    serve(
        lambda: create(entry, arguments.device, seed),
        calls,
        answers,
        label=entry.label,
        seed=seed,
        modality=entry.modality,
    )
    return 0


def _entry(arguments: argparse.Namespace) -> tuple[TrackerEntry, int]:
    """What to serve, and the seed. Raises ConfigError for what is not there."""
    from rgbtbench.running.experiment import TrackerEntry, load_experiment
    from rgbtbench.trackers import TRACKERS, shipped_weights

    name = arguments.tracker
    if arguments.experiment:
        given = [f"--{key}" for key in ("preset", "weights", "modality") if getattr(arguments, key)]
        if given:
            raise ConfigError("the experiment says that already", found=" ".join(given), next="leave it out")
        experiment = load_experiment(arguments.experiment)
        entries = {entry.label: entry for entry in experiment.trackers if entry.use}
        if name not in entries:
            raise unknown("tracker of the experiment", name, entries)
        return entries[name], experiment.seed if arguments.seed is None else arguments.seed
    place, _, attribute = name.rpartition(":")
    own = Path(place).expanduser().absolute() if place.endswith(".py") else None
    for file in filter(None, (own, arguments.weights)):
        if not file.is_file():
            raise ConfigError("no such file", where=file)
    if own is None:
        TRACKERS.get(name)
    entry = TrackerEntry(
        label=attribute if own else name,
        where="command line",
        folder=Path.cwd(),
        use=name,
        spec=f"{own}:{attribute}" if own else name,
        weights=arguments.weights.absolute() if arguments.weights else shipped_weights(name, arguments.preset),
        modality=arguments.modality,
        params={"preset": arguments.preset} if arguments.preset else {},
    )
    return entry, arguments.seed or 0


def _section(arguments: argparse.Namespace, entry: TrackerEntry) -> str:
    """A section of ``trackers.ini``. The toolkit starts trackers in a folder of its own, so paths are absolute."""
    words = ["trax", arguments.tracker if arguments.experiment else str(entry.spec)]
    for option in ("experiment", "preset", "weights", "modality", "device", "seed"):
        value = getattr(arguments, option)
        if value is not None and (option, value) != ("device", "cpu"):
            words.append(f"--{option}={value.absolute() if isinstance(value, Path) else value}")
    command = shlex.join([sys.executable, "-m", "rgbtbench", *words]).replace("%", "%%")
    identifier = re.sub(r"[^A-Za-z0-9_-]", "_", entry.label)
    label = entry.label.replace("%", "%%")
    return f"[{identifier}]\nlabel = {label}\nprotocol = trax\ncommand = {command}\ntimeout = {TIMEOUT}\n"
