from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rgbtbench.core.errors import TrackerError
from rgbtbench.core.types import Frame
from rgbtbench.datasets.synthetic import scene
from rgbtbench.trackers import TRACKERS
from rgbtbench.trackers.crossmodal.models import make
from rgbtbench.trackers.dimp.online import Online

CLIPS = [scene(seed, [], 8, size, benchmark="LasHeR") for seed, size in ((1, (320, 240)), (2, (200, 160)))]
FRAMES = [list(clip) for clip in CLIPS]
BOXES = np.array([clip.boxes[0] for clip in CLIPS], dtype=float)


OURS = {"surroundings": True, "velocity": 0.4, "second_look": 0.5}  # what DiMP has not


def online(name: str = "cmd-student", **changes) -> Online:
    """A network of random weights that tracks as DiMP does, but for ``changes``."""
    torch.manual_seed(0)
    network, parameters = make(name, "nano")
    network.prepare("cpu", torch.float32)
    dimp = {"surroundings": False, "velocity": 0.0, "second_look": 0.0}
    return Online(network, replace(parameters, **dimp | changes), "cpu")


def follow(tracker: Online, which: list[int], **keep):
    """Boxes (frames, S, 4) of these clips; every frame is learned from, random weights or not."""
    tracker.init([FRAMES[k][0] for k in which], BOXES[which], which)
    answers = []
    for t in range(1, 8):
        boxes, peaks = tracker.update([FRAMES[k][t] for k in which])
        assert peaks.shape == (len(which),)
        answers.append(boxes)
    return np.array(answers)


@pytest.mark.parametrize("name", ["cmd-student", "cmd-teacher", "dimp-18", "hmft"])
def test_many_sequences_are_tracked_as_each_alone(name):
    # whole cells: a parabola through a random network's flat peak magnifies the rounding of batched arithmetic
    tracker = online(name, not_found=0.0, every=2, between_cells=False, **OURS)
    together = follow(tracker, [0, 1])
    assert np.isfinite(together).all()
    assert np.abs(np.diff(together, axis=0)).max() > 0.1  # they do move
    for k in range(2):
        assert np.allclose(together[:, [k]], follow(tracker, [k]), atol=0.05)


@pytest.mark.parametrize("name", ["cmd-student", "cmd-teacher"])
def test_rounding_does_not_grow_when_many_are_tracked(name):
    # with the trained weights: learning a filter magnifies a last bit by a factor of 100,000
    tracker = TRACKERS.create(name, preset="nano").online
    together = follow(tracker, [0, 1])
    for k in range(2):
        assert np.abs(together[:, [k]] - follow(tracker, [k])).max() < 1e-4


def test_a_sequence_that_ends_leaves_the_other_as_it_was():
    tracker = online(not_found=0.0, every=2, **OURS)
    alone = follow(tracker, [1])
    tracker.init([f[0] for f in FRAMES], BOXES, [0, 1])
    for t in range(1, 4):
        tracker.update([f[t] for f in FRAMES])
    tracker.keep(np.array([1]))
    rest = [tracker.update([FRAMES[1][t]])[0][0] for t in range(4, 8)]
    assert np.allclose(rest, alone[3:, 0], atol=0.05)


def test_the_first_frame_gives_fifteen_samples_and_a_better_filter_than_its_start():
    tracker = online()
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    memory, classifier = tracker.memory, tracker.network.classifier
    assert memory.used == 15
    features, boxes = memory.features[:15], memory.boxes[:15]
    start = classifier.initialiser(features, boxes)
    before, after = (classifier.optimiser.loss(f, features, boxes) for f in (start, tracker.filter))
    assert after < before


def test_memory_does_not_grow():
    tracker = online(not_found=0.0, memory=18, every=3)
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    size = tracker.memory.features.nelement()
    for t in range(40):
        tracker.update([FRAMES[0][t % 8]])
    assert tracker.memory.used == 18
    assert tracker.memory.features.nelement() == size


def test_a_target_that_is_not_found_stays_and_teaches_nothing():
    tracker = online(not_found=0.99)
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    filter = tracker.filter.clone()
    for t in range(1, 8):
        boxes, _ = tracker.update([FRAMES[0][t]])
    assert np.allclose(boxes, BOXES[:1])
    assert torch.equal(filter, tracker.filter)
    assert tracker.memory.used == 15


def test_a_target_that_is_not_found_goes_on_as_it_moved():
    tracker = online(not_found=0.99, velocity=0.4)
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    tracker.velocity[:] = [[4, -1]]
    for t in range(1, 4):
        boxes, _ = tracker.update([FRAMES[0][t]])
        assert np.allclose(boxes, BOXES[:1] + [4 * t, -t, 0, 0])


def test_velocity_is_learned_from_steps_but_not_from_jumps():
    tracker = online(not_found=0.0, velocity=0.5)
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    for step, expected in (([6, 2], [3, 1]), ([60, 0], [3, 1]), ([5, 1], [4, 1])):
        start = tracker.position.copy()
        tracker._look = _peak_at(tracker, step)
        tracker.update([FRAMES[0][0]])
        assert np.allclose(tracker.position - start, step)
        assert np.allclose(tracker.velocity, expected)


def _peak_at(tracker: Online, step: list[int]):
    """A look that finds the target so far from where it was, its size unchanged."""
    before, look = tracker.position.copy(), Online._look.__get__(tracker)
    tracker._refine = lambda *_: None

    def answer(frames, which, centres):
        seen = look(frames, which, centres)
        return seen._replace(shift=before + step - seen.positions, flags=np.zeros(1, int))

    return answer


@pytest.mark.parametrize(("second_look", "found"), [(0.0, False), (0.6, True)])
def test_a_target_that_leaps_out_of_the_search_area_is_found_by_a_second_look_only(second_look, found):
    tracker = TRACKERS.create("cmd-teacher", preset="nano", online={"second_look": second_look}).online
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    leap = 110 if BOXES[0, 0] < 160 else -110
    rolled = Frame(1, *(np.roll(image, leap, axis=1) for image in (FRAMES[0][0].rgb, FRAMES[0][0].tir)))
    boxes, _ = tracker.update([rolled])
    off = np.abs(boxes - BOXES[:1] - [leap, 0, 0, 0]).max()
    assert off < 5 if found else off > 40


def test_the_surroundings_are_learned_as_background():
    tracker = online(surroundings=True)
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    assert tracker.memory.used == 23
    boxes, crop = tracker.memory.boxes[15:23, 0].numpy(), tracker.p.crop
    overlap = np.minimum(boxes[:, :2] + boxes[:, 2:], crop) - np.maximum(boxes[:, :2], 0)
    assert (overlap.min(axis=1) <= 0).all()  # the target is in none of the eight
    around = tracker.memory.features[15:23]
    loss = tracker.network.classifier.optimiser.loss
    plain = online(surroundings=False)
    plain.init([FRAMES[0][0]], BOXES[:1], [0])
    assert loss(tracker.filter, around, tracker.memory.boxes[15:23]) < loss(
        plain.filter, around, tracker.memory.boxes[15:23]
    )


@pytest.mark.parametrize(
    "box",
    [
        [400, 300, 30, 30],
        [-500, -500, 20, 20],
        [-50, -50, 600, 500],
        [100, 80, 1, 1],
        [100, 80, 0, 0],
        [10, 10, 1, 200],
    ],
    ids=["outside", "far outside", "larger than the image", "one pixel", "no area", "a line"],
)
def test_odd_first_boxes_are_tracked_without_error(box):
    tracker = online(not_found=0.0, every=1)
    tracker.init([FRAMES[0][0]], np.array([box], float), [0])
    for t in range(1, 4):
        boxes, _ = tracker.update([FRAMES[0][t]])
        assert np.isfinite(boxes).all()
        assert (boxes[:, 2:] >= 0).all()


def test_a_first_box_that_is_not_finite_is_refused():
    with pytest.raises(TrackerError, match="not finite"):
        online().init([FRAMES[0][0]], np.array([[1, 2, np.nan, 4]]), [0])


def test_the_other_modality_counts():
    """The same RGB with other thermal images gives other boxes: both are looked at."""
    tracker = online(not_found=0.0)
    both = follow(tracker, [0])
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    blind = [Frame(f.index, f.rgb, np.zeros_like(f.tir)) for f in FRAMES[0]]
    tracker.init([blind[0]], BOXES[:1], [0])
    alone = np.array([tracker.update([frame])[0] for frame in blind[1:]])
    assert not np.allclose(both, alone)


def test_a_sequence_that_joins_later_is_tracked_as_alone_and_leaves_the_other_as_it_was():
    tracker = online(not_found=0.0, every=2, between_cells=False, **OURS)
    alone = [follow(tracker, [k]) for k in range(2)]
    tracker.init([FRAMES[0][0]], BOXES[:1], [0])
    answers = [tracker.update([FRAMES[0][t]])[0] for t in range(1, 4)]
    tracker.join([FRAMES[1][0]], BOXES[1:], [1])
    for t in range(4, 8):
        boxes, _ = tracker.update([FRAMES[0][t], FRAMES[1][t - 3]])
        assert np.allclose(boxes[:1], alone[0][t - 1], atol=0.05)
        assert np.allclose(boxes[1:], alone[1][t - 4], atol=0.05)
    assert np.allclose(np.array(answers), alone[0][:3], atol=0.05)
