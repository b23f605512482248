"""All runs of an experiment: what of them is in the store, and doing the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rgbtbench.core.errors import ConfigError, ResultError
from rgbtbench.core.processes import interruptible
from rgbtbench.core.terminal import log
from rgbtbench.results.lease import STALE
from rgbtbench.results.store import State
from rgbtbench.scoring.evaluation import Evaluation, evaluate

from .cluster import run_cluster
from .experiment import Experiment, load_experiment
from .interface import check_trackers
from .jobs import Device, Job, make_units
from .lanes import run_lanes
from .plan import Run, doubts_of, make_plan, prepare, require_images, store_of
from .progress import Progress

STATES: tuple[State, ...] = ("ok", "failed", "damaged", "running", "missing")  # in the order in which they are told


@dataclass(frozen=True, slots=True, repr=False)
class Runs:
    """Every tracker of an experiment on every dataset of it, and the folder that keeps their boxes."""

    experiment: Experiment
    store: Path
    runs: tuple[Run, ...]

    @property
    def counts(self) -> Counter[State]:
        """How many sequences are in which state."""
        return Counter(state for run in self.runs for state in run.states.values())

    @property
    def complete(self) -> bool:
        """Whether there are boxes of every sequence."""
        return not self.gaps

    @property
    def gaps(self) -> dict[str, dict[str, State]]:
        """Sequences without sound boxes and their states, by ``DATASET/LABEL``."""
        gaps = {run.title: {name: run.states[name] for name in run.missing()} for run in self.runs}
        return {title: states for title, states in gaps.items() if states}

    def __str__(self) -> str:
        counts = self.counts
        return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])

    def __repr__(self) -> str:
        return f"<Runs of {self.experiment.name!r} in {self.store}: {self}>"

    def choose(self, *, retry_failed: bool = False, force: bool = False) -> None:
        """Choose what to run: whatever is not settled, and what is asked for again."""
        for run in self.runs:
            run.choose(retry_failed=retry_failed, force=force)

    def execute(
        self,
        devices: tuple[Device, ...] = (Device("cpu"),),
        *,
        cluster: str | None = None,
        timeout: float = 14_400.0,
        stale: float = STALE,
    ) -> None:
        """Run what was chosen, in a lane per device or on the workers of a dask scheduler; import raw results.

        ``timeout``: seconds for one sequence; ``stale``: seconds of silence until another machine's work is free.
        A tracker that fails is the result of its sequence. Raises BenchError for what is wrong with the inputs.
        """
        units = make_units(self.runs)
        before = self.counts.total() - sum(len(run.todo) for run in self.runs)
        with interruptible():
            require_images(self.runs)
            job = Job(units, self.experiment.seed, timeout, uuid4().hex, stale)
            for run in self.runs:
                for doubt in prepare(run, job.run, job.stale):
                    log(f"doubtful: {doubt}")
            try:
                with Progress(units, before) as progress:
                    if units and cluster:
                        run_cluster(job, devices, cluster, progress.update)
                    elif units:
                        check_trackers(job, devices[0])
                        run_lanes(job, devices, progress.update)
            finally:
                for run in self.runs:
                    run.folder.sweep(stale)
        for run in self.runs:
            run.refresh()
            for doubt in doubts_of(run):
                log(f"doubtful: {doubt}")

    def evaluate(
        self,
        dataset: str | None = None,
        *,
        attributes: tuple[str, ...] = (),
        measures: tuple[str, ...] | None = None,
        allow_missing: bool = False,
    ) -> Evaluation:
        """Score all trackers on one dataset, or on the only one.

        ``allow_missing``: score what is there; trackers without any boxes are left out. Raises BenchError, without it
        for a single sequence that has no boxes.
        """
        names = list(dict.fromkeys(run.dataset.name for run in self.runs))
        if dataset is None and len(names) > 1:
            raise ConfigError("which dataset?", expected="one name", found=", ".join(names))
        runs = [run for run in self.runs if dataset is None or run.dataset.name.lower() == dataset.lower()]
        if not runs:
            raise ConfigError(f"no runs on {dataset!r}", expected=" or ".join(names))
        some = [run for run in runs if run.sound()]
        gaps = {run.title: run.missing() for run in runs if run.missing()}
        if not some or (gaps and not allow_missing):
            raise ResultError(
                "not all sequences have been tracked",
                where=self.store,
                found="; ".join(f"{title}: {len(names)} without boxes ({names[0]})" for title, names in gaps.items()),
                next="run again, with retry_failed=True what has failed; or score the rest with allow_missing=True",
            )
        results = {
            run.tracker.label: run.folder.files(
                run.tracker.label,
                run.sound(),
                "xywh" if run.tracker.results else None,  # which were judged when they came in
            )
            for run in some
        }
        return evaluate(
            runs[0].benchmark, results, attributes=attributes, measures=measures, allow_missing=allow_missing
        )


def plan_runs(
    experiment: str | Path | Mapping[str, Any],
    store: Path | None = None,
    changes: Iterable[str] = (),
    only: Iterable[str] = (),
) -> Runs:
    """Read an experiment and look what of it is in the store; nothing is written.

    ``experiment``: a YAML file, or what would stand in one. ``store``: by default where ``store_of`` says. Raises
    ConfigError.
    """
    only = tuple(only)
    read = load_experiment(experiment, changes, only)
    store = store_of("" if isinstance(experiment, Mapping) else experiment, store)
    return Runs(read, store, tuple(make_plan(read, store, only)))
