"""Printed numbers for the page's leaderboard, each with who says so and what else is in print."""

from __future__ import annotations

from typing import Any

from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.evaluation import ALL
from rgbtbench.results.published import erratum
from rgbtbench.results.published.standing import Cell, Print, cells, facts


def printed_rows(benchmark: Benchmark) -> list[dict[str, Any]]:
    """One row per tracker: attribute -> metric -> its prints, the one to show first and then every other number.

    Empty for anything but the benchmark as published: numbers of other sequences do not compare.
    """
    if not benchmark.is_official:
        return []
    found: dict[str, dict[str, dict[str, list[dict[str, Any]]]]] = {}
    for attribute in (ALL, *benchmark.spec.attributes):
        for (tracker, metric), cell in cells(benchmark.spec.name, benchmark.split_label, attribute).items():
            found.setdefault(tracker, {}).setdefault(attribute, {})[metric] = _prints(cell)
    return [{"name": tracker, **_about(tracker), "cells": own} for tracker, own in sorted(found.items())]


def _prints(cell: Cell) -> list[dict[str, Any]]:
    return [_print(entry) for entry in (cell.best, *cell.others)]


def _print(entry: Print) -> dict[str, Any]:
    known = erratum(entry)
    note = f"{known.note}: {known.evidence}" if known else entry.note
    told = {"value": entry.value, "standing": entry.standing, "source": entry.source, "address": entry.address}
    return told | {"note": note, "doubtful": entry.doubtful}


def _about(tracker: str) -> dict[str, Any]:
    known = facts(tracker)
    speeds = [{"fps": s.fps, "hardware": s.hardware, "source": s.source} for s in known.speeds]
    return {"year": known.year, "venue": known.venue, "params": known.params_m, "speeds": speeds}
