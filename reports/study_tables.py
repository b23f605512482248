"""A study's trainings compared: rows for the record, and the paper's tables with what was measured here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from rgbtbench.core import identity
from rgbtbench.core.boxes import Array
from rgbtbench.results.study_record import (
    KEY,
    METRICS,
    Measured,
    OnSequence,
    Setting,
    Training,
    of_one_length,
    settings,
)
from rgbtbench.running.plan import truth_of
from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.statistics import intervals, ratio_interval
from rgbtbench.studies.trainings import HALVED, LONGER, PLAIN, SIDE_BY_SIDE, TEACHER, Trained, baselines

from .tables import GAP, Table, number

STEPS = (  # of the study with a teacher that fuses: a row, and the one that it adds to
    (TEACHER, SIDE_BY_SIDE),
    (TEACHER, PLAIN),
    ("mpsd-alone", PLAIN),
    ("scfd", PLAIN),
    ("fus", "scfd"),
    ("mpsd", "fus"),
    ("mpsd", "scfd"),
    ("hfrd", "mpsd"),
    ("hfrd-both", "mpsd"),
    ("hfrd-hinge", "mpsd"),
    (TEACHER, "mpsd"),
)


def measured_rows(plan: Sequence[Trained], evaluation: Evaluation) -> Iterator[tuple[Measured, list[OnSequence]]]:
    """Every score of every training, and of trackers beside them under their own names. Needs torch.

    Beside each the scores on single sequences, to 5 digits.
    """
    from rgbtbench.trackers.networks.weights import read

    about = identity.machine()
    trained = {one.label + end: one for one in plan for end in ("", *HALVED)}
    for at, label in enumerate(evaluation.trackers):
        one = trained.get(label)
        row = one.row if one and one.label == label else label
        weights = read(one.weights) if one else None
        known = weights.metadata if weights else {}
        for measure in evaluation.measures:
            values = 100 * evaluation.values(measure)[at]
            low, high = intervals(values[None], evaluation.weights)[0, 0]
            score = Measured(
                date=date.today().isoformat(),
                commit=(json.loads(known["code"]) if known else identity.code())["commit"],
                recipe=row,
                preset="nano",
                seed=int(known.get("seed", 0)),
                steps=int(known.get("steps", 0)),
                train_seconds=_seconds(one) if one else None,
                metric=measure.name,
                value=100 * evaluation.scores(measure)[at, 0],
                low=low,
                high=high,
                sequences=len(evaluation.frames),
                frames=int(evaluation.frames.sum()),
                weights_sha256=weights.sha256 if weights else "",
                train_data=known.get("data", ""),
                test_truth=truth_of(evaluation.benchmark),
                machine=f"{about['cores']} cores, {about['processor']}, {about['platform']}",
            )
            named = {name: getattr(score, name) for name in KEY}
            yield (
                score,
                [
                    OnSequence(**named, sequence=sequence, value=float(f"{value:.5g}"))
                    for sequence, value in zip(evaluation.benchmark.names, values, strict=True)
                ],
            )


def _seconds(one: Trained) -> int | None:
    """How long a training took, if its log is there."""
    path = one.folder / "log.jsonl"
    if not path.exists():
        return None
    return round(sum(float(json.loads(line).get("seconds", 0)) for line in path.read_text().splitlines()))


def study_tables(trainings: Sequence[Training]) -> Iterator[Table]:
    """The paper's tables with what a study measured, on the test set of most rows; of several seeds the mean.

    Then, if there is a plain student that was trained longer: how long each took, and what it has over that one; and
    if there is a teacher: how much of its lead over the plain student each distilled row recovers.
    """
    from rgbtbench.trackers.crossmodal.methods import METHODS, TABLES, VARIANTS

    setting = settings(trainings)[0]
    rows = Compared(trainings, setting)
    known = dict.fromkeys(t.recipe for t in trainings if t.setting == setting)
    where = f"{setting.preset} networks on {setting.sequences} generated sequences; percent"

    scores = (word for metric in METRICS for word in (metric, f"{metric} - Student [95 %]"))
    header = ("row", "seeds", *scores, "distils")
    distils = {row: ", ".join(method.stages) or GAP for row, method in METHODS.items()}
    extra = {"Student, longer": LONGER, "Teacher": TEACHER, "dcf": "dcf"}
    extra |= {name: name for name in (*baselines(), *known) if name in baselines() or name.endswith(HALVED)}
    anew = SIDE_BY_SIDE in known  # Table 1 alone, from a teacher that fuses
    for table, printed in list(TABLES.items())[: 1 if anew else None]:
        shown = {"Student": PLAIN} | dict(printed) | dict(VARIANTS.get(table, {})) | extra
        lines = [
            (
                name,
                rows.seeds(row),
                *(cell for m in METRICS for cell in (rows.score(row, m), rows.gain(row, PLAIN, m))),
                distils.get(row, GAP),
            )
            for name, row in shown.items()
            if row in known
        ]
        yield Table(f"Table {table}, {where}", header, tuple(lines))

    steps = [(row, before) for row, before in STEPS if row in known and before in known]
    if anew:
        header = (
            "row",
            "seeds",
            "after",
            *(word for metric in METRICS for word in (metric, f"{metric} - before [95 %]")),
        )
        lines = [
            (
                row,
                rows.seeds(row),
                before,
                *(c for m in METRICS for c in (rows.score(row, m), rows.gain(row, before, m))),
            )
            for row, before in steps
        ]
        yield Table(f"Step by step, {where}", header, tuple(lines))

    trained = [row for row in known if row in (TEACHER, LONGER, *METHODS, *baselines(), *dict(STEPS))]
    if LONGER in known:
        header = ("row", "seeds", "minutes", *(f"{metric} - longer [95 %]" for metric in METRICS))
        lines = [
            (row, rows.seeds(row), rows.minutes(row), *(rows.gain(row, LONGER, m) for m in METRICS)) for row in trained
        ]
        yield Table(f"Against a plain student trained longer, {where}", header, tuple(lines))
    if TEACHER in known:
        header = ("row", "seeds", *(f"of the lead in {metric} [95 %]" for metric in METRICS))
        untaught = {row for row, method in METHODS.items() if not method.terms} | {TEACHER, LONGER, *baselines()}
        distilled = [row for row in trained if row not in untaught]
        lines = [(row, rows.seeds(row), *(rows.share(row, m) for m in METRICS)) for row in distilled]
        yield Table(f"Recovered of the teacher's lead over Student, {where}", header, tuple(lines))


@dataclass(frozen=True, slots=True)
class Compared:
    """A study's rows as cells of its tables; without each sequence's score a difference has no interval."""

    trainings: Sequence[Training]
    setting: Setting

    def seeds(self, row: str) -> str:
        """How many trainings it is the mean of."""
        return str(sum(t.steps != "0" for t in self._of(row, METRICS[0])) or GAP)  # dcf is not trained

    def minutes(self, row: str) -> str:
        """Of training, in the mean."""
        return number(float(np.mean([t.seconds for t in self._of(row, METRICS[0])] or math.nan)) / 60)

    def score(self, row: str, metric: str) -> str:
        """In percent."""
        return number(self._mean(row, metric))

    def gain(self, row: str, other: str, metric: str) -> str:
        """Over the other row, in points, with its 95 % interval over sequences."""
        if row == other:
            return GAP
        text = number(self._mean(row, metric) - self._mean(other, metric), sign=True)
        difference = self._each(row, metric) - self._each(other, metric)
        low, high = intervals(difference[None], np.ones((1, len(difference))))[0, 0]
        return text if math.isnan(low) else f"{text} [{low:+.1f}, {high:+.1f}]"

    def share(self, row: str, metric: str) -> str:
        """Of a lead that may be none, nothing is said."""
        plain, teacher = self._mean(PLAIN, metric), self._mean(TEACHER, metric)
        each = self._each(PLAIN, metric)
        part, whole = self._each(row, metric) - each, self._each(TEACHER, metric) - each
        sure = intervals(whole[None], np.ones((1, len(whole))))[0, 0, 0]
        if not teacher > plain or sure <= 0:
            return GAP
        text = f"{100 * (self._mean(row, metric) - plain) / (teacher - plain):.0f}"
        if np.isnan(part).any() or np.isnan(whole).any():
            return text
        low, high = ratio_interval(100 * part, whole)
        return f"{text} [{low:.0f}, {high:.0f}]"

    def _of(self, row: str, metric: str) -> list[Training]:
        return of_one_length(self.trainings, self.setting, row, metric)

    def _mean(self, row: str, metric: str) -> float:
        return float(np.mean([t.value for t in self._of(row, metric)] or math.nan))

    def _each(self, row: str, metric: str) -> Array:
        """Score on each sequence, (S,), the mean of a row's trainings; one NaN where those of one are not known."""
        each = [np.asarray(t.each) for t in self._of(row, metric)]
        known: Array = np.mean(each, axis=0) if each and all(map(len, each)) else np.array([np.nan])
        return known
