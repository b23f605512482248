"""``compare`` with more than two trackers: mean ranks, and who is not told apart."""

from __future__ import annotations

import json

import pytest


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
