"""A table of text cells, for terminals, Markdown and HTML. Names in it are strangers': shown as text."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from textwrap import wrap

import numpy as np

from rgbtbench.core.boxes import Array
from rgbtbench.core.terminal import visible

GAP = "–"
NUMERIC = r"[-+–]?[\d,.]*(-\d+)?( ± [\d.]+)?( ?\[.*\])?( of \d+)?\*?†?|nan"
SPREAD = re.compile(r" ± [\d.]+| \[[-–+\d., ]+\]| \(also [^)]*\)")  # what follows a number
ABOUT_SPREAD = re.compile(r"\* |ranks and marks|\(also|.*mean ± standard deviation")  # notes on that, and on counts
INTERVAL = re.compile(r" \[95 % interval.*\]")
COUNTS = ("sequences", "frames", "rank", "mean rank", "benchmarks")
Marks = frozenset[tuple[int, int]]
NARROWEST = 16  # characters, to which a column of words is wrapped


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, ready to print.

    ``best`` and ``second`` hold (row, column) of cells to set in bold and underlined where a format can; ``groups``
    names what stands over each column, '' for nothing; above row ``rule`` stands a rule. ``provenance``: what was
    scored, by what; no print shows it. ``keys``: BibTeX keys of trackers, which LaTeX cites behind their names.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    best: Marks = field(default_factory=frozenset)
    second: Marks = field(default_factory=frozenset)
    groups: tuple[str, ...] = ()
    rule: int | None = None
    provenance: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Lines below it."""
        return [*self.note.splitlines(), *self.provenance.splitlines()]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Neighbouring columns under one name: the name and how many."""
        return [(name, len(list(same))) for name, same in groupby(self.groups)]

    @property
    def full_header(self) -> tuple[str, ...]:
        """Each column's name behind that of its group."""
        pairs = zip(self.groups or ("",) * len(self.header), self.header, strict=True)
        return tuple(f"{group}: {name}" if group else name for group, name in pairs)

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold only numbers, gaps and intervals: they are set flush right."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        return [all(re.fullmatch(NUMERIC, cell) for cell in column) for column in columns]


def p_value(p: float) -> str:
    """Four digits of a p-value; a small one is not printed as zero, which it never is."""
    return "<0.0001" if p < 0.0001 else number(p, 4)


def number(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """A score with fixed decimals; a gap for NaN."""
    return GAP if math.isnan(value) else f"{value:{'+' if sign else ''}.{digits}f}"


def spanned(value: float, low: float, high: float, std: float = math.nan) -> str:
    """A score with its standard deviation over repeats and its interval, where it has them."""
    deviation = "" if math.isnan(std) else f" ± {number(std)}"
    return number(value) + deviation + ("" if math.isnan(low) else f" [{number(low)}, {number(high)}]")


def marked(grid: Array, axis: int, digits: int = 1) -> tuple[Marks, Marks]:
    """Cells (row, column + 1) that show the highest and the second highest number along an axis; ties share a mark.

    The first column of a table holds names.
    """
    shown = np.nan_to_num(np.round(grid, digits), nan=-np.inf)
    places = []
    for _ in range(2):
        top = np.isfinite(shown) & (shown == shown.max(axis=axis, keepdims=True))
        places.append(frozenset((int(r), int(c) + 1) for r, c in np.argwhere(top)))
        shown = np.where(top, -np.inf, shown)
    return places[0], places[1]


def as_text(table: Table, width: int | None = None) -> str:
    """Columns aligned with blanks. ``width``: characters of a line, such as those of a terminal."""
    if width:
        return "\n\n".join(as_text(part) for part in fitted(table, width))
    grid = [[visible(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(len(row[c]) for row in grid) for c in range(len(table.header))]
    right, groups = table.numeric, []
    if table.groups:
        at = 0
        for name, count in table.spans:  # a name may be wider than its columns
            room = sum(widths[at : at + count]) + 2 * (count - 1)
            widths[at] += max(0, len(visible(name)) - room)
            groups.append(f"{visible(name):<{max(room, len(visible(name)))}}")
            at += count

    def line(row: Sequence[str]) -> str:
        cells = (f"{cell:>{w}}" if r else f"{cell:<{w}}" for cell, w, r in zip(row, widths, right, strict=True))
        return "  ".join(cells).rstrip()

    rule = "  ".join("─" * width for width in widths)
    above = ["  ".join(groups).rstrip()] if groups else []
    body = _ruled(table, list(map(line, grid[1:])), rule)
    parts = [visible(table.title), "", *above, line(grid[0]), rule, *body]
    return "\n".join(parts + _notes(table))


def fitted(table: Table, width: int) -> list[Table]:
    """The table as those that fit into lines of ``width`` characters: words are wrapped, then columns part.

    A cell of several lines is continued in rows of its own. Each part begins with the first column.
    """
    grid = [[visible(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    words = [c for c, right in enumerate(table.numeric) if not right]
    least = {c: min(widths[c], max(NARROWEST, len(grid[0][c]))) for c in words}
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    while excess > 0 and (wide := [c for c in words if widths[c] > least[c]]):
        widths[max(wide, key=lambda c: widths[c])] -= 1
        excess -= 1
    parts = [[0]]
    for c in range(1, len(widths)):
        if len(parts[-1]) > 1 and sum(widths[k] + 2 for k in parts[-1]) + widths[c] > width:
            parts.append([0])
        parts[-1].append(c)
    return [_part(table, grid, widths, part, last=part is parts[-1]) for part in parts]


def _part(table: Table, grid: Sequence[Sequence[str]], widths: Sequence[int], part: list[int], *, last: bool) -> Table:
    """Some columns of a table, each cell in as many rows as its width asks for."""
    rows, starts = list[tuple[str, ...]](), list[int]()
    for row in grid[1:]:
        starts.append(len(rows))
        rows += zip_longest(*(wrap(row[c], widths[c]) or [""] for c in part), fillvalue="")
    return Table(
        title=table.title if 1 in part else f"{table.title}, continued",
        header=tuple(table.header[c] for c in part),
        rows=tuple(rows),
        note="\n".join(table.notes) if last else "",
        groups=tuple(table.groups[c] for c in part) if table.groups else (),
        rule=None if table.rule is None else starts[table.rule],
    )


def _ruled(table: Table, lines: list[str], rule: str) -> list[str]:
    return lines if table.rule is None else [*lines[: table.rule], rule, *lines[table.rule :]]


def _notes(table: Table) -> list[str]:
    return [visible(line) for line in table.notes]


def as_markdown(table: Table) -> str:
    """A pipe table, best cells in bold, second ones in italics (Markdown cannot underline)."""
    rule = ["---:" if right else "---" for right in table.numeric]

    def cell(r: int, c: int, text: str) -> str:
        text = escaped(text)
        return f"**{text}**" if (r, c) in table.best else f"*{text}*" if (r, c) in table.second else text

    head = [cell(-1, c, text) for c, text in enumerate(table.full_header)]
    body = [[cell(r, c, text) for c, text in enumerate(row)] for r, row in enumerate(table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in [head, rule, *body]]
    notes = "\\\n".join(map(escaped, table.notes))
    return "\n".join([f"**{escaped(table.title)}**", "", *lines] + (["", notes] if notes else []))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_|<>\[\]&$~])", r"\\\1", visible(text))


def as_html(table: Table, caption: str = "") -> str:
    """A table element; names in it, and in its caption, are text."""

    def cell(r: int, c: int, text: str) -> str:
        tag = "strong" if (r, c) in table.best else "u" if (r, c) in table.second else ""
        inner = f"<{tag}>{html_text(text)}</{tag}>" if tag else html_text(text)
        return f'<th scope="row">{inner}</th>' if c == 0 else f"<td>{inner}</td>"

    groups = "".join(f'<th colspan="{count}" scope="colgroup">{html_text(name)}</th>' for name, count in table.spans)
    heads = "".join(f'<th scope="col">{html_text(name)}</th>' for name in table.header)
    rows = ["".join(cell(r, c, text) for c, text in enumerate(row)) for r, row in enumerate(table.rows)]
    lines = [f"<tr>{row}</tr>" for row in ([groups] if groups else []) + [heads]]
    ruled = {table.rule: ' class="ruled"'}
    body = "\n".join(f"<tr{ruled.get(at, '')}>{row}</tr>" for at, row in enumerate(rows))
    title = f"<caption>{html_text(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead>{''.join(lines)}</thead><tbody>\n{body}\n</tbody></table>"


def html_text(text: str) -> str:
    """Text for HTML: nothing in it is markup, nothing moves a cursor."""
    return html.escape(visible(text))


def plain(table: Table) -> Table:
    """The table as papers print it: numbers without intervals and deviations, no ranks and counts, no provenance."""
    kept = [c for c, name in enumerate(table.header) if name not in COUNTS]
    marks = [frozenset((r, kept.index(c)) for r, c in m if c in kept) for m in (table.best, table.second)]
    return Table(
        title=INTERVAL.sub("", table.title),
        header=tuple(table.header[c] for c in kept),
        rows=tuple(tuple(SPREAD.sub("", row[c]) if c else row[c] for c in kept) for row in table.rows),
        note="\n".join(INTERVAL.sub("", line) for line in table.note.splitlines() if not ABOUT_SPREAD.match(line)),
        best=marks[0],
        second=marks[1],
        groups=tuple(table.groups[c] for c in kept) if table.groups else (),
        rule=table.rule,
        keys=table.keys,
    )
