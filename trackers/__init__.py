"""Trackers: adapters that turn a network or a program into boxes."""

from __future__ import annotations

from typing import Any

if __name__ != "rgbtbench.trackers":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.trackers, not as {__name__}")

from rgbtbench.registry import Registry

TRACKERS: Registry[Any] = Registry(
    "tracker",
    {
        "still": "rgbtbench.trackers.still:Still",
        "dcf": "rgbtbench.trackers.dcf:DCF",
        "replay": "rgbtbench.trackers.replay:Replay",
        "process": "rgbtbench.trackers.process:Process",
    },
    group="rgbtbench.trackers",
    next="rgbtbench list trackers",
)
MEANINGS = {
    "still": "repeats the first box",
    "dcf": "discriminative correlation filter on both modalities, NumPy only",
    "replay": "raw result files played back: results=FOLDER_OR_ARCHIVE",
    "process": "a tracker in its own interpreter or container: command=[...]",
}
