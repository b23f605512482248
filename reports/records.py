"""Rows of dataclasses as CSV or JSON for machines, or the tables made of them for people."""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from rgbtbench.core.errors import unknown
from rgbtbench.core.terminal import line_width, visible
from rgbtbench.files import atomic

from .latex import as_latex
from .tables import Table, as_markdown, as_text

RENDER = {"table": as_text, "md": as_markdown, "latex": as_latex}
FORMATS = (*RENDER, "json", "csv", "csv-safe")


def show(form: str, rows: Iterable[Any], kind: type, tables: Iterable[Table], path: Path | None = None) -> None:
    """Print in one of the formats of ``render``, to stdout or into a file."""
    put(render(form, rows, kind, tables, None if path else line_width()), path)


def render(form: str, rows: Iterable[Any], kind: type, tables: Iterable[Table], width: int | None = None) -> str:
    """Text in a format: ``table``, ``md`` and ``latex`` are of ``tables``; ``json``, ``csv`` and ``csv-safe`` of rows.

    ``width``: characters of a line of text tables. ``csv-safe``: cells that a spreadsheet would take for a formula
    start with an apostrophe. Raises ConfigError for another format.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    out = io.StringIO()
    if form in RENDER:
        shape = partial(as_text, width=width) if form == "table" else RENDER[form]
        print("\n\n".join(map(shape, tables)), file=out)
    elif form == "json":
        write_json(rows, kind, out)
    else:
        write_csv(rows, kind, out, safe=form == "csv-safe")
    return out.getvalue()


def put(text: str, path: Path | None = None) -> None:
    """Write what ``render`` made to stdout or into a file."""
    if path:
        atomic.save(path, text.encode(errors="backslashreplace"))
    elif sys.stdout.isatty():  # a label may hold a terminal's control codes, and CSV keeps them
        print("\n".join(map(visible, text.removesuffix("\n").split("\n"))))
    else:
        sys.stdout.write(text)


def optional(teller: str) -> dict[str, str]:
    """Metadata of a field that is a column only if some row's field ``teller`` is not its default.

    So that what scripts read of ordinary results stays as it is.
    """
    return {"teller": teller}


def several(known: Callable[[Iterable[Any]], Iterable[Any]]) -> dict[str, Any]:
    """Metadata of a field that maps names to values: a column for each ``key`` that ``known`` finds in all rows."""
    return {"several": known}


def _columns(rows: Iterable[Any], kind: type) -> tuple[dict[str, Callable[[Any], object]], Iterable[Any]]:
    """Each column's name and how a row tells it, and the rows."""
    tellers = {f.metadata["teller"] for f in fields(kind) if "teller" in f.metadata}
    rows = list(rows) if tellers else rows
    usual = {f.name: f.default for f in fields(kind) if f.name in tellers}
    shown = {name for name, value in usual.items() if any(getattr(row, name) != value for row in rows)}
    columns: dict[str, Callable[[Any], object]] = {}
    for f in fields(kind):
        if "several" in f.metadata:
            keys = [column.key for column in f.metadata["several"](getattr(row, f.name) for row in rows)]
            columns |= {key: partial(_inside, f.name, key) for key in keys}
        elif f.metadata.get("teller") in (None, *shown):
            columns[f.name] = attrgetter(f.name)
    return columns, rows


def _inside(field: str, key: str, row: Any) -> object:
    return getattr(row, field).get(key)


def write_csv(rows: Iterable[Any], kind: type, out: IO[str], *, safe: bool = False) -> None:
    """A header and one line per row; floats with ten decimals, NaN empty. ``safe``: for spreadsheets."""
    columns, rows = _columns(rows, kind)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = [_cell(tell(row)) for tell in columns.values()]
        writer.writerow([_no_formula(cell) for cell in cells] if safe else cells)


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10f}"
    return value


def write_json(rows: Iterable[Any], kind: type, out: IO[str]) -> None:
    """A list of objects with the CSV's keys; floats in full, NaN as null."""
    import json

    columns, rows = _columns(rows, kind)
    objects = [{name: _value(tell(row)) for name, tell in columns.items()} for row in rows]
    plain = (sys.stdout.encoding or "").lower() not in (
        "utf-8",
        "utf8",
    )  # there an escape is JSON, and a mark may not be
    json.dump(objects, out, indent=1, ensure_ascii=plain)
    out.write("\n")


def _no_formula(cell: object) -> object:
    r"""Text that no spreadsheet computes, or a number as it is.

    >>> _no_formula("=HYPERLINK(A1)"), _no_formula("-3.5"), _no_formula("-3.5+A1"), _no_formula("dcf")
    ("'=HYPERLINK(A1)", '-3.5', "'-3.5+A1", 'dcf')
    """
    formula = isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") and not re.fullmatch(r"-?[\d.]+", cell)
    return f"'{cell}" if formula else cell


def _value(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
