"""Ranks: ties where intervals overlap, gaps explicit, printed numbers apart."""

from __future__ import annotations

import math
from dataclasses import replace

from rgbtbench.reports.leaderboard import Ranked, board, printed_rows, rank_ranges


def row(dataset: str, tracker: str, value: float, rank: int | None, high: int | None, missing: int = 0) -> Ranked:
    bounds = (math.nan,) * 2 if rank is None else (value - 1, value + 1)
    return Ranked(dataset, "", tracker, "SR", "ALL", rank, high, value, *bounds, 5, missing, "measured here", "", "x")


def test_a_tie_is_a_range_of_ranks():
    assert rank_ranges([(1, 2), (1.5, 3), (2.5, 4)]) == [(2, 3), (1, 3), (1, 2)]
    assert rank_ranges([(1, 1), (1, 1)]) == [(1, 2), (1, 2)]
    assert rank_ranges([]) == []


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


def test_speeds_stand_beside_those_who_tell_them():
    timed = [replace(row("GTOT", "A", 70.0, 1, 1), fps=25.04, fps_by="authors' files"), row("RGBT234", "A", 50.0, 1, 1)]
    timed += [replace(row("GTOT", "B", 60.0, 2, 2), fps=30.0, fps_by="here"), row("GTOT", "C", 50.0, 3, 3)]
    table = board(timed)
    at = table.header.index("FPS")
    assert {line[0]: line[at] for line in table.rows} == {"A": "25.0†", "B": "30.0", "C": "–"}
    assert "†: by the authors' files" in table.note
    assert "FPS" not in board([row("GTOT", "C", 50.0, 1, 1)]).header


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
