"""MDNet's two regimes on one CPU: ``python -m tests.benchmarks.regimes --preset nano``.

Frames per second with patches and with RoIs, the same network and the same numbers of samples, in turns in one run; the
ratio's aim is 5. Then what both say of a scene that does not move: aim, within 2 px. Weights are random.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import torch

from rgbtbench.core import identity
from rgbtbench.core.boxes import centers
from rgbtbench.running.cost import Request, clip
from rgbtbench.trackers import TRACKERS

from .tracking import alternating, updates

REGIMES = ("patch", "roi")


def started(name: str, preset: str, regime: str, frame: object, box: np.ndarray) -> object:
    """A tracker on its first frame, less taught than in use: updates are what is timed."""
    online = {"regime": regime, "first_positives": 100, "first_negatives": 400, "distant": 10, "regression": 100}
    torch.manual_seed(0)
    np.random.seed(0)
    tracker = TRACKERS.create(name, preset=preset, untrained=True, online=online)
    tracker.init(frame, box)
    return tracker


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["manet", "dafnet", "fanet"], metavar="NAME")
    parser.add_argument("--preset", choices=("paper", "nano"), default="paper")
    parser.add_argument("--rounds", type=int, default=15, help="frames timed of each regime in turns")
    options = parser.parse_args()
    frames, box = clip(Request("still", frames=30, warmup=0, size=(320, 240)))
    still = [replace(frames[0], index=k) for k in range(10)]
    code = identity.code()
    print(f"commit {code['commit']}{' with changes' if code['dirty'] else ''}, {torch.get_num_threads()} threads")
    for name in options.names:
        trackers = {r: started(name, options.preset, r, frames[0], box) for r in REGIMES}
        spent = alternating({r: updates(tracker, frames[1:]) for r, tracker in trackers.items()}, options.rounds)
        ratio = spent["patch"] / spent["roi"]
        shown = ", ".join(f"{regime} {1 / seconds:.2f} fps" for regime, seconds in spent.items())
        print(f"{name} ({options.preset}): {shown}, RoI {ratio:.1f} times as fast", flush=True)
        found = {}
        for regime in REGIMES:
            tracker = started(name, options.preset, regime, still[0], box)
            found[regime] = np.mean([tracker.update(frame)[0] for frame in still[1:]], axis=0)
        apart = np.abs(centers(found["patch"], inclusive=False) - centers(found["roi"], inclusive=False)).max()
        print(f"{name} ({options.preset}): on a still scene {apart:.2f} px apart", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
