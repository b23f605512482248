"""``rgbtbench weights inspect``: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import checkpoints
import torch
from safetensors.torch import save_file

from rgbtbench.core.identity import path_digest
from rgbtbench.trackers.models import build, models
from rgbtbench.trackers.networks.resnet import Trunk
from rgbtbench.trackers.networks.weights import save


def test_a_networks_file_is_described_and_recognised(cli, tmp_path: Path) -> None:
    network = build("cmd-student", "nano")
    save(tmp_path / "a", network, {"seed": "7"}, half=True)
    status, out, _ = cli("weights", "inspect", tmp_path / "a", "--format", "json")
    [found] = json.loads(out)
    assert status == 0
    assert found["sha256"] == path_digest(tmp_path / "a")
    assert found["bytes"] == (tmp_path / "a").stat().st_size
    assert found["tensors"] == len(network.state_dict())
    assert found["parameters"] == sum(p.numel() for p in network.parameters())
    assert found["groups"] == {
        name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()
    }
    assert found["dtypes"].keys() == {"float16", "float32", "int64"}
    assert found["metadata"]["seed"] == "7"
    best, *others = found["fits"]
    assert (best["model"], best["preset"], best["verdict"]) == ("cmd-student", "nano", "complete")
    assert len(others) == sum(map(len, models().values())) - 1
    assert all(fit["missing"] + fit["misshapen"] > 0 and fit["verdict"] != "complete" for fit in others)


def test_the_table_names_only_networks_that_fit(cli, tmp_path: Path) -> None:
    torch.save(Trunk(18, 32).state_dict() | {"fc.weight": torch.ones(3)}, tmp_path / "a.pth")
    status, out, _ = cli("weights", "inspect", tmp_path / "a.pth")
    assert status == 0
    fitting = [line.split() for line in out.splitlines() if "trunk only" in line]
    assert sorted(line[:2] for line in fitting) == [
        ["cmd-teacher", "nano"],
        ["cmd-teacher", "nano-fused"],
        ["dimp-50", "nano"],
    ]
    assert "cmd-student" not in out


def test_files_of_no_use_exit_with_1(cli, tmp_path: Path) -> None:
    save_file({"a.weight": torch.ones(3)}, tmp_path / "a", {"note": "x\x1b[2Jy"})
    status, out, _ = cli("weights", "inspect", tmp_path / "a")
    assert status == 1
    assert "fits no network" in out
    assert "\x1b" not in out
    tensors = build("cmd-student", "nano").state_dict()
    tensors["classifier.initialiser.conv.bias"][1] = torch.nan
    save_file(tensors, tmp_path / "b")
    status, out, _ = cli("weights", "inspect", tmp_path / "b")
    assert status == 1
    assert "conv.bias: 1" in out
    assert "complete" in out


def test_unreadable_files_exit_with_2(cli, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no weights here")
    for path in (tmp_path / "text", tmp_path / "absent", tmp_path):
        status, out, err = cli("weights", "inspect", path)
        assert (status, out) == (2, "")
        assert str(path) in err


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from rgbtbench.cli import main\n"
        f"sys.exit(main(['weights', 'inspect', {str(tmp_path / 'a')!r}]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert 'pip install "rgbtbench[torch]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_what_a_file_says_of_itself_is_never_among_the_facts(cli, tmp_path: Path) -> None:
    lies = {"sha256": "0" * 64 + " (verified)", "NaN or infinite": "none", "parameters": "1\nsha256  forged"}
    save_file({"a.weight": torch.tensor([1.0, torch.nan])}, tmp_path / "a", lies)
    status, out, _ = cli("weights", "inspect", tmp_path / "a")
    facts, claims = out.split("\n\n", 1)[1].split("what the file says of itself")
    assert status == 1
    assert path_digest(tmp_path / "a") in facts
    assert "a.weight: 1" in facts
    assert "verified" not in facts
    assert "verified" in claims
    assert not any(line.startswith("sha256  forged") for line in out.splitlines())


def test_a_pipe_blocks_nothing(cli, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    status, _, err = cli("weights", "inspect", tmp_path / "a")
    assert status == 2
    assert "special file" in err


def test_a_checkpoint_of_pytracking_is_recognised_and_converted(cli, tmp_path: Path) -> None:
    path, out = checkpoints.saved(tmp_path / "dimp18.pth.tar", "dimp18"), tmp_path / "dimp18.safetensors"
    status, text, _ = cli("weights", "inspect", path, "--format", "json")
    [found] = json.loads(text)
    assert status == 0
    assert found["next"] == f"rgbtbench weights convert {path} dimp18.safetensors"
    assert (found["fits"][0]["model"], found["fits"][0]["preset"]) == ("dimp-18", "paper")
    status, text, _ = cli("weights", "convert", path, out)
    assert status == 0
    assert f"- {{use: dimp-18, weights: {out}}}" in text
    assert path_digest(out) in text
    status, text, _ = cli("weights", "inspect", out, "--format", "json")
    assert (status, json.loads(text)[0]["next"]) == (0, "")
    before = out.read_bytes()
    status, _, err = cli("weights", "convert", path, out)
    assert status == 2
    assert "such a file already" in err
    assert out.read_bytes() == before
    shutil.rmtree(tmp_path)


def test_the_optimiser_that_a_network_learned_with_decides_which_preset_fits(cli, tmp_path: Path) -> None:
    path, out = checkpoints.saved(tmp_path / "a.pth", "mfdimp"), tmp_path / "a.safetensors"
    assert "{use: mfdimp, preset: original, weights:" in cli("weights", "convert", path, out)[1]
    for file in (path, out):
        _, text, _ = cli("weights", "inspect", file)
        assert [line.split()[1] for line in text.splitlines() if line.split()[2:] == ["complete"]] == ["original"]
    shutil.rmtree(tmp_path)


def test_what_cannot_be_converted_is_told_and_leaves_nothing(cli, tmp_path: Path) -> None:
    net = {"bb_regressor.a": torch.ones(2), "feature_extractor.conv1.weight": torch.ones(3)}
    path = checkpoints.saved(tmp_path / "a.pth", "dimp18", net=net)
    status, text, _ = cli("weights", "inspect", path)
    assert status == 1
    assert "fits no network" in text
    status, _, err = cli("weights", "convert", path, tmp_path / "b")
    assert status == 2
    assert "bb_regressor.a" in err
    assert [file.name for file in tmp_path.iterdir()] == ["a.pth"]
