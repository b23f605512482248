"""``check`` and ``export`` on result files."""

from __future__ import annotations


def test_check_and_export(cli, generated, tmp_path):
    status, out, _ = cli("check", "LasHeR", generated / "LasHeR", "--results", f"A={generated}/results/fused")
    assert status == 1  # not the official size
    assert "A: complete" in out
    status, _, err = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--out", tmp_path / "o",
                         "--results", f"A={generated}/results/fused")  # fmt: skip
    assert status == 0
    assert "6 of 6" in err
    assert (tmp_path / "o/A_tracking_result/generated00.txt").exists()
    status, _, err = cli("export", "LasHeR", "--truth", generated / "LasHeR", "--out", tmp_path / "o",
                         "--results", f"A={generated}/results/fused")  # fmt: skip
    assert status == 2
    assert "\n  next      choose another --out" in err  # a line of its own
