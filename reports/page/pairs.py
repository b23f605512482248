"""What the page needs to compare trackers as the command line does: hits of each sequence, and the random numbers.

From these its scripts make curves, scores, intervals and p-values of any set of sequences. So nothing that they show is
rounded before it is added up, and a combination of attributes needs no numbers of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rgbtbench.core.protocol import Measure
from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.pairs import DIGITS
from rgbtbench.scoring.statistics import DRAWS, FLIPS

from .packing import Pack, Ref

NO_HITS = 65_535  # of a sequence without boxes
LIMBS = 8  # 16 bits each, lowest first: JavaScript counts exactly to 2 ** 53


def hits(evaluation: Evaluation, measure: Measure, pack: Pack) -> Ref:
    """Frames that are hits, (K, S, T): of each tracker, sequence and threshold, added up over a tracker's repeats."""
    frames = evaluation.frames * np.array(evaluation.repeats)[:, None]
    counts = evaluation.curves[measure.name] * frames[..., None]
    kind = "u2" if frames.max() < NO_HITS else "i4"
    return pack.add(
        np.where(np.isnan(counts), NO_HITS if kind == "u2" else -1, np.rint(counts)), kind, differences=True
    )


def random_numbers() -> dict[str, Any]:
    """The generator of seed 0, which draws sequences and flips signs for ``statistics.intervals``, ``paired_test``."""
    state: Any = np.random.default_rng(0).bit_generator.state
    halves = {name: _limbs(state["state"][key]) for name, key in (("state", "state"), ("step", "inc"))}
    return halves | {"draws": DRAWS, "flips": FLIPS, "digits": DIGITS}


def _limbs(number: int) -> list[int]:
    return [number >> 16 * k & 0xFFFF for k in range(LIMBS)]
