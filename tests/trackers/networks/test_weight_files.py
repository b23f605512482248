"""Weight files: hostile ones are refused with a reason."""

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

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.identity import path_digest
from rgbtbench.trackers.networks.weights import read

STATE = {"conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2), "conv.bias": torch.tensor([0.5, -2.0])}


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
