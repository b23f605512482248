"""When a target counts as lost."""

import numpy as np
import pytest

from rgbtbench.scoring.losses import FRAMES, lost_at


@pytest.mark.parametrize(
    ("overlaps", "lost"),
    [
        ([0.9] * 3 + [0.1] * FRAMES, 3),  # 0.1 itself is low
        ([0.9] * 3 + [0.1] * (FRAMES - 1), 12),  # too short: it may come back
        ([0.0] * (FRAMES - 1) + [0.5] + [0.0] * FRAMES, FRAMES),  # found again, then lost
        ([0.9] + [0.0] * 5 + [np.nan] * 20 + [0.0] * 5, 1),  # absent frames neither count nor interrupt
        ([np.nan] * 30, 30),
        ([0.9] * 40 + [0.11] * 40, 80),
    ],
)
def test_a_target_is_lost_at_the_first_of_ten_frames(overlaps, lost):
    assert lost_at(np.array(overlaps), np.array([len(overlaps)])).tolist() == [lost]


def test_sequences_do_not_reach_into_one_another():
    overlaps = np.array([0.9] * 6 + [0.0] * 5 + [0.0] * 5 + [0.9] * 6)
    assert lost_at(overlaps, np.array([11, 11])).tolist() == [11, 11]
