"""``rgbtbench profile``: what its users see."""

from __future__ import annotations

import csv
import json
import re
import sys

import pytest
from costly import PARAMS, write_network, write_trackers
from small import rgbtbench


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Frames of 160x120, so that generating them takes no time."""
    from rgbtbench.running import cost

    real = cost.make_request
    monkeypatch.setattr(cost, "make_request", lambda name, asked, **c: real(name, asked, size=(160, 120), **c))


def test_one_that_fails_does_not_stop_the_others(cli, tmp_path):
    path = write_trackers(tmp_path)
    status, out, err = cli("profile", f"{path}:Raises", "dcf", "still", "--frames", 3, "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert status == 1
    assert [row["tracker"] for row in rows] == ["dcf", "still"]
    assert f"not measured: {path}:Raises" in err
    assert "no idea" in err
    assert [row["params_paper"] for row in rows] == ["", ""]  # unknown, not zero
    assert float(rows[0]["ratio"]) == 1
    assert rows[1]["reference"] == "dcf"
    assert float(rows[1]["ratio"]) == pytest.approx(float(rows[1]["fps"]) / float(rows[0]["fps"]), rel=1e-6)
    for row in rows:
        assert 0 < float(row["ms_p50"]) <= float(row["ms_p90"]) <= float(row["ms_p99"])


def test_json_tells_how_to_measure_again_and_chatter_stays_out(tmp_path):
    done = rgbtbench("profile", f"{write_trackers(tmp_path)}:Chatters", "--frames", "2", "--format", "json")
    [row] = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "chatter" in done.stderr
    assert row["printed_fps"] is None
    about = row["provenance"]
    assert set(about) == {"code", "machine", "options", "seed", "clip"}
    assert about["clip"]["size"] == [640, 480]
    assert about["clip"]["frames"] == row["frames"] == 2
    assert "version" in about["code"]


def test_the_table_names_the_machine(cli):
    status, out, err = cli("profile", "still", "--frames", 2)
    assert (status, err) == (0, "")
    assert "measured alone on " in out
    assert "160x120" in out
    assert "printed:" not in out  # the paper knows nothing of it


def test_throughput_stands_in_a_table_of_its_own(cli, tmp_path):
    several = f"{write_trackers(tmp_path)}:Several"
    status, out, err = cli("profile", several, "still", "--frames", 4, "--batch", "4,1")
    assert status == 0, err
    assert "so no throughput: still" in err
    cost, throughput = out.split("Throughput: ")
    assert "FPS" in cost
    assert "K = 4" not in cost
    assert re.search(r"K = 1 +K = 4 +grows until", throughput)
    assert throughput.count("costly.py:Several") == 1
    status, out, _ = cli("profile", several, "still", "--frames", 4, "--batch", "1,4", "--format", "csv")
    first, second = csv.DictReader(out.splitlines())
    assert float(first["throughput_4"]) > 2 * float(first["throughput_1"])
    assert (first["batch_largest"], first["batch_enough"]) == ("4", "")
    assert (second["throughput_4"], second["batch_largest"]) == ("", "0")
    assert "throughput" not in cli("profile", "still", "--frames", 2, "--format", "csv")[1]


def test_params_only_creates_no_clip_and_no_process(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("rgbtbench.running.cost.measure", None)
    name = write_network(tmp_path)
    status, out, _ = cli("profile", name, "still", "--params-only", "--format", "json")
    rows = json.loads(out)
    assert status == 0
    assert [(row["params_paper"], row["params_active"]) for row in rows] == [PARAMS, (None, None)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("dfc",), "did you mean 'dcf'?"),
        (("dcf", "--device", "cuda:99"), "no device 'cuda:99' here"),
        (("dcf", "--device", "tpu"), "no device 'tpu' here"),
        (("dcf", "still", "--preset", "nano"), "'dcf' has no preset"),
        (("dcf", "--precision", "bf16"), "'dcf' has no precision"),
        (("dcf", "--weights", "nowhere.pt"), "no such file"),
        (("dcf", "still", "--batch", "1,4"), "no tracker here follows several sequences at once"),
        (("cmd-student", "--params-only", "--batch", "4"), "no frame is tracked"),
    ],
)
def test_bad_input_is_told_before_anything_is_measured(cli, arguments, told):
    status, out, err = cli("profile", *arguments)
    assert (status, out) == (2, "")
    assert told in err


def test_without_torch_networks_say_what_to_install_and_others_work(cli, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    path = tmp_path / "network.py"
    path.write_text("import torch\nclass Network: pass\n")
    for arguments in ((f"{path}:Network",), ("dcf", "--device", "cuda")):
        status, _, err = cli("profile", *arguments)
        assert status == 2
        assert 'pip install "rgbtbench[torch]"' in err
        assert "Traceback" not in err
    assert cli("profile", "dcf", "--params-only")[0] == 0
    assert cli("profile", "dcf", "--frames", 2)[0] == 0
