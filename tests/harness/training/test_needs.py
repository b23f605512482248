"""The table of what trainings need is counted from what the trainer runs."""

import pytest
from benchmarks.training import recipe_of, step


def test_parts_in_half_precision_need_less_memory_for_the_same_arithmetic():
    changes = ["preset=nano", "batch=4", "precision=fp32"]
    (whole, work), (half, same) = (
        step(recipe_of("paper/student", [*changes, *more])) for more in ([], ["parts=2", "precision=amp"])
    )
    assert 0.2 * whole < half < 0.7 * whole
    assert same == pytest.approx(work, rel=1e-6)
