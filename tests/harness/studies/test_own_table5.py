"""A Table 5 of our own: who takes part, and the way from weights to the table."""

from __future__ import annotations

import csv

import pytest

pytest.importorskip("torch")
import torch

from rgbtbench.core.errors import ConfigError
from rgbtbench.studies import own_table5
from rgbtbench.studies.own_table5 import Contender, contenders, experiment_text, given_weights, networks
from rgbtbench.trackers import TRACKERS, shipped_weights
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.fidelity import rows
from rgbtbench.trackers.networks import weights


def write(path, name="mfdimp", seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    weights.save(path, build(name, "nano"), {})
    return path


def test_every_network_of_table_5_can_take_part():
    assert {row.tracker for row in rows() if row.tracker} <= set(networks())
    assert not {"dcf", "still", "replay", "process"} & set(networks())


def test_those_with_weights_take_part_given_before_trained_before_shipped(tmp_path):
    for seed in (0, 1):
        write(tmp_path / f"mfdimp-{seed}/mfdimp.safetensors", seed=seed)
    (tmp_path / "hmft-0").mkdir()  # not trained to its end
    given = write(tmp_path / "mine.safetensors", "cmd-student-origin")
    found = {one.label: one for one in contenders(tmp_path, given_weights([f"CMD-Student-Origin={given}"]))}
    assert found["dcf"] == Contender("dcf", "dcf")
    assert found["cmd-student-origin"].weights == given
    assert found["cmd-student"].weights == shipped_weights("cmd-student", "nano")
    assert [found[f"mfdimp-{k}"].weights.parent.name for k in (0, 1)] == ["mfdimp-0", "mfdimp-1"]
    assert not [label for label in found if label.startswith(("hmft", "dimp-18"))]
    text = experiment_text(list(found.values()))
    assert text.count('"preset": "nano"') == text.count('"batch": 16') == len(found) - 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mfdimp=nowhere.safetensors", "no such file"),
        ("nowhere.safetensors", "no such file"),
        ("mfdmp={file}", "did you mean 'mfdimp'"),
        ("dcf={file}", "unknown network"),
        ("hmft={file}", "do not fit hmft"),
    ],
)
def test_weights_that_cannot_be_used_are_told_before_anything_runs(cli, tmp_path, text, told):
    file = write(tmp_path / "mfdimp.safetensors")
    status, _, err = cli("study", "--table5", "--out", tmp_path / "out", "--weights", text.format(file=file))
    assert (status, told in err) == (2, True), err
    assert not (tmp_path / "out").exists()


def test_rows_and_weights_have_their_own_places(cli, tmp_path):
    status, _, err = cli("study", "scfd", "--table5", "--out", tmp_path)
    assert (status, "takes no rows" in err) == (2, True)
    status, _, err = cli("study", "scfd", "--weights", "mfdimp=x", "--out", tmp_path)
    assert (status, "belongs to --table5" in err) == (2, True)


def test_one_command_gives_scores_cost_and_provenance(cli, tmp_path, monkeypatch):
    from rgbtbench.running import cost

    real = cost.make_request
    monkeypatch.setattr(cost, "make_request", lambda name, asked, **c: real(name, asked, size=(160, 120), warmup=1))
    monkeypatch.setattr(own_table5, "networks", lambda: ["cmd-student", "mfdimp", "hmft"])
    for seed in (0, 1):
        write(tmp_path / f"mfdimp-{seed}/mfdimp.safetensors", seed=seed)
    record = tmp_path / "table5.csv"
    options = ["--out", tmp_path, "--sequences", 2, "--frames", 5, "--record", record]
    status, out, err = cli("study", "--table5", *options)
    assert status == 0, err
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "mfDiMP, mfDiMP*" in lines["mfdimp"]
    assert "no weights: hmft" in out
    with record.open() as stream:
        found = {row["tracker"]: row for row in csv.DictReader(stream)}
    assert list(found) == ["dcf", "still", "cmd-student", "mfdimp"]
    assert found["mfdimp"]["seeds"] == "2"
    assert len(found["mfdimp"]["weights_sha256"].split()) == 2
    assert (found["mfdimp"]["params_paper"], found["dcf"]["params_paper"]) == ("79860721", "")
    for row in found.values():
        for name in ("pr", "npr", "sr", "gain"):
            assert float(row[f"{name}_low"]) <= float(row[name]) <= float(row[f"{name}_high"])
        assert float(row["gain"]) == pytest.approx(float(row["sr"]) - float(found["dcf"]["sr"]), abs=1e-8)
        assert float(row["fps"]) > 0
        assert row["cpu"]
        assert row["commit"] != ""


def test_a_tracker_that_is_here_can_be_created_by_its_options(tmp_path):
    for one in contenders(tmp_path, {}):
        assert hasattr(TRACKERS.create(one.tracker, **one.options), "update")


def test_given_weights_want_a_name():
    with pytest.raises(ConfigError, match="no such file"):
        given_weights(["=x"])
