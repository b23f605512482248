"""Truth, protocol and limits for the page that scores what is dropped onto it, as the command line does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from rgbtbench.core.boxes import DEFAULT_LAYOUT, FIRST_ROWS, LAYOUTS, OFFSETS, Array
from rgbtbench.files import packed, paths, rows
from rgbtbench.files.archive import BESIDE, FILES
from rgbtbench.files.arrays import TEXTS
from rgbtbench.reports.colours import PALETTE
from rgbtbench.results import discovery, formats, matching
from rgbtbench.scoring import format_check, layout_fit, losses
from rgbtbench.scoring.evaluation import Evaluation

from .packing import Pack, Ref

INTEGERS = np.iinfo(np.int16)


def truth(evaluation: Evaluation, pack: Pack) -> dict[str, Any]:
    """What scores a tracker on one benchmark: its truth, to the last bit, and its protocol."""
    benchmark = evaluation.benchmark
    protocol = benchmark.spec.protocol
    measures = [asdict(measure) | {"weights": measure.weights().tolist()} for measure in evaluation.measures]
    words = asdict(protocol) | {"measures": measures}
    names = {"dataset": benchmark.spec.name, "split": benchmark.split_label}
    return {**names, "boxes": _boxes(benchmark.truth, pack), "protocol": words}


def _boxes(boxes: Array, pack: Pack) -> Ref:
    """Boxes (M, F, 4) as (M, 4, F): small integers where they are such, as in all published truth, else float64."""
    columns = np.moveaxis(boxes, -1, 1)
    whole = np.rint(columns)
    if (whole == columns).all() and INTEGERS.min <= whole.min() and whole.max() <= INTEGERS.max:
        return pack.add(whole.astype(np.int16), "i2", differences=True)
    return pack.add(columns, "f8")


def limits() -> dict[str, Any]:
    """Names, limits and thresholds of reading and checking, which Python has as constants."""
    return {
        "files": FILES,
        "beside": BESIDE,
        "texts": TEXTS,
        "times": discovery.TIMES,
        "truths": discovery.TRUTHS,
        "numbered": matching.NUMBERED.pattern.replace("(?P<", "(?<"),
        "limits": {
            "file": packed.FILE_LIMIT,
            "total": packed.TOTAL_LIMIT,
            "count": packed.COUNT_LIMIT,
            "name": packed.NAME_LIMIT,
            "depth": packed.DEPTH_LIMIT,
            "directory": packed.DIRECTORY_LIMIT,
            "walk": paths.DEPTH_LIMIT,
            "files": paths.FILE_LIMIT,
            "large": rows.LARGE,
            "rows": rows.ROW_LIMIT,
            "line": rows.LINE_LIMIT,
            "folder": discovery.FOLDER_LIMIT,
            "shelves": formats.SHELVES,
            "candidates": matching.CANDIDATES,
        },
        "layouts": {
            name: {"columns": layout.columns, "meaning": layout.meaning, "rounded": layout.rounded}
            for name, layout in LAYOUTS.items()
        },
        "offsets": {word: asdict(offset) for word, offset in OFFSETS.items()},
        "firsts": FIRST_ROWS,
        "check": {
            "most": format_check.MOST,
            "hopeless": format_check.HOPELESS,
            "nearlyAll": format_check.NEARLY_ALL,
            "coincidence": format_check.COINCIDENCE,
            "few": format_check.FEW,
            "many": format_check.MANY,
            "upright": format_check.UPRIGHT,
            "equal": format_check.EQUAL,
            "motion": format_check.MOTION,
            "sure": format_check.SURE,
            "rows": layout_fit.ROWS,
            "first": layout_fit.FIRST,
            "better": layout_fit.BETTER,
            "follow": layout_fit.FOLLOW,
        },
        "swapped": {columns: _orders(columns) for columns in DEFAULT_LAYOUT},
        "lost": losses.OVERLAP,
        "colours": len(PALETTE),
    }


def _orders(columns: int) -> list[dict[str, Any]]:
    keys = ("meaning", "layout", "order")
    return [dict(zip(keys, swap, strict=True)) for swap in layout_fit.swaps(columns)]
