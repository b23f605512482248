"""A study's trainings compared: rows for the record, and the paper's tables with what was measured here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from rgbtbench import fingerprint
from rgbtbench.bootstrap import intervals
from rgbtbench.boxes import Array
from rgbtbench.evaluation import Evaluation
from rgbtbench.plan import truth_of
from rgbtbench.protocol import Measure
from rgbtbench.results.study import Measured
from rgbtbench.study import LONGER, PLAIN, TEACHER, Trained, baselines

from .tables import GAP, Table, number


def measured_rows(plan: Sequence[Trained], evaluation: Evaluation) -> Iterator[Measured]:
    """Every score of every training. Needs torch."""
    from rgbtbench.trackers.dimp.weights import read

    about = fingerprint.machine()
    machine = f"{about['cores']} cores, {about['processor']}, {about['platform']}"
    for one in plan:
        weights, at = read(one.weights), evaluation.trackers.index(one.label)
        for measure in evaluation.measures:
            value = evaluation.score(measure)[at, 0]
            low, high = intervals(evaluation.values(measure)[[at]], evaluation.weights)[0, 0]
            yield Measured(
                date=date.today().isoformat(),
                commit=json.loads(weights.metadata["code"])["commit"],
                recipe=one.row,
                preset="nano",
                seed=int(weights.metadata["seed"]),
                steps=int(weights.metadata["steps"]),
                train_seconds=round(_seconds(one)),
                metric=measure.name,
                value=100 * value,
                low=100 * low,
                high=100 * high,
                sequences=len(evaluation.frames),
                frames=int(evaluation.frames.sum()),
                weights_sha256=weights.sha256,
                train_data=weights.metadata["data"],
                test_truth=truth_of(evaluation.benchmark),
                machine=machine,
            )


def study_tables(plan: Sequence[Trained], evaluation: Evaluation) -> Iterator[Table]:
    """The paper's tables with what was measured here; a row of several trainings is their mean.

    Last, if there is a plain student that was trained longer: how long each took, and what it has over that one.
    """
    from rgbtbench.trackers.crossmodal.methods import TABLES

    weights, measures = evaluation.weights, evaluation.measures
    trained = {one.row for one in plan} | set(evaluation.trackers)

    def mean(row: str, values: Array) -> Array:
        labels = [row] if row in evaluation.trackers else [one.label for one in plan if one.row == row]
        mean: Array = values[[evaluation.trackers.index(label) for label in labels]].mean(0)
        return mean

    def score(row: str, measure: Measure) -> str:
        return number(100 * np.average(mean(row, evaluation.values(measure)), weights=weights[0]))

    def gain(row: str, other: str, measure: Measure) -> str:
        if row == other:
            return GAP
        difference = mean(row, evaluation.values(measure)) - mean(other, evaluation.values(measure))
        low, high = 100 * intervals(difference[None], weights)[0, 0]
        return f"{100 * np.average(difference, weights=weights[0]):+.1f} [{low:+.1f}, {high:+.1f}]"

    def seeds(row: str) -> str:
        return str(sum(one.row == row for one in plan) or GAP)

    where = f"nano networks on {len(evaluation.frames)} generated sequences; percent"
    header = ("row", "seeds", *(word for m in measures for word in (m.name, f"{m.name} - Student [95 %]")))
    extra = {"Student, longer": LONGER, "Teacher": TEACHER, "dcf": "dcf"}
    extra |= {name: name for name in baselines()}
    extra |= {name: name for name in evaluation.trackers if name.endswith(("-rgb", "-tir"))}
    for table, rows in TABLES.items():
        shown = {"Student": PLAIN} | dict(rows) | extra
        lines = (
            (name, seeds(row), *(cell for m in measures for cell in (score(row, m), gain(row, PLAIN, m))))
            for name, row in shown.items()
            if row in trained
        )
        yield Table(f"Table {table}, {where}", header, tuple(lines))
    if LONGER in trained:
        lines = (
            (row, seeds(row), _minutes(plan, row), *(gain(row, LONGER, m) for m in measures))
            for row in dict.fromkeys(one.row for one in plan)
        )
        header = ("row", "seeds", "minutes", *(f"{m.name} - longer [95 %]" for m in measures))
        yield Table(f"Against a plain student trained longer, {where}", header, tuple(lines))


def _minutes(plan: Sequence[Trained], row: str) -> str:
    return number(float(np.mean([_seconds(one) for one in plan if one.row == row])) / 60)


def _seconds(one: Trained) -> float:
    """How long a training took."""
    log = map(json.loads, (one.folder / "log.jsonl").read_text().splitlines())
    return float(sum(line.get("seconds", 0) for line in log))
