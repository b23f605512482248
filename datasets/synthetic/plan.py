"""The numbers of a scene before any pixel: where everything is, how it is lit, when which trouble strikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .waves import Floats, bump, ease, stream, wave

Ints = NDArray[np.int64]

# cause -> when (share of the clip), width relative to the target, opacity in RGB and thermal (256: opaque)
OCCLUDERS = {
    "occluded": (0.40, 0.70, 256, 256),
    "partial": (0.28, 0.50, 256, 256),
    "at most partial": (0.40, 0.50, 256, 256),
    "hyaline": (0.42, 1.50, 120, 230),
    "heavy": (0.56, 0.92, 256, 256),
    "total": (0.56, 1.80, 256, 256),
}
LIGHT = {"dark": 0.03, "bright": 3.5}  # gain of the visible camera
APART = (12, 6)  # pixels between the modalities where they do not fit, beside the usual two
EQUAL = 0.985  # share of the difference to the background's heat that thermal crossover takes away


@dataclass(frozen=True, slots=True)
class Occluder:
    """A slab as tall as the image: ``left`` edge (N,) and ``width`` in pixels, opacity of 256 per modality."""

    left: Ints
    width: int
    opaque: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """A scene of N frames. Boxes are whole pixels ``x y w h``; per-frame arrays have N rows."""

    seed: tuple[int, ...]
    size: tuple[int, int]  # width, height
    extent: Ints  # (N, 4) the whole target, hidden or not
    boxes: Ints  # (N, 4) the truth: cut at the image's edge, 0 0 0 0 where there is nothing to annotate
    parallax: Ints  # (2,) shift of the thermal image against the visible one
    distractors: Ints  # (K, N, 4)
    occluders: tuple[Occluder, ...]
    cover: Floats  # (N,) share of the target behind something opaque
    veil: Floats  # (N,) share behind glass
    outside: NDArray[np.bool_]  # (N,) nothing of the target in the image
    margin: tuple[int, int]  # how far the camera can move, x y
    camera: Ints  # (N, 2) offset of the image in the background
    light: Floats  # (N,) gain of the visible camera
    cold: Floats  # (N,) share of the objects' thermal contrast that is gone
    blur: Ints  # (N,) length of the smear in pixels, 1: none
    lost: Ints  # (N,) 0, or BLACK or REPEATED + index of the modality
    phase: Ints  # (N,) how the silhouette is bent, 0: not at all
    clutter: bool
    alike: bool


BLACK, REPEATED, PHASES = 1, 3, 12


def make_plan(
    seed: tuple[int, ...], causes: frozenset[str], frames: int, size: tuple[int, int], *, aligned: bool
) -> Plan:
    """Plan a scene. ``aligned``: no parallax, and a hidden target has no box (LasHeR); else it keeps its box."""
    width, height = size
    time = np.arange(frames, dtype=float)
    motion, events = stream(seed, "motion"), stream(seed, "events")
    dims = _dims(motion, causes, time, size)
    smooth, reach = _path(motion, dims.max(axis=0), time, size, causes)
    center = smooth + _jumps(events, causes, frames, reach)
    if "out" in causes:
        leave = ease(1.6 * (1 - np.abs(time - _at(0.86, frames)) / max(0.16 * frames, 1)))
        center[:, 0] += leave * (width + dims[:, 0] / 2 + 8 - center[:, 0])
    extent = np.rint(np.concatenate([center - dims / 2, dims], axis=1)).astype(np.int64)

    occluders = [
        _occluder(events, extent, center - smooth, smooth, frames, OCCLUDERS[c]) for c in OCCLUDERS if c in causes
    ]
    solid = [_overlap(o, extent) for o in occluders if o.opaque[0] == 256]
    glass = [_overlap(o, extent) for o in occluders if o.opaque[0] < 256]
    cut = _cut(extent, size)
    inside = (cut[:, 2] * cut[:, 3]) / (extent[:, 2] * extent[:, 3])
    cover = np.max([np.zeros(frames), *solid], axis=0)
    margin = (width // 8, height // 8)
    return Plan(
        seed=seed,
        size=size,
        extent=extent,
        boxes=np.where(((inside >= 0.2) & ((cover < 1) | (not aligned)))[:, None], cut, 0),
        parallax=motion.integers(-2, 3, 2) * (not aligned) + np.array(APART) * ("apart" in causes),
        distractors=_distractors(stream(seed, "distractors"), extent, time, size, "alike" in causes),
        occluders=tuple(occluders),
        cover=cover,
        veil=np.max([np.zeros(frames), *glass], axis=0),
        outside=inside <= 0,
        margin=margin,
        camera=_camera(motion, margin, time, "camera" in causes),
        light=_light(causes, frames),
        cold=("crossover" in causes) * EQUAL * np.minimum(1, 0.6 + 4 * time / frames),
        blur=_blur(causes, extent, time),
        lost=_lost(events, causes, frames),
        phase=np.arange(frames) % PHASES * ("deform" in causes),
        clutter="clutter" in causes,
        alike="alike" in causes,
    )


def _at(share: float, frames: int) -> int:
    """The frame at a share of the clip; never the first, which the tracker is given."""
    return max(1, round(share * (frames - 1)))


def _dims(random: np.random.Generator, causes: frozenset[str], time: Floats, size: tuple[int, int]) -> Floats:
    """Width and height of the target (N, 2), before rounding."""
    frames = len(time)
    turn, grows, slim = random.random(), random.random() < 0.5, random.uniform(0.65, 0.9)
    tall = 0.22 * min(size[1], 0.75 * size[0])
    base = np.array([tall * slim, tall])
    if "small" in causes:
        base *= np.sqrt(260 / (base[0] * base[1]))
    scale = 1 + 0.05 * wave(time / 70 + turn)
    if "scale" in causes:
        factor = 2.4 if grows or "small" in causes else 0.4
        scale *= 1 + (factor - 1) * bump(time, _at(0.66, frames), 0.24 * frames)
    wide = 1 + 0.6 * bump(time, _at(0.76, frames), 0.2 * frames) * ("aspect" in causes)
    wobble = 1 + 0.08 * wave(time / 9) * ("deform" in causes)
    return np.stack([base[0] * scale * wide * wobble, base[1] * scale / wide], axis=1)


def _path(
    random: np.random.Generator, largest: Floats, time: Floats, size: tuple[int, int], causes: frozenset[str]
) -> tuple[Floats, float]:
    """Smooth way of the centre (N, 2), at most 7 px per frame and axis, and the length of a jump."""
    jump = float(random.integers(32, 41))
    free = np.maximum((np.array(size) - largest - [jump * ("fast" in causes), 0]) / 2 - 8, 0)
    turns, periods = random.random((2, 2)), random.uniform(50, 90, (2, 2))
    slowest = np.maximum(periods, 6 * free / 7)  # a wave's steepest slope is 6 per period
    steps = wave(time[:, None, None] / slowest + turns) * [[0.65], [0.35]]
    return np.array(size) / 2 + free * (steps[:, 0] + steps[:, 1]), jump


def _jumps(random: np.random.Generator, causes: frozenset[str], frames: int, reach: float) -> Floats:
    """The target jerks sideways and back (N, 2)."""
    side = np.zeros((frames, 2))
    first = random.random() < 0.5
    if "fast" in causes:
        times = sorted({_at(share, frames) for share in (0.12, 0.2, 0.4, 0.72)})
        odd = np.searchsorted(times, np.arange(frames), side="right") % 2
        side[:, 0] = reach * ((odd == first) - 0.5)
    return side


def _occluder(
    random: np.random.Generator,
    extent: Ints,
    jumps: Floats,
    smooth: Floats,
    frames: int,
    kind: tuple[float, float, int, int],
) -> Occluder:
    """A slab that sweeps over the target and is centred on it at its time."""
    share, relative, rgb, tir = kind
    peak = _at(share, frames)
    target = int(extent[peak, 2])
    width = max(3, round(relative * target))
    speed = (1 if random.random() < 0.5 else -1) * (target + width) / max(2, frames // 6)
    center = smooth[:, 0] + jumps[peak, 0] + speed * (np.arange(frames) - peak)
    return Occluder(np.rint(center - width / 2).astype(np.int64), width, (rgb, tir))


def _overlap(occluder: Occluder, extent: Ints) -> Floats:
    left = np.maximum(extent[:, 0], occluder.left)
    right = np.minimum(extent[:, 0] + extent[:, 2], occluder.left + occluder.width)
    share: Floats = np.maximum(right - left, 0) / extent[:, 2]
    return share


def _cut(extent: Ints, size: tuple[int, int]) -> Ints:
    start = np.maximum(extent[:, :2], 0)
    end = np.minimum(extent[:, :2] + extent[:, 2:], size)
    return np.concatenate([start, np.maximum(end - start, 0)], axis=1)


def _distractors(random: np.random.Generator, extent: Ints, time: Floats, size: tuple[int, int], alike: bool) -> Ints:
    """One to three others of the target's class (K, N, 4); a look-alike keeps close to the target and crosses it."""
    distractors = []
    for number in range(int(random.integers(1, 4))):
        turns, periods, factor = random.random(2), random.uniform(60, 120, 2), random.uniform(0.85, 1.15)
        swing = wave(time[:, None] / np.maximum(periods, 0.8 * np.array(size)) + turns)
        center = np.array(size) / 2 * (1 + 0.85 * swing)
        dims = extent[:, 2:] * (1.0 if alike else factor)
        if alike and number == 0:
            center = extent[:, :2] + dims / 2 + swing * dims * [2.5, 0.8]
        distractors.append(np.concatenate([center - dims / 2, dims], axis=1))
    boxes: Ints = np.rint(np.array(distractors)).astype(np.int64)
    return boxes


def _camera(random: np.random.Generator, margin: tuple[int, int], time: Floats, moves: bool) -> Ints:
    turns = random.random(2)
    path: Floats = moves * wave(time[:, None] / (1.5 * np.array(margin)) + turns)  # at most 4 px a frame
    camera: Ints = np.rint(np.array(margin) * (1 + path)).astype(np.int64)
    return camera


def _light(causes: frozenset[str], frames: int) -> Floats:
    light = np.ones(frames)
    for cause, gain in LIGHT.items():
        light *= gain if cause in causes else 1
    if "jumps" in causes:
        times = sorted({_at(share, frames) for share in (0.25, 0.4, 0.62, 0.78)})
        light[np.searchsorted(times, np.arange(frames), side="right") % 2 == 1] *= 0.4
    return light


def _blur(causes: frozenset[str], extent: Ints, time: Floats) -> Ints:
    frames = len(time)
    if "blur" not in causes:
        return np.ones(frames, np.int64)
    shaken = np.maximum(bump(time, _at(0.24, frames), 0.1 * frames), bump(time, _at(0.68, frames), 0.1 * frames))
    smear = np.minimum(np.maximum(extent[:, 2] / 3, 6), 24).astype(np.int64)
    return np.where(shaken > 0.2, smear, 1)


def _lost(random: np.random.Generator, causes: frozenset[str], frames: int) -> Ints:
    lost = np.zeros(frames, np.int64)
    if "lost" in causes:
        for share, code in zip((0.18, 0.48, 0.8), random.integers(1, 5, 3).tolist(), strict=True):
            start = _at(share, frames)
            lost[start : start + 1 + frames // 60] = code
    return lost
