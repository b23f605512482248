"""What distillation recovers of a teacher's lead, from scores of each sequence."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
from rgbtbench.reports.studies import study_tables
from rgbtbench.study import Trained


@pytest.mark.parametrize(
    ("lead", "recovered"),
    [
        (0.2, "60 [60, 60]"),  # scfd has six tenths of the lead on each sequence
        (0.0, "–"),  # a share of a lead that may be none would be noise
    ],
)
def test_share_of_the_lead_is_paired_and_over_the_mean_of_plain_seeds(tmp_path, lead, recovered):
    plan = [Trained(row, seed, tmp_path) for row, seed in [("teacher", 0), ("student", 0), ("student", 1), ("scfd", 0)]]
    rng = np.random.default_rng(0)
    plain, ahead = rng.uniform(0.2, 0.8, 50), rng.normal(lead, 0.02, 50) - (0.0 if lead else 0.001)
    scores = {
        "teacher-0": plain + ahead,
        "student-0": plain - 0.1,
        "student-1": plain + 0.1,
        "scfd-0": plain + 0.6 * ahead,
    }
    evaluation = SimpleNamespace(
        trackers=tuple(scores),
        measures=(SimpleNamespace(name="PR"),),
        frames=np.full(50, 60),
        values=lambda measure: np.stack(list(scores.values())),
    )
    table = list(study_tables(plan, evaluation))[-1]
    assert table.rows == (("scfd", "1", recovered),)
