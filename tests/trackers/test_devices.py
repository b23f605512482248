"""No network mixes devices: whole init and update on a pretended GPU, each family, and a step of training."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from pretended_gpu import Mixed, pretended_gpu

from rgbtbench.datasets.synthetic import scene
from rgbtbench.trackers import TRACKERS
from rgbtbench.trackers.crossmodal import models as dimp
from rgbtbench.trackers.models import models

FRAMES = list(scene(1, [], 5, (200, 160), benchmark="LasHeR"))
BOX = scene(1, [], 5, (200, 160), benchmark="LasHeR").boxes[0].astype(float)


def test_the_pretended_gpu_finds_what_a_real_one_would():
    with pretended_gpu():
        there, here = torch.ones(2, 3, device="cuda"), torch.ones(2, 3)
        assert there.device.type == "cuda"
        assert (there * 2).device.type == "cuda"
        assert there.cpu().numpy().sum() == 6
        assert (there + here.to(there.device)).device.type == "cuda"
        assert (there * torch.tensor(2.0)).device.type == "cuda"  # a number may be anywhere
        assert there[torch.tensor([0])].device.type == "cuda"  # so may an index
        assert torch.nn.Linear(3, 1).to("cuda")(there).device.type == "cuda"
        for wrong in (lambda: there + here, there.numpy, lambda: torch.cat([there, here]),
                      lambda: torch.nn.Linear(3, 1)(there)):  # fmt: skip
            with pytest.raises(Mixed):
                wrong()


@pytest.mark.parametrize("name", sorted(models()))
def test_a_network_tracks_on_one_device(name):
    online = {"first_iterations": 2} if name in dimp.MODELS else {}
    with pretended_gpu():
        tracker = TRACKERS.create(name, preset="nano", untrained=True, device="cuda", online=online)
        np.random.seed(0)
        tracker.init(FRAMES[0], BOX)
        for frame in FRAMES[1:]:
            box, _ = tracker.update(frame)
            assert np.isfinite(box).all()
        assert next(tracker.network.parameters()).device.type == "cuda"


def test_several_sequences_are_on_one_device():
    with pretended_gpu():
        tracker = TRACKERS.create("cmd-student", preset="nano", untrained=True, device="cuda", online={"every": 2})
        tracker.init_many(FRAMES[:2], np.array([BOX, BOX]), [0, 1])
        tracker.update_many(FRAMES[1:3])
        tracker.init_many(FRAMES[:1], np.array([BOX]), [2])
        tracker.update_many(FRAMES[1:4])
        tracker.keep([0, 2])
        assert len(tracker.update_many(FRAMES[1:3])) == 2
