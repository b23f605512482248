"""The runs that an experiment asks for, and which of their sequences are in the store already."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rgbtbench.core import identity
from rgbtbench.core.boxes import reading
from rgbtbench.core.errors import ConfigError, DataError, ResultError, unknown
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark, load
from rgbtbench.results.formats import ResultFiles
from rgbtbench.results.store import RunFolder, State, require_storable
from rgbtbench.scoring.format_check import Doubt, doubts
from rgbtbench.scoring.given import find
from rgbtbench.scoring.repairs import require_length
from rgbtbench.trackers import TRACKERS, origin, revision

from .experiment import DatasetEntry, Experiment, TrackerEntry, choose, home

RECIPE = 1  # of track.py: raised when a change to it may change a box


@dataclass(slots=True)
class Run:
    """One tracker of the experiment on one of its datasets."""

    dataset: DatasetEntry
    tracker: TrackerEntry
    benchmark: Benchmark
    identity: Mapping[str, Any]
    folder: RunFolder
    names: tuple[str, ...]  # sequences chosen
    states: dict[str, State] = field(default_factory=dict)
    todo: dict[str, State] = field(default_factory=dict)  # what to run now, and its state before

    @property
    def title(self) -> str:
        """``DATASET/LABEL``."""
        return f"{self.folder.path.parent.name}/{self.tracker.label}"

    @property
    def contents(self) -> tuple[tuple[Path, str], ...]:
        """The files whose contents the identity holds, but for the tracker's own: path, sha256."""
        known = {self.tracker.weights: self.identity.get("weights")} if self.tracker.weights else {}
        digests = self.identity.get("paths") or {}
        known |= {path: digests[text] for text, path in self.tracker.paths.items()}
        return tuple((path, str(digest)) for path, digest in known.items())

    def refresh(self) -> None:
        """Look again what is settled; digests of all files are verified."""
        self.states = {name: self.folder.state(name) for name in self.names}

    def counts(self) -> Counter[State]:
        """How many sequences are in which state."""
        return Counter(self.states.values())

    def sound(self) -> list[str]:
        """Sequences with sound boxes."""
        return [name for name, state in self.states.items() if state == "ok"]

    def missing(self) -> list[str]:
        """Sequences without sound boxes."""
        return [name for name, state in self.states.items() if state != "ok"]

    def choose(self, *, retry_failed: bool, force: bool) -> None:
        """Choose what to run: whatever is not settled, and what is asked for again."""
        settled: set[State] = set() if force else {"ok"} if retry_failed else {"ok", "failed"}
        self.todo = {name: state for name, state in self.states.items() if state not in settled}


def store_of(experiment: str | Path, given: Path | None = None) -> Path:
    """Where an experiment keeps its runs: where it is told, else in ``runs`` beside its file, else in ``./runs``."""
    beside = Path(experiment).expanduser().parent / "runs"
    return given or (beside if beside.is_dir() else Path("runs"))


def make_plan(experiment: Experiment, root: Path, only: Iterable[str] = ()) -> list[Run]:
    """Every tracker on every dataset. Nothing is written; names of trackers and folders are checked.

    ``only``: words as ``choose`` takes them, of labels, datasets and sequences; what they leave out is not looked at.
    """
    root = root.absolute()  # a tracker may change the folder that it works in
    homes = {home(BENCHMARKS.get(entry.reference), entry.split): entry.name for entry in experiment.datasets}
    choice = choose(only, (entry.label for entry in experiment.trackers), homes)
    trackers = [t for t in experiment.trackers if not choice.labels or t.label in choice.labels]
    known = TRACKERS.names()
    for entry in trackers:
        if entry.spec and ":" not in entry.spec and entry.spec.lower() not in map(str.lower, known):
            error = unknown("tracker", entry.spec, known, next="rgbtbench list trackers")
            error.details["where"] = entry.where
            raise error
    contents: dict[str, dict[str, Any]] = {entry.label: _contents(entry) for entry in trackers}
    for entry in tuple(trackers):
        for one in experiment.stress if entry.use else ():
            trackers.append(under := entry.under(one))
            contents[under.label] = contents[entry.label] | {"stress": one.identity}
    runs, idle = [], set(choice.sequences)
    for dataset in experiment.datasets:
        if choice.datasets and dataset.name not in choice.datasets:
            continue
        benchmark = load(BENCHMARKS.get(dataset.reference), dataset.root, dataset.split)
        require_storable(benchmark.names, dataset.where)
        truth, place = truth_of(benchmark), home(benchmark.spec, benchmark.split)
        wanted = choice.sequences or ("",)
        names = tuple(n for n in benchmark.names if any(part in n for part in wanted))
        idle -= {part for part in idle if any(part in n for n in names)}
        for tracker in trackers if names else ():
            about: dict[str, Any] = {"name": place, "split": benchmark.split, "truth": truth}
            seed = {"seed": experiment.seed} if tracker.use else {}
            identity = {"recipe": RECIPE, "dataset": about, **contents[tracker.label], **seed}
            folder = RunFolder.of(root, place, tracker.label, identity)
            folder.check(identity)
            runs.append(Run(dataset, tracker, benchmark, identity, folder, names))
    if idle or not runs:
        raise ConfigError(
            "--only names what is not there" if idle else "--only leaves nothing",
            expected="labels, datasets, or parts of names of sequences",
            found=", ".join(sorted(idle)) or str(choice),
            next="rgbtbench status EXPERIMENT",
        )
    for run in runs:
        run.refresh()
    return runs


def require_images(runs: Iterable[Run]) -> None:
    """Raise DataError if there is something to track in annotations without images."""
    for run in runs:
        if run.tracker.use and run.todo and not run.benchmark.has_images:
            raise DataError(
                f"no images of {run.benchmark.title}",
                where=run.dataset.where,
                found=run.benchmark.lacks_images(run.names[0])[0],
                next=f"rgbtbench check {run.benchmark.spec.typed} PATH",
            )


def prepare(run: Run, invocation: str, stale: float) -> list[Doubt]:
    """Open the run's folder, clear what dead processes left, move aside what is run again, import raw results.

    Returns what looks wrong in these. Raises ResultError if they are not what they should be.
    """
    entry = run.tracker
    files = find(entry.label, entry.results, run.benchmark).only() if entry.results and run.todo else None
    notes: list[Doubt] = []
    if files:
        notes = _judged(run, files)
    known = {"label": entry.label, "year": entry.year, "note": entry.note, "imported": entry.results is not None}
    if run.benchmark.spec.reference:
        known["benchmark"] = run.benchmark.spec.reference
    run.folder.open(run.identity, {**known, "code": identity.code()})
    run.folder.sweep(stale)
    for name, state in run.todo.items():
        again = state in ("ok", "failed", "damaged")
        if again or files:
            lease = run.folder.claim(name, run=invocation, stale=stale)
            if lease is not None:
                with lease:
                    if again:
                        run.folder.set_aside(name)
                    if files and not run.folder.has_record(name):
                        _import(run, files, name)
    return notes


def doubts_of(run: Run) -> list[Doubt]:
    """What looks wrong in the boxes of a run's own tracker, which ought to answer ``x y w h``."""
    sound = run.sound()
    if not (run.tracker.use and sound):
        return []
    files = run.folder.files(run.tracker.label, sound)
    return list(doubts(files, run.benchmark, {name: files.read(name) for name in files.paths}))


def _judged(run: Run, files: ResultFiles) -> list[Doubt]:
    """As `score` does: in the store boxes are ``x y w h``, so this is the last moment to see what they were."""
    rows, notes, read = {}, [], reading(run.tracker.boxes)
    given = run.benchmark.given
    for name in files.paths:
        with suppress(ResultError):  # recorded as a failure when it is imported
            rows[name] = files.read(name, read.start(given[name]))
    for doubt in doubts(files, run.benchmark, rows, run.tracker.boxes) if rows else ():
        if doubt.error and (doubt.final or run.tracker.boxes is None):
            raise doubt.error
        notes.append(doubt)
    return notes


def _import(run: Run, files: ResultFiles, name: str) -> None:
    """Raw results into the store, by the rules `score` reads them with; a sequence without a file stays missing."""
    if name not in files.paths:
        return
    protocol, at, read = run.benchmark.spec.protocol, run.benchmark.names.index(name), reading(run.tracker.boxes)
    length = int(run.benchmark.lengths[at])
    try:
        given = run.benchmark.given[name]
        boxes = read.boxes(files.read(name, read.start(given)), round_corners=protocol.round_corners)
        boxes = read.aligned(boxes, given)
        require_length(files, name, len(boxes), length, run.benchmark.spec, read)
    except ResultError as error:
        run.folder.fail(name, str(error), None, frames=length, device="imported", shared=False)
    else:
        run.folder.commit(name, boxes, None, device="imported", shared=False)


def _contents(tracker: TrackerEntry) -> dict[str, Any]:
    """What a tracker's boxes come from, by content: not where things lie, and not devices or lanes."""
    if tracker.results:
        return {"results": _digest(tracker.results), "boxes": tracker.boxes}
    assert tracker.use
    known = revision(tracker.use)
    try:
        repository = origin(tracker.use, tracker.arguments)
    except ConfigError as error:
        error.details["where"] = f"{tracker.where} ({error.details['where'] or tracker.label})"
        raise
    return {
        "tracker": tracker.use,
        **({"revision": known} if known else {}),  # others' hashes stay
        **({"origin": repository} if repository else {}),
        "file": _digest(tracker.file) if tracker.file else None,
        "params": {key: value for key, value in tracker.params.items() if key not in tracker.places},
        "paths": {text: _digest(path) for text, path in tracker.paths.items()},
        "weights": _digest(tracker.weights) if tracker.weights else None,
        "modality": tracker.modality,
        **({"batch": tracker.batch} if tracker.batch > 1 else {}),  # rounding may move a box
    }


def truth_of(benchmark: Benchmark) -> str:
    """The fingerprint of a benchmark."""
    return identity.truth_digest(benchmark.names, benchmark.lengths, benchmark.truth)


def _digest(path: Path) -> str:
    try:
        return identity.path_digest(path)
    except OSError as reason:
        next = f"ls -l {shlex.quote(str(path))}"
        raise ConfigError("cannot read", where=path, found=reason.strerror, next=next) from None
