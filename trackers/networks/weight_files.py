"""Weight files as tensors, trusting nothing in them: safetensors, and pickles that hold tensors alone."""

from __future__ import annotations

import pickle
import re
import shlex
import tarfile
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import Parameter

from rgbtbench.core import regular
from rgbtbench.core.errors import ConfigError, advised
from rgbtbench.core.identity import path_digest

from . import inert_pickle

Format = Literal["safetensors", "pth"]
STATE_KEYS = ("state_dict", "model", "net")  # where training scripts put the state dict in what they save
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Weights:
    """What a file holds: tensors by name, on the CPU, and what it says of itself."""

    path: Path
    format: Format
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    sha256: str


@advised("ask its author for safetensors, or for a state dict saved by torch.save")
def read(path: str | Path, *, finite: bool = True, shells: bool = False) -> Weights:
    """Read a file of weights; its content says which format it is, and nothing in it is executed.

    A pickle holds a bare state dict, or one under ``state_dict``, ``model`` or ``net``. ``module.``, which DataParallel
    puts before all names, is dropped. ``finite``: NaN and infinity are errors. ``shells``: objects of pytracking's
    classes may lie beside the tensors; what they hold is among the metadata, ``constructor.kwds.filter_size``.
    Raises ConfigError for whatever is no sound file of weights.
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a special file" if path.exists() else "nothing"
        raise ConfigError("no such file of weights", where=path, expected="safetensors or .pth", found=found)
    try:
        form = _format(path)
        tensors, metadata = _safetensors(path) if form == "safetensors" else _pickle(path, shells)
        _check(path, tensors)
        digest = path_digest(path)
    except OSError as reason:
        raise ConfigError("cannot read the weights", where=path, found=reason.strerror or reason) from None
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    # A copy: pickles are mapped from the disk, where somebody may overwrite them.
    tensors = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    if finite:
        require_finite(path, tensors)
    return Weights(path, form, tensors, metadata, digest)


def nonfinite(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """How many values of each tensor are NaN or infinite, or would be as float32; only tensors that have some."""
    floats = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}
    counts = {name: int((~tensor.float().isfinite()).sum()) for name, tensor in floats.items()}
    return {name: count for name, count in counts.items() if count}


def require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise ConfigError if a tensor has NaN or infinite values."""
    if bad := nonfinite(tensors):
        raise ConfigError(
            "weights with NaN or infinite values",
            where=path,
            expected="finite float32",
            found=some([f"{name}: {count:,} of {tensors[name].numel():,}" for name, count in bad.items()]),
            next=inspect_command(path),
        )


def inspect_command(path: Path) -> str:
    """What to type to see what is in a file."""
    return f"rgbtbench weights inspect {shlex.quote(str(path))}"


def some(names: list[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _format(path: Path) -> Format:
    with regular.opened(path) as stream:
        head = stream.read(9)
    if head[8:] == b"{":  # safetensors: the length of a JSON object, and the object
        claimed, size = 8 + int.from_bytes(head[:8], "little"), path.stat().st_size
        if claimed > size:
            raise _damaged(path, f"{size:,} bytes", f"a header of {claimed:,} bytes, as the file says")
        return "safetensors"
    if head.startswith((b"PK\x03\x04", b"\x80")):  # what torch.save wrote since version 1.6, and before
        return "pth"
    raise ConfigError(
        "not a file of weights",
        where=path,
        expected="safetensors, or a state dict saved by torch.save",
        found=f"a file that starts with {head!r}" if head else "an empty file",
    )


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except OSError:
        raise
    except Exception as reason:  # the library checks sizes against the file; its complaints have many types
        raise _damaged(path, str(reason)[:200]) from None


def _pickle(path: Path, shells: bool) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors alone. Zip files are mapped: then no tensor can reach beyond the file, whatever size it claims."""
    if path.suffix == ".safetensors":  # by which torch.load would go
        raise ConfigError("a pickle named as safetensors", where=path, next="name it .pth if you expected a pickle")
    try:
        if zipped := zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
            _require_room(path, sum(entry.file_size for entry in entries))
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise _damaged(path, "a compressed archive", "one as torch.save writes it")
            if any(entry.filename.endswith("constants.pkl") for entry in entries):
                raise _code(path, "TorchScript")
        elif tarfile.is_tarfile(path):  # torch before 2.6 unpickles these, and TorchScript, whatever it was asked
            raise _code(path, "a tar archive")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd pickles: they are refused below, or harmless
            how: Any = {"pickle_module": inert_pickle, "weights_only": False} if shells else {"weights_only": True}
            found = torch.load(path, map_location="cpu", mmap=zipped, **how)
    except (ConfigError, OSError):
        raise
    except inert_pickle.Foreign as reason:
        raise _code(path, reason.name, "ask its author for safetensors") from None
    except pickle.UnpicklingError as reason:  # torch's own words advise to load the file in spite of all
        code = re.search(r"GLOBAL ([\w.]+)", str(reason))
        if shells:
            raise _damaged(path, str(reason)[:200]) from None
        found = code[1] if code else "a pickle of another kind, or damaged"
        raise _code(path, found, f"{inspect_command(path)}  # or ask its author for safetensors") from None
    except Exception as reason:
        raise _damaged(path, f"{type(reason).__name__}: {str(reason).split('. ')[0][:120]}") from None
    parts = [found, *(found.get(key) for key in STATE_KEYS)] if isinstance(found, dict) else []
    state = next((part for part in parts if _is_state(part)), None)
    if state is None:
        kind = type(found).__name__
        raise ConfigError(
            "no state dict in this file",
            where=path,
            expected=f"tensors by name, alone or under one of {', '.join(STATE_KEYS)}",
            found=f"{kind} with {some([repr(key)[:40] for key in found], 6)}" if isinstance(found, dict) else kind,
        )
    return dict(state), {} if state is found else inert_pickle.notes(found)


def _is_state(thing: Any) -> bool:
    return isinstance(thing, dict) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in thing.items())


def _check(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse what no network's state is made of, before a byte of it is copied."""
    if not tensors:
        raise ConfigError("no tensors in this file", where=path)
    for name, tensor in tensors.items():
        if not name.isprintable() or len(name) > LONGEST_NAME:  # it would be printed
            raise ConfigError("not the name of a tensor", where=path, found=ascii(name[:LONGEST_NAME]))
        plain = type(tensor) in (Tensor, Parameter) and tensor.layout is torch.strided and tensor.device.type == "cpu"
        if not plain or tensor.dtype not in FLOATS + INTEGERS:
            kind = f"{tensor.dtype}, {tensor.layout}, {tensor.device}".replace("torch.", "")
            raise ConfigError("not a plain tensor", where=f"{path}: {name}", expected="dense floats", found=kind)
    _require_room(path, sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()))


def _require_room(path: Path, claimed: int) -> None:
    if claimed > path.stat().st_size:
        raise _damaged(path, f"{claimed:,} bytes, as the file says", f"at most its own {path.stat().st_size:,} bytes")


def _code(path: Path, found: str, next: str | None = None) -> ConfigError:
    return ConfigError(
        "this file wants to run code; it was not loaded",
        where=path,
        expected="tensors and nothing else",
        found=found,
        next=next,
    )


def _damaged(path: Path, found: str, expected: str | None = None) -> ConfigError:
    return ConfigError(
        "damaged or truncated weights",
        where=path,
        expected=expected,
        found=found,
        next="fetch or save it again, and compare its sha256",
    )
