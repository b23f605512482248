"""Ranks: ties where intervals overlap, gaps explicit, printed numbers apart."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

from rgbtbench.reports.columns import about
from rgbtbench.reports.leaderboard import Ranked, board, printed_rows
from rgbtbench.reports.records import write_csv
from rgbtbench.results.published.sources import Facts


def row(dataset: str, tracker: str, value: float, rank: int | None, high: int | None, missing: int = 0) -> Ranked:
    bounds = (math.nan,) * 2 if rank is None else (value - 1, value + 1)
    return Ranked(
        dataset=dataset,
        split="",
        tracker=tracker,
        metric="SR",
        attribute="ALL",
        rank=rank,
        rank_high=high,
        value=value,
        low=bounds[0],
        high=bounds[1],
        sequences=5,
        missing=missing,
        source="measured here",
        reference="x",
        about=about(Facts(tracker, "", "", "", ())),
    )


def test_the_board_shows_gaps_and_counts_and_is_stable():
    rows = [row("GTOT", "A", 70.0, 1, 2), row("GTOT", "B", 69.5, 1, 2), row("RGBT234", "B", 50.0, 1, 1)]
    rows += [row("RGBT234", "C", math.nan, None, None, missing=3)]
    table = board(rows)
    assert [line[0] for line in table.rows] == ["B", "A", "C"]
    assert table.rows[0][1:7] == ("69.5 [68.5, 70.5]", "1-2", "50.0 [49.0, 51.0]", "1", "1.2", "2 of 2")
    assert table.rows[1][1:7] == ("70.0 [69.0, 71.0]", "1-2", "–", "–", "1.5", "1 of 2")
    assert table.rows[2][3:5] == ("–", "–")
    assert "C, RGBT234: 3 sequences missing" in table.note
    assert board(rows[::-1]).rows[0][0] == "B"


def test_a_column_is_there_if_somebody_fills_it():
    def told(line: Ranked, **known: float) -> Ranked:
        return replace(line, about={**line.about, **known})

    timed = [told(row("GTOT", "A", 70.0, 1, 1), authors_fps=25.04), row("RGBT234", "A", 50.0, 1, 1)]
    timed += [told(row("GTOT", "B", 60.0, 2, 2), fps=30.0), row("GTOT", "C", 50.0, 3, 3)]
    table = board(timed)
    cells = {line[0]: dict(zip(table.header, line, strict=True)) for line in table.rows}
    assert {name: own["FPS here"] for name, own in cells.items()} == {"A": "–", "B": "30.0", "C": "–"}
    assert cells["A"]["FPS, authors' files"] == "25.0"
    assert "FPS here" not in board([row("GTOT", "C", 50.0, 1, 1)]).header
    out = io.StringIO()
    write_csv(timed, Ranked, out)
    read = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [line["fps"] for line in read] == ["", "", "30.0000000000", ""]
    assert "printed_fps" not in read[0]


def test_printed_numbers_have_no_rank_and_tell_what_else_is_in_print():
    rows = {row.tracker: row for row in printed_rows("LasHeR", "test", "SR")}
    assert rows["TBSI"].rank is None
    assert (rows["TBSI"].value, rows["TBSI"].others) == (56.5, "55.6, 56.3")
    assert rows["TBSI"].source == "printed by its authors"
    assert "RAGTrack" not in rows
    assert "RAGTrack" in {row.tracker for row in printed_rows("LasHeR", "test", "SR", untrusted=True)}


def test_a_measured_and_a_printed_number_of_one_tracker_are_two_rows(cli, real):
    status, out, _ = cli("leaderboard", real, "--only", "LasHeR", "--printed")
    assert status == 0
    lines = [line for line in out.splitlines() if line.startswith("MANet ")]
    assert len(lines) == 2
    assert "scored from raw results" in lines[0]
    assert "(also 33.0)" in lines[1]
    assert "quoted by others" in lines[1]


def test_printed_numbers_of_one_tracker_are_one_row_with_all_its_sources(cli):
    _, out, _ = cli("leaderboard", "--printed", "LasHeR,RGBT234", "--metric", "auc")
    lines = [line for line in out.splitlines() if line.startswith("TBSI  ")]
    assert len(lines) == 1
    assert lines[0].endswith("printed by its authors (LasHeR test); quoted by others (RGBT234)")
    assert out.startswith("Leaderboard by SR, percent")
