"""MDNet's family in training: which sequences, which boxes, and that a training stops and goes on as any other."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import log, same, tensors, train, write_recipe

from rgbtbench.core.boxes import overlap
from rgbtbench.core.errors import ConfigError, DataError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.mdnet.learn import Batch, between_domains, classification, features, hardest, scores
from rgbtbench.trackers.mdnet.models import build
from rgbtbench.trackers.mdnet.samplers import Area
from rgbtbench.trackers.networks import weights
from rgbtbench.training import trainer
from rgbtbench.training.domain_learner import DomainLearner
from rgbtbench.training.domains import Domains, DomainSampling, collate, drawn, sample
from rgbtbench.training.families import MDNET
from rgbtbench.training.loader import Loader
from rgbtbench.training.sources import Footage, Rendered

SMALL = DomainSampling(unit=59, span=3.0, domains=3, frames=2, positives=3, negatives=5)
TINY = """
model: dafnet
preset: nano
data: {source: synthetic, size: [160, 120], frames: 24, reuse: 2,
  sampling: {domains: 3, span: 3.0, frames: 2, positives: 3, negatives: 5}}
batch: 2
samples: 4
epochs: 2
validate_every: 1
validation_samples: 2
workers: 0
"""


def walking(t):
    """A bright block of 20 x 14 pixels that walks to the right, thermal the negative."""
    image = np.full((120, 400, 3), 10, np.uint8)
    image[50:64, 100 + 2 * t : 120 + 2 * t] = (250, 200, 150)
    return Frame(t, image, 255 - image)


WALK = np.array([[100.0 + 2 * t, 50, 20, 14] for t in range(60)])
FOOTAGE = Footage(WALK, np.ones(60, bool), walking, domain=2)


def test_every_domain_has_its_turn_before_one_comes_again():
    source = Domains(Rendered(size=(160, 120), frames=24), 5, 4)
    seen = [source.footage(1, number).domain for number in range(12)]
    assert [Counter(seen[k : k + 4]) for k in (0, 4, 8)] == [Counter(range(4))] * 3
    assert seen[:4] != seen[4:8] or seen[4:8] != seen[8:]
    first = source.footage(1, 0)
    assert np.array_equal(first.boxes, source.nth(9, first.domain).boxes)  # whatever the loader's seed
    assert source.describe()["domains"] == 4
    with pytest.raises(DataError, match="how many sequences"):
        Domains(Rendered(), 0, 0)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_boxes_of_a_scene_lie_on_and_beside_the_target(seed):
    batch = sample(FOOTAGE, replace(SMALL, grey=0, brightness=0), seed, 0)
    assert batch.rgb.shape == batch.tir.shape == (1, 2, 3, 177, 177)
    assert batch.domains.tolist() == [2]
    for f in range(2):
        light = batch.rgb[0, f, 0].float() - 10
        light = light * (light > 120)
        at = torch.arange(177.0)
        centre = np.array([float((light.sum(0) * at).sum()), float((light.sum(1) * at).sum())]) / float(light.sum())
        w, h = (float((light.sum(k) > 0).sum()) for k in (0, 1))
        target = np.array([*(centre + 0.5 - np.array([w, h]) / 2), w, h])
        assert (overlap(batch.positive[0, f].double().numpy(), target) > 0.6).all()  # 0.7, less what a pixel is
        assert (overlap(batch.negative[0, f].double().numpy(), target) < 0.6).all()  # 0.5, likewise


def test_patches_come_targets_first():
    batch = sample(FOOTAGE, replace(SMALL, regime="patch", grey=0, brightness=0), 0, 0)
    assert batch.rgb.shape == (1, 2, 8, 3, 59, 59)
    middle = batch.rgb[0, :, :, 0, 20:39, 20:39].float().mean((2, 3))
    assert (middle[:, :3] > 230).all()
    assert middle[:, 3:].mean() < 180


@pytest.mark.parametrize("box", [[399.0, 119, 2, 2], [-300, -300, 900, 900], [100, 50, 1, 1]])
def test_there_are_always_boxes_to_learn_from(box):
    area = Area(np.array([0.0, 0, 400, 120]), np.array([400.0, 120]))
    positive, negative = drawn(np.array(box), area, SMALL, np.random.default_rng(0))
    assert positive.shape == (3, 4)
    assert negative.shape == (5, 4)
    assert (overlap(positive, np.array(box)) >= 0.7).all()
    assert (overlap(negative, np.array(box)) <= 0.5).all()


def test_too_few_visible_frames_are_an_error():
    hidden = replace(FOOTAGE, visible=np.arange(60) < 1)
    with pytest.raises(DataError, match="too few frames"):
        sample(hidden, SMALL, 0, 0)


def test_batches_are_the_same_for_any_number_of_workers():
    source = Domains(Rendered(size=(160, 120), frames=24, reuse=2), 0, 3)
    assert pickle.loads(pickle.dumps(source)).count == 3
    found = []
    for workers in (0, 2):
        loader = Loader(source, SMALL, kind=MDNET.kind, batch=2, seed=1, workers=workers)
        found.append([next(loader) for _ in range(2)])
        loader.close()
    for one, other in zip(*found, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_each_sequence_is_scored_by_its_own_branch():
    torch.manual_seed(0)
    network = build("dafnet", "nano", branches=4).eval()
    one, other = (sample(replace(FOOTAGE, domain=k), SMALL, k, 0) for k in (1, 3))
    batch = collate([one, other])
    positive, negative = scores(network.head, features(network, batch), batch)
    assert positive.shape == (2, 6, 2)
    assert negative.shape == (2, 10, 2)
    alone, _ = scores(network.head, features(network, other), other)
    assert torch.allclose(positive[1], alone[0], atol=1e-5)
    with torch.no_grad():
        network.head.fc6.bias[3] += 5
    after, _ = scores(network.head, features(network, batch), batch)
    assert torch.allclose(after[0], positive[0])
    assert torch.allclose(after[1], positive[1] + 5)


def test_losses():
    positive, negative = torch.zeros(2, 3, 2), torch.zeros(2, 5, 2)
    negative[..., 1] = torch.arange(5.0)
    assert classification(positive, negative[:, :1], mean=True).item() == pytest.approx(np.log(2))
    assert classification(positive, negative[:, :1], mean=False).item() == pytest.approx(4 * np.log(2))
    assert hardest(negative, 2)[0, :, 1].tolist() == [4, 3]
    assert hardest(negative, 0) is negative


def test_a_target_of_its_own_branch_costs_little_between_domains():
    network = build("dafnet", "nano", branches=3)
    batch = Batch(
        torch.empty(0), torch.empty(0), torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 1, 4), torch.tensor([0, 2])
    )
    found = torch.rand(2, 1, 5, 576)
    fc6 = network.head.fc6
    with torch.no_grad():
        fc6.weight.zero_()
        fc6.bias.zero_()
        assert between_domains(network.head, found, batch).item() == pytest.approx(np.log(3))
        fc6.bias[[0, 2], 1] = 10
        assert between_domains(network.head, found, batch).item() == pytest.approx(np.log(2), abs=1e-3)
        fc6.bias[1, 1] = 30
        assert between_domains(network.head, found, batch).item() > 15


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(trainer.Training, "_floor", lambda *_: 1.0)


@pytest.mark.parametrize("changes", [[], ["--set", "optimiser.momentum=0.9", "--set", "optimiser.decay=5e-4"]])
def test_training_in_pieces_is_training_in_one_go_to_the_bit(tmp_path, changes):
    recipe = write_recipe(tmp_path, TINY)
    assert train(recipe, tmp_path / "whole", *changes) == 0
    for steps in (1, 9):
        assert train(recipe, tmp_path / "pieces", "--steps", steps, *changes) == 0
    assert same(tmp_path / "whole" / "tiny.safetensors", tmp_path / "pieces" / "tiny.safetensors")
    assert same(tmp_path / "whole" / "checkpoint.safetensors", tmp_path / "pieces" / "checkpoint.safetensors")
    record = log(tmp_path / "whole")[-1]
    assert set(record["train"]) == {"cls", "inter", "total"}
    assert set(record["validation"]) == {"cls", "hit", "total"}
    assert set(record["gradient"]) == {"cls", "inter"}
    kinds = {name.split("/")[0] for name in tensors(tmp_path / "whole" / "checkpoint.safetensors")}
    assert kinds == {"module", "random", "sgd" if changes else "adam"}


def test_the_file_fits_the_tracker_and_another_training(tmp_path):
    recipe = write_recipe(tmp_path, TINY)
    assert train(recipe, tmp_path / "out", "--set", "half=true", "--set", "validate_every=0") == 0
    file = tmp_path / "out" / "tiny.safetensors"
    found = weights.load(build("dafnet", "nano"), file, what="dafnet")
    assert (found.metadata["model"], found.metadata["steps"]) == ("dafnet", "4")
    assert "minus 128" in found.metadata["input"]
    with pytest.raises(ConfigError, match="do not fit"):
        weights.load(build("manet", "nano"), file, what="manet")
    again = ["--set", f"weights={file}", "--set", "data.sampling.domains=2", "--steps", 1]
    assert train(recipe, tmp_path / "again", *again) == 0


def test_a_loss_that_is_no_number_stops_it(tmp_path, capsys, monkeypatch):
    recipe = write_recipe(tmp_path, TINY)
    assert train(recipe, tmp_path / "out", "--steps", 2) == 0
    before = (tmp_path / "out" / "checkpoint.safetensors").read_bytes()
    real = DomainLearner.forward
    monkeypatch.setattr(DomainLearner, "forward", lambda self, b: real(self, b) | {"cls": torch.tensor(torch.nan)})
    assert train(recipe, tmp_path / "out") == 2
    assert "cls = nan" in capsys.readouterr().err
    assert (tmp_path / "out" / "checkpoint.safetensors").read_bytes() == before


def test_measuring_the_speed_draws_no_random_number_of_the_training(tmp_path, monkeypatch):
    """Dropout and the choice of other branches do."""
    recipe = write_recipe(tmp_path, TINY.replace("epochs: 2", "epochs: 1").replace("every: 1", "every: 0"))
    assert train(recipe, tmp_path / "unmeasured") == 0
    monkeypatch.undo()
    assert train(recipe, tmp_path / "measured") == 0
    assert same(tmp_path / "measured" / "tiny.safetensors", tmp_path / "unmeasured" / "tiny.safetensors")
