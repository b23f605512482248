"""The table of what trainings need is counted from what the trainer runs."""

import pytest
from benchmarks.training import recipe_of, step


def test_parts_and_half_precision_need_less_memory_for_the_same_arithmetic():
    changes = ["preset=nano", "batch=4", "precision=fp32"]
    (whole, work), *others = (
        step(recipe_of("paper/student", [*changes, *more])) for more in ([], ["parts=2"], ["precision=amp"])
    )
    for memory, same in others:
        assert 0.4 * whole < memory < 0.8 * whole
        assert same == pytest.approx(work, rel=1e-6)
