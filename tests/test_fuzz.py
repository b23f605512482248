"""A few hundred broken inputs of each kind; ``python -m tests.benchmarks.fuzz`` tries 100,000."""

from __future__ import annotations

from collections import deque

import pytest
from benchmarks.fuzz.runner import here, kinds


@pytest.mark.parametrize("kind", kinds())
def test_broken_inputs_are_taken_or_refused(kind: str):
    [tally] = deque(here(kind, 200, seed=1), maxlen=1)
    assert not tally.faults
    assert tally.refused
    assert tally.taken
