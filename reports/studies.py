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
        log = [json.loads(line) for line in (one.folder / "log.jsonl").read_text().splitlines()]
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
                train_seconds=round(sum(line.get("seconds", 0) for line in log)),
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
    """The paper's tables with what was measured here; a row of several trainings is their mean."""
    from rgbtbench.trackers.crossmodal.methods import TABLES

    def mean(row: str, values: Array) -> Array:
        labels = [row] if row in evaluation.trackers else [one.label for one in plan if one.row == row]
        mean: Array = values[[evaluation.trackers.index(label) for label in labels]].mean(0)
        return mean

    def line(name: str, row: str) -> tuple[str, ...]:
        seeds = sum(one.row == row for one in plan)
        cells = [name, str(seeds or GAP)]
        for measure in evaluation.measures:
            values = evaluation.values(measure)
            own, plain = mean(row, values), mean(PLAIN, values)
            score, gain = (100 * np.average(v, weights=weights[0]) for v in (own, own - plain))
            low, high = 100 * intervals((own - plain)[None], weights)[0, 0]
            cells += [number(score), GAP if row == PLAIN else f"{gain:+.1f} [{low:+.1f}, {high:+.1f}]"]
        return tuple(cells)

    weights = evaluation.weights
    header = ("row", "seeds", *(word for m in evaluation.measures for word in (m.name, f"{m.name} - Student [95 %]")))
    extra = {"Student, longer": LONGER, "Teacher": TEACHER, "dcf": "dcf"}
    extra |= {name: name for name in baselines()}
    extra |= {name: name for name in evaluation.trackers if name.endswith(("-rgb", "-tir"))}
    for table, rows in TABLES.items():
        trained = {one.row for one in plan} | set(evaluation.trackers)
        shown = {"Student": PLAIN} | dict(rows) | extra
        yield Table(
            f"Table {table}, nano networks on {len(evaluation.frames)} generated sequences; percent",
            header,
            tuple(line(name, row) for name, row in shown.items() if row in trained),
        )
