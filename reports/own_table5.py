"""A Table 5 of our own: every tracker that has weights, on one generated benchmark, with what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from rgbtbench.core import identity
from rgbtbench.core.boxes import Array
from rgbtbench.running.plan import truth_of
from rgbtbench.scoring.evaluation import Evaluation
from rgbtbench.scoring.statistics import intervals
from rgbtbench.studies.own_table5 import PRESET, Contender
from rgbtbench.trackers.fidelity import Row, rows_of

from .costs import CostRecord
from .tables import GAP, Table, marked, number

REFERENCE = "dcf"  # which every trained network should beat
SPAN = ("", "_low", "_high")


@dataclass(frozen=True, slots=True)
class Contest:
    """One tracker: means in percent over ``seeds`` trainings, 95 % intervals over sequences; what one frame costs.

    ``gain``: SR less the reference's. ``params_active`` of the network that ran, ``params_paper`` of its paper size, as
    the paper counts; None: no network. ``load``: of the machine before the comparison began (a minute's mean of
    processes that wanted a core; NaN: unknown): above 0 others slowed what was timed.
    """

    date: str
    commit: str
    tracker: str
    table5: str
    fidelity: str
    preset: str
    seeds: int
    pr: float
    pr_low: float
    pr_high: float
    npr: float
    npr_low: float
    npr_high: float
    sr: float
    sr_low: float
    sr_high: float
    gain: float
    gain_low: float
    gain_high: float
    fps: float
    ms_p50: float
    frames_timed: int
    params_active: int | None
    params_paper: int | None
    device: str
    cpu: str
    gpu: str
    cores: int | None
    threads: int | None
    load: float
    torch: str
    sequences: int
    frames: int
    weights_sha256: str
    test_truth: str


def contest_rows(
    plan: Sequence[Contender],
    evaluation: Evaluation,
    costs: Mapping[str, CostRecord],
    sizes: Mapping[str, int | None],
    load: float,
) -> list[Contest]:
    """A row per tracker in the plan's order; ``costs`` and ``sizes`` (parameters at the paper's size) by tracker."""
    values = {measure.name: evaluation.values(measure) for measure in evaluation.measures}
    commit = str(identity.code()["commit"])

    def mean(tracker: str, metric: str) -> Array:
        at = [evaluation.trackers.index(one.label) for one in plan if one.tracker == tracker]
        averaged: Array = values[metric][at].mean(0)
        return averaged

    def span(name: str, of_sequences: Array) -> dict[str, float]:
        low, high = 100 * intervals(of_sequences[None], evaluation.weights)[0, 0]
        middle = 100 * float(np.average(of_sequences, weights=evaluation.weights[0]))
        return dict(zip((name + end for end in SPAN), (middle, float(low), float(high)), strict=True))

    rows = []
    for tracker in dict.fromkeys(one.tracker for one in plan):
        weights = [one.weights for one in plan if one.tracker == tracker and one.weights]
        known, cost = rows_of(tracker) or [Row("", tracker, "", "")], costs[tracker]
        scores = [span(metric.lower(), mean(tracker, metric)) for metric in ("PR", "NPR", "SR")]
        scores.append(span("gain", mean(tracker, "SR") - mean(REFERENCE, "SR")))
        rows.append(
            Contest(
                date=date.today().isoformat(),
                commit=commit,
                tracker=tracker,
                table5=", ".join(row.printed for row in known if row.printed),
                fidelity=known[0].fidelity,
                preset=PRESET if weights else "",
                seeds=len(weights),
                **{key: value for score in scores for key, value in score.items()},
                fps=cost.fps,
                ms_p50=cost.ms_p50,
                frames_timed=cost.frames,
                params_active=cost.params_active,
                params_paper=sizes[tracker],
                device=cost.device,
                cpu=cost.cpu,
                gpu=cost.gpu,
                cores=cost.cores,
                threads=cost.threads,
                load=load,
                torch=cost.torch,
                sequences=len(evaluation.frames),
                frames=int(evaluation.frames.sum()),
                weights_sha256=" ".join(identity.path_digest(path) for path in weights),
                test_truth=truth_of(evaluation.benchmark),
            )
        )
    return rows


def contest_table(rows: Sequence[Contest], without: Iterable[str]) -> Table:
    """Scores with their intervals, then cost. ``without``: networks that have no weights."""
    header = ("tracker", "in Table 5", "fidelity", "seeds", "PR", "NPR", "SR", f"SR - {REFERENCE}", "FPS", "Params M")
    best, second = marked(np.array([[r.pr, r.npr, r.sr] for r in rows]), axis=0)
    first = rows[0]
    speed = ", ".join(filter(None, (first.gpu, first.cpu, f"{first.cores} cores", f"{first.frames_timed} frames")))
    notes = [
        f"generated images, no real benchmark; truth {first.test_truth[:12]}; percent [95 % interval over sequences]",
        "means over trainings where there are several; best and second marked",
        f"FPS: one after the other, each in a fresh process, 640x480, decoding excluded; {speed}",
        f"load of the machine before: {number(first.load)}; FPS on a busy machine compare with nothing",
        f"Params M: of the {PRESET} network that ran; at the paper's size: {_sizes(rows)}",
        *_listed("no weights", without, "give them: --weights TRACKER=FILE, or train: rgbtbench study ROW"),
        "what of the paper's Table 5 is not here, and why: rgbtbench list trackers",
    ]
    return Table(
        title=f"Table 5 of our own: {PRESET} networks, {first.sequences} generated sequences, {first.frames:,} frames",
        header=header,
        rows=tuple(_line(row) for row in rows),
        note="\n".join(notes),
        best=frozenset((r, c + 3) for r, c in best),
        second=frozenset((r, c + 3) for r, c in second),
    )


def _line(row: Contest) -> tuple[str, ...]:
    spans = [f"{number(value)} [{number(low)}, {number(high)}]" for value, low, high in (
        (row.pr, row.pr_low, row.pr_high), (row.npr, row.npr_low, row.npr_high), (row.sr, row.sr_low, row.sr_high)
    )]  # fmt: skip
    gain = f"{number(row.gain, sign=True)} [{number(row.gain_low, sign=True)}, {number(row.gain_high, sign=True)}]"
    millions = GAP if row.params_active is None else f"{row.params_active / 1e6:.2f}"
    head = (row.tracker, row.table5, row.fidelity or GAP, str(row.seeds) if row.seeds else GAP)
    return (
        *head,
        *spans,
        GAP if row.tracker == REFERENCE else gain,
        f"{row.fps:,.{0 if row.fps >= 1000 else 1}f}",
        millions,
    )


def _sizes(rows: Sequence[Contest]) -> str:
    return ", ".join(f"{row.tracker} {row.params_paper / 1e6:.2f}" for row in rows if row.params_paper)


def _listed(what: str, names: Iterable[str], next: str) -> list[str]:
    joined = ", ".join(names)
    return [f"{what}: {joined}; {next}"] if joined else []
