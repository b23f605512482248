"""The pages of docs/ do what they say."""

import re
from pathlib import Path

import numpy as np
from clips import clip, follow

from rgbtbench.datasets import BENCHMARKS
from rgbtbench.trackers import TRACKERS

PAGE = Path(__file__).parents[1] / "docs/add_a_tracker.md"


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.S)


def test_the_page_leads_to_a_row_of_the_leaderboard(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("synth", "LasHeR", "data", "--sequences", 2, "--frames", 6, "--size", "160x120")[0] == 0
    [code], [experiment], [commands] = blocks("python"), blocks("yaml"), blocks("sh")
    Path("my_tracker.py").write_text(code)
    Path("exp.yaml").write_text(experiment.replace("PATH", "data"))
    for command in commands.strip().splitlines():
        program, *arguments = command.split()
        status, out, err = cli(*arguments)
        assert (program, status) == ("rgbtbench", 0), err
    assert re.search(r"^Mine +\d", out, re.M)


def test_the_tracker_of_the_page_tracks(tmp_path):
    [code], [experiment] = blocks("python"), blocks("yaml")
    (tmp_path / "my_tracker.py").write_text(code)
    [name] = re.findall(r"use: \./(\S+\.py:\w+)", experiment)
    frames, truth = clip(10, dark=True)
    boxes, _ = follow(TRACKERS.create(f"{tmp_path}/{name}"), frames, truth[0])
    assert boxes.shape == (10, 4)
    assert np.isfinite(boxes).all()
    assert not np.array_equal(boxes[-1], boxes[0])


def test_several_targets_of_the_page_get_the_boxes_of_each_alone(cli, tmp_path, monkeypatch):
    page = (PAGE.parent / "lockstep.md").read_text()
    [code], [experiment] = (re.findall(rf"```{kind}\n(.*?)```", page, re.S) for kind in ("python", "yaml"))
    *_, commands = re.findall(r"```sh\n(.*?)```", page, re.S)
    monkeypatch.chdir(tmp_path)
    assert cli("synth", "LasHeR", "data", "--sequences", 6, "--frames", 8, "--size", "160x120")[0] == 0
    Path("warm_spots.py").write_text(code)
    Path("exp.yaml").write_text(experiment.replace("PATH", "data"))
    for command in commands.strip().splitlines():
        status, out, err = cli(*command.split()[1:])
        assert status == 0, err
    assert re.search(r"^Together +\d", out, re.M)
    alone, together = (
        {path.name: path.read_bytes() for path in Path().glob(f"runs/LasHeR/{label}@*/*.txt")}
        for label in ("Alone", "Together")
    )
    assert len(together) == 6, "boxes, and no times"
    assert {name: alone[name] for name in together} == together
    assert len(set(together.values())) == 6


def test_the_page_on_benchmarks_leads_to_a_score(cli, tmp_path, monkeypatch):
    page = (PAGE.parent / "add_a_benchmark.md").read_text()
    blocks = (re.findall(rf"```{kind}\n(.*?)```", page, re.S) for kind in ("python", "yaml", "sh"))
    [code], [experiment], [commands] = blocks
    [labels] = re.findall(r"```\n(sequence .*?)```", page, re.S)
    monkeypatch.chdir(tmp_path)
    assert cli("synth", "VTUAV", "made", "--sequences", 2, "--frames", 25, "--size", "160x120")[0] == 0
    Path("made/test_ST").rename("data")
    for old, new in (("synthetic001", "walker01"), ("synthetic002", "walker02")):
        Path("data", old).rename(Path("data", new))
    Path("data/attributes.txt").write_text(labels)
    Path("my_benchmark.py").write_text(code)
    Path("exp.yaml").write_text(experiment.replace("PATH", "data"))
    for command in commands.replace("PATH", "data").strip().splitlines():
        monkeypatch.setattr(BENCHMARKS, "_registered", {})  # each is a process of its own
        words = [found for word in command.split() for found in (sorted(map(str, Path().glob(word))) or [word])]
        status, out, err = cli(*words[1:])
        assert (words[0], status) == ("rgbtbench", 0), (command, out, err)
    assert re.search(r"^DCF@\w+ +\d", out, re.M)
    assert "2 sequences, 6 frames" in out
