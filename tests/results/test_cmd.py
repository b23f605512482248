"""The paper's tables as one mapping."""

from __future__ import annotations

from rgbtbench.results.published import erratum
from rgbtbench.results.published.cmd import DASH, FPS, PARAMS, YEAR, Key, as_score, cells, rows
from rgbtbench.results.published.sources import facts


def test_every_row_has_every_column_and_no_cell_is_unknown():
    for key in cells():
        assert cells()[key], key
    for table in "12345":
        columns = [{(k.dataset, k.metric) for k in cells() if (k.table, k.row) == (table, row)} for row in rows(table)]
        assert all(own == columns[0] for own in columns)
        assert len(columns[0]) == (10 if table == "5" else 4)
    assert [len(rows(table)) for table in "12345"] == [4, 5, 5, 6, 25]
    assert sum(value == DASH for value in cells().values()) == 43
    assert (rows("2")[0], rows("3")[0]) == ("Student", "Student+SCFD")


def test_years_are_as_printed_and_ours_stay_ours():
    assert {cells()[Key("5", row, "", YEAR)] for row in ("MANet*", "DAFNet*", "mfDiMP*")} == {"2019"}
    assert cells()[Key("5", "Student-Distill", "", YEAR)] == "2022"
    assert facts("CMD-Student-Distill").year == "2023"
    assert (cells()[Key("5", "CBPNet", "", YEAR)], facts("CBPNet").year) == ("2022", "2021")


def test_a_dash_is_no_speed_and_no_size():
    assert cells()[Key("5", "CAT", "", FPS)] == cells()[Key("5", "CAT", "", PARAMS)] == DASH
    assert (facts("CAT").params_m, [s for s in facts("CAT").speeds if s.fps == DASH]) == ("", [])
    assert facts("mfDiMP").speeds[0].fps


def test_a_cell_is_a_print_among_others_with_its_errata():
    manet = as_score(Key("5", "MANet", "LasHeR", "NPR"))
    assert "MANet++" in erratum(manet).note
    assert as_score(Key("5", "ADNet", "GTOT", "PR")).tracker == "ADRNet"
    assert as_score(Key("5", "TODA", "LasHeR", "PR")) is None
    assert as_score(Key("1", "Student", "", FPS)) is None
    assert erratum(as_score(Key("1", "Student", "RGBT234", "SR"))) is None
