"""Tracking with the family's networks: both regimes, what is learnt online, hostile boxes and images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rgbtbench.core.boxes import overlap
from rgbtbench.core.errors import ConfigError, TrackerError
from rgbtbench.core.types import Frame
from rgbtbench.datasets.synthetic import scene
from rgbtbench.trackers import MEANINGS, TRACKERS
from rgbtbench.trackers.fidelity import rows_of
from rgbtbench.trackers.mdnet.models import MODELS, build, make
from rgbtbench.trackers.mdnet.online import Online
from rgbtbench.trackers.mdnet.online_learning import Memory, in_turns, teach
from rgbtbench.trackers.mdnet.parameters import Parameters
from rgbtbench.trackers.mdnet.tracker import load_trunk
from rgbtbench.trackers.networks import weights

CLIP = scene(20_231, ["NO"], 12, (320, 240))
FRAMES, TRUTH = list(CLIP), CLIP.boxes
QUICK = {
    "candidates": 64, "first_positives": 60, "first_negatives": 120, "positives": 10, "negatives": 20, "distant": 10,
    "first_iterations": 10, "iterations": 3, "mined": 96, "regression": 60,
}  # fmt: skip


def online(name: str = "dafnet", **changes) -> Online:
    torch.manual_seed(0)
    network, parameters = make(name, "nano")
    network.prepare("cpu", torch.float32)
    return Online(network, replace(parameters, **(QUICK | changes)), "cpu")


def follow(tracker: Online, frames, box, seed=0):
    torch.manual_seed(seed)
    tracker.init(frames[0], np.array(box, float), seed)
    answers = [tracker.update(frame) for frame in frames[1:]]
    return np.array([box for box, _ in answers]), np.array([score for _, score in answers])


@pytest.mark.parametrize("regime", ["roi", "patch"])
def test_a_textured_target_is_followed_without_training(regime):
    """Random convolutions still tell textures apart; the head is learnt in the first frame."""
    boxes, scores = follow(online("mdnet-rgbt", regime=regime, first_iterations=30), FRAMES, TRUTH[0])
    assert overlap(boxes, TRUTH[1:]).mean() > 0.6
    assert (scores > 0).mean() > 0.8


def test_both_regimes_stay_on_a_target_that_does_not_move():
    still = [replace(FRAMES[0], index=k) for k in range(6)]
    settings = {"first_iterations": 40, "candidates": 256, "first_positives": 200, "first_negatives": 400}
    settings |= {"regression": 200, "mined": 256}
    found = {r: follow(online("mdnet-rgbt", regime=r, **settings), still, TRUTH[0])[0] for r in ("roi", "patch")}
    centres = {regime: boxes[:, :2] + boxes[:, 2:] / 2 for regime, boxes in found.items()}
    assert np.abs(found["roi"].mean(0) - found["patch"].mean(0)).max() < 2
    assert np.abs(centres["roi"] - centres["patch"]).max() < 4  # of each frame: candidates are drawn
    assert np.abs(centres["roi"].mean(0) - (TRUTH[0, :2] + TRUTH[0, 2:] / 2)).max() < 2


@pytest.mark.parametrize("name", MODELS)
def test_every_network_is_a_registered_tracker_that_tracks(name):
    tracker = TRACKERS.create(name, preset="nano", untrained=True, online=QUICK)
    np.random.seed(0)
    tracker.init(FRAMES[0], TRUTH[0])
    for frame in FRAMES[1:4]:
        box, score = tracker.update(frame)
        assert np.isfinite([*box, score]).all()
    assert ("reconstruction" in MEANINGS[name]) == (rows_of(name)[0].fidelity == "reconstruction")


def test_the_same_seed_gives_the_same_boxes_whatever_was_tracked_before():
    tracker = online()
    first, _ = follow(tracker, FRAMES[:6], TRUTH[0])
    follow(tracker, FRAMES[5::-1], TRUTH[5], seed=3)
    again, _ = follow(tracker, FRAMES[:6], TRUTH[0])
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    "box",
    [
        [400, 300, 30, 30],
        [-500, -500, 20, 20],
        [-50, -50, 600, 500],
        [316, 236, 3, 3],
        [319, 239, 4, 4],
        [100, 80, 1, 1],
        [100, 80, 0, 0],
        [10, 10, 1, 200],
        [0, 0, 320, 240],
    ],
    ids=["outside", "far", "larger", "tiny at the border", "its centre outside", "pixel", "no area", "line", "all"],
)
@pytest.mark.parametrize("regime", ["roi", "patch"])
def test_odd_first_boxes_are_tracked_without_error(box, regime):
    boxes, scores = follow(online("fanet", regime=regime, every=2), FRAMES[:5], box)
    assert np.isfinite(boxes).all()
    assert np.isfinite(scores).all()
    assert (boxes[:, 2:] > 0).all()


@pytest.mark.parametrize("size", [(1, 1), (24, 9), (5, 300)])
def test_images_of_odd_sizes(size):
    random = np.random.default_rng(0)
    frames = [Frame(k, *random.integers(0, 255, (2, *size, 3), dtype=np.uint8)) for k in range(4)]
    boxes, _ = follow(online(), frames, [0, 0, 4, 3])
    assert np.isfinite(boxes).all()


def test_a_target_that_leaves_brings_the_candidates_to_the_border():
    tracker = online()
    follow(tracker, FRAMES[:2], TRUTH[0])
    tracker.box = np.array([1000.0, 900, 30, 40])
    box, _ = tracker.update(FRAMES[2])
    assert np.isfinite(box).all()
    assert (box[:2] < 400).all()


def test_no_positive_but_the_target_itself():
    """A box whose centre is outside: no sampled box overlaps it enough, so that it stands for all positives."""
    tracker = online()
    follow(tracker, FRAMES[:2], [319, 239, 4, 4])
    stored = tracker.positive.last(1)
    assert stored is not None
    assert torch.allclose(stored, stored[:1].expand_as(stored))


def test_an_update_with_an_empty_memory_changes_nothing():
    tracker = online()
    tracker.init(FRAMES[0], TRUTH[0], 0)
    tracker.positive, tracker.negative = Memory(5, 10), Memory(5, 20)
    before = {name: tensor.clone() for name, tensor in tracker.network.head.state_dict().items()}
    tracker._learn(None)
    tracker._learn(3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tracker.network.head.state_dict().items())


def test_a_first_box_that_is_not_finite_is_refused():
    with pytest.raises(TrackerError, match="not finite"):
        online().init(FRAMES[0], np.array([1, 2, np.nan, 4]), 0)


def test_scores_that_are_no_numbers_are_a_failure_not_a_box():
    tracker = online(velocity=0.0)
    follow(tracker, FRAMES[:2], TRUTH[0])
    before = tracker.box.copy()
    with torch.no_grad():
        tracker.network.head.fc5.weight[:] = torch.nan
    box, _ = tracker.update(FRAMES[2])
    assert np.array_equal(box, before)
    assert tracker.failures == 1


def test_a_failure_widens_the_search_and_a_short_lesson_follows(monkeypatch):
    tracker = online(lost_growth=1.5, lost_trans=1.2, keep_lost=True, velocity=0.0)
    follow(tracker, FRAMES[:2], TRUTH[0])
    learnt = []
    monkeypatch.setattr(tracker, "_learn", learnt.append)
    with torch.no_grad():
        tracker.network.head.fc6.bias[0, 1] = -100
    before = tracker.box.copy()
    ranges = [tracker._trans()]
    for frame in FRAMES[2:5]:
        box, score = tracker.update(frame)
        ranges.append(tracker._trans())
        assert score < 0
        assert np.array_equal(box, before)
    assert ranges == pytest.approx([0.6, 0.9, 1.2, 1.2])
    assert learnt == [tracker.p.short_frames] * 3


def test_a_lost_target_goes_on_as_it_moved_but_not_out_of_the_image():
    tracker = online(keep_lost=True, velocity=0.4)
    follow(tracker, FRAMES[:2], TRUTH[0])
    with torch.no_grad():
        tracker.network.head.fc6.bias[0, 1] = -100
    before, tracker.velocity = tracker.box.copy(), np.array([[3.0, -2.0]])
    assert np.allclose(tracker.update(FRAMES[2])[0], before + [3, -2, 0, 0])
    assert np.allclose(tracker.update(FRAMES[3])[0], before + [6, -4, 0, 0])
    tracker.velocity = np.array([[1000.0, 0.0]])
    box, _ = tracker.update(FRAMES[4])
    assert box[0] + box[2] / 2 == pytest.approx(FRAMES[4].rgb.shape[1])


def test_memory_holds_the_last_frames():
    memory = Memory(frames=3, each=2)
    assert memory.last() is None
    memory.store(torch.empty(0, 4))
    assert memory.last() is None
    for k in range(5):
        memory.store(torch.full((2, 4), float(k)))
    assert memory.last()[:, 0].tolist() == [4, 4, 3, 3, 2, 2]
    assert memory.last(1)[:, 0].tolist() == [4, 4]


def test_a_lesson_takes_the_hardest_negatives():
    """One of 200 negatives looks half like a target: where four of all are mined it counts in every step."""
    scores = {}
    for mined in (4, 200):
        torch.manual_seed(0)
        head = build("dafnet", "nano").head
        features = head.fc4.in_features
        good, bad = torch.ones(20, features), -torch.ones(200, features)
        bad[17, ::2] = 1.0
        p = replace(make("dafnet", "nano")[1], batch_negatives=4, mined=mined)
        assert teach(head, good, bad, 30, 1e-3, p, np.random.default_rng(0)) < 0.5
        scores[mined] = head(bad[17:18]).softmax(1)[0, 1].item()
    assert scores[200] < 1e-3 < 0.02 < scores[4]


def test_every_sample_has_its_turn():
    turns = in_turns(5, 12, np.random.default_rng(0))
    assert sorted(turns[:5]) == sorted(turns[5:10]) == list(range(5))
    assert len(turns) == 12


def test_saved_weights_give_the_same_boxes(tmp_path):
    torch.manual_seed(5)
    network = build("manet", "nano", branches=4)
    weights.save(tmp_path / "a.safetensors", network.with_one_branch(), {}, half=True)
    options = {"preset": "nano", "weights": str(tmp_path / "a.safetensors"), "online": QUICK}

    def boxes(**more):
        tracker = TRACKERS.create("manet", **(options | more))
        np.random.seed(0)
        torch.manual_seed(0)
        tracker.init(FRAMES[0], TRUTH[0])
        return np.array([tracker.update(frame)[0] for frame in FRAMES[1:4]])

    assert np.array_equal(boxes(), boxes())
    assert not np.allclose(boxes(), boxes(weights=None, untrained=True))
    with pytest.raises(ConfigError, match="these weights do not fit dafnet"):
        TRACKERS.create("dafnet", **options)


def test_imagenet_weights_go_into_every_stream(tmp_path):
    network = build("mdnet-rgbt", "nano")
    stream = network.streams["rgb"]
    state = {name.replace(".conv.", "."): t + 1 for name, t in stream.state_dict().items() if ".conv." in name}
    torch.save(state | {"fc6.weight": torch.ones(3)}, tmp_path / "vgg.pth")
    load_trunk(network, str(tmp_path / "vgg.pth"))
    for part in network.streams.values():
        assert torch.equal(part.conv2.conv.weight, state["conv2.weight"])
    with pytest.raises(ConfigError, match="no VGG-M of this size"):
        load_trunk(build("mdnet-rgbt"), str(tmp_path / "vgg.pth"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regime": "rio"}, "did you mean 'roi'"),
        ({"candidates": 3}, "candidates"),
        ({"mined": 10}, "mined"),
        ({"iou_positive": (0.9, 0.5)}, "iou_positive"),
        ({"iou_negative": (0, 2)}, "iou_negative"),
        ({"growth": (0.5, 2)}, "growth"),
        ({"rate": 0}, "rate"),
        ({"every": 0}, "every"),
        ({"velocity": 1.5}, "velocity"),
        ({"optimiser": "adamm"}, "did you mean 'adam'"),
    ],
)
def test_parameters_out_of_range_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        replace(Parameters(), **changes)


def test_options_are_those_of_every_network():
    with pytest.raises(ConfigError, match="no weights"):
        TRACKERS.create("manet", preset="paper")
    with pytest.raises(ConfigError, match="unknown online parameter"):
        TRACKERS.create("manet", preset="nano", untrained=True, online={"candidate": 3})
    with pytest.raises(ConfigError, match="mdnet: every"):
        TRACKERS.create("manet", preset="nano", untrained=True, online={"every": 0})


def test_bfloat16_moves_boxes_little():
    exact, rough = (
        TRACKERS.create("fanet", preset="nano", untrained=True, precision=p, online=QUICK) for p in ("fp32", "bf16")
    )
    torch.manual_seed(1)
    images = torch.rand(2, 4, 3, 59, 59) * 255
    one, other = (tracker.network.patches(*images) for tracker in (exact, rough))
    assert other.dtype == torch.float32
    assert (one - other).norm() < 0.05 * one.norm()
