"""The paper's exhibits as files: a table or figure each for people, a CSV for machines, and an index of them.

Beside them what the paper says of its tables, computed again, and what is wrong in it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rgbtbench.files import atomic
from rgbtbench.results.published.cmd import DASH, PAPER

from .claims import Checked, Wrong, checked, claims_table, errata_table, wrong
from .latex import as_latex
from .paper_page import index_page
from .paper_tables import SYNTHETIC, Evidence, Exhibit, Filled, exhibits, fill, seeded
from .records import write_csv
from .tables import GAP, Table, as_markdown, marked, number


def write_paper(folder: Path, evidence: Evidence) -> list[Path]:
    """Write all exhibits and ``index.html`` into a folder; returns the paths. Raises ConfigError if it cannot."""
    files: dict[str, bytes] = {}
    sections = []
    for exhibit in exhibits():
        cells = fill(exhibit, evidence)
        table = exhibit_table(exhibit, cells)
        own = _texts(exhibit.name, table, cells, Filled)
        number, _, words = exhibit.title.rpartition(". ")  # LaTeX numbers its own captions
        captioned = replace(table, title=f"{words} ({number} of the {PAPER})")
        own[f"{exhibit.name}.tex"] = _bytes(as_latex(captioned) + "\n")
        if exhibit.dots:
            from .figures import dots, drawn

            own[f"{exhibit.name}.svg"] = drawn(dots(exhibit, cells, cell_texts(exhibit, cells)), "svg")
        elif trainings := seeded(exhibit, evidence.study):
            from .figures import drawn
            from .sequence_figures import seeds

            own[f"{exhibit.name}.svg"] = drawn(seeds(trainings), "svg")
        sections.append((exhibit.name, table, list(own)))
        files |= own
    for name, table, rows, kind in (
        ("claims", claims_table(claims := checked(evidence.study)), claims, Checked),
        ("errata", errata_table(bad := wrong()), bad, Wrong),
    ):
        own = _texts(name, table, rows, kind)
        sections.append((name, table, list(own)))
        files |= own
    files["index.html"] = _bytes(index_page(sections))
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        atomic.save(folder / name, data)
    return [folder / name for name in files]


def _texts(name: str, table: Table, rows: Sequence[Any], kind: type) -> dict[str, bytes]:
    """One table for machines and for people."""
    text = io.StringIO()
    write_csv(rows, kind, text)
    return {f"{name}.csv": _bytes(text.getvalue()), f"{name}.md": _bytes(as_markdown(table) + "\n")}


def exhibit_table(exhibit: Exhibit, cells: list[Filled]) -> Table:
    """Cells as people read them; best and second of the measured ones marked, in columns that show all prints of those.

    Rows that we added stand below a rule and are not ranked.
    """
    shows = {column.group: column.show for column in exhibit.columns}
    keys = list(dict.fromkeys((cell.title, cell.metric) for cell in cells))
    grid = {(cell.row, cell.title, cell.metric): cell for cell in cells}
    lines, numbers = [], []
    for row in exhibit.rows:
        line = [grid[(row.label, *key)] for key in keys]
        show = [shows[cell.group] for cell in line]
        lines.append((row.label, *(cell_text(cell, s) for cell, s in zip(line, show, strict=True))))
        numbers.append([math.nan if row.added else _ranked(cell, s) for cell, s in zip(line, show, strict=True)])
    best, second = marked(np.array(numbers), axis=0)
    return Table(
        title=exhibit.title,
        header=("", *(metric or group for group, metric in keys)),
        rows=tuple(lines),
        note="\n".join(_legend(exhibit, cells)),
        best=best,
        second=second,
        groups=("", *(group if metric else "" for group, metric in keys)),
        rule=next((at for at, row in enumerate(exhibit.rows) if row.added), None),
    )


def cell_texts(exhibit: Exhibit, cells: Sequence[Filled]) -> list[str]:
    """Every cell as the exhibit's table prints it."""
    shows = {column.group: column.show for column in exhibit.columns}
    return [cell_text(cell, shows[cell.group]) for cell in cells]


def cell_text(cell: Filled, show: tuple[str, ...]) -> str:
    """``printed / measured (difference)``, printed ones with a dagger; a gap if the paper has no such cell."""
    known = not math.isnan(cell.measured)
    digits = 2 if not cell.metric else 1
    value = number(cell.measured, digits) if known else "missing"
    value += f" ± {cell.deviation:.1f}" if not math.isnan(cell.deviation) else ""
    gain = f" ({number(cell.difference, digits, sign=True)})" if not math.isnan(cell.difference) else ""
    value += gain if "difference" in show else ""
    if "plain" in show:
        return cell.printed or cell.note or GAP
    if cell.quantity == "study":
        return value
    printed = f"{cell.printed}†" if cell.printed else GAP
    measured = "measured" in show or ("beside" in show and known)
    return " / ".join([printed] + [value] * measured)


def _ranked(cell: Filled, show: tuple[str, ...]) -> float:
    """The number that a cell competes with; years, sizes and speeds do not."""
    if not cell.metric:
        return math.nan
    return cell.printed_value if "beside" in show else cell.measured


def _legend(exhibit: Exhibit, cells: list[Filled]) -> list[str]:
    show = {name for column in exhibit.columns for name in column.show}
    lines = [exhibit.note] if exhibit.note else []
    lines.append(f"† printed in the {PAPER}; {DASH}†: the paper prints a dash")
    if "beside" in show:
        lines.append("printed / scored here from raw results, where they are given; best and second of the printed")
    else:
        lines.append("printed / measured here (difference); best and second of the measured")
    only = [column.group for column in exhibit.columns if column.show == ("printed",)]
    lines += [f"{', '.join(only)}: printed ones only"] if only else []
    trained = [cell for cell in cells if cell.seeds]
    if trained:
        counts = {row: n for cell in trained for row, n in [(cell.row, cell.seeds)]}
        seeds = ", ".join(f"{row} {n}" for row, n in counts.items())
        lines.append(f"{SYNTHETIC}: generated images, no real benchmark; mean ± standard deviation over seeds: {seeds}")
    elif any(column.quantity == "study" for column in exhibit.columns):
        lines.append(f"{SYNTHETIC}: generated images, no real benchmark; not measured yet")
    wrong = {f"{cell.row}, {cell.group}: the print {cell.erratum}" for cell in cells if cell.erratum}
    return [*lines, *sorted(wrong)]


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")  # a label from the command line may be no UTF-8
