"""The verb ``leaderboard``: ranks over everything that is there, and what is in print."""

from __future__ import annotations

import argparse
from pathlib import Path

from rgbtbench.core.errors import ConfigError

from .options import FORMATS, HTML, Verbs, add, add_inputs, names_in
from .report import counted, evaluated, gathered, has_gaps, page

EXAMPLES = (
    "leaderboard runs --truth LasHeR=LasHeR/ --metric PR",
    "leaderboard Mine=results/ --benchmark GTOT --printed --format html --out today.html",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    ranking = add(verbs, "leaderboard", counted(_leaderboard),
                  "rank trackers over experiments, stores and raw results", EXAMPLES)  # fmt: skip
    add_inputs(ranking)
    ranking.add_argument("--metric", default="SR", help="to rank by (default: SR)")
    ranking.add_argument("--printed", metavar="A,B", nargs="?", const="", help="also printed numbers on the benchmarks "
                         "of the inputs and on these, each with who says so")  # fmt: skip
    ranking.add_argument("--untrusted", action="store_true", help="also what only lists and reading notes say")
    ranking.add_argument("--format", choices=(*FORMATS, HTML), default="table", help="html: a page to explore and send")
    ranking.add_argument("--out", type=Path, metavar="FILE", help="default: stdout")


def _leaderboard(arguments: argparse.Namespace) -> int:
    from rgbtbench.datasets import BENCHMARKS
    from rgbtbench.reports.leaderboard import Ranked, board, printed_rows, ranked
    from rgbtbench.reports.records import show

    arguments.attributes, arguments.by, arguments.metrics = None, "overall", arguments.metric
    groups = gathered(arguments, versions=True) if arguments.inputs else {}
    if arguments.format == HTML:
        return page(arguments, groups)
    evaluations = evaluated(arguments, groups) if groups else []
    rows = [row for evaluation in evaluations for row in ranked(evaluation, groups[evaluation.benchmark])]
    if arguments.printed is not None or arguments.untrusted:
        spaces = [(e.benchmark.spec.name, e.benchmark.split_label) for e in evaluations if e.benchmark.is_official]
        for name in names_in(arguments.printed) or ():
            spec = BENCHMARKS.get(name)
            spaces.append((spec.name, spec.default_split if len(spec.sizes) > 1 else ""))
        for space in dict.fromkeys(spaces):
            rows += printed_rows(*space, arguments.metric, untrusted=arguments.untrusted)
    if not rows:
        raise ConfigError("nothing to rank", expected="experiments, stores, results, or --printed BENCHMARK")
    show(arguments.format, rows, Ranked, [board(rows)], arguments.out)
    return int(has_gaps(evaluations, groups))
