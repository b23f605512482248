"""A table of text cells, rendered for terminals, Markdown and LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

GAP = "–"
LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "`": r"\textasciigrave{}"}
LATEX |= {mark: "\\" + mark for mark in "&%$#_{}"} | {"–": "--"}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, ready to print. ``best`` holds (row, column) of cells to set in bold where a format can."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    best: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold only numbers, gaps and intervals: they are set flush right."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        return [all(re.fullmatch(r"[-+–]?[\d,.]*( ?\[.*\])?|nan|", cell) for cell in column) for column in columns]


def number(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """A score with fixed decimals; a gap for NaN."""
    return GAP if math.isnan(value) else f"{value:{'+' if sign else ''}.{digits}f}"


def as_text(table: Table) -> str:
    """Columns aligned with blanks."""
    grid = [table.header, *table.rows]
    widths = [max(len(row[c]) for row in grid) for c in range(len(table.header))]
    right = table.numeric

    def line(row: Sequence[str]) -> str:
        cells = (f"{cell:>{w}}" if r else f"{cell:<{w}}" for cell, w, r in zip(row, widths, right, strict=True))
        return "  ".join(cells).rstrip()

    rule = "  ".join("─" * width for width in widths)
    parts = [table.title, "", line(table.header), rule, *map(line, table.rows)]
    return "\n".join(parts + ([table.note] if table.note else []))


def as_markdown(table: Table) -> str:
    """A pipe table, best cells in bold."""
    rule = ["---:" if right else "---" for right in table.numeric]

    def cell(r: int, c: int, text: str) -> str:
        text = re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)
        return f"**{text}**" if (r, c) in table.best else text

    body = [[cell(r, c, text) for c, text in enumerate(row)] for r, row in enumerate(table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in [list(table.header), rule, *body]]
    return "\n".join([f"**{table.title}**", "", *lines] + (["", table.note] if table.note else []))


def as_latex(table: Table) -> str:
    """A booktabs table, best cells in bold; it compiles as it is after ``\\usepackage{booktabs}``."""

    def cell(r: int, c: int, text: str) -> str:
        text = "".join(LATEX.get(mark, mark) for mark in text)
        return rf"\textbf{{{text}}}" if (r, c) in table.best else text

    def line(r: int, row: Sequence[str]) -> str:
        return "    " + " & ".join(cell(r, c, text) for c, text in enumerate(row)) + r" \\"

    spec = "".join("r" if right else "l" for right in table.numeric)
    caption = cell(-1, -1, ". ".join(part for part in (table.title, table.note) if part))
    return "\n".join(
        [r"\begin{table}", r"  \centering", rf"  \caption{{{caption}}}", rf"  \begin{{tabular}}{{{spec}}}"]
        + [r"    \toprule", line(-1, table.header), r"    \midrule"]
        + [line(r, row) for r, row in enumerate(table.rows)]
        + [r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]
    )


RENDER = {"table": as_text, "md": as_markdown, "latex": as_latex}
