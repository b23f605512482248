import os
import subprocess
import sys

import pytest
import torch
from tiny import DISTILLED, load_recipe, log, tensors, train, write_recipe

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.training.learner import Learner
from rgbtbench.training.loader import Loader
from rgbtbench.training.ranks import Ranks, ranks


def test_two_processes_learn_what_one_does_from_both_halves(tmp_path):
    """Each half in two parts, whose gradients are averaged once."""
    text = DISTILLED.replace("batch: 2", "batch: 8\nparts: 2").replace("samples: 4", "samples: 16")
    text = text.replace("every: 1", "every: 0")
    recipe_file = write_recipe(tmp_path, text.replace("epochs: 2", "epochs: 1"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "rgbtbench", "train", str(recipe_file), "--out", str(tmp_path / "two")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert log(tmp_path / "two")[0]["processes"] == 2

    recipe = load_recipe(recipe_file)
    with ranks("cpu") as alone:
        learner = Learner(recipe, alone.device)
    groups = learner.groups()
    optimiser = recipe.optimiser.make(groups)
    options = {"batch": recipe.batch, "seed": recipe.seed}
    halves = [Loader(recipe.data.open(), recipe.data.sampling, share=(r, 2), **options) for r in (0, 1)]
    for step in range(recipe.steps):
        for group, name in zip(optimiser.param_groups, groups, strict=True):
            group["lr"] = recipe.optimiser.rates[name] * recipe.scale(step)
        optimiser.zero_grad()
        for half in halves:
            for share, part in recipe.family.kind.split(next(half), recipe.parts):
                (sum(learner(part).values()) * share / 2).backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), recipe.optimiser.clip)
        optimiser.step()
    two = tensors(tmp_path / "two" / "tiny.safetensors")
    for name, parameter in learner.student.named_parameters():
        if not (name.startswith("iou.") and name.endswith(".0.bias")):  # batch norm takes these out: all is rounding
            assert torch.allclose(two[name], parameter, rtol=1e-4, atol=2e-6), name


def test_a_batch_that_leaves_a_process_one_sequence_is_refused(tmp_path, monkeypatch, capsys):
    recipe = write_recipe(tmp_path)
    monkeypatch.setattr("rgbtbench.training.ranks.Ranks.__init__", _two)
    assert train(recipe, tmp_path / "out") == 2
    assert "2 sequences for each of 2" in capsys.readouterr().err


def _two(self, rank, size, device):
    for name, value in (("rank", rank), ("size", 2), ("device", device)):
        object.__setattr__(self, name, value)


def test_batch_norms_can_share_their_statistics_on_gpus_alone(monkeypatch):
    monkeypatch.setattr(torch.nn.parallel, "DistributedDataParallel", lambda module, device_ids: module)
    network = build("cmd-student", "nano")
    before = dict(network.named_parameters())
    norms = sum(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in network.modules())
    wrapped = Ranks(0, 2, torch.device("cuda")).wrap(network, sync_batch_norm=True)
    assert sum(isinstance(m, torch.nn.SyncBatchNorm) for m in wrapped.modules()) == norms > 10
    after = dict(wrapped.named_parameters())
    assert all(after[name] is parameter for name, parameter in before.items()), "the optimiser's own"
    with pytest.raises(ConfigError, match="GPUs"):
        Ranks(0, 2, torch.device("cpu")).wrap(network, sync_batch_norm=True)
