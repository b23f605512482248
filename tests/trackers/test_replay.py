"""Raw results played back; still."""

from pathlib import Path

import numpy as np
import pytest
from clips import clip, follow

from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.core.types import Sequence
from rgbtbench.trackers.replay import Replay
from rgbtbench.trackers.still import Still

PATHS = tuple(Path(f"{k}.jpg") for k in range(3))
BLACKBOY = Sequence("blackboy", PATHS, PATHS, np.ones((1, 3, 4)), frozenset())


def test_still_repeats_the_first_box():
    frames, truth = clip(3)
    np.testing.assert_array_equal(follow(Still(), frames, truth[0])[0], truth[[0, 0, 0]])


@pytest.mark.parametrize("rounded", [True, False])
def test_rows_come_back_as_boxes(tmp_path, rounded):
    (tmp_path / "X_blackboy.txt").write_text("1.5 2 5 2 5 9 1.5 9\n" * 3)
    tracker = Replay(str(tmp_path), file="X_{name}.txt", rounded=rounded)
    tracker.begin(BLACKBOY)
    boxes, _ = follow(tracker, clip(3)[0], (0, 0, 1, 1))
    np.testing.assert_array_equal(boxes[1:], [[2, 2, 4, 7] if rounded else [1.5, 2, 3.5, 7]] * 2)


def test_another_sequence_ending_alike_is_not_taken(tmp_path):
    (tmp_path / "easy_blackboy.txt").write_text("1 2 3 4\n" * 3)
    with pytest.raises(TrackerError, match="no results of blackboy") as caught:
        Replay(str(tmp_path)).begin(BLACKBOY)
    assert "easy_blackboy.txt" in str(caught.value)


def test_wrong_number_of_rows_is_told(tmp_path):
    (tmp_path / "blackboy.txt").write_text("1 2 3 4\n" * 2)
    with pytest.raises(TrackerError, match="do not fit"):
        Replay(str(tmp_path)).begin(BLACKBOY)


@pytest.mark.parametrize("wrong", [{"file": "all.txt"}, {"boxes": "xyhw"}, {"results": "/no/such/place"}])
def test_wrong_parameters_are_refused(tmp_path, wrong):
    with pytest.raises(ConfigError):
        Replay(**{"results": str(tmp_path), **wrong})
