"""The verb ``score``: raw result files in, scores out."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import log

from .options import (
    BREAKDOWNS,
    Verbs,
    add,
    add_print,
    add_results,
    breakdown,
    for_print,
    layouts_of,
    names_in,
    results_of,
)

if TYPE_CHECKING:
    from rgbtbench.scoring.evaluation import Evaluation

EXAMPLES = (
    "score GTOT --results MTNet.tar.xz --published",
    "score LasHeR --truth LasHeR/ --results Mine=results/ --attributes LI,LI+TC --format csv",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    score = add(verbs, "score", _score, "raw result files in, PR / NPR / SR out", EXAMPLES)
    add_results(score)
    add_print(score)
    score.add_argument("--by", choices=BREAKDOWNS, help="default: attribute with --attributes, else overall")
    score.add_argument("--published", action="store_true", help="print measured beside printed numbers")
    score.add_argument("--curves", metavar="FILE.csv", type=Path, help="also write every point of the curves")


def _score(arguments: argparse.Namespace) -> int:
    from rgbtbench.files.atomic import save
    from rgbtbench.reports.records import show, write_csv
    from rgbtbench.reports.scores import CurvePoint, Score, curve_points, score_rows, score_tables

    arguments.by = breakdown(arguments)
    evaluation = evaluated(arguments, results_of(arguments.results))
    rows = score_rows(evaluation, arguments.by)
    if arguments.published:
        from rgbtbench.reports.printed import PrintedScore, printed_table, with_printed

        printed = with_printed(rows)
        tables = [*score_tables(evaluation, rows, arguments.by), printed_table(printed)]
        show(arguments.format, printed, PrintedScore, tables)
    else:
        show(arguments.format, rows, Score, map(for_print(arguments), score_tables(evaluation, rows, arguments.by)))
    if arguments.curves:
        out = io.StringIO()
        write_csv(curve_points(evaluation, arguments.by), CurvePoint, out, safe=arguments.format == "csv-safe")
        save(arguments.curves, out.getvalue().encode(errors="backslashreplace"))
        log(f"curves: {arguments.curves}")
    return 1 if evaluation.missing else 0


def evaluated(arguments: argparse.Namespace, results: dict[str, str]) -> Evaluation:
    """Open, score, and say on stderr what a reader of the numbers must know."""
    from rgbtbench.api import evaluate, load
    from rgbtbench.reports.scores import attributes_of

    if not results:
        raise ConfigError("no results to score", next="--results LABEL=FOLDER_OR_ARCHIVE")
    benchmark = load(arguments.benchmark, arguments.truth, arguments.split)
    if not benchmark.is_official:
        log(f"note: {benchmark.title} as published has {benchmark.published_size}; this truth has {benchmark.size}")
    evaluation = evaluate(
        benchmark,
        results,
        attributes=attributes_of(benchmark, arguments.by, names_in(arguments.attributes)),
        measures=names_in(arguments.metrics),
        layouts=layouts_of(arguments.boxes, results),
        round_corners=None if arguments.corners is None else arguments.corners == "rounded",
        allow_missing=arguments.allow_missing,
    )
    for repair in evaluation.repairs:
        log(f"repaired as the toolkit does: {repair}")
    for doubt in evaluation.notes:
        log(f"doubtful: {doubt}")
    for label, names in evaluation.missing.items():
        log(f"missing: {label}: {len(names)} of {len(benchmark.names)} sequences ({', '.join(names[:3])})")
    return evaluation
