"""What there is, as ``list`` tells it."""

from __future__ import annotations

import csv
import io
import json

from rgbtbench.cli.list import LISTED
from rgbtbench.cli.listings import LISTS


def test_list_shows_everything_there_is(cli):
    assert tuple(LISTS) == LISTED
    for what, word in [("benchmarks", "220,703"), ("attributes", "hyaline"), ("trackers", "repeats"),
                       ("boxes", "polygon"), ("kits", "gtot"),
                       ("published", "CMD paper"), ("errata", "repeats")]:  # fmt: skip
        status, out, _ = cli("list", what)
        assert status == 0
        assert word in out
    assert "OCC" not in cli("list", "attributes", "LasHeR")[1]


def test_list_trackers_tells_where_each_row_of_table_5_stands(cli):
    _, out, _ = cli("list", "trackers")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "authors' structure" in lines["mfdimp"]
    assert "mfDiMP, mfDiMP*" in lines["mfdimp"]
    assert "reconstruction" in lines["cmd-teacher"]
    assert "results only" in lines["SiamCDA"]
    assert "stands alone" in lines["SiamCDA"]


def test_lists_take_a_name_and_every_format(cli):
    _, out, _ = cli("list", "trackers", "--name", "MANET", "--format", "csv")
    assert [row["tracker"] for row in csv.DictReader(io.StringIO(out))] == ["manet", "manet++"]
    for what in LISTED:
        if what != "codebases":
            status, out, _ = cli("list", what, "--format", "json")
            assert status == 0
            assert json.loads(out)
    assert len(cli("list", "published", "LasHeR", "--name", "mfdimp")[1].splitlines()) > 4


def test_a_tracker_is_listed_once(cli):
    _, out, _ = cli("list", "trackers", "--format", "json")
    names = [row["tracker"].lower() for row in json.loads(out)]
    assert len(names) == len(set(names))
