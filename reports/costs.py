"""What trackers cost beside what the CMD paper prints: measured and printed never in one column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

from rgbtbench.results.published import read_table
from rgbtbench.results.published.cmd import DASH
from rgbtbench.running.cost import Measured, Request
from rgbtbench.running.throughput import LESS, enough
from rgbtbench.trackers.fidelity import rows_of

from .records import optional, several
from .tables import GAP, Table, number

PAPER = "CMD, CVPR 2023"
PAPER_DEVICE = 'what it calls an "RTX 1080Ti"'
PAPER_ROWS = {  # our name -> number and row of the paper's table; TF and 2xRes18 tell their speed
    "cmd-student": ("3", "Student+SCFD+MPSD"),
    "cmd-student-origin": ("1", "Student"),
    "cmd-student-saf": ("3", "Student+SCFD+SAF"),
    "cmd-student-caf": ("3", "Student+SCFD+CAF"),
    "cmd-student-tf": ("3", "Student+SCFD+TF"),
    "cmd-student-2xres18": ("4", "KD (2 Res18)"),
}
COUNTED = "Params: as the paper seems to count, with each ResNet's unused layer4 and fc; active: without"
UNITS = "GFLOPs: a multiply-add is 2; MB: on a GPU torch's peak, else the process's beyond libraries and frames"
REFERENCE = "cmd-teacher"  # whose speed the others are compared with, if it was measured


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters of one model. ``printed_*`` are the paper's, for its own sizes only; NaN and '' where it is silent."""

    tracker: str
    preset: str
    params_paper: int | None
    params_active: int | None
    printed_params_m: float
    params_difference_m: float
    printed_reference: str
    printed_note: str


BATCHES = optional("batch_largest")


class Column(NamedTuple):
    """A column of throughputs."""

    key: str


def _throughputs(rows: Iterable[Mapping[str, float]]) -> list[Column]:
    return [Column(key) for key in sorted({key for row in rows for key in row}, key=_batch)]


def _batch(key: str) -> int:
    return int(key.rpartition("_")[2])


@dataclass(frozen=True, slots=True)
class Cost(Size):
    """All of one tracker. ``ratio`` of its fps to that of ``reference``; ``ms_*`` are percentiles of one frame.

    ``fps`` is of one sequence alone; ``throughput``, by ``throughput_K``, of K sequences at once, all together; it
    stops growing at ``batch_enough``; None: it grows up to ``batch_largest`` (0: not measured).
    """

    printed_fps: float
    device: str
    precision: str
    gflops: float
    memory_mb: float
    fps: float
    ratio: float
    reference: str
    ms_p50: float
    ms_p90: float
    ms_p99: float
    frames: int
    cpu: str
    gpu: str
    cores: int | None
    threads: int | None
    torch: str
    throughput: Mapping[str, float] = field(default_factory=dict, metadata=several(_throughputs))
    batch_largest: int = field(default=0, metadata=BATCHES)
    batch_enough: int | None = field(default=None, metadata=BATCHES)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRecord(Cost):
    """With all that is needed to measure it again."""

    provenance: Mapping[str, Any]


def size_row(request: Request, params_paper: int | None, params_active: int | None) -> Size:
    """Our count beside the paper's."""
    printed = _printed(request)
    millions = _float(printed.get("params_m"))
    difference = math.nan if params_paper is None else params_paper / 1e6 - millions
    return Size(
        tracker=request.name,
        preset=request.preset,
        params_paper=params_paper,
        params_active=params_active,
        printed_params_m=millions,
        params_difference_m=difference,
        printed_reference="{}, Table {}, {}".format(PAPER, printed["table"], printed["row"]) if printed else "",
        printed_note=printed.get("note", ""),
    )


def cost_rows(pairs: list[tuple[Request, Measured]], code: Mapping[str, Any]) -> list[CostRecord]:
    """One row per tracker, speeds compared with the teacher's or else the first's."""
    speeds = [len(m.seconds) / float(m.seconds.sum()) for _, m in pairs]
    base = next((k for k, (request, _) in enumerate(pairs) if request.name.lower() == REFERENCE), 0)
    rows = []
    for (request, m), fps in zip(pairs, speeds, strict=True):
        size = size_row(request, m.params_paper, m.params_active)
        p50, p90, p99 = (float(p) * 1e3 for p in np.percentile(m.seconds, (50, 90, 99)))
        rows.append(
            CostRecord(
                **{column.name: getattr(size, column.name) for column in fields(Size)},
                printed_fps=_float(_printed(request).get("fps")),
                device=m.device,
                precision=request.precision,
                gflops=m.gflops,
                memory_mb=m.memory,
                fps=fps,
                ratio=fps / speeds[base],
                reference=pairs[base][0].name,
                ms_p50=p50,
                ms_p90=p90,
                ms_p99=p99,
                frames=len(m.seconds),
                cpu=m.hardware["cpu"],
                gpu=m.hardware["gpu"] or "",
                cores=m.hardware["cores"],
                threads=m.hardware["threads"],
                torch=m.hardware["torch"] or "",
                throughput={f"throughput_{size}": value for size, value in m.throughput.items()},
                batch_largest=max(m.throughput, default=0),
                batch_enough=enough(m.throughput),
                provenance=_provenance(request, m, code),
            )
        )
    return rows


def _provenance(request: Request, measured: Measured, code: Mapping[str, Any]) -> dict[str, Any]:
    clip: dict[str, Any] = {"made_by": "rgbtbench.datasets.synthetic.scene", "attributes": []}
    clip |= {"size": list(request.size), "warmup": request.warmup, "frames": request.frames}
    clip |= {"batches": list(request.batches)} if request.batches else {}
    options = {key: str(value) for key, value in request.options.items()}
    return {"code": dict(code), "machine": measured.machine, "options": options, "seed": request.seed, "clip": clip}


def _printed(request: Request) -> dict[str, str]:
    """The paper's row that tells this tracker's size, unless this is not the paper's size."""
    if request.preset != "paper":
        return {}
    if (key := PAPER_ROWS.get(request.name.lower())) is not None:
        return next(row for row in read_table("cmd_ablations.csv") if (row["table"], row["row"]) == key)
    names = [row.printed for row in rows_of(request.name)]
    matching = (row for row in read_table("cmd_trackers.csv") if row["printed_as"] in names and row["params_m"] != DASH)
    return next(({**row, "table": "5", "row": row["printed_as"], "note": ""} for row in matching), {})


def _float(text: str | None) -> float:
    return math.nan if text in (None, DASH) else float(text)


def size_table(rows: list[Size]) -> Table:
    """Parameters beside the paper's."""
    header = ("tracker", "preset", "Params", "active", "printed Params M", "Params - printed M")
    body = [
        (r.tracker, r.preset or GAP, _count(r.params_paper), _count(r.params_active))
        + (_exact(r.printed_params_m), number(r.params_difference_m, 3, sign=True))
        for r in rows
    ]
    return Table("Parameters", header, tuple(body), "\n".join([COUNTED, *_sources(rows, speed=False)]))


def cost_tables(rows: list[CostRecord]) -> list[Table]:
    """Costs of one sequence alone, and apart from them throughputs, where they were measured."""
    faster = [row for row in rows if row.throughput]
    return [*([cost_table(rows)] if rows else []), *([throughput_table(faster)] if faster else [])]


def throughput_table(rows: list[CostRecord]) -> Table:
    """Frames a second of several sequences at once, and where they stop growing."""
    keys = [column.key for column in _throughputs(row.throughput for row in rows)]
    sizes = [_batch(key) for key in keys]
    header = ("tracker", "preset", "device", "precision", *(f"K = {size}" for size in sizes), "grows until K =")
    body = [
        (r.tracker, r.preset or GAP, r.device, r.precision or GAP)
        + tuple(number(r.throughput.get(key, math.nan), 1) for key in keys)
        + (GAP if r.batch_enough is None else str(r.batch_enough),)
        for r in rows
    ]
    notes = [
        f"K sequences in lock-step on one lane, decoding and first frames excluded; {GAP}: the largest K is fastest",
        f"grows until: no larger K brings {LESS - 1:.0%} more. This is not the FPS of one sequence alone, above",
    ]
    return Table("Throughput: frames a second, all sequences together", header, tuple(body), "\n".join(notes))


def cost_table(rows: list[CostRecord]) -> Table:
    """Everything measured, then everything printed."""
    reference = rows[0].reference if rows else ""
    measured = ("device", "precision", "GFLOPs", "MB", "FPS", f"x {reference}", "p50 ms", "p90", "p99")
    header = ("tracker", "preset", "Params M", "active M", *measured, "printed Params M", "printed FPS")
    body = [
        (
            r.tracker,
            r.preset or GAP,
            _millions(r.params_paper),
            _millions(r.params_active),
            r.device,
            r.precision or GAP,
        )
        + (number(r.gflops, 2), number(r.memory_mb, 0), number(r.fps, 1), number(r.ratio, 2))
        + (number(r.ms_p50, 1), number(r.ms_p90, 1), number(r.ms_p99, 1))
        + (_exact(r.printed_params_m), _exact(r.printed_fps))
        for r in rows
    ]
    notes = [*dict.fromkeys(map(_conditions, rows)), COUNTED, UNITS, *_sources(rows, speed=True)]
    return Table("Cost of a frame", header, tuple(body), "\n".join(notes))


def _conditions(row: CostRecord) -> str:
    width, height = row.provenance["clip"]["size"]
    parts = [row.gpu, row.cpu, f"{row.cores} cores", f"{row.threads} threads" if row.threads else ""]
    parts += [f"torch {row.torch}" if row.torch else "no torch"]
    parts += ["random weights that learn in every frame"] if "untrained" in row.provenance["options"] else []
    frames = f"{row.frames} frames of {width}x{height} after {row.provenance['clip']['warmup']}, decoding excluded"
    return f"measured alone on {', '.join(part for part in parts if part)}: {frames}"


def _sources(rows: Iterable[Size], *, speed: bool) -> list[str]:
    """Where the printed numbers stand, and what to know about them."""
    lines = []
    for row in rows:
        if row.printed_reference:
            note = f" ({row.printed_note})" if row.printed_note else ""
            lines.append(f"  {row.tracker}: {row.printed_reference.removeprefix(f'{PAPER}, ')}{note}")
    on = f", speed on {PAPER_DEVICE}" if speed else ""
    return [f"printed: {PAPER}{on}; never measured here", *lines] if lines else []


def _count(value: int | None) -> str:
    return GAP if value is None else f"{value:,}"


def _millions(value: int | None) -> str:
    return GAP if value is None else f"{value / 1e6:.2f}"


def _exact(value: float) -> str:
    return GAP if math.isnan(value) else f"{value:g}"
