"""Who says so: each print with its source, nothing lost on the way, lists and notes left out."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from rgbtbench.results.published import read_table
from rgbtbench.results.published.sources import SOURCES, TRUSTED, Cell, Print, cells, facts, prints

LISTS = ("RGBT-Tracking-Results-Datasets-and-Methods README, ", "RGB-T-Tracking-Papers-and-Results README")
RENAMED = {"CMD": "CMD-Student-Distill", "M5L": "M5LNet"}  # as Table 5 of the CMD paper has them


def printed(value: str, source="quoted", **more) -> Print:
    score = {"dataset": "GTOT", "split": "", "tracker": "T", "metric": "PR", "attribute": "ALL", "value": value}
    return Print(**score, reference=f"reference of {value}", source=source, **more)


def test_every_row_of_the_shared_collection_is_here_with_its_source(real):
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
        by = {"own": "printed", "quoted": "quoted"}[row["own_or_quoted"]]
        source = "list" if listed else "notes" if "reading note" in row["source"] else by
        assert source in {p.source for p in found[key]}, row


def test_every_reference_is_known_and_used():
    references = [row["reference"] for row in read_table("references.csv")]
    assert len(set(references)) == len(references)
    assert {p.reference for p in prints()} == set(references)
    named = {p.tracker for p in prints()}
    for row in read_table("references.csv"):
        assert row["kind"] in ("quoted", "list", "notes")
        assert set(filter(None, row["own"].split("|"))) <= named, row


def test_lists_and_notes_are_left_out_until_asked_for():
    trusted, all_of_it = cells("LasHeR", "test"), cells("LasHeR", "test", untrusted=True)
    assert {p.source for c in trusted.values() for p in c.prints} == set(TRUSTED)
    assert {"list", "notes"} <= {p.source for c in all_of_it.values() for p in c.prints}
    assert ("RAGTrack", "PR") in all_of_it.keys() - trusted.keys()


def test_authors_come_first_and_what_others_print_is_shown():
    tbsi = cells("LasHeR", "test")["TBSI", "SR"]
    assert (tbsi.best.value, tbsi.best.source) == ("56.5", "printed")
    assert {p.value for p in tbsi.others} == {"55.6", "56.3"}
    assert not cells("LasHeR", "test")["ViPT", "SR"].others


def test_a_print_that_something_speaks_against_is_not_the_one_shown():
    manet = cells("LasHeR", "test")["MANet", "NPR"]
    assert manet.best.value == "38.3"
    assert [p.value for p in manet.others] == ["40.8"]
    assert printed("59.2", "printed", doubt="typo").doubtful
    assert not printed("59.2", "printed", note="no typo, and superseded by nothing").doubtful  # words decide nothing


def test_what_is_doubted_is_a_column_with_a_reason():
    doubted = [p for p in prints() if p.doubt]
    assert Counter(p.doubt for p in doubted) == {"suspect": 25, "superseded": 2, "typo": 1}
    assert all(p.note for p in doubted)
    assert sum(p.doubtful for p in prints()) == 117  # the rest is in errata.csv


def test_more_decimals_are_no_other_number():
    assert Cell((printed("74.67"), printed("74.7"))).others == ()
    assert [p.value for p in Cell((printed("74.6"), printed("74.67"), printed("74.7"))).others] == ["74.67"]


def test_facts_come_from_the_most_trusted_print():
    student = facts("CMD-Student-Distill")
    assert (student.year, student.venue, student.params_m) == ("2023", "CVPR", "19.90")
    assert facts("AINet").venue == "AAAI"
    assert facts("GOLA-B").speeds[0].hardware == "RTX 3090"
    assert facts("nobody").speeds == ()


@pytest.mark.parametrize(("what", "source"), [("published", TRUSTED), ("quoted", ("quoted", "list", "notes"))])
def test_list_tells_them_apart(cli, what, source):
    status, out, _ = cli("list", what, "GTOT")
    assert status == 0
    others = set(SOURCES) - set(source)
    assert all(SOURCES[s] in out for s in source)
    assert not any(SOURCES[s] + "  " in out for s in others)
