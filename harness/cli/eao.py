"""The verb ``eao``: VOT's measures of raw results, by VOT's own toolkit."""

from __future__ import annotations

import argparse

from .options import FORMATS, Verbs, add, add_results, layouts_of, results_of

EXAMPLES = (
    "eao LasHeR --truth images/ --results Mine=results/",
    "eao GTOT --truth images/ --results Mine=results.npz --lengths 40,150",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    eao = add(verbs, "eao", _eao, "VOT's EAO, accuracy and robustness, by VOT's own toolkit", EXAMPLES)
    add_results(eao, scoring=False)
    eao.add_argument("--lengths", default="115,755", metavar="LOW,HIGH", help="frames of EAO (default: VOT2020's)")
    eao.add_argument("--format", choices=FORMATS, default="table")


def _eao(arguments: argparse.Namespace) -> int:
    from rgbtbench.api import load
    from rgbtbench.reports.eao import Robust, interval, robust_rows, robust_table
    from rgbtbench.reports.records import show
    from rgbtbench.scoring.given import find

    lengths = interval(arguments.lengths)
    benchmark = load(arguments.benchmark, arguments.truth, arguments.split)
    results = results_of(arguments.results, required=True)
    files = {label: find(label, path, benchmark).only() for label, path in results.items()}
    rows = robust_rows(benchmark, files, layouts_of(arguments.boxes, results), lengths)
    show(arguments.format, rows, Robust, [robust_table(benchmark.title, rows)])
    return 0
