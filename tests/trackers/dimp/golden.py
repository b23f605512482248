"""Reference values of DiMP's online logic, made by its framework's code."""

import json
from pathlib import Path

import numpy as np

LOGIC = json.loads((Path(__file__).parents[2] / "golden" / "tracker_logic.json").read_text())


def xy(values):
    """The file says y x and h w; we say x y and w h."""
    return np.array(values[::-1], dtype=float)
