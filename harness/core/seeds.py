"""The seed of the current sequence: all random generators start from it, here and in a tracker's own process."""

from __future__ import annotations

import random
import sys
from hashlib import sha256

import numpy as np

_current = [0]


def seed_all(seed: int, name: str) -> None:
    """Seed every generator in use from (seed, name), so that order, lane and resume never change a result."""
    value = int.from_bytes(sha256(f"{seed}/{name}".encode(errors="surrogateescape")).digest()[:4], "big")
    _current[0] = value
    random.seed(value)
    np.random.seed(value)  # trackers in the wild draw from the global one
    torch = sys.modules.get("torch")  # never imported for this
    if torch is not None:
        torch.manual_seed(value)


def current() -> int:
    """What ``seed_all`` seeded last, for a process that is to draw the same numbers; 0 before."""
    return _current[0]
