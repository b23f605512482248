"""Speed against accuracy: each tracker's score, its frames a second, and its parameters as area."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rgbtbench.results.published.standing import STANDINGS, Standing, cells, facts

from .colours import colour
from .figures import COLUMN, figure, label, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CROWD = 14  # printed trackers, best first: more do not fit a column
OFFSETS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


@dataclass(frozen=True, slots=True)
class Speed:
    """One tracker: score in percent and where it is from; FPS, its hardware as told ('' where it is not), millions."""

    tracker: str
    score: float
    standing: Standing
    fps: float
    fps_standing: Standing
    hardware: str
    params_m: float


def printed_speeds(dataset: str, split: str, metric: str, skip: Iterable[str] = ()) -> list[Speed]:
    """Trackers with a trusted print of score and FPS, best first, without those in ``skip``."""
    skipped = {name.lower() for name in skip}
    found = []
    for (tracker, measured), cell in cells(dataset, split).items():
        about = facts(tracker)
        if measured == metric and tracker.lower() not in skipped and about.speeds:
            told = about.speeds[0]
            size = _number(about.params_m)
            score = float(cell.best.value)
            found.append(
                Speed(tracker, score, cell.best.standing, _number(told.fps), told.standing, told.hardware, size)
            )
    return sorted((s for s in found if s.fps > 0), key=lambda s: (-s.score, s.tracker))


def with_facts(tracker: str, score: float, standing: Standing, fps: float | None, hardware: str) -> Speed | None:
    """A tracker scored here, with its measured speed or else the printed one; None where there is neither."""
    about = facts(tracker)
    size = _number(about.params_m)
    if fps is not None:
        return Speed(tracker, score, standing, fps, "measured", hardware, size)
    if not about.speeds:
        return None
    told = about.speeds[0]
    return Speed(tracker, score, standing, _number(told.fps), told.standing, told.hardware, size)


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else math.nan


def scatter(own: Sequence[Speed], printed: Sequence[Speed], title: str, metric: str) -> Figure:
    """Scored here filled, printed hollow; a cross where nobody tells the parameters. Labels never cover one another."""
    with styled() as matplotlib:
        shown = [*own, *printed[:CROWD]]
        made = figure(COLUMN, 3.0)
        axes = made.subplots()
        axes.set_xscale("log")
        for speed in shown:
            tint = colour(speed.tracker)
            here = speed.standing in ("measured", "raw")
            style: dict[str, Any] = {"s": 14, "marker": "x", "color": tint, "linewidth": 1.0}
            if not math.isnan(speed.params_m):
                style = {"s": area(speed.params_m), "facecolor": tint if here else "none", "edgecolor": tint}
                style |= {"linewidth": 0.9, "alpha": 0.8}
            elif here:
                style |= {"linewidth": 2.0}
            axes.scatter(speed.fps, speed.score, **style)
        axes.set(title=f"{metric} and speed, {title}", ylabel=f"{metric}, percent")
        axes.set_xlabel("Frames a second, each on its own hardware")
        axes.margins(0.14, 0.1)
        axes.grid(True, which="both")
        axes.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        sizes = [axes.scatter([], [], s=area(m), facecolor="none", edgecolor="#555555") for m in (10, 100)]
        kinds = [axes.scatter([], [], s=30, facecolor=c, edgecolor="#555555") for c in ("#555555", "none")]
        names = ["10 M", "100 M parameters", "scored here", "printed"]
        made.legend([*sizes, *kinds], names, loc="outside lower center", ncols=4, frameon=False, columnspacing=1.0,
                    handletextpad=0.3, borderpad=0.0)  # fmt: skip
        _place(made, axes, shown)
        return made


def area(millions: float) -> float:
    """Marker area in square points of so many parameters."""
    return 2.2 * millions


def _place(made: Any, axes: Any, shown: Sequence[Speed]) -> None:
    """Write each name beside its mark where it covers neither mark nor name; without such a place it is left out."""
    made.draw_without_rendering()
    taken = []
    for speed in shown:
        x, y = axes.transData.transform((speed.fps, speed.score))
        reach = math.sqrt(area(speed.params_m) / math.pi) if not math.isnan(speed.params_m) else 3.0
        taken.append((x, y, reach * made.dpi / 72))
    boxes: list[Any] = [((x - r * 0.8, y - r * 0.8), (x + r * 0.8, y + r * 0.8)) for x, y, r in taken]
    frame = axes.get_window_extent()
    for k, speed in enumerate(shown):
        reach = taken[k][2] * 72 / made.dpi + 1.5
        for far in (1.0, 2.0, 3.2):
            for dx, dy in OFFSETS:
                text = axes.annotate(
                    label(speed.tracker, 20),
                    (speed.fps, speed.score),
                    xytext=(dx * reach * far, dy * reach * far),
                    textcoords="offset points",
                    ha={1: "left", 0: "center", -1: "right"}[dx],
                    va={1: "bottom", 0: "center", -1: "top"}[dy],
                    fontsize=5.5,
                    arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777"} if far > 1 else None,
                )
                text.set_in_layout(False)
                own = _letters(text)
                corners = ((own.x0, own.y0), (own.x1, own.y1))
                inside = frame.x0 <= own.x0 and own.x1 <= frame.x1 and frame.y0 <= own.y0 and own.y1 <= frame.y1
                others = boxes[:k] + boxes[k + 1 :]
                if inside and not any(_meet(corners, other) for other in others):
                    boxes.append(corners)
                    break
                text.remove()
            else:
                continue
            break


def _letters(text: Any) -> Any:
    """Where the letters are, without the line that leads to them."""
    from matplotlib.text import Text

    return Text.get_window_extent(text)


def _meet(a: Any, b: Any) -> bool:
    (ax0, ay0), (ax1, ay1) = a
    (bx0, by0), (bx1, by1) = b
    return bool(ax0 < bx1 and bx0 < ax1 and ay0 < by1 and by0 < ay1)


def hardware_note(shown: Iterable[Speed]) -> str:
    """What the speeds were measured on, as far as it is told."""
    return "; ".join(f"{s.tracker}: {s.fps:g} FPS {s.hardware or '(hardware not told)'}, {STANDINGS[s.fps_standing]}"
                     for s in shown)  # fmt: skip
