"""When a stress strikes, and which frame is seen instead: functions of a frame's index alone.

``phase``: a large number drawn for the sequence. The first frame is never struck.
"""

from __future__ import annotations


def all_of(index: int, phase: int, cycle: int, fails: int) -> tuple[str, ...]:
    """All modalities of the stress, in the last ``fails`` frames of each cycle."""
    return ("rgb", "tir") if _fails(index, phase, cycle, fails) else ()


def in_turn(index: int, phase: int, cycle: int, fails: int) -> tuple[str, ...]:
    """RGB in the first ``fails`` frames of each half cycle, thermal in those of the other half."""
    if index == 0:
        return ()
    half, at = divmod((index + phase % cycle) % cycle, cycle // 2)
    return (("rgb", "tir")[half],) if at < fails else ()


def last_good(index: int, phase: int, cycle: int, fails: int) -> int:
    """The last frame that did not fail."""
    while _fails(index, phase, cycle, fails):
        index -= 1 if fails < cycle else index  # all fail but the first
    return index


def late(index: int, phase: int, frames: int) -> int:
    """The frame so many frames ago."""
    return max(index - frames, 0)


def kept(index: int, phase: int, each: int) -> int:
    """The last of those frames of which one in ``each`` arrives."""
    return index - index % each


def _fails(index: int, phase: int, cycle: int, fails: int) -> bool:
    good = cycle - fails
    return index > 0 and (index + (phase % good if good else 0)) % cycle >= good
