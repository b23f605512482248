"""Velocities follow steps, share by share; jumps and targets that were not seen leave them as they are."""

import numpy as np

from rgbtbench.trackers.motion import velocities


def test_a_share_of_the_last_step_unless_it_was_a_jump_or_the_target_unseen():
    before = np.array([[10.0, 10.0]] * 3)
    last, sizes = np.array([[2.0, 0.0]] * 3), np.array([[10.0, 40.0]] * 3)  # a mean side of 20: 8 px are a jump
    now = before + [[6.0, 4.0], [10.5, 0.0], [6.0, 4.0]]
    seen = np.array([True, True, False])
    found = velocities(last, before, before + last, now, sizes, seen, 0.25)
    assert np.allclose(found, [[3, 1], [2, 0], [2, 0]])
