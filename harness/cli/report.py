"""The verb ``report``: tables, figures, a page, the paper's exhibits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import line_width, log, visible

from .options import BREAKDOWNS, FORMATS, HTML, Verbs, add, add_inputs, add_print, breakdown, for_print, names_in

if TYPE_CHECKING:
    from rgbtbench.reports.whole import Material, Report

EXAMPLES = (
    "report experiment.yaml --by attribute --figures figures/",
    "report runs Other=results/ --truth LasHeR=LasHeR/ --format html --out page.html",
)
FIGURE_FORMATS = ("svg", "pdf", "png")


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    report = add(verbs, "report", _report, "tables and figures of experiments, stores and raw results",
                 EXAMPLES)  # fmt: skip
    add_inputs(report)
    add_print(report)
    report.add_argument("--by", choices=BREAKDOWNS, help="default: attribute with --attributes, else overall; "
                        "pair: every two attributes together")  # fmt: skip
    report.add_argument("--ranks", action="store_true", help="ranks instead of scores; ties where intervals overlap")
    report.add_argument("--stress", action="store_true", help="what is left of each score when frames fail")
    report.add_argument("--attributes", metavar="A,B", help="only these; LI+TC: both together")
    report.add_argument("--metrics", metavar="PR,NPR,SR", help="default: those that papers print")
    report.add_argument("--format", choices=(*FORMATS, HTML), default="table", help="html: a page to explore and send")
    report.add_argument("--with-truth", action="store_true", help="the page holds the truth, and scores results that "
                        "are dropped onto it")  # fmt: skip
    report.add_argument("--figures", metavar="DIR", type=Path, help="also draw curves, attributes and speed")
    report.add_argument("--figure-format", choices=FIGURE_FORMATS, default="svg")
    report.add_argument("--kinds", metavar="A,B", help="of figures (default: all that there are data for); "
                        "docs/reports.md lists them")  # fmt: skip
    report.add_argument("--strip", metavar="SEQUENCE[:1,50,90]", action="append", default=[], help="a sequence, and "
                        "frames of it, for the strip (default: where trackers disagree most)")  # fmt: skip
    report.add_argument("--paper", action="store_true", help="the CMD paper's Tables 1 to 5 and Fig. 2, into --out")
    report.add_argument("--study", type=Path, metavar="FILE.csv", help="our measured trainings, instead of the shipped")
    report.add_argument("--out", type=Path, metavar="PATH", help="folder of --paper, else a file (default: stdout)")


def _report(arguments: argparse.Namespace) -> int:
    if arguments.paper:
        return _paper(arguments)
    from rgbtbench.reports.records import put
    from rgbtbench.reports.whole import make_page, make_tables

    material = material_of(arguments, stressed=arguments.stress)
    attributes, measures = names_in(arguments.attributes), names_in(arguments.metrics)
    if arguments.with_truth and arguments.format != HTML:
        raise ConfigError("--with-truth is of a page", next="--format html --out FILE.html")
    if arguments.format == HTML:
        require_no_terminal(arguments.out)
        page = make_page(
            material,
            title=arguments.title,
            attributes=attributes,
            measures=measures,
            with_truth=arguments.with_truth,
        )
        return show_page(page, arguments.out)
    if arguments.stress:
        return _stress(arguments, material)
    for option in ("kinds", "strip"):
        if getattr(arguments, option) and (not arguments.figures or arguments.ranks):
            raise ConfigError(f"--{option} is of figures", next="--figures DIR, without --ranks")
    figures = None
    if arguments.figures and not arguments.ranks:
        from rgbtbench.reports.figure_files import Figures

        figures = Figures(material.groups, names_in(arguments.kinds), arguments.strip)
    report = make_tables(
        material,
        arguments.format,
        by=breakdown(arguments),
        ranks=arguments.ranks,
        attributes=attributes,
        measures=measures,
        width=None if arguments.out else line_width(),
        watch=figures.watch if figures else None,
        dress=for_print(arguments),
    )
    put(str(report), arguments.out)
    if figures:
        for path in figures.write(arguments.figures, arguments.figure_format, report.evaluations):
            log(f"figure: {path}")
    return 0 if report.complete else 1


def _stress(arguments: argparse.Namespace, material: Material) -> int:
    from rgbtbench.reports.records import put
    from rgbtbench.reports.whole import make_stress

    attributes, measures = names_in(arguments.attributes), names_in(arguments.metrics)
    report, rows = make_stress(
        material,
        arguments.format,
        by=breakdown(arguments),
        attributes=attributes,
        measures=measures,
        width=None if arguments.out else line_width(),
        dress=for_print(arguments),
    )
    put(str(report), arguments.out)
    if arguments.figures:
        from rgbtbench.reports.stress_figures import write_stress_figures

        for path in write_stress_figures(arguments.figures, arguments.figure_format, report.evaluations, rows):
            log(f"figure: {path}")
    return 0 if report.complete else 1


def _paper(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.paper_files import write_paper
    from rgbtbench.reports.paper_tables import collect
    from rgbtbench.results.published.sources import SOURCES

    if arguments.out is None:
        raise ConfigError("--paper writes files", next="--out DIR")
    if arguments.study and not arguments.study.exists():
        raise ConfigError("no such file", where=arguments.study)
    material = material_of(arguments, may_be_empty=True)
    evaluations = material.evaluate()
    sources = {(b.title, e.label): SOURCES[e.source] for b, entries in material.groups.items() for e in entries}
    for path in write_paper(arguments.out, collect(evaluations, sources, arguments.study)):
        print(visible(str(path)))
    return 0 if material.is_complete(evaluations) else 1


def material_of(
    arguments: argparse.Namespace, *, versions: bool = False, may_be_empty: bool = False, stressed: bool = False
) -> Material:
    """What the inputs on the command line name; nothing, if there are none and that ``may_be``."""
    from rgbtbench.reports.inputs import Benchmarks
    from rgbtbench.reports.whole import Material, collect_material

    if may_be_empty and not arguments.inputs:
        return Material()
    return collect_material(
        arguments.inputs,
        Benchmarks(arguments.truth, arguments.benchmark, arguments.split),
        runs=arguments.runs,
        changes=arguments.set,
        only=names_in(arguments.only) or (),
        without=names_in(arguments.without) or (),
        layouts=dict(text.rpartition("=")[::2] for text in arguments.boxes),
        allow_missing=arguments.allow_missing,
        versions=versions,
        stressed=stressed,
    )


def require_no_terminal(out: Path | None) -> None:
    """Raise ConfigError if a page would go to a terminal."""
    if not out and sys.stdout.isatty():
        raise ConfigError("a page is not to be read in a terminal", next="--out FILE.html")


def show_page(report: Report, out: Path | None) -> int:
    """Write a page to a file or to stdout; the exit status."""
    from rgbtbench.files.atomic import save

    assert isinstance(report.content, bytes)
    if out:
        save(out, report.content)
        log(f"page: {out} ({len(report.content) / 1e6:.1f} MB)")
    else:
        sys.stdout.buffer.write(report.content)
    return 0 if report.complete else 1
