"""A study's tables: seeds averaged, differences paired, and of a teacher's lead the share that a student recovers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
from rgbtbench.core.boxes import Array
from rgbtbench.reports.study_tables import study_tables
from rgbtbench.results.study_record import METRICS, Setting, Training

RNG = np.random.default_rng(0)
PLAIN, AHEAD = RNG.uniform(20, 60, 50), RNG.normal(20, 2, 50)


def trainings(lead: Array) -> list[Training]:
    """Two plain students ten points off their mean, and SCFD six tenths of the way to the teacher on each sequence."""
    scores = [("teacher", PLAIN + lead), ("student", PLAIN - 10), ("student", PLAIN + 10), ("scfd", PLAIN + 0.6 * lead)]
    return [
        Training(row, Setting("nano", "t", "50"), str(seed), "9", 60.0, "d", metric, each.mean(), 0, 100, tuple(each))
        for seed, (row, each) in enumerate(scores)
        for metric in METRICS
    ]


def cells(found: list[Training], title: str) -> dict[str, tuple[str, ...]]:
    (table,) = [table for table in study_tables(found) if table.title.startswith(title)]
    return {row[0]: row[1:3] for row in table.rows}


def test_a_share_of_the_lead_is_paired_and_over_the_mean_of_plain_seeds():
    assert cells(trainings(AHEAD), "Recovered") == {"scfd": ("1", "60 [60, 60]")}


def test_of_a_lead_that_may_be_none_no_share_is_told():
    assert cells(trainings(AHEAD - 20), "Recovered") == {"scfd": ("1", "–")}


def test_rows_whose_sequences_are_not_known_keep_their_scores_and_have_no_interval():
    found = trainings(np.full(50, 20.0))
    (table1, *_) = study_tables(found)
    (*_, scfd, teacher) = table1.rows
    assert (scfd[0], scfd[3], teacher[0]) == ("Student+SCFD", "+12.0 [+12.0, +12.0]", "Teacher")
    bare = [replace(t, each=()) if t.recipe == "student" else t for t in found]
    (table1, *_) = study_tables(bare)
    (*_, scfd, teacher) = table1.rows
    assert (scfd[3], teacher[3]) == ("+12.0", "+20.0")
    assert cells(bare, "Recovered") == {"scfd": ("1", "60")}


def test_a_record_without_plain_students_or_of_one_metric_has_gaps():
    found = [t for t in trainings(AHEAD) if t.recipe != "student" and t.metric == "SR"]
    assert cells(found, "Table 1") == {"Student+SCFD": ("–", "–"), "Teacher": ("–", "–")}
    assert cells(found, "Recovered") == {"scfd": ("–", "–")}


def test_a_row_says_in_which_stages_it_distils_and_a_second_reading_stands_below_the_printed_ones():
    found = [
        replace(t, recipe={"scfd": "kd-features", "teacher": "kd"}.get(t.recipe, t.recipe)) for t in trainings(AHEAD)
    ]
    (table4,) = [table for table in study_tables(found) if table.title.startswith("Table 4")]
    told = {row[0]: row[-1] for row in table4.rows}
    assert list(told.values()) == ["–", "responses", "features, fusion"]
    assert list(told)[-1] == "KD, features and fusion"
