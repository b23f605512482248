"""The verb ``compare``: is one tracker better than another, or is it chance?"""

from __future__ import annotations

import argparse
from pathlib import Path

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import log

from .options import Verbs, add, add_results, results_of
from .score import evaluated

EXAMPLES = (
    "compare GTOT MTNet.tar.xz Mine=results/",
    "compare LasHeR A B --results A=a.zip --results B=b.zip --by attribute --figure gain.svg",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    compare = add(verbs, "compare", _compare, "is one tracker better than another, or is it chance?", EXAMPLES)
    add_results(compare)
    compare.add_argument("trackers", nargs=2, metavar="TRACKER", help="LABEL of --results, LABEL=PATH or PATH")
    compare.add_argument("--by", choices=("overall", "attribute", "pair"), default="overall")
    compare.add_argument("--figure", metavar="FILE.svg", type=Path, help="also draw the differences; .pdf, .png too")


def _compare(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.comparison import Comparison, compare_rows, compare_tables
    from rgbtbench.reports.records import show

    known = results_of(arguments.results)
    pair = [{name: known[name]} if name in known else results_of([name]) for name in arguments.trackers]
    both = pair[0] | pair[1]
    if len(both) != 2:
        raise ConfigError("compare needs two different labels", found=" ".join(arguments.trackers))
    evaluation = evaluated(arguments, both)
    rows = compare_rows(evaluation)
    show(arguments.format, rows, Comparison, compare_tables(evaluation, rows))
    if arguments.figure:
        from rgbtbench.reports.attribute_figures import forest
        from rgbtbench.reports.figures import save

        save(forest(rows), arguments.figure)
        log(f"figure: {arguments.figure}")
    return 1 if evaluation.missing else 0
