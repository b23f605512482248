"""Rows of dataclasses as CSV or JSON for machines, or the tables made of them for people."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from rgbtbench import atomic

from .tables import RENDER, Table


def show(form: str, rows: Iterable[Any], kind: type, tables: Iterable[Table], path: Path | None = None) -> None:
    """Print in one of the formats ``table``, ``md``, ``latex``, ``csv``, ``json``, to stdout or into a file."""
    out = io.StringIO() if path else sys.stdout
    if form in RENDER:
        print("\n\n".join(RENDER[form](table) for table in tables), file=out)
    else:
        (write_csv if form == "csv" else write_json)(rows, kind, out)
    if path and isinstance(out, io.StringIO):
        atomic.save(path, out.getvalue().encode())


def optional(teller: str) -> dict[str, str]:
    """Metadata of a field that is a column only if some row's field ``teller`` is not its default.

    So that what scripts read of ordinary results stays as it is.
    """
    return {"teller": teller}


def _columns(rows: Iterable[Any], kind: type) -> tuple[list[str], Iterable[Any]]:
    """Names of the columns, and the rows."""
    tellers = {f.metadata["teller"] for f in fields(kind) if "teller" in f.metadata}
    rows = list(rows) if tellers else rows
    usual = {f.name: f.default for f in fields(kind) if f.name in tellers}
    told = {name for name, value in usual.items() if any(getattr(row, name) != value for row in rows)}
    return [f.name for f in fields(kind) if f.metadata.get("teller") in (None, *told)], rows


def write_csv(rows: Iterable[Any], kind: type, out: IO[str]) -> None:
    """A header and one line per row; floats with ten decimals, NaN empty."""
    columns, rows = _columns(rows, kind)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(getattr(row, column)) for column in columns])


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10f}"
    return value


def write_json(rows: Iterable[Any], kind: type, out: IO[str]) -> None:
    """A list of objects with the CSV's keys; floats in full, NaN as null."""
    import json

    columns, rows = _columns(rows, kind)
    objects = [{column: _value(getattr(row, column)) for column in columns} for row in rows]
    json.dump(objects, out, indent=1, ensure_ascii=False)
    out.write("\n")


def _value(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
