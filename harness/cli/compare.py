"""The verb ``compare``: is one tracker better than another, or is it chance?"""

from __future__ import annotations

import argparse
from pathlib import Path

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import log

from .options import Verbs, add, add_results, results_of
from .score import evaluated

EXAMPLES = (
    "compare LasHeR A B --results A=a.zip --results B=b.zip --by attribute --figure gain.svg",
    "compare LasHeR A=a.zip B=b.zip C=c.zip --metrics SR --figure ranks.svg",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    compare = add(verbs, "compare", _compare, "is one tracker better than another, or is it chance?", EXAMPLES)
    add_results(compare)
    compare.add_argument("trackers", nargs="+", metavar="TRACKER", help="two: paired differences; more: mean ranks. "
                         "LABEL of --results, LABEL=PATH or PATH")  # fmt: skip
    compare.add_argument("--by", choices=("overall", "attribute", "pair"), default="overall")
    compare.add_argument("--all-pairs", action="store_true", help="every two of the trackers; Holm's p is for "
                         "the number of pairs")  # fmt: skip
    compare.add_argument("--figure", metavar="FILE.svg", type=Path, help="also draw the differences; .pdf, .png too")


def _compare(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports import comparison
    from rgbtbench.reports.records import show

    known = results_of(arguments.results)
    chosen: dict[str, str] = {}
    for name in arguments.trackers:
        chosen |= {name: known[name]} if name in known else results_of([name])
    if len(chosen) < max(2, len(arguments.trackers)):
        raise ConfigError("compare needs different labels, at least two", found=" ".join(arguments.trackers))
    many = len(chosen) > 2 and not arguments.all_pairs
    if arguments.all_pairs and arguments.figure:
        raise ConfigError("--all-pairs is a table", found=f"--figure {arguments.figure}", next="leave one of them out")
    if many and arguments.by != "overall":
        raise ConfigError(f"--by {arguments.by} compares two trackers", found=f"{len(chosen)} trackers",
                          next="--all-pairs")  # fmt: skip
    evaluation = evaluated(arguments, chosen)
    if many and arguments.figure and len(evaluation.measures) > 1:
        names = ", ".join(measure.name for measure in evaluation.measures)
        raise ConfigError("a figure of mean ranks shows one metric", found=names, next="--metrics SR")
    if many:
        ranks = comparison.mean_rank_rows(evaluation)
        show(arguments.format, ranks, comparison.MeanRank, comparison.mean_rank_tables(evaluation, ranks))
    elif arguments.all_pairs:
        rows = comparison.compare_all(evaluation)
        show(arguments.format, rows, comparison.Comparison, comparison.pair_tables(evaluation, rows))
    else:
        rows = comparison.compare_rows(evaluation)
        show(arguments.format, rows, comparison.Comparison, comparison.compare_tables(evaluation, rows))
    if arguments.figure:
        from rgbtbench.reports.attribute_figures import forest
        from rgbtbench.reports.figures import save
        from rgbtbench.reports.sequence_figures import critical_differences

        save(critical_differences(ranks) if many else forest(rows), arguments.figure)
        log(f"figure: {arguments.figure}")
    return 1 if evaluation.missing else 0
