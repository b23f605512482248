"""The verb ``list``: what there is."""

from __future__ import annotations

import argparse
from dataclasses import make_dataclass

from .options import FORMATS, Verbs, add

LISTED = (  # each a row of LISTS in listings.py, which is not imported for a --help
    "benchmarks",
    "attributes",
    "trackers",
    "stresses",
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
    "list codebases ~/src/ViPT",
    "list published LasHeR --name CMD --format csv",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    show = add(verbs, "list", _list, "what there is", EXAMPLES)
    show.add_argument("what", choices=LISTED)
    show.add_argument("benchmark", nargs="?", metavar="BENCHMARK_OR_DIR")
    show.add_argument("--name", default="", metavar="PART", help="only what has this in its name, in any case")
    show.add_argument("--format", choices=FORMATS, default="table")


def _list(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.records import show
    from rgbtbench.reports.tables import Table

    from .listings import LISTS, named

    header, rows = LISTS[arguments.what](arguments.benchmark)
    rows = [row for row in rows if arguments.name.lower() in named(header, row).lower()]
    kind = make_dataclass("Row", [title.replace(" ", "_") for title in header])
    table = Table(arguments.what, header, tuple(rows))
    show(arguments.format, [kind(*row) for row in rows], kind, [table])
    return 0
