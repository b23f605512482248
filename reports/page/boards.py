"""One benchmark of the page as words and numbers: scores, curves, sequences, prints, gaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from rgbtbench.core.boxes import Array, Index
from rgbtbench.core.protocol import Measure
from rgbtbench.datasets.spec import Spec
from rgbtbench.reports.inputs import Entry
from rgbtbench.reports.scores import score_rows
from rgbtbench.running.plan import truth_of
from rgbtbench.scoring.evaluation import ALL, Evaluation

from .filmstrips import Album
from .losses import packed
from .origins import SHORT, failures, origin, rules
from .pairs import hits
from .prints import known, printed_rows
from .stress import stress_view
from .traces import ERROR_STEPS, GAP, OVERLAP_STEPS, Traces

SCORE_STEPS = 1_000_000  # of 1: finer than any table shows
NO_SCORE = -1


def board(
    evaluation: Evaluation, entries: list[Entry], traces: Traces, album: Album, *, untrusted: bool
) -> dict[str, Any]:
    """Everything about one benchmark; arrays go into the album's pack.

    Prints stand beside the benchmark as published only: numbers of other sequences do not compare.
    """
    benchmark, pack, trackers = evaluation.benchmark, album.pack, evaluation.trackers
    spec, counts, frames = benchmark.spec, evaluation.has.sum(axis=0), evaluation.frames @ evaluation.has
    scores = [(row.value, row.low, row.high) for row in score_rows(evaluation, "overall")]
    shape = len(trackers), len(evaluation.measures), len(evaluation.attributes), 3
    strips, notes = album.strips(traces, trackers) if traces.frames else ({}, [])
    printed = printed_rows(spec, benchmark.split_label, untrusted=untrusted) if benchmark.is_official else []
    return {
        "title": f"{benchmark.title}{' (generated)' * benchmark.is_generated}",
        "official": benchmark.is_official,
        "generated": benchmark.is_generated,
        "border": spec.protocol.border_is_invalid,
        "truth": truth_of(benchmark)[:SHORT],
        "rules": rules(spec, evaluation.measures),
        "attributes": [_attribute(spec, *about) for about in zip(evaluation.attributes, counts, frames, strict=True)],
        "measures": [_measure(measure) for measure in evaluation.measures],
        "sequences": list(benchmark.names),
        "frames": benchmark.lengths.tolist(),
        "every": spec.every,
        "scored": [
            _scored(evaluation, next(e for e in entries if e.label == name), traces, untrusted=untrusted)
            for name in trackers
        ],
        "unscored": [
            {"name": e.label, "source": e.source, "failed": failures(e), "origin": origin(e)}
            for e in entries
            if e.label not in trackers
        ],
        "printed": printed,
        "has": pack.add(evaluation.has.T.astype(np.uint8), "u1"),
        "pooled": spec.protocol.average == "frame",
        "scores": pack.add(_steps(np.reshape(scores, shape) / 100), "i4"),
        "hits": [hits(evaluation, measure, pack) for measure in evaluation.measures],
        "lost": packed([traces.lost[name] for name in trackers], len(benchmark.names), pack),
        "traces": {
            "points": traces.points,
            "gap": GAP,
            "overlap": pack.add(np.stack([traces.overlap[name] for name in trackers]), "u1", differences=True),
            "overlap_steps": OVERLAP_STEPS,
            "error": pack.add(np.stack([traces.error[name] for name in trackers]), "u1", differences=True),
            "error_steps": ERROR_STEPS,
        },
        "strips": strips,
        "strip_notes": notes,
        "stress": stress_view(evaluation, entries, album),
        "scale": {"score": SCORE_STEPS},
    }


def printed_board(spec: Spec, *, untrusted: bool) -> dict[str, Any]:
    """A benchmark that nothing was scored on: what is in print, and no sequences."""
    split = spec.default_split if len(spec.sizes) > 1 else ""
    printed = printed_rows(spec, split, untrusted=untrusted)
    with_prints = [name for name in spec.attributes if any(name in row["cells"] for row in printed)]
    measures = spec.protocol.select(None)
    return {
        "title": f"{spec.name} {split}".strip(),
        "official": True,
        "generated": False,
        "truth": "",
        "rules": rules(spec, measures),
        "attributes": [_attribute(spec, ALL, *spec.sizes[spec.default_split])]
        + [_attribute(spec, name, None, None) for name in with_prints],
        "measures": [_measure(measure) for measure in measures],
        "printed": printed,
        **{name: [] for name in ("sequences", "frames", "scored", "unscored", "strip_notes")},
        "every": spec.every,
        "strips": {},
    }


def _attribute(spec: Spec, name: str, sequences: int | None, frames: int | None) -> dict[str, Any]:
    """An attribute and how much there is of it; None where only the truth would tell."""
    sizes = [None if size is None else int(size) for size in (sequences, frames)]
    meaning = spec.attributes.get(name, "all sequences" if name == ALL else "")
    return {"name": name, "meaning": meaning, "sequences": sizes[0], "frames": sizes[1]}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "quantity": measure.quantity,
        "hit": measure.hit,
        "thresholds": [round(t, 9) for t in measure.thresholds],
        "weights": measure.weights().tolist(),
        "at": measure.at if measure.score == "at" else None,
        "published": measure.published,
    }


def _scored(evaluation: Evaluation, entry: Entry, traces: Traces, *, untrusted: bool) -> dict[str, Any]:
    failed = failures(entry)
    missing = set(evaluation.missing.get(entry.label, ())) - {name for name, _ in failed}
    return {
        "name": entry.label,
        "source": entry.source,
        "is_truth": entry.label in traces.truths,
        **known(entry.label, entry, untrusted=untrusted),
        "repeats": evaluation.repeats[evaluation.trackers.index(entry.label)],
        "spread": [None if np.isnan(d) else round(float(d), 6) for d in _spreads(evaluation, entry.label)],
        "failed": failed,
        "missing": sorted(missing),
        "repairs": [str(r).partition(": ")[2] for r in evaluation.repairs if r.tracker == entry.label]
        + [doubt.what for doubt in evaluation.notes if doubt.tracker == entry.label],
        "origin": origin(entry),
    }


def _spreads(evaluation: Evaluation, label: str) -> list[float]:
    """Standard deviation of each metric over a tracker's repeats, in shares of 1."""
    at = evaluation.trackers.index(label)
    return [float(evaluation.spread[measure.name][at, 0]) for measure in evaluation.measures]


def _steps(shares: Array) -> Index:
    steps: Index = np.where(np.isnan(shares), NO_SCORE, np.rint(np.nan_to_num(shares) * SCORE_STEPS)).astype(np.int64)
    return steps
