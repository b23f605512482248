"""What ``evaluate`` takes as results of a tracker: files, arrays, and runs of our own store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rgbtbench.core.errors import ResultError
from rgbtbench.core.identity import truth_digest
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.names import sequence_names
from rgbtbench.results.formats import ResultFiles, find_results

if TYPE_CHECKING:
    from rgbtbench.results.store import RunFolder

Results: TypeAlias = "str | Path | Mapping[str, Any] | RunFolder | ResultFiles"


def find(label: str, given: Results, benchmark: Benchmark) -> ResultFiles:
    """Results of one tracker; ``find_results`` that knows the published benchmarks, and runs.

    A path may be a run's folder, or a store that holds one run of this label on this benchmark. Raises BenchError.
    """
    if isinstance(given, ResultFiles):
        return given
    if not isinstance(given, str | Path | Mapping):
        from rgbtbench.results.store import RunFolder

        if isinstance(given, RunFolder):
            return _of_run(label, given, benchmark)
        raise ResultError(
            f"no results of {label}",
            expected="a path, {sequence: array} or a run",
            found=f"{type(given).__module__}.{type(given).__qualname__}",
            next=f'{{"{label}": {{"SEQUENCE": array of N rows and 4 columns, ...}}}}',
        )
    if not isinstance(given, Mapping) and _may_hold_runs(path := Path(given).expanduser()):
        from rgbtbench.results.store import ABOUT, RunFolder, run_folders

        if (path / ABOUT).is_file():
            return _of_run(label, RunFolder(path), benchmark)
        if folders := run_folders(path):
            return _of_run(label, _chosen(label, path, folders, benchmark), benchmark)
    return find_results(label, given, benchmark.names, published_names)


def runs_on(benchmark: Benchmark, store: str | Path) -> dict[str, Results]:
    """Every run of a store on this benchmark, by label. Raises ResultError if there is none, or two of one label."""
    from rgbtbench.results.store import run_folders

    path = Path(store).expanduser()
    folders = run_folders(path) if path.is_dir() else []
    labels = [folder.about()["label"] for folder in folders if _is_on(folder, benchmark)]
    if not labels:
        raise ResultError(
            f"no runs on {benchmark.title}",
            where=path,
            expected="a store of runs, or labels for other results",
            found=_titles(folders) or "no store",
            next='evaluate(benchmark, {"LABEL": PATH})',
        )
    return {label: _chosen(label, path, folders, benchmark) for label in labels}


def published_names() -> dict[str, tuple[str, ...]]:
    """Sequences of every benchmark as published."""
    return {name: sequence_names(name) for name in BENCHMARKS.names()}


def opened(results: Mapping[str, Results], benchmark: Benchmark) -> Iterator[ResultFiles]:
    """Files of each tracker, repeat by repeat; the next archive is unpacked meanwhile, without the interpreter lock."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        after = None
        for label, given in results.items():
            now, after = after, pool.submit(find, label, given, benchmark)
            if now:
                yield from now.result().runs
        if after:
            yield from after.result().runs


def _may_hold_runs(path: Path) -> bool:
    """Whether names in a folder look like a run of ours or a store of them; most results are plain files."""
    names: list[str] = []
    with suppress(OSError), os.scandir(path) as entries:  # no folder, or not to be listed: said when it is opened
        for entry in entries:
            names.append(entry.name)
            with suppress(OSError):
                if entry.is_dir():
                    names += (inner.name for inner in os.scandir(entry) if "@" in inner.name)
    return any("@" in name or name == "about-run.json" for name in names)


def _of_run(label: str, folder: RunFolder, benchmark: Benchmark) -> ResultFiles:
    """The sequences that are settled and sound. Imported boxes were judged when they came in."""
    about = folder.about()
    dataset = about["identity"].get("dataset")
    own = truth_digest(benchmark.names, benchmark.lengths, benchmark.truth)
    if not isinstance(dataset, dict) or dataset.get("truth") != own:
        truth = str(dataset.get("truth"))[:12] if isinstance(dataset, dict) else "none"
        raise ResultError(
            f"the run of {label} was made on another truth",
            where=folder.path,
            expected=f"truth {own[:12]}, that of {benchmark.title} here",
            found=f"truth {truth}",
            next="load the benchmark from where the run had it",
        )
    states = {name: folder.state(name) for name in benchmark.names}
    sound = [name for name, state in states.items() if state == "ok"]
    if not sound:
        counts = {state: list(states.values()).count(state) for state in dict.fromkeys(states.values())}
        raise ResultError(
            f"the run of {label} has no sound sequence of {benchmark.title}",
            where=folder.path,
            expected=f"records of {benchmark.names[0]} and others",
            found=", ".join(f"{count} {state}" for state, count in counts.items()),
            next="run the experiment again, or pass another run",
        )
    return folder.files(label, sound, "xywh" if about.get("imported") else None)


def _chosen(label: str, store: Path, folders: list[RunFolder], benchmark: Benchmark) -> RunFolder:
    """The only run of a label on a benchmark."""
    fitting = [folder for folder in folders if _is_on(folder, benchmark) and folder.about()["label"] == label]
    if len(fitting) != 1:
        raise ResultError(
            f"{len(fitting) or 'no'} runs of {label} on {benchmark.title}",
            where=store,
            expected="one run of this label and benchmark",
            found=_titles(fitting or folders),
            next=f'the folder of one of them: {{"{label}": "{(fitting or folders)[0].path}"}}',
        )
    return fitting[0]


def _is_on(folder: RunFolder, benchmark: Benchmark) -> bool:
    """Whether a run was on this split, whatever the truth was that it was given."""
    about = folder.about()["identity"].get("dataset")
    spec = benchmark.spec
    names = (spec.name, f"{spec.name}-{benchmark.split}")
    return isinstance(about, dict) and about.get("name") in names and about.get("split") == benchmark.split


def _titles(folders: list[RunFolder]) -> str:
    return ", ".join(f"{folder.path.parent.name}/{folder.path.name}" for folder in folders[:5])
