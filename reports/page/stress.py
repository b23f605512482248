"""The view of trackers under stress: what each loses, and one moment as it is seen under each stress."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rgbtbench.core.errors import DataError
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.decode import pair
from rgbtbench.datasets.stress import STRESSES, Chosen, Sight, spoiled
from rgbtbench.reports.inputs import Entry
from rgbtbench.reports.stress import stress_rows
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .filmstrips import Album, picture_bytes


def stress_view(evaluation: Evaluation, entries: Iterable[Entry], album: Album) -> dict[str, Any] | None:
    """Rows of all sequences and pictures by stress; None if no tracker here was run with and without stress."""
    entries = [entry for entry in entries if entry.label in evaluation.trackers]
    clean = {entry.label for entry in entries if entry.stress is None}
    under = [entry for entry in entries if entry.stress and entry.base in clean]
    if not under:
        return None
    rows = [row for row in stress_rows(evaluation, entries) if row.attribute == ALL]
    return {
        "rows": [
            {
                "tracker": row.tracker,
                "metric": row.metric,
                "stress": row.stress,
                "severity": row.severity,
                **{
                    name: None if math.isnan(value) else round(value / 100, 5)
                    for name in ("clean", "value", "difference", "low", "high", "drop")
                    for value in [getattr(row, name)]
                },
            }
            for row in rows
        ],
        "pictures": _pictures(evaluation.benchmark, under, album),
    }


def _pictures(benchmark: Benchmark, under: list[Entry], album: Album) -> list[dict[str, Any]]:
    """The middle frame of the first sequence as the worst of each stress shows it, with the seed of the run."""
    name = benchmark.names[0]
    visible, thermal = benchmark.images(name)
    if not visible or len(visible) != len(thermal):
        return []
    seen: dict[Chosen, int] = {}
    for entry in under:
        if entry.stress and entry.run:
            seed = entry.run.about()["identity"].get("seed")
            seen.setdefault(entry.stress, seed if type(seed) is int else 0)
    shown = []
    worst = {one.name: one for one in sorted(seen)}
    for one, seed in ((worst[stress], seen[worst[stress]]) for stress in STRESSES if stress in worst):
        frame = spoiled(lambda k: pair(k, visible[k], thermal[k]), Sight(one, seed, name))
        try:
            images = frame(len(visible) // 2)
        except DataError:
            return []
        files = [album.pack.add_bytes(picture_bytes(image)) for image in (images.rgb, images.tir)]
        shown.append({"stress": one.name, "severity": one.severity, "images": files})
    return shown
