"""Two trackers compared on data whose difference was built in."""

from __future__ import annotations

import csv
import io
import json

import pytest


def test_compare_finds_what_was_built_in(cli, generated):
    """The colour-only tracker is lost in low light and nowhere else."""
    status, out, _ = cli("compare", "LasHeR", f"fused={generated}/results/fused", "rgb",
                         "--results", f"rgb={generated}/results/rgb-only", "--truth", generated / "LasHeR",
                         "--by", "attribute", "--format", "csv")  # fmt: skip
    rows = {row["attribute"]: row for row in csv.DictReader(io.StringIO(out)) if row["metric"] == "SR"}
    assert status == 0
    assert (rows["ALL"]["first"], rows["ALL"]["second"]) == ("fused", "rgb")
    light = rows["LI"]
    assert float(light["low"]) > 20
    assert float(light["difference"]) == pytest.approx(float(light["first_value"]) - float(light["second_value"]))
    assert 0 < float(rows["ALL"]["p"]) <= float(rows["ALL"]["p_holm"]) <= 1
    table = cli("compare", "LasHeR", f"a={generated}/results/fused", f"b={generated}/results/rgb-only",
                "--truth", generated / "LasHeR")[1]  # fmt: skip
    assert "p (Holm)" in table


@pytest.fixture
def three(generated):
    truth = ("--truth", generated / "LasHeR")
    return ("compare", "LasHeR", *sorted((generated / "results").iterdir()), *truth)


def test_ranks_of_many_are_a_row_each_with_those_not_told_apart(cli, three):
    pytest.importorskip("scipy")
    status, out, _ = cli(*three, "--metrics", "SR", "--format", "json")
    assert status == 0
    rows = json.loads(out)
    assert [row["mean_rank"] for row in rows] == sorted(row["mean_rank"] for row in rows)
    assert sum(row["mean_rank"] for row in rows) == pytest.approx(1 + 2 + 3)
    for row in rows:
        near = [r["tracker"] for r in rows if abs(r["mean_rank"] - row["mean_rank"]) <= row["critical_difference"]]
        assert sorted([row["tracker"], *filter(None, row["alike"].split(", "))]) == sorted(near)


def test_a_figure_of_ranks_is_of_one_metric(cli, three, tmp_path):
    pytest.importorskip("seaborn")
    status, _, err = cli(*three, "--figure", tmp_path / "ranks.svg")
    assert status == 2
    assert "one metric" in err
    assert not (tmp_path / "ranks.svg").exists()
    assert cli(*three, "--metrics", "SR", "--figure", tmp_path / "ranks.svg")[0] == 0
    assert "critical difference" in (tmp_path / "ranks.svg").read_text()


def test_by_attribute_is_for_two(cli, three):
    status, _, err = cli(*three, "--by", "attribute")
    assert status == 2
    assert "compares two trackers" in err
