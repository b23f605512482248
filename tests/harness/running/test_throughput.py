"""Throughput is frames of all targets together, of trackers that follow several, and apart from FPS."""

from __future__ import annotations

import numpy as np
import pytest
from costly import write_trackers

from rgbtbench.core.errors import TrackerError
from rgbtbench.running.cost import Request, measure, rendered
from rgbtbench.running.throughput import can, enough, frames_a_second
from rgbtbench.trackers import TRACKERS

SMALL = {"frames": 6, "warmup": 2, "size": (160, 120)}


def test_as_many_frames_a_second_as_there_are_targets_and_fps_stays_that_of_one(tmp_path):
    found = measure(Request(f"{write_trackers(tmp_path)}:Several", batches=(1, 4), **SMALL))
    assert found.throughput[4] == pytest.approx(4 * found.throughput[1], rel=0.3)  # a call takes 10 ms for any number
    assert 40 < found.throughput[1] <= 100
    assert len(found.seconds) == 6
    assert found.seconds.max() < 0.01  # of `update`, which does not sleep


def test_unasked_nothing_of_it_is_measured(tmp_path):
    assert measure(Request(f"{write_trackers(tmp_path)}:Several", **SMALL)).throughput == {}


def test_targets_see_different_frames_and_start_on_their_own_boxes(tmp_path, monkeypatch):
    several, seen = TRACKERS.get(f"{write_trackers(tmp_path)}:Several"), []
    monkeypatch.setattr(several, "update_many", lambda self, frames: seen.append((frames, self.boxes)) or self.boxes)
    frames_a_second(several(), 4, *rendered(Request("", **SMALL)), 6, 2, lambda: None)
    assert len(seen) == 8
    frames, boxes = seen[0]
    assert len({id(frame.rgb) for frame in frames}) == len(np.unique(boxes, axis=0)) == 4


def test_an_answer_short_is_an_error(tmp_path):
    with pytest.raises(TrackerError, match="3 answers for 4 targets"):
        measure(Request(f"{write_trackers(tmp_path)}:Forgets", batches=(4,), **SMALL))


def test_who_can_is_known_before_anything_is_made(tmp_path):
    path = write_trackers(tmp_path)
    assert can(f"{path}:Several")
    assert not can(f"{path}:Repeat")
    assert not can("dcf")
    pytest.importorskip("torch")
    assert can("cmd-student")


def test_growth_ends_where_no_larger_batch_brings_five_percent():
    assert enough({1: 50, 4: 85, 16: 88, 64: 80}) == 4
    assert enough({1: 50, 4: 51, 16: 90, 64: 80}) == 16, "a pause is no end"
    assert enough({1: 50, 4: 85}) is None
