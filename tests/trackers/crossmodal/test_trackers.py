"""The networks as registered trackers: what a user writes in an experiment."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rgbtbench.core.errors import ConfigError
from rgbtbench.datasets.synthetic import scene
from rgbtbench.trackers import MEANINGS, TRACKERS
from rgbtbench.trackers.crossmodal.models import MODELS, build
from rgbtbench.trackers.networks import weights

CLIP = scene(1, [], 4, (160, 120), benchmark="LasHeR")
FRAMES = list(CLIP)


def boxes_of(tracker):
    np.random.seed(0)
    tracker.init(FRAMES[0], np.array(CLIP.boxes[0], float))
    return np.array([tracker.update(frame)[0] for frame in FRAMES[1:]])


@pytest.mark.parametrize("name", MODELS)
def test_every_network_is_a_registered_tracker_that_tracks(name):
    tracker = TRACKERS.create(name, preset="nano", untrained=True, online={"not_found": 0.0})
    assert np.isfinite(boxes_of(tracker)).all()
    assert tracker.params["params_active"] < tracker.params["params_paper"]


def test_the_reconstruction_says_so():
    assert "reconstruction" in MEANINGS["cmd-teacher"]


def test_saved_weights_give_the_same_boxes(tmp_path):
    torch.manual_seed(5)
    network = build("cmd-student", "nano")
    weights.save(tmp_path / "student.safetensors", network, {})
    options = {"preset": "nano", "weights": str(tmp_path / "student.safetensors"), "online": {"not_found": 0.0}}
    first, second = (boxes_of(TRACKERS.create("cmd-student", **options)) for _ in range(2))
    assert np.array_equal(first, second)
    random = TRACKERS.create("cmd-student", preset="nano", untrained=True, online={"not_found": 0.0})
    assert not np.allclose(first, boxes_of(random))


def test_random_weights_are_the_same_each_time_and_leave_the_runs_generator_alone():
    options = {"preset": "nano", "untrained": True, "online": {"not_found": 0.0}}
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first = TRACKERS.create("cmd-student", **options)
    assert torch.equal(torch.rand(1), expected)
    assert np.array_equal(boxes_of(first), boxes_of(TRACKERS.create("cmd-student", **options)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "paper"}, "no weights"),
        ({"untrained": True, "preset": "nanno"}, "did you mean 'nano'"),
        ({"untrained": True, "precision": "fp16"}, "unknown precision"),
        ({"untrained": True, "online": {"step_size": 1}}, "unknown online parameter"),
        ({"untrained": True, "online": {"memory": 3}}, "memory"),
        ({"untrained": True, "device": "gpu"}, "no device"),
        ({"untrained": True, "weight": "x"}, "wrong parameters"),
    ],
)
def test_wrong_options_are_answered(options, message):
    with pytest.raises(ConfigError, match=message):
        TRACKERS.create("cmd-student", **{"preset": "nano", **options})
