"""Weights into networks and back: to the bit, whole or not at all, and only where they fit."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.models import build, find, nano_tf
from rgbtbench.trackers.dimp.network import Network
from rgbtbench.trackers.networks.resnet import Trunk
from rgbtbench.trackers.networks.weights import CAFFE, MEAN, OURS, STD, load, load_trunk, save

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("RGBTBENCH_DATA", ROOT.parent / "shared" / "data")).parent / "weights"
BIAS = "classifier.initialiser.conv.bias"
STATE = {"conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2), "conv.bias": torch.tensor([0.5, -2.0])}


def scrambled(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random statistics and affine parts in all norms, so that no mix-up of tensors goes unseen."""
    generator = torch.Generator().manual_seed(seed)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            for tensor in (norm.weight.data, norm.running_var):
                tensor.uniform_(0.5, 1.5, generator=generator)
            for tensor in (norm.bias.data, norm.running_mean):
                tensor.normal_(0, 0.2, generator=generator)
    return module.eval()


def bottlenecks() -> Network:
    """A small teacher of two ResNet-50."""
    sizes = replace(find("cmd-teacher", "paper").architecture, width=16, features=64, iou=64)
    return Network(sizes, nano_tf)


def real(name: str) -> Path:
    [*found] = REAL.glob(f"{name}_*.safetensors")
    if not found:
        pytest.skip(f"no {name} among the ImageNet weights at {REAL}")
    return found[0]


def state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_round_trip_is_exact_and_gives_the_same_file(tmp_path: Path) -> None:
    network, other = (scrambled(bottlenecks(), seed) for seed in (1, 2))
    network.trunks["tir"].stride_on(True)
    notes = {"trained on": "nothing", "seed": "1", "input": CAFFE}
    save(tmp_path / "a.safetensors", network, notes)
    weights = load(other, tmp_path / "a.safetensors", what="the teacher")
    assert same(state(network), state(other))
    assert weights.metadata == {**notes, "input": OURS, "stride_first": "trunks.tir"}
    strides = {stream: trunk.layer3[0].conv1.stride[0] for stream, trunk in other.trunks.items()}
    assert strides == {"rgb": 1, "tir": 2}
    save(tmp_path / "b.safetensors", other, notes)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.safetensors", "b.safetensors"}


def test_loading_puts_strides_back_where_the_file_has_them(tmp_path: Path) -> None:
    trunk = Trunk(50, 4)
    save(tmp_path / "a.safetensors", trunk, {})
    trunk.stride_on(True)
    load(trunk, tmp_path / "a.safetensors", what="a trunk")
    assert trunk.layer2[0].conv1.stride == (1, 1)


def test_half_precision_shrinks_convolutions_and_comes_back_as_float32(tmp_path: Path) -> None:
    network, other = (scrambled(build("cmd-student-origin", "nano"), seed) for seed in (1, 2))
    save(tmp_path / "half", network, {}, half=True)
    save(tmp_path / "full", network, {})
    assert (tmp_path / "half").stat().st_size < 0.7 * (tmp_path / "full").stat().st_size
    load(other, tmp_path / "half", what="cmd-student-origin")
    for name, tensor in state(network).items():
        assert other.state_dict()[name].dtype == tensor.dtype
        assert torch.equal(other.state_dict()[name], tensor.half().float() if tensor.dim() > 1 else tensor)


def test_bfloat16_files_load(tmp_path: Path) -> None:
    network, other = (build("cmd-student-origin", "nano") for _ in range(2))
    save_file({n: t.bfloat16() if t.is_floating_point() else t for n, t in state(network).items()}, tmp_path / "a")
    load(other, tmp_path / "a", what="cmd-student-origin")
    assert torch.equal(
        other.classifier.initialiser.conv.weight, network.classifier.initialiser.conv.weight.bfloat16().float()
    )


def test_saving_fails_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, path = build("cmd-student-origin", "nano"), tmp_path / "a.safetensors"
    save(path, network, {})
    before = path.read_bytes()
    network.classifier.initialiser.conv.weight.data[0, 0, 0, 0] = 1e6
    with pytest.raises(ConfigError, match=r"conv.weight: 1 of 36,864"):
        save(path, network, {}, half=True)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        save(path, network, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_another_models_weights_are_refused_with_their_owner(tmp_path: Path) -> None:
    save(tmp_path / "a", build("dimp-50", "nano"), {})
    network = build("cmd-student-origin", "nano")
    before = state(network)
    with pytest.raises(ConfigError) as caught:
        load(network, tmp_path / "a", what="cmd-student-origin (nano)")
    told = str(caught.value)
    assert "do not fit cmd-student-origin (nano)" in told
    assert "they fit dimp-50 (nano)" in told
    assert "missing (trunks.both.conv1.weight" in told
    assert f"rgbtbench weights inspect {tmp_path / 'a'}" in told
    assert same(before, state(network))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.pop(BIAS), "1 missing (classifier.initialiser.conv.bias)"),
        (lambda s: s.update(extra=torch.ones(1)), "1 unexpected (extra)"),
        (lambda s: s.update({BIAS: torch.ones(64, dtype=torch.int64)}), "integer [64] for float [64]"),
        (lambda s: s.update({BIAS: torch.full((64,), torch.nan)}), "conv.bias: 64 of 64"),
    ],
)
def test_almost_fitting_is_not_fitting(tmp_path: Path, change: Any, told: str) -> None:
    network = build("cmd-student-origin", "nano")
    before, changed = state(network), {name: 2 * tensor for name, tensor in state(network).items()}
    change(changed)
    save_file(changed, tmp_path / "a")
    with pytest.raises(ConfigError) as caught:
        load(network, tmp_path / "a", what="cmd-student-origin")
    assert told in str(caught.value)
    assert same(before, state(network))


def test_counters_of_batches_may_be_missing(tmp_path: Path) -> None:
    network, other = (scrambled(build("cmd-student-origin", "nano"), seed) for seed in (1, 2))
    tensors = {name: tensor for name, tensor in state(network).items() if not name.endswith("num_batches_tracked")}
    save_file(tensors, tmp_path / "a")
    load(other, tmp_path / "a", what="cmd-student-origin")
    assert same(state(network), state(other))


# --- trunks ---


def test_an_imagenet_file_fills_a_trunk_and_its_classifier_is_ignored(tmp_path: Path) -> None:
    source, trunk = (scrambled(Trunk(18, 4), seed) for seed in (1, 2))
    rest = {"layer4.0.conv1.weight": torch.ones(2), "fc.weight": torch.ones(2, 2)}
    torch.save({**source.state_dict(), **rest}, tmp_path / "resnet.pth")
    load_trunk(trunk, tmp_path / "resnet.pth")
    assert same(state(source), state(trunk))
    torch.save({**source.state_dict(), "layer5.weight": torch.ones(2)}, tmp_path / "resnet.pth")
    with pytest.raises(ConfigError, match=r"1 unexpected \(layer5.weight\)"):
        load_trunk(trunk, tmp_path / "resnet.pth")


def test_a_trunk_is_found_in_a_whole_network(tmp_path: Path) -> None:
    network, trunk = scrambled(bottlenecks(), 1), scrambled(Trunk(50, 16), 2)
    network.trunks["tir"].stride_on(True)
    save(tmp_path / "a", network, {})
    with pytest.raises(ConfigError, match=r"which trunk\?[^?]*trunks.rgb., trunks.tir."):
        load_trunk(trunk, tmp_path / "a")
    load_trunk(trunk, tmp_path / "a", stream="tir")
    assert same(state(network.trunks["tir"]), state(trunk))
    assert trunk.layer2[0].conv1.stride == (2, 2)
    load_trunk(trunk, tmp_path / "a", stream="rgb")
    assert same(state(network.trunks["rgb"]), state(trunk))
    assert trunk.layer2[0].conv1.stride == (1, 1)


def test_files_without_a_trunk_or_with_an_unknown_input_are_refused(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "a")
    with pytest.raises(ConfigError, match="no ResNet"):
        load_trunk(Trunk(18, 4), tmp_path / "a")
    save_file(Trunk(18, 4).state_dict(), tmp_path / "b", {"input": "YUV"})
    with pytest.raises(ConfigError, match="unknown input"):
        load_trunk(Trunk(18, 4), tmp_path / "b")
    save_file(Trunk(18, 4).state_dict(), tmp_path / "c", {"input": CAFFE})
    with pytest.raises(ConfigError, match="another input"):
        load(Trunk(18, 4), tmp_path / "c", what="a trunk")


def both_inputs(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """An image (1, 3, H, W) in 0..1 as torchvision and as Caffe want it."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    means = torch.tensor([103.939, 116.779, 123.68])[:, None, None]
    return (rgb - mean) / std, 255 * rgb.flip(1) - means


def caffe_trunk(tensors: dict[str, torch.Tensor], width: int) -> Trunk:
    """The original as it was meant, by hand: its own strides, no folding."""
    trunk = Trunk(50, width).eval()
    trunk.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
    for layer in (trunk.layer2, trunk.layer3):
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    return trunk


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


def test_the_caffe_input_is_folded_exactly_away_from_the_border(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = scrambled(Trunk(50, 8))
    save_file(
        source.state_dict(),
        tmp_path / "a",
        {"input": CAFFE, "arch": "stride 2 on the first 1x1 conv of layer2.0/layer3.0"},
    )
    trunk = Trunk(50, 8).eval()
    load_trunk(trunk, tmp_path / "a")
    ours, theirs = both_inputs(torch.rand(1, 3, 64, 64))
    with torch.no_grad():
        a, b = trunk.bn1(trunk.conv1(ours)), source.bn1(source.conv1(theirs))
    assert relative(a[..., 2:-2, 2:-2], b[..., 2:-2, 2:-2]) < 1e-5
    assert relative(a, b) < 1e-2  # at the border the padding differs: by half a grey level


def test_the_real_resnet50_sees_what_the_original_sees(tmp_path: Path) -> None:
    path = real("resnet50")
    trunk = Trunk(50).eval()
    original = caffe_trunk(load_trunk(trunk, path).tensors, 64)
    torch.manual_seed(0)
    ours, theirs = both_inputs(torch.rand(1, 3, 320, 320))
    with torch.no_grad():
        a, b = trunk(ours).layer3, original(theirs).layer3
    inside = (..., 10, 10)  # a cell sees 291 pixels: this one, 15 to 305, no border
    assert relative(a[inside], b[inside]) < 1e-5
    assert relative(a, b) < 0.01
    save(tmp_path / "a", trunk, {})
    original.stride_on(False)
    load_trunk(original, tmp_path / "a")
    assert same(state(original), state(trunk))  # folded once
    assert original.layer3[0].conv1.stride == (2, 2)


def test_the_real_resnet18_loads_to_the_bit() -> None:
    path = real("resnet18")
    trunk = Trunk(18).eval()
    weights = load_trunk(trunk, path)
    assert all(torch.equal(trunk.state_dict()[name], tensor) for name, tensor in weights.tensors.items())
    with torch.no_grad():
        assert trunk(torch.zeros(1, 3, 64, 64)).layer3.isfinite().all()
    with pytest.raises(ConfigError, match=r"dimp-18 \(paper, trunk only\)"):
        load(build("dimp-50", "nano"), path, what="dimp-50 (nano)")
