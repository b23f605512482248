"""Trackers whose cost is known, for the tests of ``profile``."""

from __future__ import annotations

from pathlib import Path

MEGABYTES = 40
FLOPS = 2 * 8 * 3 * 9 * 30 * 30  # a 3 x 3 convolution from 3 to 8 channels on 32 x 32
PARAMS = (3 * 8 * 9 + 1000, 3 * 8 * 9)

TRACKERS = """
import os, signal, sys, time
import numpy as np
from rgbtbench.core.errors import ConfigError

class Repeat:
    def init(self, frame, box):
        self.box = box
    def update(self, frame):
        return self.box

class Several(Repeat):
    # each call takes 10 ms, however many targets there are
    def init_many(self, frames, boxes, seeds):
        assert len(frames) == len(boxes) == len(seeds)
        self.boxes = list(boxes)
    def update_many(self, frames):
        time.sleep(0.01)
        return self.boxes
    def keep(self, which):
        self.boxes = [self.boxes[k] for k in which]

class Forgets(Several):
    def update_many(self, frames):
        return self.boxes[1:]

class Chatters(Repeat):
    def update(self, frame):
        print("chatter")
        return self.box

class Raises(Repeat):
    def update(self, frame):
        raise RuntimeError("no idea")

class Dies(Repeat):
    def update(self, frame):
        os.kill(os.getpid(), signal.SIGKILL)

class Exits(Repeat):
    def update(self, frame):
        os._exit(3)

class Refuses(Repeat):
    def __init__(self):
        raise ConfigError("weights of another model", next="another file")
"""

NETWORK = f"""
import time
import numpy as np
import torch

class Convolution:
    def __init__(self, preset="paper", weights=None, trunk=None, device="cpu", precision="fp32"):
        torch.manual_seed(0)
        self.layer = torch.nn.Conv2d(3, 8, 3, bias=False).requires_grad_(False)
        active = sum(p.numel() for p in self.layer.parameters())
        self.params = {{"params_paper": active + 1000, "params_active": active}}
        self.held = np.ones({MEGABYTES} * 10**6, np.uint8)
    def init(self, frame, box):
        self.box = box
    def update(self, frame):
        time.sleep(0.011)
        with torch.inference_mode():
            self.layer(torch.from_numpy(frame.rgb[:32, :32].copy()).permute(2, 0, 1)[None].float())
        return self.box
"""


def write_trackers(folder: Path) -> Path:
    path = folder / "costly.py"
    path.write_text(TRACKERS)
    return path


def write_network(folder: Path) -> str:
    path = folder / "network.py"
    path.write_text(NETWORK)
    return f"{path}:Convolution"
