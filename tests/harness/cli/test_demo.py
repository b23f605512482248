"""The demo, on a small set."""

from __future__ import annotations

import shlex

from rgbtbench.cli.demo import EXPERIMENT
from rgbtbench.reports.page.packing import unpack


def test_the_demo_tracks_scores_and_says_where(cli, tmp_path, monkeypatch):
    """The whole chain on a small set: images, runs on two lanes, scores by attribute."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    assert cli("synth", "LasHeR", "demo/LasHeR", "--sequences", 2, "--frames", 8, "--size", "160x120")[0] == 0
    (tmp_path / "demo/demo.yaml").write_text(EXPERIMENT)
    status, out, err = cli("demo")
    assert status == 0, err
    assert "PR by attribute" in out
    assert all(label in out for label in ("dcf", "dcf-rgb", "dcf-tir", "still"))
    assert "boxes: demo" in out
    assert "down to single frames: demo/index.html" in out
    commands = [shlex.split(line)[1:] for line in out.partition("to go on:\n")[2].splitlines()]
    assert len(commands) == 3
    for command in commands:  # as printed, in the same folder
        assert cli(*command)[0] == 0, command
    assert (tmp_path / "demo/paper").is_dir()
    today = unpack((tmp_path / "demo/today.html").read_text().partition('id="data">')[2].partition("<")[0])[0]
    assert [board["title"] for board in today["boards"]] == ["LasHeR test", "GTOT", "RGBT210", "RGBT234"]
    data = (tmp_path / "demo/index.html").read_text().partition('id="data">')[2].partition("<")[0]
    assert "dcf-tir" in unpack(data)[0]["colours"]
