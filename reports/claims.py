"""What the CMD paper says of its tables, computed again, and what is wrong in it: rows, and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rgbtbench.results.published import errata
from rgbtbench.results.published.claims import FAILS, OPEN, RELATIONS, ROUNDED, Claim, Span, claims, evidence
from rgbtbench.results.published.cmd import PAPER, PARAMS
from rgbtbench.results.study_record import MEASURED, METRICS, Training, read_rows, settings

from .paper_tables import Row, exhibits
from .study_tables import Compared
from .tables import GAP, Table

HEADER = ("section", "claim", "printed cells", "said", "recomputed", "verdict", "our study")


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, what its printed cells give, and ``measured``: the same of our networks, on generated images."""

    id: str
    section: str
    claim: str
    dataset: str
    cells: str
    said: str
    recomputed: str
    verdict: str
    measured: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something wrong in the paper, with what shows it."""

    place: str
    dataset: str
    split: str
    tracker: str
    metric: str
    note: str
    evidence: str


def checked(study: Sequence[Training]) -> list[Checked]:
    """Every claim in the paper's order."""
    known = {(row.table, row.print): row for exhibit in exhibits() for row in exhibit.rows}
    known_settings = settings(study)
    compared = Compared(study, known_settings[0]) if known_settings else None
    counts = {row["tracker"]: Decimal(row["params_paper"]) / 10**6 for row in read_rows(MEASURED / "parameters.csv")}
    rows = []
    for claim in claims():
        own = [known.get((key.table, key.row)) for key in claim.keys]
        measured = _measured(claim, [row for row in own if row], compared, counts) if all(own) else ""
        rows.append(
            Checked(
                id=claim.id,
                section=claim.section,
                claim=claim.claim,
                dataset=claim.keys[0].dataset,
                cells=claim.cells,
                said=claim.said,
                recomputed=claim.recomputed,
                verdict=claim.verdict,
                measured=measured,
            )
        )
    return rows


def _measured(claim: Claim, own: Sequence[Row], compared: Compared | None, counts: Mapping[str, Decimal]) -> str:
    """A difference of the study's rows with its interval, or of our counts of parameters; else ''."""
    metric, relation = claim.keys[0].metric, RELATIONS[claim.relation]
    if metric == PARAMS and claim.relation != "beyond" and all(row.network in counts for row in own):
        spans = [Span(counts[row.network], Decimal(0), 2) for row in own]
        arguments = [*spans, spans[0]] if claim.relation in ("is", "minus", "fewer") else spans
        return relation.compute(*arguments).text(sign=relation.sign)
    if compared is None or metric not in METRICS or len(own) < 2 or not all(row.recipe for row in own):
        return ""
    return compared.gain(own[0].recipe, own[1].recipe, metric).removeprefix(GAP)


def wrong() -> list[Wrong]:
    """Errata of this paper: of its tables, then of its text."""
    return [
        Wrong(
            place=e.place,
            dataset=e.dataset,
            split=e.split,
            tracker=e.tracker,
            metric=e.metric,
            note=e.note,
            evidence=evidence(e),
        )
        for e in errata()
        if e.reference == PAPER
    ]


def claims_table(rows: Sequence[Checked]) -> Table:
    """What does not hold in bold."""
    lines = [(r.section, r.claim, r.cells, r.said or GAP, r.recomputed, r.verdict, r.measured or GAP) for r in rows]
    bold = frozenset((at, HEADER.index("verdict")) for at, row in enumerate(rows) if row.verdict in (FAILS, ROUNDED))
    note = [
        "recomputed: the first cell, less the second if there is one; of three how much nearer the first is to the "
        "last, or what it has beyond 3.6M more than MPSD adds; reductions in percent",
        f"{ROUNDED}: the printed cells give another number, unrounded ones could give the said one",
        f"{OPEN}: the printed cells are equal, or the paper prints a dash",
        "our study: first row less second, nano networks on generated images [95 % interval over sequences], no real "
        "benchmark; parameters as we count them at the paper's size",
    ]
    return Table(f"What the {PAPER} says of its tables", HEADER, tuple(lines), "\n".join(note), best=bold)


def errata_table(rows: Sequence[Wrong]) -> Table:
    """Each with its evidence."""
    header = ("where", "benchmark", "tracker", "metric", "what is wrong", "evidence")
    lines = [(r.place, f"{r.dataset} {r.split}".strip() or GAP, r.tracker, r.metric, r.note, r.evidence) for r in rows]
    return Table(f"What is wrong in the {PAPER}", header, tuple(lines), "*: any")
