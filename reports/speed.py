"""Speed against accuracy: each tracker's score, its frames a second, and its parameters as area."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rgbtbench.results.published.sources import Source, cells, facts

from .colours import Looks, looks_of
from .figures import COLUMN, figure, label, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Box = tuple[tuple[float, float], tuple[float, float]]  # lower left, upper right, in pixels
CROWD = 14  # printed trackers, best first: more do not fit a column
AIR = 2.0  # points beside a name
OFFSETS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


@dataclass(frozen=True, slots=True)
class Speed:
    """One tracker: score in percent and where it is from, frames a second, millions of parameters (NaN: unknown).

    ``by_authors``: its speed is from the files that its authors wrote beside their boxes.
    """

    tracker: str
    score: float
    source: Source
    fps: float
    params_m: float
    by_authors: bool = False


def printed_speeds(dataset: str, split: str, metric: str, skip: Iterable[str] = ()) -> list[Speed]:
    """Trackers with a trusted print of score and FPS, best first, without those in ``skip``."""
    skipped = {name.lower() for name in skip}
    speeds = []
    for (tracker, measured), cell in cells(dataset, split).items():
        about = facts(tracker)
        if measured == metric and tracker.lower() not in skipped and about.speeds:
            fps, size = _number(about.speeds[0].fps), _number(about.params_m)
            speeds.append(Speed(tracker, float(cell.best.value), cell.best.source, fps, size))
    return sorted((s for s in speeds if s.fps > 0), key=lambda s: (-s.score, s.tracker))


def with_facts(
    tracker: str, score: float, source: Source, fps: float | None, authors: float | None = None
) -> Speed | None:
    """A tracker scored here with its speed: measured, or by its authors' files, or printed; None where nobody tells."""
    about, by_authors = facts(tracker), fps is None and authors is not None
    if by_authors:
        fps = authors
    elif fps is None and about.speeds:
        fps = _number(about.speeds[0].fps)
    return None if fps is None else Speed(tracker, score, source, fps, _number(about.params_m), by_authors)


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else math.nan


def scatter(
    own: Sequence[Speed], printed: Sequence[Speed], title: str, metric: str, looks: Looks | None = None
) -> Figure:
    """Scored here filled, printed hollow; a cross where nobody tells the parameters. Labels never cover one another."""
    with styled() as matplotlib:
        shown = [*own, *printed[:CROWD]]
        known = looks or looks_of(speed.tracker for speed in own)
        looks = looks_of((speed.tracker for speed in shown), {s.tracker: known[s.tracker] for s in own})
        made = figure(COLUMN, 3.0)
        axes = made.subplots()
        axes.set_xscale("log")
        for speed in shown:
            tint = looks[speed.tracker].colour
            here = speed.source in ("measured", "scored")
            style: dict[str, Any] = {"s": 14, "marker": "x", "color": tint, "linewidth": 1.0}
            if not math.isnan(speed.params_m):
                style = {"s": area(speed.params_m), "facecolor": tint if here else "none", "edgecolor": tint}
                style |= {"linewidth": 0.9, "alpha": 0.8}
            elif here:
                style |= {"linewidth": 2.0}
            axes.scatter(speed.fps, speed.score, **style)
        axes.set(title=f"{metric} and speed, {title}", ylabel=f"{metric}, percent")
        footnote = "\n†: by the authors' files" if any(speed.by_authors for speed in shown) else ""
        axes.set_xlabel(f"Frames a second, each on its own hardware{footnote}")
        axes.margins(0.14, 0.1)
        axes.grid(True)
        axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        sizes = [axes.scatter([], [], s=area(m), facecolor="none", edgecolor="#555555") for m in (10, 100)]
        kinds = [axes.scatter([], [], s=30, facecolor=c, edgecolor="#555555") for c in ("#555555", "none")]
        names = ["10 M", "100 M parameters", "scored here", "printed"]
        made.legend([*sizes, *kinds], names, loc="outside lower center", ncols=4, frameon=False, columnspacing=1.0,
                    handletextpad=0.4, borderpad=0.2, handleheight=1.8)  # fmt: skip
        _place(made, axes, shown)
        return made


def area(millions: float) -> float:
    """Marker area in square points of so many parameters."""
    return 1.3 * millions


def _place(made: Any, axes: Any, shown: Sequence[Speed]) -> None:
    """Write each name beside its mark where it covers neither mark nor name; without such a place it is left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas: Any = FigureCanvasAgg(made)
    renderer = canvas.get_renderer()
    made.draw_without_rendering()
    pixels = made.dpi / 72
    reaches = [3.0 if math.isnan(s.params_m) else math.sqrt(area(s.params_m) / math.pi) for s in shown]
    centres = [axes.transData.transform((speed.fps, speed.score)) for speed in shown]
    taken = [_around(x, y, 0.8 * reach * pixels) for (x, y), reach in zip(centres, reaches, strict=True)]
    frame = axes.get_window_extent()
    places = [(far, dx, dy) for far in (0.0, 5.0, 11.0) for dx, dy in OFFSETS]
    for k, (speed, reach) in enumerate(zip(shown, reaches, strict=True)):
        for far, dx, dy in places:
            out = reach * (0.75 if dx and dy else 1.0) + 1.5 + far
            text = axes.annotate(
                label(speed.tracker, 20) + "†" * speed.by_authors,
                (speed.fps, speed.score),
                xytext=(dx * out, dy * out),
                textcoords="offset points",
                ha={1: "left", 0: "center", -1: "right"}[dx],
                va={1: "bottom", 0: "center", -1: "top"}[dy],
                fontsize=5.5,
                arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0} if far else None,
            )
            text.set_in_layout(False)
            text.update_positions(renderer)
            own = Text.get_window_extent(text, renderer)  # the letters, without the line that leads to them
            inside = frame.x0 <= own.x0 and own.x1 <= frame.x1 and frame.y0 <= own.y0 and own.y1 <= frame.y1
            corners = ((own.x0 - AIR, own.y0), (own.x1 + AIR, own.y1))  # else two names read as one
            if inside and not any(_meet(corners, other) for at, other in enumerate(taken) if at != k):
                taken.append(corners)
                break
            text.remove()


def _around(x: float, y: float, reach: float) -> Box:
    return (x - reach, y - reach), (x + reach, y + reach)


def _meet(a: Box, b: Box) -> bool:
    (ax0, ay0), (ax1, ay1) = a
    (bx0, by0), (bx1, by1) = b
    return bool(ax0 < bx1 and bx0 < ax1 and ay0 < by1 and by0 < ay1)
