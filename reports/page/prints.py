"""Printed numbers for the page's leaderboard, each with its source and the other prints of that cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rgbtbench.datasets.spec import Spec
from rgbtbench.reports.citations import HEAD, bibliography
from rgbtbench.reports.columns import about, shown
from rgbtbench.reports.inputs import Entry
from rgbtbench.results.published import erratum
from rgbtbench.results.published.sources import Cell, Print, cells, facts
from rgbtbench.scoring.evaluation import ALL

from .speeds import speeds


def printed_rows(spec: Spec, split: str, *, untrusted: bool) -> list[dict[str, Any]]:
    """One row per tracker: attribute -> metric -> its prints, the one to show first and then every other number.

    ``untrusted``: also what only lists and reading notes say.
    """
    printed: dict[str, dict[str, dict[str, list[dict[str, Any]]]]] = {}
    for attribute in (ALL, *spec.attributes):
        for (tracker, metric), cell in cells(spec.name, split, attribute, untrusted=untrusted).items():
            printed.setdefault(tracker, {}).setdefault(attribute, {})[metric] = _prints(cell)
    return [{"name": name, **known(name, untrusted=untrusted), "cells": own} for name, own in sorted(printed.items())]


def _prints(cell: Cell) -> list[dict[str, Any]]:
    return [_print(entry) for entry in (cell.best, *cell.others)]


def _print(entry: Print) -> dict[str, Any]:
    known = erratum(entry)
    note = f"{known.note}: {known.evidence}" if known else entry.note
    fields = {"value": entry.value, "source": entry.source, "reference": entry.reference, "address": entry.address}
    return fields | {"note": note, "doubtful": entry.doubtful}


def bibtex(names: Iterable[str]) -> dict[str, Any]:
    """What stands above BibTeX entries, and the entry of each of these trackers that is in print."""
    found = {name: bibliography([name]).removeprefix(HEAD) for name in dict.fromkeys(names)}
    return {"head": HEAD, "entries": {name: entry for name, entry in found.items() if entry}}


def known(tracker: str, entry: Entry | None = None, *, untrusted: bool = False) -> dict[str, Any]:
    """What is known of a tracker beside its scores: columns, venue and speeds; of its ``entry`` too, if scored here.

    Where no paper tells year and venue, lists may: they are ``listed``.
    """
    said = facts(tracker, untrusted=untrusted)
    values = about(said, entry)
    listed = facts(tracker, untrusted=True) if not values["year"] else None
    if listed and listed.year:
        values = {**values, "year": listed.year}
        return {"about": shown(values), "venue": listed.venue, "listed": True, "speeds": speeds(said, values, entry)}
    return {"about": shown(values), "venue": said.venue, "listed": False, "speeds": speeds(said, values, entry)}
