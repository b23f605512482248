import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny import DISTILLED, STUDENT, load_recipe, log, same, tensors, train, write_recipe

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal import distill
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.networks import weights
from rgbtbench.training import learner, trainer
from rgbtbench.training.loader import Loader
from rgbtbench.training.ranks import Ranks


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A distilled student, trained in one go: 4 steps, 2 epochs. Do not change it."""
    home = tmp_path_factory.mktemp("home")
    assert train(write_recipe(home, DISTILLED), home / "whole") == 0
    return home


@pytest.fixture(autouse=True)
def quick(home, monkeypatch) -> None:
    """Once is enough to measure the floor."""
    monkeypatch.setattr(trainer.Training, "_floor", lambda *_: 1.0)


def test_training_in_pieces_is_training_in_one_go_to_the_bit(home, tmp_path):
    for steps in (1, 2):  # both end within an epoch
        assert train(home / "tiny.yaml", tmp_path, "--steps", steps) == 0
    assert not (tmp_path / "tiny.safetensors").exists()
    assert train(home / "tiny.yaml", tmp_path) == 0
    assert same(home / "whole" / "tiny.safetensors", tmp_path / "tiny.safetensors")
    assert same(home / "whole" / "checkpoint.safetensors", tmp_path / "checkpoint.safetensors")
    for key in ("train", "validation", "gradient", "diagnostics"):
        assert [r[key] for r in log(tmp_path)[1:]] == [r[key] for r in log(home / "whole")[1:]]


def test_looking_on_changes_no_weight(home, tmp_path):
    quiet = [w for change in ("validate_every=0", "log_gradients=false") for w in ("--set", change)]
    assert train(home / "tiny.yaml", tmp_path, *quiet) == 0
    assert same(home / "whole" / "tiny.safetensors", tmp_path / "tiny.safetensors")


def test_half_the_bytes_of_a_finished_training(home, tmp_path):
    shutil.copytree(home / "whole", tmp_path / "again")
    assert train(home / "tiny.yaml", tmp_path / "again", "--set", "half=true") == 0
    whole, half = (folder / "tiny.safetensors" for folder in (home / "whole", tmp_path / "again"))
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    for name, tensor in tensors(half).items():
        assert torch.allclose(tensor.float(), tensors(whole)[name].float(), rtol=1e-3, atol=1e-6)


def test_the_students_file_holds_the_student_alone_and_tells_its_origin(home):
    student = build("cmd-student", "nano")
    found = weights.load(student, home / "whole" / "tiny.safetensors", what="cmd-student")
    assert found.tensors.keys() == student.state_dict().keys()
    start = weights.read(home / "teacher.safetensors")
    for key, part in {"recipe": '"alpha": 0.001', "parents": start.sha256, "seed": "0", "code": "commit"}.items():
        assert part in found.metadata[key]
    assert found.metadata["steps"] == "4"
    assert str(home) not in str(found.metadata)


def test_the_log_has_every_term_and_its_gradient(home):
    begin, *epochs = log(home / "whole")
    terms = {"cls", "iou", "scfd", "fus", "p", "hfrd"}
    assert begin["floor_samples_per_second"] > 0
    for record in epochs:
        assert set(record["gradient"]) == terms
        assert set(record["train"]) == terms | {"total"}
        assert set(record["validation"]) == terms | {"total", "hit"}
        assert record["train"]["total"] == pytest.approx(sum(record["train"][t] for t in terms))
        assert 0 <= record["waiting"] < 1
        assert "level4/attention" in record["diagnostics"]
    assert epochs[0]["gradient"]["cls"] > 0
    rows = list(csv.DictReader((home / "whole" / "curves.csv").open()))
    assert {(r["epoch"], r["part"]) for r in rows} >= {("1", "train"), ("2", "validation")}


def test_a_finished_training_is_not_repeated_and_its_file_can_be_had_again(home, tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes((home / "whole" / "checkpoint.safetensors").read_bytes())
    assert train(home / "tiny.yaml", tmp_path) == 0
    assert same(home / "whole" / "tiny.safetensors", tmp_path / "tiny.safetensors")


def test_another_recipes_folder_is_refused_and_left_alone(tmp_path, capsys):
    recipe = write_recipe(tmp_path)
    assert train(recipe, tmp_path / "out", "--steps", 1) == 0
    before = (tmp_path / "out" / "checkpoint.safetensors").read_bytes()
    assert train(recipe, tmp_path / "out", "--set", "seed=1") == 2
    assert "checkpoint of another recipe" in capsys.readouterr().err
    assert (tmp_path / "out" / "checkpoint.safetensors").read_bytes() == before
    assert train(recipe, tmp_path / "out", "--set", "seed=1", "--steps", 1, "--fresh") == 0
    assert (tmp_path / "out" / "checkpoint.safetensors").read_bytes() != before


def test_a_damaged_checkpoint_is_refused(tmp_path, capsys):
    recipe = write_recipe(tmp_path)
    assert train(recipe, tmp_path / "out", "--steps", 1) == 0
    file = tmp_path / "out" / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:-8])
    assert train(recipe, tmp_path / "out", "--steps", 1) == 2
    weights.save(file, build("cmd-student", "nano"), {})
    assert train(recipe, tmp_path / "out", "--steps", 1) == 2
    assert "not a checkpoint that can go on" in capsys.readouterr().err


def test_a_loss_that_is_no_number_is_named_and_the_last_checkpoint_kept(tmp_path, capsys, monkeypatch):
    recipe = write_recipe(tmp_path)
    assert train(recipe, tmp_path / "out", "--steps", 2) == 0
    before = (tmp_path / "out" / "checkpoint.safetensors").read_bytes()
    real = learner.Learner.forward

    def broken(self, batch):
        terms = real(self, batch)
        return terms | {"iou": terms["iou"] * float("nan")}

    monkeypatch.setattr(learner.Learner, "forward", broken)
    assert train(recipe, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "iou = nan" in told
    assert "cls = " not in told
    assert "step 3, epoch 2" in told
    assert (tmp_path / "out" / "checkpoint.safetensors").read_bytes() == before


def test_weights_that_are_no_numbers_replace_no_checkpoint(tmp_path, capsys):
    recipe = write_recipe(tmp_path)
    assert train(recipe, tmp_path / "out", "--set", "optimiser.rates.trunk=1e38", "--steps", 2) == 2
    assert not (tmp_path / "out" / "checkpoint.safetensors").exists()


def test_a_full_disk_leaves_the_old_checkpoint_whole(tmp_path, capsys, monkeypatch):
    recipe = write_recipe(tmp_path)
    assert train(recipe, tmp_path / "out", "--steps", 1) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert train(recipe, tmp_path / "out", "--steps", 1) == 2
    assert "No space left" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert train(recipe, tmp_path / "out") == 0


def test_a_signal_ends_it_after_the_step_and_it_goes_on_from_there(tmp_path, monkeypatch):
    recipe = write_recipe(tmp_path)
    real = trainer.Training._step

    def interrupted(self, batch):
        if self.state.step == 2:
            signal.raise_signal(signal.SIGINT)
        return real(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Training, "_step", interrupted)
        assert train(recipe, tmp_path / "out") == 130
    assert '"step": 3' in weights.read(tmp_path / "out" / "checkpoint.safetensors").metadata["checkpoint"]
    assert train(recipe, tmp_path / "out") == 0
    assert train(recipe, tmp_path / "whole") == 0
    assert same(tmp_path / "whole" / "tiny.safetensors", tmp_path / "out" / "tiny.safetensors")


def test_sigterm_from_outside_with_workers(tmp_path):
    recipe = write_recipe(tmp_path, STUDENT.replace("epochs: 2", "epochs: 100000").replace("workers: 0", "workers: 1"))
    command = [sys.executable, "-m", "rgbtbench", "train", str(recipe), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out" / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130, told
    assert tensors(tmp_path / "out" / "checkpoint.safetensors")
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(("cores", "asked", "expected"), [(1, "null", 0), (2, "null", 1), (9, "null", 2), (9, "0", 0)])
def test_unasked_every_core_but_one_makes_batches(tmp_path, monkeypatch, cores, asked, expected):
    def told(*_, workers, **__):
        raise ConfigError("told", found=workers)

    monkeypatch.setattr(trainer, "Loader", told)
    monkeypatch.setattr(Ranks, "cores", cores)
    recipe = load_recipe(write_recipe(tmp_path), [f"workers={asked}"])
    with pytest.raises(ConfigError) as caught:
        trainer.Training(recipe, tmp_path / "out", Ranks(0, 1, torch.device("cpu"))).run()
    assert caught.value.details["found"] == expected


def test_half_precision_learns_the_same_at_first(tmp_path):
    recipe = write_recipe(tmp_path, DISTILLED)
    short = [w for change in ("samples=2", "epochs=1", "validate_every=0") for w in ("--set", change)]
    for precision in ("fp32", "amp"):
        assert train(recipe, tmp_path / precision, "--set", f"precision={precision}", *short) == 0
    first, second = (log(tmp_path / p)[1]["train"] for p in ("fp32", "amp"))
    assert first != second
    assert all(second[term] == pytest.approx(first[term], rel=0.3) for term in ("cls", "scfd", "fus", "hfrd"))
    assert all(t.dtype in (torch.float32, torch.int64) for t in tensors(tmp_path / "amp" / "tiny.safetensors").values())


def test_clipped_gradients_are_no_longer_than_asked(tmp_path):
    """After one step Adam's first moment is a tenth of the gradient."""
    recipe = write_recipe(tmp_path, STUDENT)
    for clip, most in ((0, None), (0.5, 0.05)):
        out = tmp_path / str(clip)
        adam = ("--set", "optimiser.muon=0", "--set", f"optimiser.clip={clip}")
        assert train(recipe, out, "--steps", 1, *adam) == 0
        moments = [
            t for name, t in tensors(out / "checkpoint.safetensors").items() if "exp_avg" in name and "sq" not in name
        ]
        length = torch.stack([m.square().sum() for m in moments]).sum().sqrt().item()
        assert length > 1 if most is None else length == pytest.approx(most, rel=1e-3)


def test_parts_of_a_batch_add_up_to_one_step(tmp_path):
    """What each part of two sequences asks for, weighted by its share, as one step of the optimiser."""
    text = DISTILLED.replace("batch: 2", "batch: 5").replace("samples: 4", "samples: 5").replace("every: 1", "every: 0")
    recipe = load_recipe(write_recipe(tmp_path, text), ["parts=2", "epochs=1", "log_gradients=false"])
    alone = Ranks(0, 1, torch.device("cpu"))
    training = trainer.Training(recipe, tmp_path / "out", alone)
    training.run()
    own = learner.Learner(recipe, alone.device)
    groups = own.groups()
    optimiser = recipe.optimiser.make(groups)
    for group, name in zip(optimiser.param_groups, groups, strict=True):
        group["lr"] = recipe.optimiser.rates[name] * recipe.scale(0)
    batch = next(Loader(recipe.data.open(), recipe.data.sampling, batch=5, seed=0))
    train, test, proposals, overlaps = batch
    for few, share in ((slice(3), 0.6), (slice(3, 5), 0.4)):
        views = [type(train)(*(t[:, few] for t in part)) for part in (train, test)]
        (share * sum(own(type(batch)(*views, proposals[:, few], overlaps[:, few])).values())).backward()
    torch.nn.utils.clip_grad_norm_(own.parameters(), recipe.optimiser.clip)
    optimiser.step()
    for (name, one), other in zip(training.learner.named_parameters(), own.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6), name


def test_a_selector_that_trusts_one_path_alone_is_warned_of_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(distill, "ALONE", 0.0)
    assert train(write_recipe(tmp_path, DISTILLED), tmp_path / "out") == 0
    told = capsys.readouterr().err
    assert told.count("warning: level3/attention: mean weight above") == 1
    assert [len(record["warnings"]) for record in log(tmp_path / "out")[1:]] == [6, 6]


def test_no_path_of_a_fresh_selector_is_warned_of(home):
    assert all(record["warnings"] == [] for record in log(home / "whole")[1:])


@pytest.mark.parametrize("precision", ["fp32", "tf32", "amp"])
def test_short_products_of_a_gpu_are_decided_by_the_recipe(tmp_path, monkeypatch, precision):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "tf32"
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    recipe = load_recipe(write_recipe(tmp_path), [f"precision={precision}"])
    trainer.Training(recipe, tmp_path / "out", Ranks(0, 1, torch.device("cpu")))
    assert {torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32} == {precision == "tf32"}
    assert torch.backends.cudnn.benchmark
