"""The paper's exhibits as files: a table or figure each for people, a CSV for machines, and an index of them."""

from __future__ import annotations

import html
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from rgbtbench import __version__, atomic

from .exhibits import PAPER, SYNTHETIC, Evidence, Exhibit, Filled, exhibits, fill
from .records import write_csv
from .tables import GAP, Table, as_latex, as_markdown, marked, number, visible


def write_paper(folder: Path, evidence: Evidence) -> list[Path]:
    """Write all exhibits and ``index.html`` into a folder; returns the paths. Raises ConfigError if it cannot."""
    files: dict[str, bytes] = {}
    sections = []
    for exhibit in exhibits():
        cells = fill(exhibit, evidence)
        table = exhibit_table(exhibit, cells)
        text = io.StringIO()
        write_csv(cells, Filled, text)
        own = {f"{exhibit.name}.csv": text.getvalue(), f"{exhibit.name}.md": as_markdown(table) + "\n"}
        number, _, words = exhibit.title.rpartition(". ")  # LaTeX numbers its own captions
        own[f"{exhibit.name}.tex"] = as_latex(replace(table, title=f"{words} ({number} of the {PAPER})")) + "\n"
        files |= {name: content.encode() for name, content in own.items()}
        if exhibit.bars:
            from .figures import bars, drawn

            files[f"{exhibit.name}.svg"] = drawn(bars(exhibit, cells), "svg")
        sections.append(_section(exhibit, table, [name for name in files if name.startswith(f"{exhibit.name}.")]))
    files["index.html"] = INDEX.format(style=STYLE, paper=PAPER, version=__version__, body="\n".join(sections)).encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        atomic.save(folder / name, data)
    return [folder / name for name in files]


def exhibit_table(exhibit: Exhibit, cells: list[Filled]) -> Table:
    """Cells as people read them, best and second of the measured (or, where a column is filled, shown) ones marked."""
    shows = {column.group: column.show for column in exhibit.columns}
    keys = list(dict.fromkeys((cell.group, cell.metric) for cell in cells))
    grid = {(cell.row, cell.group, cell.metric): cell for cell in cells}
    lines, numbers = [], []
    for row in exhibit.rows:
        found = [grid[(row.label, *key)] for key in keys]
        show = [next(s for g, s in shows.items() if cell.group.startswith(g)) for cell in found]
        lines.append((row.label, *(cell_text(cell, s) for cell, s in zip(found, show, strict=True))))
        numbers.append([_ranked(cell, s) for cell, s in zip(found, show, strict=True)])
    best, second = marked(np.array(numbers), axis=0)
    return Table(
        title=exhibit.title,
        header=("", *(metric or group for group, metric in keys)),
        rows=tuple(lines),
        note="\n".join(_legend(exhibit, cells)),
        best=best,
        second=second,
        groups=("", *(group if metric else "" for group, metric in keys)),
    )


def cell_text(cell: Filled, show: tuple[str, ...]) -> str:
    """``printed / measured (difference)``, or the one that fills the cell, printed ones with a dagger."""
    known = not math.isnan(cell.measured)
    digits = 2 if not cell.metric else 1
    value = number(cell.measured, digits) if known else "missing"
    value += f" ± {cell.deviation:.1f}" if not math.isnan(cell.deviation) else ""
    gain = f" ({number(cell.difference, digits, sign=True)})" if not math.isnan(cell.difference) else ""
    gain = gain if "difference" in show else ""
    if "plain" in show:
        return cell.printed or GAP
    if "filled" in show:
        return value + gain if known else f"{cell.printed}†" if cell.printed else GAP
    if not cell.printed and cell.group.startswith(SYNTHETIC):
        return value
    printed = f"{cell.printed}†" if cell.printed else "?"
    parts = [printed] * ("printed" in show) + [value + gain] * ("measured" in show)
    return " / ".join(parts)


def _ranked(cell: Filled, show: tuple[str, ...]) -> float:
    """The number that a cell competes with; years, sizes and speeds do not."""
    if not cell.metric:
        return math.nan
    filled = float(cell.printed) if "filled" in show and cell.printed else math.nan
    return filled if math.isnan(cell.measured) else cell.measured


def _legend(exhibit: Exhibit, cells: list[Filled]) -> list[str]:
    show = {name for column in exhibit.columns for name in column.show}
    lines = [exhibit.note] if exhibit.note else []
    lines.append(f"† printed in the {PAPER}, not measured here")
    if "filled" in show:
        lines.append(
            "without †: scored here from raw results (difference to the print); best and second of what is shown"
        )
    else:
        lines.append(
            "printed / measured here (difference); ? printed, but not known to us; best and second of measured"
        )
    only = [column.group for column in exhibit.columns if column.show == ("printed",)]
    lines += [f"{', '.join(only)}: printed; measured ones missing"] if only else []
    unsure: dict[str, list[str]] = {}
    for cell in (c for c in cells if c.group.startswith("FPS") and not c.printed):
        for part in (p for p in cell.note.split("; ") if "our source" in p):
            unsure.setdefault(part, []).append(cell.row)
    lines += [f"FPS of {', '.join(rows)}: {part}" for part, rows in unsure.items()]
    trained = [cell for cell in cells if cell.seeds]
    if trained:
        counts = {row: n for cell in trained for row, n in [(cell.row, cell.seeds)]}
        told = ", ".join(f"{row} {n}" for row, n in counts.items())
        lines.append(f"{SYNTHETIC}: generated images, no real benchmark; mean ± standard deviation over seeds: {told}")
    elif any(column.quantity == "study" for column in exhibit.columns):
        lines.append(f"{SYNTHETIC}: generated images, no real benchmark; not measured yet")
    wrong = {f"{cell.row}, {cell.group}: {cell.note}" for cell in cells if cell.note.startswith("the print ")}
    return [*lines, *sorted(wrong)]


STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem}
body{padding:0 1rem;color-scheme:light dark}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:left;white-space:nowrap}thead tr:last-child th{border-bottom:1px solid}
thead,table{border-top:1px solid;border-bottom:1px solid}.note{font-size:.85rem}img{max-width:100%;background:#fff}"""
INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self'">
<title>Exhibits of the {paper}</title><style>{style}</style></head><body>
<h1>Exhibits of the {paper}, printed and measured</h1>
{body}
<footer class="note">rgbtbench {version}</footer>
</body></html>
"""


def _section(exhibit: Exhibit, table: Table, names: list[str]) -> str:
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in names)
    picture = f'<p><img src="{exhibit.name}.svg" alt="{_text(exhibit.title)}"></p>' if exhibit.bars else ""
    notes = "".join(f"<br>{_text(line)}" for line in table.note.splitlines())
    head = f'<section id="{exhibit.name}"><h2>{_text(exhibit.title)}</h2>{picture}'
    return f'{head}\n<div class="wide">{as_html(table)}</div>\n<p class="note">{links}{notes}</p></section>'


def as_html(table: Table) -> str:
    """A table element; names in it are text."""

    def cell(r: int, c: int, text: str) -> str:
        tag = "strong" if (r, c) in table.best else "u" if (r, c) in table.second else ""
        inner = f"<{tag}>{_text(text)}</{tag}>" if tag else _text(text)
        return f'<th scope="row">{inner}</th>' if c == 0 else f"<td>{inner}</td>"

    groups = "".join(f'<th colspan="{count}" scope="colgroup">{_text(name)}</th>' for name, count in table.spans)
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.header)
    rows = ["".join(cell(r, c, text) for c, text in enumerate(row)) for r, row in enumerate(table.rows)]
    lines = [f"<tr>{row}</tr>" for row in ([groups] if groups else []) + [heads]]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead>{''.join(lines)}</thead><tbody>\n{body}\n</tbody></table>"


def _text(text: str) -> str:
    return html.escape(visible(text))
