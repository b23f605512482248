"""Qualitative strips: a sequence's frames, visible above thermal, with the boxes of several trackers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rgbtbench.core.boxes import starts
from rgbtbench.core.errors import ConfigError, DataError, unknown
from rgbtbench.core.terminal import log
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.datasets.decode import pair

from .colours import Looks
from .figures import BOTH_COLUMNS, figure, label, legend_below, styled
from .page.filmstrips import disagreement, moments
from .watched import Watched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 6  # frames in a strip, and trackers: more cannot be told apart
SEQUENCES = 3  # where nobody chooses
PIXELS = 480  # width of a picture in print at 300 dots an inch


@dataclass(frozen=True, slots=True)
class Strip:
    """A sequence, and its frames from 0 (of those with truth)."""

    sequence: str
    frames: tuple[int, ...]


def chosen_strips(watched: Watched, trackers: Sequence[str], asked: Sequence[str]) -> list[Strip]:
    """What to draw: ``SEQUENCE`` or ``SEQUENCE:FRAME,FRAME``, frames from 1; else where trackers disagree most.

    Raises ConfigError for an unknown sequence or frame, DataError where the benchmark has no images.
    """
    benchmark = watched.benchmark
    if not watched.has_images:
        if asked:
            raise DataError(
                "no images to draw", where=benchmark.tree.name, next=f"--truth {benchmark.spec.name}=FOLDER"
            )
        return []
    spread = disagreement(np.stack([watched.overlaps[name] for name in trackers]).astype(float))
    first = starts(benchmark.lengths)
    if not asked:
        order = np.argsort(-np.maximum.reduceat(spread, first), kind="stable")[:SEQUENCES]
        asked = [benchmark.names[s] for s in order]
    found = []
    for text in asked:
        name, _, numbers = (text, "", "") if text in benchmark.names else text.rpartition(":")
        if name not in benchmark.names:
            raise unknown("sequence", name or text, benchmark.names)
        s = benchmark.names.index(name)
        length = int(benchmark.lengths[s])
        frames = _frames(text, numbers, length) or moments(spread[first[s] : first[s] + length])
        found.append(Strip(name, tuple(frames)))
    return found


def _frames(text: str, numbers: str, length: int) -> list[int]:
    if not numbers:
        return []
    words = numbers.split(",")
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= length for word in words) or len(words) > MOST:
        raise ConfigError("no such frames", where=text, expected=f"at most {MOST} numbers from 1 to {length}",
                          found=numbers)  # fmt: skip
    return [int(word) - 1 for word in words]


def draw_strip(watched: Watched, strip: Strip, trackers: Sequence[str], looks: Looks) -> Figure | None:
    """A column per frame; the truth is dashed. None, and a line on stderr, where images cannot be read."""
    benchmark = watched.benchmark
    s = benchmark.names.index(strip.sequence)
    at = int(starts(benchmark.lengths)[s])
    try:
        frames = [_pair(benchmark, s, k) for k in strip.frames]
    except DataError as error:
        log(f"no strip of {strip.sequence}: {error.args[0]}")
        return None
    if not frames:
        return None
    with styled():
        high, wide = frames[0].rgb.shape[:2]
        each = BOTH_COLUMNS / max(len(frames), 3)
        rows = (len(trackers) + 4) // 4
        made = figure(each * len(frames), 2 * each * high / wide + 0.25 + 0.14 * rows)
        made.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
        panels = made.subplots(2, len(frames), squeeze=False)
        for column, (frame, k) in enumerate(zip(frames, strip.frames, strict=True)):
            for axes, image in zip(panels[:, column], (frame.rgb, frame.tir), strict=True):
                _show(axes, image)
                for truth in benchmark.truth[:, at + k]:
                    _box(axes, truth, edgecolor="black", linewidth=2.4)
                    _box(axes, truth, edgecolor="white", linewidth=2.0, linestyle=(0, (2, 2)))
                for name in reversed(trackers):  # thin, and the best on top: equal boxes leave the truth to be seen
                    _box(axes, watched.boxes[name][at + k], edgecolor=looks[name].colour, linewidth=1.0)
            style = {"va": "top", "color": "yellow", "fontsize": 7, "fontweight": "bold"}
            top = panels[0, column]
            top.text(0.02, 0.97, f"#{k * benchmark.spec.every + 1}", transform=top.transAxes, **style)
        made.suptitle(f"{label(strip.sequence, 60)}, {benchmark.title}", fontsize=7.5)
        from matplotlib.lines import Line2D

        keys = [Line2D([], [], color=looks[name].colour) for name in trackers]
        keys.append(Line2D([], [], color="black", dashes=(2, 2)))
        legend_below(made, keys, [*(label(name, 18) for name in trackers), "truth"], columns=min(4, len(frames) + 1))
        return made


def _pair(benchmark: Benchmark, s: int, k: int) -> Any:
    visible, thermal = benchmark.images(benchmark.names[s])
    image = k * benchmark.spec.every
    if len(visible) != len(thermal) or not benchmark.spec.has_rows_for(len(visible), int(benchmark.lengths[s])):
        raise DataError(f"{len(visible)} and {len(thermal)} images of {benchmark.lengths[s]} frames")
    return pair(k, visible[image], thermal[image])


def _show(axes: Any, image: Any) -> None:
    """An image, made smaller where print would show no more; the axes keep its pixels."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image))
    wide, high = picture.size
    picture.thumbnail((PIXELS, PIXELS * 4))
    axes.imshow(np.asarray(picture), extent=(0, wide, high, 0), aspect="equal", cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[], xlim=(0, wide), ylim=(high, 0))
    axes.spines[:].set_visible(False)


def _box(axes: Any, box: Any, **style: Any) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    if np.isfinite(box).all():
        x, y, wide, high = (float(value) for value in np.clip(box, -1e6, 1e6))
        halo = withStroke(linewidth=style["linewidth"] + 0.7, foreground="white", alpha=0.5)  # black on a dark image
        axes.add_patch(Rectangle((x, y), wide, high, fill=False, path_effects=[halo], **style))
