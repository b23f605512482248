"""The verb ``study``: train the rows of the paper's Tables 1 to 4, track an unseen generated benchmark, compare.

Every step is a command that anybody can type (``train``, ``synth``, ``run``), and none is repeated once it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError, TrainingError, not_installed, unknown

if TYPE_CHECKING:
    from .boxes import Array
    from .evaluation import Evaluation
    from .reports.tables import Table

    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

TEACHER, PLAIN, LONGER = "teacher", "student", "student-longer"
ALIASES = {LONGER: (PLAIN, 2)}  # row -> recipe and how many times its epochs: as long as distilled students take
SEEDED = (TEACHER, PLAIN, "scfd", "mpsd", "hfrd")  # Table 1: trained from several seeds
TEST_SEED = 20_230_618  # of the generated test set


@dataclass(frozen=True, slots=True)
class Trained:
    """One training of a row, and where its files lie."""

    row: str
    seed: int
    folder: Path

    @property
    def label(self) -> str:
        """Its name among trackers."""
        return f"{self.row}-{self.seed}"

    @property
    def recipe(self) -> str:
        """What it is trained by."""
        return ALIASES.get(self.row, (self.row, 1))[0]

    @property
    def weights(self) -> Path:
        """The network, once it is trained."""
        return self.folder / f"{self.recipe}.safetensors"


@dataclass(frozen=True, slots=True)
class Measured:
    """A score of one training with its 95 % interval over sequences, in percent, and where it comes from."""

    date: str
    commit: str
    recipe: str
    preset: str
    seed: int
    steps: int
    train_seconds: float
    metric: str
    value: float
    low: float
    high: float
    sequences: int
    frames: int
    weights_sha256: str
    train_data: str
    test_truth: str
    machine: str


def add_verb(verbs: _Verbs) -> None:
    """Add it to the command line's subparsers."""
    study = verbs.add_parser("study", help="train and compare the rows of the paper's Tables 1 to 4, small")
    study.add_argument("rows", nargs="*", metavar="ROW", help="such as scfd, beside teacher and student; default: all")
    study.add_argument("--out", type=Path, default=Path("study"), metavar="DIR", help="default: study; it resumes")
    study.add_argument("--seeds", type=int, default=3, metavar="N", help="of each row of Table 1 (default: 3)")
    study.add_argument("--jobs", type=int, default=2, metavar="N", help="trainings at once, a core each (default: 2)")
    study.add_argument("--sequences", type=int, default=200, metavar="N", help="of the test set (default: 200)")
    study.add_argument("--frames", type=int, default=60, metavar="N", help="of each (default: 60)")
    study.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of every recipe, as in train")
    study.add_argument("--trained", action="store_true", help="train nothing: compare what --out holds")
    study.add_argument("--record", type=Path, metavar="FILE.csv", help="also write every score with its provenance")
    study.set_defaults(verb=_study)


def _study(arguments: argparse.Namespace) -> int:
    try:
        from .trackers.crossmodal.methods import METHODS
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    known = (TEACHER, PLAIN, LONGER, *(name for name in METHODS if name != PLAIN))
    for row in arguments.rows:
        if row not in known:
            raise unknown("row", row, known)
    wanted = {TEACHER, PLAIN, *(arguments.rows or known)}
    plan = [
        Trained(row, seed, arguments.out / f"{row}-{seed}")
        for row in known
        if row in wanted
        for seed in range(arguments.seeds if row in SEEDED else 1)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.trained:
        plan = [one for one in plan if one.weights.exists()]
        _require_trained(plan, arguments.out)
    else:
        _train_all(plan, arguments.set, arguments.jobs)
    root, runs = arguments.out / "LasHeR", arguments.out / "runs"
    if not root.exists():
        _call(
            "synth",
            "LasHeR",
            root,
            "--sequences",
            arguments.sequences,
            "--frames",
            arguments.frames,
            "--seed",
            TEST_SEED,
        )
    experiment = arguments.out / "study.yaml"
    experiment.write_text(_experiment(plan))
    _call("run", experiment, "--runs", runs, "--devices", f"cpu*{arguments.jobs}")
    evaluation = _evaluate(experiment, runs)
    if arguments.record:
        from .reports.records import write_csv

        with arguments.record.open("w", newline="") as file:
            write_csv(_measured(plan, evaluation), Measured, file)
    from .reports.tables import as_text

    print("\n\n".join(as_text(table) for table in _tables(plan, evaluation)))
    return 0


def _require_trained(plan: Sequence[Trained], out: Path) -> None:
    if not any(one.row == PLAIN for one in plan):
        found = ", ".join(one.label for one in plan) or "nothing"
        raise ConfigError("nothing to compare with", where=out, expected=f"{PLAIN}-0", found=found)


def _train_all(plan: Sequence[Trained], changes: Sequence[str], jobs: int) -> None:
    first = [one for one in plan if one.row == TEACHER]  # the others learn from it
    for part in (first, [one for one in plan if one not in first]):
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(lambda one: _train(one, first[0].weights, changes), part):
                pass


def _train(one: Trained, teacher: Path, changes: Sequence[str]) -> None:
    from .training.recipe import load_recipe

    name = f"nano/{one.recipe}"
    own = [f"seed={one.seed}", *changes]
    if one.recipe not in (TEACHER, PLAIN):
        own.append(f"teacher.weights={teacher.absolute()}")
    if (times := ALIASES.get(one.row, ("", 1))[1]) > 1:
        own.append(f"epochs={load_recipe(name, own).epochs * times}")
    _call("train", name, "--out", one.folder, *(word for change in own for word in ("--set", change)))


def _call(*arguments: object) -> None:
    """A verb in a process of its own, as typed; one core each, so that as many as there are cores run at once."""
    command = [sys.executable, "-m", "rgbtbench", *map(str, arguments)]
    status = subprocess.run(command, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode
    if status:
        raise TrainingError("a step of the study failed", where=shlex.join(command[2:]), found=f"exit status {status}")


def _experiment(plan: Sequence[Trained]) -> str:
    """All trainings as trackers, beside the plain tracker that they are to beat and the best one by one modality."""
    networks = [
        {"use": _network(one.recipe), "label": one.label, "preset": "nano", "weights": str(one.weights.absolute())}
        for one in plan
    ]
    single = [{**networks[-1], "label": f"{networks[-1]['label']}-{m}", "modality": m} for m in ("rgb", "tir")]
    entries = [{"use": "dcf"}, *networks, *single]
    return json.dumps({"name": "study", "datasets": {"LasHeR": "LasHeR"}, "trackers": entries}, indent=1)


def _network(recipe: str) -> str:
    from .trackers.crossmodal.methods import METHODS

    return METHODS[recipe].student if recipe in METHODS else "cmd-teacher"


def _evaluate(experiment: Path, runs: Path) -> Evaluation:
    from .reports.inputs import Benchmarks, gather, require_complete, score

    entries = gather([str(experiment)], Benchmarks(), runs=runs)
    require_complete(entries, next=f"rgbtbench status {shlex.quote(str(experiment))} --runs {shlex.quote(str(runs))}")
    evaluation = score(entries)
    assert evaluation is not None
    return evaluation


def _measured(plan: Sequence[Trained], evaluation: Evaluation) -> Iterator[Measured]:
    from . import fingerprint
    from .bootstrap import intervals
    from .plan import truth_of
    from .trackers.dimp.weights import read

    about = fingerprint.machine()
    machine = f"{about['cores']} cores, {about['processor']}, {about['platform']}"
    for one in plan:
        weights, at = read(one.weights), evaluation.trackers.index(one.label)
        log = [json.loads(line) for line in (one.folder / "log.jsonl").read_text().splitlines()]
        for measure in evaluation.measures:
            value = evaluation.score(measure)[at, 0]
            low, high = intervals(evaluation.values(measure)[[at]], evaluation.weights)[0, 0]
            yield Measured(
                date=date.today().isoformat(),
                commit=json.loads(weights.metadata["code"])["commit"],
                recipe=one.row,
                preset="nano",
                seed=int(weights.metadata["seed"]),
                steps=int(weights.metadata["steps"]),
                train_seconds=round(sum(line.get("seconds", 0) for line in log)),
                metric=measure.name,
                value=100 * value,
                low=100 * low,
                high=100 * high,
                sequences=len(evaluation.frames),
                frames=int(evaluation.frames.sum()),
                weights_sha256=weights.sha256,
                train_data=weights.metadata["data"],
                test_truth=truth_of(evaluation.benchmark),
                machine=machine,
            )


def _tables(plan: Sequence[Trained], evaluation: Evaluation) -> Iterator[Table]:
    """The paper's tables with what was measured here; a row of several trainings is their mean."""
    import numpy as np

    from .bootstrap import intervals
    from .reports.tables import GAP, Table, number
    from .trackers.crossmodal.methods import TABLES

    def mean(row: str, values: Array) -> Array:
        labels = [row] if row in evaluation.trackers else [one.label for one in plan if one.row == row]
        mean: Array = values[[evaluation.trackers.index(label) for label in labels]].mean(0)
        return mean

    def line(name: str, row: str) -> tuple[str, ...]:
        seeds = sum(one.row == row for one in plan)
        cells = [name, str(seeds or GAP)]
        for measure in evaluation.measures:
            values = evaluation.values(measure)
            own, plain = mean(row, values), mean(PLAIN, values)
            score, gain = (100 * np.average(v, weights=weights[0]) for v in (own, own - plain))
            low, high = 100 * intervals((own - plain)[None], weights)[0, 0]
            cells += [number(score), GAP if row == PLAIN else f"{gain:+.1f} [{low:+.1f}, {high:+.1f}]"]
        return tuple(cells)

    weights = evaluation.weights
    header = ("row", "seeds", *(word for m in evaluation.measures for word in (m.name, f"{m.name} - Student [95 %]")))
    extra = {"Student, longer": LONGER, "Teacher": TEACHER, "dcf": "dcf"}
    extra |= {name: name for name in evaluation.trackers if name.endswith(("-rgb", "-tir"))}
    for table, rows in TABLES.items():
        trained = {one.row for one in plan} | set(evaluation.trackers)
        shown = {"Student": PLAIN} | dict(rows) | extra
        yield Table(
            f"Table {table}, nano networks on {len(evaluation.frames)} generated sequences; percent",
            header,
            tuple(line(name, row) for name, row in shown.items() if row in trained),
        )
