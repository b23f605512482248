"""No network mixes devices: whole init and update on a pretended GPU, each family, and a step of training."""

from __future__ import annotations

from dataclasses import replace

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
WAITS = ["cpu", "cpu"]  # for a GPU, in each frame of DiMP's networks: the scores of all sequences, and all boxes


def test_the_pretended_gpu_finds_what_a_real_one_would():
    with pretended_gpu() as gpu:
        there, here = torch.ones(2, 3, device="cuda"), torch.ones(2, 3)
        assert there.device.type == "cuda"
        assert (there * 2).device.type == "cuda"
        assert there.cpu().numpy().sum() == 6
        assert (there + here.to(there.device)).device.type == "cuda"
        assert (there * torch.tensor(2.0)).device.type == "cuda"  # a number may be anywhere
        assert there[torch.tensor([0])].device.type == "cuda"  # so may an index
        assert torch.nn.Linear(3, 1).to("cuda")(there).device.type == "cuda"
        assert gpu.waits == ["cpu", "to", "__getitem__", "to", "to"], "an answer, an upload, an index, a layer"
        gpu.waits.clear()
        torch.ones(2, pin_memory=True).to("cuda", non_blocking=True)
        torch.ones(2).pin_memory().to(there.device, non_blocking=True)
        there[torch.arange(1, device="cuda")] = 1.0
        assert not gpu.waits
        torch.ones(2).to("cuda", non_blocking=True)  # torch must first copy it to where a GPU can fetch it
        torch.tensor([1.0], device="cuda")
        there[there > 0]
        bool(there.sum() > 0)
        assert gpu.waits == ["to", "tensor", "__getitem__", "__bool__"]
        for wrong in (lambda: there + here, there.numpy, lambda: torch.cat([there, here]),
                      lambda: torch.nn.Linear(3, 1)(there)):  # fmt: skip
            with pytest.raises(Mixed):
                wrong()


@pytest.mark.parametrize("name", sorted(models()))
def test_a_network_tracks_on_one_device(name):
    online = {"first_iterations": 2} if name in dimp.MODELS else {}
    with pretended_gpu() as gpu:
        tracker = TRACKERS.create(name, preset="nano", untrained=True, device="cuda", online=online)
        np.random.seed(0)
        tracker.init(FRAMES[0], BOX)
        for frame in FRAMES[1:]:
            gpu.waits.clear()
            box, _ = tracker.update(frame)
            assert np.isfinite(box).all()
            if name in dimp.MODELS:  # which may look twice
                assert gpu.waits in (WAITS, [*WAITS, "cpu"], 2 * WAITS)
        assert next(tracker.network.parameters()).device.type == "cuda"


def test_several_sequences_are_on_one_device():
    with pretended_gpu() as gpu:
        online = {"every": 2, "not_found": 0.0, "second_look": 0.0}
        tracker = TRACKERS.create("cmd-student", preset="nano", untrained=True, device="cuda", online=online)
        tracker.init_many(FRAMES[:2], np.array([BOX, BOX]), [0, 1])
        tracker.update_many(FRAMES[1:3])
        tracker.init_many(FRAMES[:1], np.array([BOX]), [2])
        tracker.update_many(FRAMES[1:4])
        tracker.keep([0, 2])
        gpu.waits.clear()
        assert len(tracker.update_many(FRAMES[1:3])) == 2
        assert gpu.waits == WAITS, "however many there are"
        gpu.waits.clear()
        tracker.online.p = replace(tracker.online.p, second_look=0.99)  # for some or all
        tracker.update_many(FRAMES[1:3])
        assert gpu.waits == 2 * WAITS, "a second look: where to, and what is there"
