"""The verb ``list``: what there is."""

from __future__ import annotations

import argparse

from .options import Verbs, add

LISTED = (  # each a row of LISTS in listings.py, which is not imported for a --help
    "benchmarks",
    "attributes",
    "trackers",
    "recipes",
    "boxes",
    "kits",
    "published",
    "quoted",
    "errata",
    "claims",
    "codebases",
)
EXAMPLES = (
    "list trackers",
    "list codebases ~/src/ViPT",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    show = add(verbs, "list", _list, "what there is", EXAMPLES)
    show.add_argument("what", choices=LISTED)
    show.add_argument("benchmark", nargs="?", metavar="BENCHMARK_OR_DIR")


def _list(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.tables import Table, as_text

    from .listings import LISTS

    header, rows = LISTS[arguments.what](arguments.benchmark)
    print(as_text(Table(arguments.what, header, tuple(rows))))
    return 0
