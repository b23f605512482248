"""A table for a two-column paper: ``table`` where it fits a column, else ``table*``, never wider than the text.

Nothing but booktabs is needed. Widths are those of Computer Modern, which is wider than Times.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rgbtbench.core.terminal import visible

from .tables import Table

COLUMN, TEXT = 237.0, 496.0  # points: a column, and both, of the CVPR style
# name, points of an em (small letters are relatively wider), \tabcolsep
SIZES = (("", 10.0, 6.0), (r"\small", 9.3, 5.0), (r"\footnotesize", 8.5, 4.0), (r"\scriptsize", 8.0, 2.5))
IN_COLUMN = SIZES[:3]
LONGEST = 45  # lines of one table on a page
NARROWEST = 70.0  # points, to which a column of words is wrapped
BOLD = 1.16  # times as wide
WIDTHS = dict.fromkeys("ijl.,;:'!|() []", 0.31) | {"m": 0.84, "w": 0.73, "M": 0.92, "W": 1.03, "%": 0.84}
UPPER, OTHER = 0.72, 0.53  # of an em
ARROWS = (
    (re.compile(r"(PR|NPR|SR|MPR|MSR)\b|FPS|EAO\b"), r"$\uparrow$"),
    (re.compile(r"params|GFLOPs|(mean )?rank\b"), r"$\downarrow$"),
)
MARKS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "`": r"\textasciigrave{}"}
MARKS |= {mark: "\\" + mark for mark in "&%$#_{}"} | {"–": "--", "−": "$-$", "±": r"$\pm$", "×": r"$\times$"}
MARKS |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "†": r"$^\dagger$"}
LATIN = set(map(chr, range(0xC0, 0x100))) - set("×÷ÐðÞþ")  # what pdflatex sets without further packages


@dataclass(frozen=True, slots=True)
class _Form:
    """How a table is set: its environment, size, distance between columns, and the widths of wrapped columns."""

    environment: str
    size: str
    points: float
    gap: float
    wrapped: Mapping[int, float]


def as_latex(table: Table) -> str:
    """Booktabs tables that compile as they are after ``\\usepackage{booktabs}``; best bold, second underlined.

    A table too long for a page becomes several. One too wide for the text gets its further columns below.
    """
    form = _form(table)
    step = LONGEST // 2 if form.wrapped else LONGEST
    starts = range(0, max(1, len(table.rows)), step)
    return "\n".join(_float(_rows(table, start, step), form, k) for k, start in enumerate(starts))


def _rows(table: Table, start: int, count: int) -> Table:
    """Some rows of a table; notes stand below the last ones."""
    end = start + count
    marks = [frozenset((r - start, c) for r, c in m if start <= r < end) for m in (table.best, table.second)]
    rule = table.rule - start if table.rule is not None and start <= table.rule < end else None
    note = table.note if end >= len(table.rows) else ""
    return replace(table, rows=table.rows[start:end], best=marks[0], second=marks[1], rule=rule, note=note)


def _float(table: Table, form: _Form, part: int) -> str:
    blocks = _blocks(table, form)
    words = re.split(r"\b\d", table.title.lower())[0]  # "LasHeR test: 245 sequences"
    label = re.sub(r"[^a-z0-9]+", "-", words).strip("-") + (f"-{part + 1}" if part else "")
    title = typeset(table.title) + (" (continued)" if part else "")
    lines = [f"% {visible(line)}" for line in table.provenance.splitlines()]
    lines += [
        rf"\begin{{{form.environment}}}",
        rf"  \centering{form.size}",
        rf"  \setlength{{\tabcolsep}}{{{form.gap}pt}}",
    ]
    lines += [rf"  \caption{{{title}}}", rf"  \label{{tab:{label}}}"]
    for columns in blocks:
        lines += _tabular(table, columns, form) + [r"  \par\medskip"] * (columns is not blocks[-1])
    if table.note:
        text = "; ".join(typeset(line.rstrip(".;")) for line in table.note.splitlines())
        lines.append(rf"  \par\smallskip\parbox{{\linewidth}}{{\raggedright\footnotesize {text}.}}")
    return "\n".join([*lines, rf"\end{{{form.environment}}}"])


def _form(table: Table) -> _Form:
    """The largest type in which all columns fit; else words are wrapped."""
    for environment, width, sizes in (("table", COLUMN, IN_COLUMN), ("table*", TEXT, SIZES)):
        for name, points, gap in sizes:
            if _room(_widths(table, points), gap) <= width:
                return _Form(environment, name, points, gap, {})
    name, points, gap = SIZES[2]
    widths = _widths(table, points)
    words = [c for c, numeric in enumerate(table.numeric) if c and not numeric and widths[c] > NARROWEST]
    free = TEXT - _room([w for c, w in enumerate(widths) if c not in words], gap) - 2 * gap * len(words)
    if words and free >= NARROWEST * len(words):
        total = sum(widths[c] for c in words)
        wrapped = {c: max(NARROWEST, free * widths[c] / total) for c in words}
        scale = free / sum(wrapped.values())
        return _Form("table*", name, points, gap, {c: w * scale for c, w in wrapped.items()})
    name, points, gap = SIZES[3]
    return _Form("table*", name, points, gap, {c: min(widths[c], 2 * NARROWEST) for c in words})


def _blocks(table: Table, form: _Form) -> list[list[int]]:
    """Columns that stand side by side; each block begins with the first one."""
    widths = [form.wrapped.get(c, w) for c, w in enumerate(_widths(table, form.points))]
    blocks = [[0]]
    for c in range(1, len(widths)):
        if len(blocks[-1]) > 1 and _room([widths[k] for k in (*blocks[-1], c)], form.gap) > TEXT:
            blocks.append([0])
        blocks[-1].append(c)
    return blocks


def _room(widths: Sequence[float], gap: float) -> float:
    return sum(widths) + 2 * gap * len(widths)


def _widths(table: Table, points: float) -> list[float]:
    """Of each column in points, a little more than it needs."""
    widths = []
    for c, title in enumerate(table.header):
        cells = [_ems(row[c]) * (BOLD if (r, c) in table.best else 1) for r, row in enumerate(table.rows)]
        cited = [_ems(row[0]) + 2.2 for row in table.rows if row[0] in table.keys] if c == 0 else []  # such as [12]
        arrow = 0.9 if _arrow(title) else 0.0
        widths.append(max([*cells, *cited, *(_ems(line) + arrow for line in _broken(title))]))
    at = 0
    for name, count in table.spans:  # a name may be wider than its columns
        lacking = _ems(name) - sum(widths[at : at + count])
        widths[at : at + count] = [w + max(0.0, lacking) / count for w in widths[at : at + count]]
        at += count
    return [width * points for width in widths]


def _arrow(title: str) -> str:
    """Whether more or less is better."""
    return next((arrow for pattern, arrow in ARROWS if pattern.match(title)), "")


def _ems(text: str) -> float:
    return sum(WIDTHS.get(mark, UPPER if mark.isupper() else OTHER) for mark in visible(text))


def _broken(title: str) -> list[str]:
    """A long header in two lines."""
    breaks = [at for at, mark in enumerate(title) if mark == " "]
    if len(title) < 10 or not breaks:
        return [title]
    middle = min(breaks, key=lambda at: abs(at - len(title) / 2))
    return [title[:middle], title[middle + 1 :]]


def _tabular(table: Table, columns: Sequence[int], form: _Form) -> list[str]:
    numeric = table.numeric

    def spec(c: int) -> str:
        return rf"p{{{form.wrapped[c]:.0f}pt}}" if c in form.wrapped else "r" if numeric[c] else "l"

    def cell(r: int, c: int) -> str:
        text = _signed(table.rows[r][c])
        style = "textbf" if (r, c) in table.best else "underline" if (r, c) in table.second else ""
        text = rf"\{style}{{{text}}}" if style else text
        text += rf"~\cite{{{table.keys[table.rows[r][c]]}}}" if c == 0 and table.rows[r][c] in table.keys else ""
        return rf"\rightskip0pt plus4em\relax {text}" if c in form.wrapped else text

    def head(c: int) -> str:
        lines = [typeset(line) for line in _broken(table.header[c])]
        cited = rf"~\cite{{{table.keys[table.header[c]]}}}" if c and table.header[c] in table.keys else ""
        text = r"\\".join(lines) + _arrow(table.header[c]) + cited
        return rf"\shortstack[{'r' if numeric[c] else 'l'}]{{{text}}}" if len(lines) > 1 else text

    def line(cells: Collection[str]) -> str:
        joined = " & ".join(cells)
        guard = "{}" if joined.startswith(("[", "*")) else ""  # the line break before would take it for its option
        return rf"    {guard}{joined} \\"

    rows = [line([cell(r, c) for c in columns]) for r in range(len(table.rows))]
    if table.rule is not None:
        rows.insert(table.rule, r"    \midrule")
    specs = "".join(map(spec, columns)).replace("}p", "} p")
    return [
        rf"  \begin{{tabular}}{{{specs}}}",
        r"    \toprule",
        *_group_lines(table, columns),
        line([head(c) for c in columns]),
        r"    \midrule",
        *rows,
        r"    \bottomrule",
        r"  \end{tabular}",
    ]


def _group_lines(table: Table, columns: Sequence[int]) -> list[str]:
    names = [table.groups[c] if table.groups else "" for c in columns]
    if not any(names):
        return []
    edges = [0, *(k for k in range(1, len(names)) if names[k] != names[k - 1]), len(names)]
    cells, rules = [], []
    for start, end in pairwise(edges):
        name, count = names[start], end - start
        cells.append(rf"\multicolumn{{{count}}}{{c}}{{{typeset(name)}}}" if name else " &" * (count - 1))
        rules += [rf"\cmidrule(lr){{{start + 1}-{end}}}"] if name else []
    return ["    " + " & ".join(cells) + r" \\", "    " + "".join(rules)]


def _signed(text: str) -> str:
    """Text for LaTeX, in which the hyphen before a number is a minus sign."""
    return typeset(re.sub(r"(?<![^\s(\[])-(?=\d)", "−", text))


def typeset(text: str) -> str:
    r"""Text that LaTeX shows as it is; letters that pdflatex has no type for as their numbers.

    >>> print(typeset("A & B_$%"))
    A \& B\_\$\%
    """
    letters, text = [], visible(text)
    for at, mark in enumerate(text):
        if mark == "-" and text[at + 1 : at + 2] == "-":
            letters.append("-{}")  # two would join to a dash
        elif mark in MARKS or mark in LATIN or mark.isascii():
            letters.append(MARKS.get(mark, mark))
        else:
            letters.append(f"[U+{ord(mark):04X}]")
    return "".join(letters)
