"""A study's trainings compared: rows for the record, and the paper's tables with what was measured here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from rgbtbench import fingerprint
from rgbtbench.bootstrap import intervals, ratio_interval
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

    Then, if there is a plain student that was trained longer: how long each took, and what it has over that one; and
    if there is a teacher: how much of its lead over the plain student each distilled row recovers.
    """
    from rgbtbench.trackers.crossmodal.methods import METHODS, TABLES

    rows = _Rows(plan, evaluation)
    measures = evaluation.measures
    where = f"nano networks on {len(evaluation.frames)} generated sequences; percent"

    header = ("row", "seeds", *(word for m in measures for word in (m.name, f"{m.name} - Student [95 %]")))
    extra = {"Student, longer": LONGER, "Teacher": TEACHER, "dcf": "dcf"}
    extra |= {name: name for name in baselines()}
    extra |= {name: name for name in evaluation.trackers if name.endswith(("-rgb", "-tir"))}
    for table, printed in TABLES.items():
        shown = {"Student": PLAIN} | dict(printed) | extra
        lines = [
            (
                name,
                rows.seeds(row),
                *(cell for m in measures for cell in (rows.score(row, m), rows.gain(row, PLAIN, m))),
            )
            for name, row in shown.items()
            if row in rows.known
        ]
        yield Table(f"Table {table}, {where}", header, tuple(lines))

    trained = list(dict.fromkeys(one.row for one in plan))
    if LONGER in trained:
        header = ("row", "seeds", "minutes", *(f"{m.name} - longer [95 %]" for m in measures))
        lines = [
            (row, rows.seeds(row), rows.minutes(row), *(rows.gain(row, LONGER, m) for m in measures)) for row in trained
        ]
        yield Table(f"Against a plain student trained longer, {where}", header, tuple(lines))
    if TEACHER in trained:
        header = ("row", "seeds", *(f"of the lead in {m.name} [95 %]" for m in measures))
        distilled = [row for row in trained if row in METHODS and METHODS[row].terms]
        lines = [(row, rows.seeds(row), *(rows.share(row, m) for m in measures)) for row in distilled]
        yield Table(f"Recovered of the teacher's lead over Student, {where}", header, tuple(lines))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Scores of a study's rows as cells of its tables; what is not a training is a row of its own."""

    plan: Sequence[Trained]
    evaluation: Evaluation

    @property
    def known(self) -> set[str]:
        return {one.row for one in self.plan} | set(self.evaluation.trackers)

    def seeds(self, row: str) -> str:
        return str(sum(one.row == row for one in self.plan) or GAP)

    def minutes(self, row: str) -> str:
        return number(float(np.mean([_seconds(one) for one in self.plan if one.row == row])) / 60)

    def score(self, row: str, measure: Measure) -> str:
        return number(100 * self._sequences(row, measure).mean())

    def gain(self, row: str, other: str, measure: Measure) -> str:
        if row == other:
            return GAP
        difference = 100 * (self._sequences(row, measure) - self._sequences(other, measure))
        low, high = intervals(difference[None], np.ones((1, len(difference))))[0, 0]
        return f"{difference.mean():+.1f} [{low:+.1f}, {high:+.1f}]"

    def share(self, row: str, measure: Measure) -> str:
        """Of a lead that may be none, nothing is said."""
        plain = self._sequences(PLAIN, measure)
        part, whole = self._sequences(row, measure) - plain, self._sequences(TEACHER, measure) - plain
        if not intervals(whole[None], np.ones((1, len(whole))))[0, 0, 0] > 0:
            return GAP
        low, high = ratio_interval(100 * part, whole)
        return f"{100 * part.sum() / whole.sum():.0f} [{low:.0f}, {high:.0f}]"

    def _sequences(self, row: str, measure: Measure) -> Array:
        """A row's score on each sequence, (S,): the mean of its trainings."""
        trackers = self.evaluation.trackers
        labels = [row] if row in trackers else [one.label for one in self.plan if one.row == row]
        scores: Array = self.evaluation.values(measure)[[trackers.index(label) for label in labels]].mean(0)
        return scores


def _seconds(one: Trained) -> float:
    """How long a training took."""
    log = map(json.loads, (one.folder / "log.jsonl").read_text().splitlines())
    return float(sum(line.get("seconds", 0) for line in log))
