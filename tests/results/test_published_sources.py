"""Who says so: each print with its standing, nothing lost on the way, hearsay left out."""

from __future__ import annotations

import csv

import pytest

from rgbtbench.results.published import read_table
from rgbtbench.results.published.sources import STANDINGS, TRUSTED, Cell, Print, cells, facts, prints

LISTS = ("RGBT-Tracking-Results-Datasets-and-Methods README, ", "RGB-T-Tracking-Papers-and-Results README")
RENAMED = {"CMD": "CMD-Student-Distill", "M5L": "M5LNet"}  # as Table 5 of the CMD paper has them


def printed(value: str, standing="quoted", note: str = "") -> Print:
    return Print("GTOT", "", "T", "PR", "ALL", value, f"source of {value}", standing, note=note)


def test_every_row_of_the_shared_collection_is_here_with_its_standing(real):
    found = {}
    for p in prints():
        found.setdefault((p.dataset, p.tracker, p.metric, p.value, p.fps, p.hardware, p.params_m, p.year), []).append(p)
    with (real / "published_sota.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(read_table("sota.csv")) > 1800
    for row in rows:
        name = RENAMED.get(row["tracker"], row["tracker"])
        key = (
            row["dataset"],
            name,
            row["metric"],
            row["value"],
            row["fps"],
            row["hardware"],
            row["params_m"],
            row["year"],
        )
        listed = row["source"].startswith(LISTS[0]) or row["source"] == LISTS[1]
        standing = "list" if listed else "notes" if "reading note" in row["source"] else row["own_or_quoted"]
        assert standing in {p.standing for p in found[key]}, row


def test_every_source_is_known_and_used():
    sources = [row["source"] for row in read_table("sources.csv")]
    assert len(set(sources)) == len(sources)
    assert {p.source for p in prints()} == set(sources)
    named = {p.tracker for p in prints()}
    for row in read_table("sources.csv"):
        assert row["kind"] in ("print", "list", "notes")
        assert set(filter(None, row["own"].split("|"))) <= named, row


def test_hearsay_is_left_out_until_asked_for():
    trusted, all_of_it = cells("LasHeR", "test"), cells("LasHeR", "test", untrusted=True)
    assert {p.standing for c in trusted.values() for p in c.prints} == set(TRUSTED)
    assert {"list", "notes"} <= {p.standing for c in all_of_it.values() for p in c.prints}
    assert ("RAGTrack", "PR") in all_of_it.keys() - trusted.keys()


def test_authors_come_first_and_what_others_print_is_shown():
    tbsi = cells("LasHeR", "test")["TBSI", "SR"]
    assert (tbsi.best.value, tbsi.best.standing) == ("56.5", "own")
    assert {p.value for p in tbsi.others} == {"55.6", "56.3"}
    assert not cells("LasHeR", "test")["ViPT", "SR"].others


def test_a_print_that_something_speaks_against_is_not_the_one_shown():
    manet = cells("LasHeR", "test")["MANet", "NPR"]
    assert manet.best.value == "38.3"
    assert [p.value for p in manet.others] == ["40.8"]
    assert printed("59.2", "own", "printed 59.2; likely a typo in the zoo").doubtful


def test_more_decimals_are_no_other_number():
    assert Cell((printed("74.67"), printed("74.7"))).others == ()
    assert [p.value for p in Cell((printed("74.6"), printed("74.67"), printed("74.7"))).others] == ["74.67"]


def test_facts_come_from_the_most_trusted_print():
    student = facts("CMD-Student-Distill")
    assert (student.year, student.venue, student.params_m) == ("2023", "CVPR", "19.90")
    assert facts("AINet").venue == "AAAI"
    assert facts("GOLA-B").speeds[0].hardware == "RTX 3090"
    assert facts("nobody").speeds == ()


@pytest.mark.parametrize(("what", "standing"), [("published", TRUSTED), ("hearsay", ("list", "notes"))])
def test_list_tells_them_apart(cli, what, standing):
    status, out, _ = cli("list", what, "GTOT")
    assert status == 0
    others = set(STANDINGS) - set(standing)
    assert all(STANDINGS[s] in out for s in standing)
    assert not any(STANDINGS[s] + "  " in out for s in others)
