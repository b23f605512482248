"""Claims beside our study: the same comparison on our own networks, nothing where there is none."""

from __future__ import annotations

import pytest

from rgbtbench.reports.claims import checked, claims_table, errata_table, wrong
from rgbtbench.reports.study_tables import Compared
from rgbtbench.results.study_record import read_study, settings


@pytest.fixture(scope="module")
def rows():
    return {(row.id, row.cells.partition(":")[0].split()[-1]): row for row in checked(read_study())}


def test_a_difference_is_our_difference_of_the_same_rows(rows):
    found = read_study()
    ours = Compared(found, settings(found)[0])
    assert rows["hfrd-gain", "PR"].measured == ours.gain("hfrd", "mpsd", "PR")
    assert rows["one-stream", "SR"].measured == ours.gain("reviewkd-1x", "reviewkd-2x", "SR")
    assert "[" in rows["gtot-gain", "PR"].measured


def test_parameters_are_our_count(rows):
    assert (rows["size", "M"].measured, rows["size", "M"].recomputed) == ("75.4", "75.4")
    assert rows["origin-cost", "M"].measured == "+0.00"


def test_where_we_have_no_such_rows_nothing_is_said(rows):
    assert rows["rgbt234-dafnet", "SR"].measured == rows["rgbt234-best", "PR"].measured == ""
    assert rows["student-value", "PR"].measured == "", "a level on other images is no answer"
    assert {row.measured for row in checked([]) if "Params" not in row.cells} == {""}


def test_what_does_not_hold_is_bold(rows):
    table = claims_table(list(rows.values()))
    bold = {table.rows[r][table.header.index("verdict")] for r, _ in table.best}
    assert bold == {"does not hold", "only before rounding"}


def test_errata_of_this_paper_have_a_place_and_evidence():
    table = errata_table(wrong())
    assert all(row[0] and row[-1] for row in table.rows)
    assert {"Eq. 5", "Eq. 10", "Eq. 12", "Eq. 14", "references", "Sec. 4.4", "Table 5"} <= {
        row[0] for row in table.rows
    }
