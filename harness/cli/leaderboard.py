"""The verb ``leaderboard``: ranks over everything that is there, and what is in print."""

from __future__ import annotations

import argparse
from pathlib import Path

from rgbtbench.core.errors import ConfigError

from .options import FORMATS, HTML, Verbs, add, add_inputs, add_print, for_print, names_in
from .report import material_of, require_no_terminal, show_page

EXAMPLES = (
    "leaderboard runs --truth LasHeR=LasHeR/ --metric PR",
    "leaderboard Mine=results/ --benchmark GTOT --printed --format html --out today.html",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    ranking = add(verbs, "leaderboard", _leaderboard,
                  "rank trackers over experiments, stores and raw results", EXAMPLES)  # fmt: skip
    add_inputs(ranking)
    add_print(ranking)
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
    from rgbtbench.reports.whole import make_page

    material = material_of(arguments, versions=True, may_be_empty=True)
    printed = [BENCHMARKS.get(name) for name in names_in(arguments.printed) or ()]
    if arguments.format == HTML:
        require_no_terminal(arguments.out)
        page = make_page(material, title=arguments.title, printed=printed, untrusted=arguments.untrusted)
        return show_page(page, arguments.out)
    evaluations = material.evaluate(measures=names_in(arguments.metric))
    rows = [row for evaluation in evaluations for row in ranked(evaluation, material.groups[evaluation.benchmark])]
    if arguments.printed is not None or arguments.untrusted:
        spaces = [(e.benchmark.spec.name, e.benchmark.split_label) for e in evaluations if e.benchmark.is_official]
        spaces += [(spec.name, spec.default_split if len(spec.sizes) > 1 else "") for spec in printed]
        for space in dict.fromkeys(spaces):
            [measure] = BENCHMARKS.get(space[0]).protocol.select((arguments.metric,))
            rows += printed_rows(*space, measure.name, untrusted=arguments.untrusted)
    if not rows:
        raise ConfigError("nothing to rank", expected="experiments, stores, results, or --printed BENCHMARK")
    show(arguments.format, rows, Ranked, [for_print(arguments)(board(rows))], arguments.out)
    return 0 if material.is_complete(evaluations) else 1
