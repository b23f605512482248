"""Pickles with objects in them: tensors come out, nothing runs, and no file takes time or memory for nothing."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import checkpoints
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.networks import inert_pickle
from rgbtbench.trackers.networks.weight_files import read

NET = {"conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2), "conv.bias": torch.nn.Parameter(torch.ones(2))}


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path, shells=True)
    assert str(path) in str(caught.value)
    return str(caught.value)


def checkpoint(path: Path, *, legacy: bool = False, **entries: Any) -> Path:
    return checkpoints.saved(path, "dimp18", legacy=legacy, **{"net": NET, **entries})


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_and_what_objects_hold_come_out(tmp_path: Path, legacy: bool) -> None:
    path = checkpoint(tmp_path / "a.pth.tar", legacy=legacy)
    weights = read(path, shells=True)
    assert {name: tensor.tolist() for name, tensor in weights.tensors.items()} == {
        k: v.tolist() for k, v in NET.items()
    }
    assert weights.metadata["constructor.fun_name"] == "dimpnet18"
    assert weights.metadata["constructor.kwds.filter_size"] == "4"
    assert weights.metadata["settings.search_area_factor"] == "5.0"
    assert weights.metadata["epoch"] == "50"
    with pytest.raises(ConfigError, match="NetConstructor") as caught:
        read(path)
    assert f"weights inspect {path}" in str(caught.value)


class Calls:
    """Pickled as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("function", "told"), [(os.system, ".system"), (subprocess.call, ".call"), (eval, ".eval")])
def test_calls_are_refused_and_not_made(tmp_path: Path, legacy: bool, function: Any, told: str) -> None:
    witness = tmp_path / "witness"
    line = f"open({str(witness)!r}, 'w')" if function is eval else f"touch '{witness}'"
    path = checkpoint(tmp_path / "a.pth", legacy=legacy, stats=Calls(function, line))
    assert told in refusal(path)
    assert not witness.exists()


def test_functions_of_torch_itself_are_not_called(tmp_path: Path) -> None:
    """Its module is known, but what it holds are shells: ``torch.load`` would unpickle another file."""
    bomb = tmp_path / "bomb"
    bomb.write_bytes(pickle.dumps(Calls(os.system, f"touch '{tmp_path / 'witness'}'")))
    path = checkpoint(
        tmp_path / "a.pth", stats=[Calls(torch.load, str(bomb)), Calls(torch.nn.Linear, 1 << 30, 1 << 30)]
    )
    assert read(path, shells=True).tensors.keys() == NET.keys()
    assert not (tmp_path / "witness").exists()


def opened(data: bytes) -> Any:
    return inert_pickle.load(io.BytesIO(data))


def test_a_key_whose_hash_would_take_for_ever_is_left_out() -> None:
    twice = b"(t" + 60 * b"2\x86"  # a pair of the same pair of the same pair ...
    assert opened(b"\x80\x02}" + twice + b"K\x01s.") == {}
    assert opened(b"\x80\x02(" + twice + b"K\x01d.") == {}
    assert isinstance(opened(b"\x80\x04\x8f(" + twice + b"\x90."), inert_pickle.Shell)
    with pytest.raises(pickle.UnpicklingError, match="something else"):
        opened(b"\x80\x02" + twice + b"Q.")


def test_an_index_of_the_memo_takes_no_memory() -> None:
    assert opened(b"\x80\x02K\x07r\xff\xff\xff\xff.") == 7


def test_a_pickle_has_a_longest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pickle.UnpicklingError, match="more than"):
        opened(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40))
    monkeypatch.setattr(inert_pickle, "LONGEST", 100)
    with pytest.raises(pickle.UnpicklingError, match="more than 100 bytes"):
        opened(b"\x80\x02" + b"]0" * 100 + b".")


def replaced(path: Path, old: bytes, new: bytes) -> Path:
    """The same archive with other bytes in its pickle."""
    target = path.with_name("liar.pth")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as out:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                assert old in data
                data = data.replace(old, new)
            out.writestr(entry.filename, data)
    return target


@pytest.mark.parametrize("legacy", [False, True])
def test_a_tensor_larger_than_its_storage_is_refused(tmp_path: Path, legacy: bool) -> None:
    """``torch`` would make the storage longer, with whatever lies in memory."""
    path = checkpoint(tmp_path / "a.pth", legacy=legacy, net={"a": torch.zeros(300)})
    size = struct.pack("<BH", 77, 300) + b"\x85"  # a tuple of one number: the tensor's size
    if legacy:
        data = path.read_bytes()
        assert size in data
        path.write_bytes(data.replace(size, struct.pack("<BH", 77, 301) + b"\x85"))
    else:
        path = replaced(path, size, struct.pack("<BH", 77, 301) + b"\x85")
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_one_number_that_claims_to_be_many_is_refused(tmp_path: Path, legacy: bool) -> None:
    path = checkpoint(tmp_path / "a.pth", legacy=legacy, net={"a": torch.zeros(1).expand(1 << 40)})
    assert "4,398,046,511,104 bytes" in refusal(path)


def test_a_zip_that_unpacks_to_more_than_itself_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", net={"a": torch.zeros(1 << 20)})
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as bomb:
        for entry in source.infolist():
            bomb.writestr(entry.filename, source.read(entry))
    assert "as the file says" in refusal(tmp_path / "b.pth")


@cache
def whole(legacy: bool) -> bytes:
    """A small checkpoint."""
    with TemporaryDirectory() as folder:
        return checkpoint(Path(folder) / "a.pth", legacy=legacy).read_bytes()


@settings(max_examples=40, deadline=None)
@given(legacy=st.booleans(), part=st.floats(0, 1, exclude_max=True))
def test_truncated_checkpoints_are_refused(tmp_path_factory: pytest.TempPathFactory, legacy: bool, part: float) -> None:
    path, data = tmp_path_factory.mktemp("cut") / "weights", whole(legacy)
    path.write_bytes(data[: int(part * len(data))])
    assert "weights\n" in refusal(path)


@settings(max_examples=150, deadline=None)
@given(legacy=st.booleans(), at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_gives_tensors_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, legacy: bool, at: int, byte: int
) -> None:
    path, data = tmp_path_factory.mktemp("flip") / "weights", bytearray(whole(legacy))
    data[at % len(data)] = byte
    path.write_bytes(data)
    try:
        tensors = read(path, finite=False, shells=True).tensors
    except ConfigError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) <= len(data)
