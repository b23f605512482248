"""The trained nano networks that come with the package."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from rgbtbench.cli.demo import EXPERIMENT, NETWORKS
from rgbtbench.core.boxes import overlap
from rgbtbench.datasets.synthetic import scene
from rgbtbench.running.experiment import load_experiment
from rgbtbench.trackers import TRACKERS, shipped_weights
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp import crop
from rgbtbench.trackers.dimp.filters import correlate
from rgbtbench.trackers.networks import weights

NAMES = ("cmd-teacher", "cmd-student", "cmd-student-origin")
CLIP = scene(20_231, ["NO"], 24, (320, 240))


def test_they_are_small():
    assert sum(shipped_weights(name, "nano").stat().st_size for name in NAMES) < 12e6
    assert shipped_weights("cmd-teacher", "paper") is None
    assert shipped_weights("CMD-Teacher", "nano") == shipped_weights("cmd-teacher", "nano")


def test_the_demo_has_weights_for_its_networks(tmp_path):
    (tmp_path / "LasHeR").mkdir()
    (tmp_path / "demo.yaml").write_text(EXPERIMENT + NETWORKS)
    found = {entry.use: entry.weights for entry in load_experiment(tmp_path / "demo.yaml").trackers}
    assert found == {"dcf": None, "still": None} | {name: shipped_weights(name, "nano") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_they_are_the_network_alone_and_say_where_they_come_from(name):
    found = weights.read(shipped_weights(name, "nano"))
    assert found.tensors.keys() == build(name, "nano").state_dict().keys()
    assert found.metadata["model"] == name
    assert json.loads(found.metadata["recipe"])["data"]["source"]["synthetic"] == "LasHeR"
    assert json.loads(found.metadata["code"])["commit"]


@pytest.mark.parametrize("name", NAMES)
def test_they_track_without_being_asked_for(name):
    tracker = TRACKERS.create(name, preset="nano")
    frames = list(CLIP)
    np.random.seed(0)
    tracker.init(frames[0], CLIP.boxes[0])
    boxes = np.array([tracker.update(frame)[0] for frame in frames[1:]])
    assert overlap(boxes, CLIP.boxes[1:]).mean() > 0.5  # of random weights: below 0.2


def test_the_peak_is_on_the_target():
    """Where the target was first seen, on nano's 9 x 9 scores."""
    tracker = TRACKERS.create("cmd-student", preset="nano")
    tracker.init(next(iter(CLIP)), CLIP.boxes[0])
    online = tracker.online
    rgb, tir, *_ = crop.batch([next(iter(CLIP))], online.position, online.scale, online.p.crop)
    with torch.no_grad():
        features = online.network.classifier.features(online.network.extract(rgb, tir).fused.level4)
        [[scores]] = correlate(features[None], online.filter)
    assert divmod(int(scores.argmax()), 9) == (4, 4)
