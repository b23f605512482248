"""The HTML file: template, style, scripts and data in one text. It may load nothing and run no other script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from rgbtbench.reports.colours import FIRST, PALETTE
from rgbtbench.reports.tables import Table, as_html

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = (  # in the order in which they use one another; the last one starts the page
    "dom.js",
    "data.js",
    "draws.js",
    "statistics.js",
    "friedman.js",
    "signs.js",
    "combinations.js",
    "link.js",
    "state.js",
    "rows.js",
    "export.js",
    "picture.js",
    "text.js",
    "board.js",
    "chips.js",
    "highlight.js",
    "crosshair.js",
    "gaps.js",
    "charts.js",
    "curves.js",
    "attributes.js",
    "progress.js",
    "pairs.js",
    "matrix.js",
    "ranks.js",
    "scatter.js",
    "sequences.js",
    "losses.js",
    "timeline.js",
    "strip.js",
    "enlarge.js",
    "stress.js",
    "about.js",
    "print.js",
    "main.js",
)
DROPPING = (  # of a page that scores what is dropped onto it
    "zip.js",
    "gather.js",
    "numbers.js",
    "match.js",
    "score.js",
    "fits.js",
    "doubts.js",
    "stack.js",
    "drop.js",
)
DROP_STYLE = "drop.css"
STYLES = ("page.css", "charts.css", "pairs.css", "export.css")


def document(title: str, data: str, tables: Iterable[Table], *, scores: bool = False) -> bytes:
    """The page. ``data`` is base64; ``tables`` are for readers without scripts. Titles and cells may hold anything.

    ``scores``: it scores what is dropped onto it.
    """
    style = "\n".join([_colours(), *map(_asset, (*STYLES, *([DROP_STYLE] if scores else ())))])
    *others, last = map(_asset, SCRIPTS)
    if scores:  # in a scope of their own: their names are nobody else's
        own = "\n".join(map(_asset, DROPPING))
        others.append(f"const offerDrop = (() => {{\n{own}\nreturn offerDrop;\n}})();")
    script = "\n".join([*others, last])
    page = Template(_asset("page.html")).substitute(
        policy=f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; img-src blob:; "
        "base-uri 'none'; form-action 'none'",
        title=escape(title),
        style=style,
        script=script,
        data=data,
        tables="\n".join(as_html(table, f"{table.title}. {table.note}") for table in tables),
    )
    return page.encode(errors="backslashreplace")


def _colours() -> str:
    """A class for each colour. Those that page.css does not make lighter for the dark are mixed with white there."""
    tints = "".join(f"--c{k}:{colour};" for k, colour in enumerate(PALETTE))
    light = "".join(f"--c{k}:color-mix(in oklab,{PALETTE[k]},white 45%);" for k in range(FIRST, len(PALETTE)))
    marks = "".join(f".c{k}{{--mark:var(--c{k})}}" for k in range(len(PALETTE)))
    return f":root{{{tints}}}@media screen and (prefers-color-scheme:dark){{:root{{{light}}}}}{marks}"


def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


def _source(text: str) -> str:
    """What the policy allows: this very text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode(errors='backslashreplace')).digest()).decode()}'"
