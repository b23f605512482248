"""Converted checkpoints compute what the original code computes from them; others are refused with the list."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkpoints
import pytest
import torch
from checkpoints import BOXES, PROPOSALS, SHARES, images, saved, state
from golden import assert_close, fixture
from torch import Tensor

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal import pytracking
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.network import Network
from rgbtbench.trackers.networks.weight_files import read
from rgbtbench.trackers.networks.weights import load

GOLDEN = fixture("pytracking")
OURS = {
    "dimp18": ("dimp-18", "paper"), "dimp50": ("dimp-50", "paper"), "prdimp18": ("dimp-18", "prdimp"),
    "mfdimp": ("mfdimp", "original"),
}  # fmt: skip


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Emptied at once: the files here are large, and pytest keeps those of three runs."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def converted(path: Path) -> pytracking.Converted:
    return pytracking.convert(read(path, shells=True))


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        converted(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@torch.no_grad()
def outputs(network: Network) -> dict[str, Tensor]:
    """What the fixture holds, by our code: three images to train on, one to look at."""
    fused = network.extract(images(4, 1), images(4, 2)).fused
    features, boxes = network.classifier.features(fused.level4), BOXES[:, None]
    start = network.classifier.initialiser(features[:3, None], boxes)
    first = network.classifier.optimiser(start, features[:3, None], boxes, 5)[-1]
    second = network.classifier.optimiser(first, features[:3, None], boxes, 2, SHARES[:, None])[-1]
    train, test = (type(fused)(*(level[part] for level in fused)) for part in (slice(1), slice(3, 4)))
    iou = network.iou(network.iou.modulation(train, BOXES[:1]), network.iou.maps(test), PROPOSALS)
    found = {"level3": fused.level3[3, :2], "level4": fused.level4[3, :3], "features": features[3, :3]}
    found |= {"start": start[0, :3], "first": first[0, :3], "second": second[0, :3]}
    return found | {"scores": network.classifier.scores(features[3:, None], second), "iou": iou}


@pytest.mark.parametrize("kind", checkpoints.KINDS)
def test_the_test_sides_names_and_shapes_are_the_original_networks(kind: str) -> None:
    names = sorted((name, list(shape)) for name, shape in checkpoints.shapes(kind).items())
    assert hashlib.sha256(json.dumps(names).encode()).hexdigest() == GOLDEN[kind]["names"]


@pytest.mark.parametrize("kind", checkpoints.KINDS)
def test_a_converted_network_computes_what_the_original_does(tmp_path: Path, kind: str) -> None:
    weights = read(saved(tmp_path / "a.pth.tar", kind, legacy=kind in ("dimp50", "mfdimp")), shells=True)
    found = pytracking.convert(weights)
    assert (found.model, found.preset, found.checked) == (*OURS[kind], True)
    pytracking.write(weights, found, tmp_path / "a.safetensors")
    network = build(*OURS[kind])
    origin = load(network, tmp_path / "a.safetensors", what=kind).metadata
    assert origin["sha256 of that"] == weights.sha256
    for name, tensor in outputs(network.eval()).items():
        assert_close(tensor.double().flatten(), GOLDEN[kind][name], 1e-4)


def test_the_first_optimiser_is_another_than_todays(tmp_path: Path) -> None:
    weights = read(saved(tmp_path / "a.pth", "mfdimp"), shells=True)
    pytracking.write(weights, pytracking.convert(weights), tmp_path / "a.safetensors")
    network = build("mfdimp", "paper")
    with pytest.raises(ConfigError, match="another filter optimiser") as caught:
        load(network, tmp_path / "a.safetensors", what="mfdimp")
    assert "preset: original" in str(caught.value)
    network.load_state_dict(pytracking.convert(weights).tensors, strict=False)
    found, expected = outputs(network.eval())["first"].double().flatten(), torch.tensor(GOLDEN["mfdimp"]["first"])
    assert (found - expected).abs().max() > 0.01 * expected.abs().max()


def test_what_no_tracker_runs_is_left_out_and_named(tmp_path: Path) -> None:
    found = converted(saved(tmp_path / "a.pth", "dimp18", unused=True))
    assert len(found.unused) == 32
    assert all(name.startswith(("feature_extractor.layer4.", "feature_extractor.fc.")) for name in found.unused)
    assert "dimp-18" in found.model


def test_super_dimp_is_told_from_dimp_by_how_it_learned_boxes(tmp_path: Path) -> None:
    settings = checkpoints.settings(output_sz=352, search_area_factor=6.0)
    weights = read(saved(tmp_path / "a.pth", "dimp50", actor_type="KLDiMPActor", settings=settings), shells=True)
    found = pytracking.convert(weights)
    assert (found.model, found.preset) == ("dimp-50", "super")
    assert pytracking.online(weights, found) == {}
    weights = read(saved(tmp_path / "b.pth", "dimp50", settings=settings), shells=True)
    assert pytracking.online(weights, pytracking.convert(weights)) == {"crop": 352, "scale": 6}


@pytest.mark.parametrize("entries", [{"constructor": None}, {"constructor": checkpoints.constructor("my_dimp")}])
def test_without_a_constructor_that_we_know_constants_stay_unchecked(tmp_path: Path, entries: Any) -> None:
    found = converted(saved(tmp_path / "a.pth", "dimp18", **entries))
    assert (found.model, found.preset, found.checked) == ("dimp-18", "paper", False)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("dimp18", "filter_size", 5), ("dimp18", "bin_displacement", 0.5), ("dimp18", "score_act", "bentpar"),
        ("dimp18", "init_filter_norm", True), ("prdimp18", "gauss_sigma", 1.0), ("prdimp18", "softmax_reg", 1.0),
    ],
)  # fmt: skip
def test_a_constant_that_no_tensor_shows_is_checked(tmp_path: Path, kind: str, name: str, value: Any) -> None:
    _, _, _, maker, arguments, _ = checkpoints.KINDS[kind]
    other = checkpoints.constructor(maker, **{**arguments, name: value})
    told = refusal(saved(tmp_path / "a.pth", kind, constructor=other))
    assert name in told
    assert str(value) in told


def test_whatever_differs_is_listed(tmp_path: Path) -> None:
    net = state("dimp18")
    net.pop("bb_regressor.iou_predictor.bias")
    net["classifier.filter_initializer.filter_conv.bias"] = torch.ones(5)
    net["attention.weight"] = torch.ones(2)
    told = refusal(saved(tmp_path / "a.pth", "dimp18", net=net))
    assert "1 missing: iou.out.bias" in told
    assert "1 unexpected: attention.weight" in told
    assert "1 misshapen: classifier.initialiser.conv.bias: float [5] for float [256]" in told


def test_another_network_is_refused_by_the_name_of_its_constructor(tmp_path: Path) -> None:
    other = {"backbone.conv1.weight": torch.ones(2), "head.weight": torch.ones(3)}
    told = refusal(saved(tmp_path / "a.pth", "dimp18", net=other, constructor=checkpoints.constructor("tompnet50")))
    assert "tompnet50" in told
    assert "mfdimp (original)" in told
    assert "2 unexpected: backbone.conv1.weight, head.weight" in told
