"""Every row of the paper's Table 5 says its fidelity, and what is said to be here is here."""

from __future__ import annotations

import pytest

from rgbtbench.results.published import read_table
from rgbtbench.trackers import MEANINGS, TRACKERS
from rgbtbench.trackers.fidelity import FIDELITIES, Row, rows, rows_of


def test_every_printed_row_has_one_fidelity_in_the_tables_order():
    assert [row.printed for row in rows() if row.printed] == [r["printed_as"] for r in read_table("cmd_trackers.csv")]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.printed or row.tracker)
def test_what_is_said_to_be_here_is_in_the_registry_and_nothing_else(row: Row):
    assert row.fidelity in FIDELITIES
    assert row.why
    assert (row.tracker in TRACKERS.builtin) == (row.fidelity != "results only")
    if row.fidelity == "reconstruction":  # said wherever the tracker is listed, not only here
        assert "reconstruction" in MEANINGS[row.tracker] or "rebuild" in MEANINGS[row.tracker]


def test_a_tracker_and_its_retrained_row_agree():
    by_name = {row.printed: row for row in rows()}
    for name, row in by_name.items():
        if name.endswith("*"):
            assert (row.tracker, row.fidelity) == (by_name[name[:-1]].tracker, by_name[name[:-1]].fidelity)


def test_every_network_says_its_fidelity():
    networks = {name for name, target in TRACKERS.builtin.items() if ".models:" in target}
    assert networks == {row.tracker for row in rows()} - {""}


def test_nothing_that_is_here_is_said_to_be_absent():
    absent = {row.printed.rstrip("*").lower() for row in rows() if not row.tracker}
    assert not absent & set(TRACKERS.builtin)


def test_what_stands_alone_stays_without_a_network():
    assert {row.printed for row in rows() if "stands alone" in row.why} == {"SiamCDA", "JMMAC"}


def test_rows_of_a_tracker_are_found_in_any_case():
    assert [row.printed for row in rows_of("MFDiMP")] == ["mfDiMP", "mfDiMP*"]
    assert rows_of("dcf") == []
