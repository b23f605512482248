"""Weight files: hostile ones are refused with a reason, sound ones arrive to the bit."""

from __future__ import annotations

import json
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from rgbtbench.errors import ConfigError
from rgbtbench.fingerprint import path_digest
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.resnet import Trunk
from rgbtbench.trackers.dimp.weights import CAFFE, MEAN, OURS, STD, load, load_trunk, read, save

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


def real(name: str) -> Path:
    [*found] = REAL.glob(f"{name}_*.safetensors")
    if not found:
        pytest.skip(f"no {name} among the ImageNet weights at {REAL}")
    return found[0]


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path, **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


def write(path: Path, kind: str) -> bytes:
    if kind == "safetensors":
        save_file(STATE, path)
    else:
        torch.save({"state_dict": STATE}, path, _use_new_zipfile_serialization=kind == "zip")
    return path.read_bytes()


# --- reading ---


@pytest.mark.parametrize("kind", ["safetensors", "zip", "old"])
def test_content_tells_the_format_and_not_the_suffix(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("weights.pth" if kind == "safetensors" else "weights")
    write(path, kind)
    weights = read(path)
    assert weights.format == ("safetensors" if kind == "safetensors" else "pth")
    assert weights.sha256 == path_digest(path)
    assert {name: tensor.tolist() for name, tensor in weights.tensors.items()} == {
        name: tensor.tolist() for name, tensor in STATE.items()
    }


@pytest.mark.parametrize("kind", ["zip", "old"])
def test_a_pickle_under_the_safe_name_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "a.safetensors", kind)
    assert "a pickle named as safetensors" in refusal(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "wrap", [lambda s: s, *(lambda s, k=k: {k: s, "epoch": 3} for k in ("state_dict", "model", "net"))]
)
def test_state_dicts_are_found_and_data_parallel_names_are_stripped(tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "a.pth"
    torch.save(wrap({f"module.{name}": torch.nn.Parameter(tensor) for name, tensor in STATE.items()}), path)
    weights = read(path)
    assert set(weights.tensors) == set(STATE)
    assert not any(tensor.requires_grad for tensor in weights.tensors.values())


def test_a_name_that_merely_has_module_in_it_stays(tmp_path: Path) -> None:
    save_file({"module.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "a.safetensors")
    assert set(read(tmp_path / "a.safetensors").tensors) == {"module.a", "b"}


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.path}'",)


@pytest.mark.parametrize("kind", ["zip", "old", "bare"])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, kind: str) -> None:
    path, witness = tmp_path / "evil.pth", tmp_path / "witness"
    content = {"state_dict": STATE, "extra": Touch(witness)}
    if kind == "bare":
        path.write_bytes(pickle.dumps(Touch(witness)))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    told = refusal(path)
    assert not witness.exists()
    assert "wants to run code; it was not loaded" in told
    assert kind == "bare" or "system" in told
    assert "safetensors" in told
    assert "weights_only" not in told  # torch's advice: to load it anyway
    os.system(f"touch '{witness}'")
    assert witness.exists()  # the code would have worked


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["safetensors", "zip", "old"]), part=st.floats(0, 1, exclude_max=True))
def test_truncated_files_are_refused(tmp_path_factory: pytest.TempPathFactory, kind: str, part: float) -> None:
    path = tmp_path_factory.mktemp("cut") / "weights"
    data = write(path, kind)
    path.write_bytes(data[: int(part * len(data))])
    assert "weights\n" in refusal(path) or "it was not loaded" in refusal(path)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["safetensors", "zip", "old"]), at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_gives_tensors_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str, at: int, byte: int
) -> None:
    path = tmp_path_factory.mktemp("flip") / "weights"
    data = bytearray(write(path, kind))
    data[at % len(data)] = byte
    path.write_bytes(data)
    try:
        tensors = read(path, finite=False).tensors
    except ConfigError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) <= len(data)


def header(table: dict[str, Any], claimed: int | None = None) -> bytes:
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text) if claimed is None else claimed) + text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b"these are no weights", "not a file of weights"),
        (header({}, 1 << 62), "4,611,686,018,427,387,912 bytes"),
        (header({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}) + bytes(8), "damaged"),
        (header({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 8]}}) + bytes(8), "damaged"),
        (header({"a": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}) + bytes(8), "float8"),
        (header({"\x1b[2Ja": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}) + bytes(8), r"\x1b[2Ja"),
        (header({}), "no tensors"),
    ],
)
def test_what_is_no_weight_file_is_refused_with_a_reason(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)
    found = refusal(path)
    assert told in found
    assert "\x1b" not in found


def test_folders_and_absent_files_are_named(tmp_path: Path) -> None:
    assert "a folder" in refusal(tmp_path)
    assert "nothing" in refusal(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    assert "special file" in refusal(tmp_path / "pipe")  # and nobody waits for a writer


def repacked(source: Path, target: Path, compression: int = zipfile.ZIP_STORED, **extra: bytes) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        for name, data in extra.items():
            new.writestr(f"{entry.filename.split('/')[0]}/{name}.pkl", data)
    return target


def test_a_zip_that_unpacks_to_more_than_itself_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1 << 20)}, tmp_path / "a.pth")
    assert "as the file says" in refusal(repacked(tmp_path / "a.pth", tmp_path / "bomb.pth", zipfile.ZIP_DEFLATED))


def test_compressed_tensors_are_not_taken_for_plain_ones(tmp_path: Path) -> None:
    torch.save({"a": torch.randint(256, (1 << 16,), dtype=torch.uint8)}, tmp_path / "a.pth")  # does not shrink
    assert "compressed" in refusal(repacked(tmp_path / "a.pth", tmp_path / "b.pth", zipfile.ZIP_BZIP2))


def test_archives_that_older_torch_unpickles_are_refused(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "a.pth")
    assert "TorchScript" in refusal(repacked(tmp_path / "a.pth", tmp_path / "b.pth", constants=b""))
    with tarfile.open(tmp_path / "c.pth", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        archive.addfile(tarfile.TarInfo("\x80\x02"))
    assert "tar archive" in refusal(tmp_path / "c.pth")


@pytest.mark.parametrize("old", [False, True])
def test_one_number_that_claims_to_be_a_million_is_refused(tmp_path: Path, old: bool) -> None:
    torch.save({"a": torch.zeros(1).expand(1 << 40)}, tmp_path / "a.pth", _use_new_zipfile_serialization=not old)
    assert "4,398,046,511,104 bytes" in refusal(tmp_path / "a.pth")


def test_a_storage_longer_than_its_record_is_refused(tmp_path: Path) -> None:
    path, liar = tmp_path / "a.pth", tmp_path / "liar.pth"
    torch.save({"a": torch.zeros(300)}, path)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(liar, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            target.writestr(entry.filename, data.replace(struct.pack("<BH", 77, 300), struct.pack("<BH", 77, 60000)))
    assert "damaged" in refusal(liar)


@pytest.mark.parametrize("thing", [[torch.ones(2)], {"optimizer": {"lr": torch.ones(2)}}, {"a": "text"}, torch.ones(2)])
def test_a_pickle_without_a_state_dict_tells_what_it_holds(tmp_path: Path, thing: Any) -> None:
    torch.save(thing, tmp_path / "a.pth")
    told = refusal(tmp_path / "a.pth")
    assert "no state dict" in told
    assert type(thing).__name__ in told


def test_sparse_and_complex_tensors_are_refused(tmp_path: Path) -> None:
    for tensor, told in ((torch.eye(2).to_sparse(), "sparse"), (torch.ones(2, dtype=torch.complex64), "complex64")):
        torch.save({"a": tensor}, tmp_path / "a.pth")
        assert told in refusal(tmp_path / "a.pth")


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e300])
def test_values_that_are_not_finite_are_counted(tmp_path: Path, value: float) -> None:
    bad = torch.ones(4, 5, dtype=torch.float64)
    bad[1, :3] = value  # 1e300 is finite, but not in any network's float32
    save_file({**STATE, "bad": bad}, tmp_path / "a.safetensors")
    assert "bad: 3 of 20" in refusal(tmp_path / "a.safetensors")
    assert read(tmp_path / "a.safetensors", finite=False).tensors["bad"].shape == (4, 5)


# --- loading ---


def state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_round_trip_is_exact_and_gives_the_same_file(tmp_path: Path) -> None:
    network, other = (scrambled(build("cmd-teacher", "nano"), seed) for seed in (1, 2))
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
    with pytest.raises(ConfigError, match=r"conv.weight: 1 of 9,216"):
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
        (lambda s: s.update({BIAS: torch.ones(32, dtype=torch.int64)}), "integer [32] for float [32]"),
        (lambda s: s.update({BIAS: torch.full((32,), torch.nan)}), "conv.bias: 32 of 32"),
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
    network, trunk = scrambled(build("cmd-teacher", "nano"), 1), scrambled(Trunk(50, 16), 2)
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
