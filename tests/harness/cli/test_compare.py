"""Two trackers compared on data whose difference was built in."""

from __future__ import annotations

import csv
import io

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
