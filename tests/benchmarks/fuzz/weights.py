"""Files of weights: safetensors and pickles, zipped and old, with bytes changed, headers rewritten, claims raised."""

from __future__ import annotations

import io
import json
import pickle
from functools import cache
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save

from rgbtbench.trackers.networks.weight_files import nonfinite, read

DTYPES = ("F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3", "X", "", 1, None)
NUMBERS = (0, 1, -1, 2**31, 2**40, 2**63, 2**64, 10**30, 1.5, None, "4", [])
NAMES = ("a", "", "module.a", "\x1b[2J", "x" * 300, "__metadata__", "\ud800", "é")


def one(rng: Random, folder: Path) -> None:
    """Make a file, read it, count what is not finite."""
    path = folder / rng.choice(("w.safetensors", "w.pth", "w"))
    make = rng.choice((_header, _bytes, _bytes, _bytes, _pickle))
    path.write_bytes(make(rng))
    try:
        weights = read(path, finite=rng.random() < 0.5, shells=rng.random() < 0.5)
    finally:
        path.unlink()
    assert all(name.isprintable() for name in weights.tensors)
    nonfinite(weights.tensors)


@cache
def _sound() -> tuple[bytes, ...]:
    """One of each format."""
    tensors = {"conv.weight": torch.arange(6.0).reshape(2, 3), "bn.running_mean": torch.ones(2), "n": torch.tensor(3)}
    files = [save(tensors, {"note": "x"}), save({"a": torch.ones(2, dtype=torch.float16)})]
    for thing in (tensors, {"state_dict": tensors, "epoch": 3}, torch.nn.Linear(2, 2).state_dict()):
        for zipped in (True, False):
            out = io.BytesIO()
            torch.save(thing, out, _use_new_zipfile_serialization=zipped)
            files.append(out.getvalue())
    return tuple(files)


def _bytes(rng: Random) -> bytes:
    data = bytearray(rng.choice(_sound()))
    for _ in range(rng.choice((0, 1, 1, 2, 10))):
        at = rng.randrange(len(data)) if data else 0
        how = rng.random()
        if how < 0.6:
            data[at : at + 1] = rng.randbytes(1)
        elif how < 0.7:
            data[at : at + 4] = rng.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"R.R.", b"c\n\n"))
        elif how < 0.8:
            del data[at : at + rng.randrange(1, 40)]
        elif how < 0.9:
            data[at:at] = data[at : at + rng.randrange(1, 40)]
        else:
            del data[max(at, 9) :]
    return bytes(data)


def _header(rng: Random) -> bytes:
    """A header of safetensors with some of its fields made up, before 64 bytes of data."""
    header: dict[str, object] = {}
    for _ in range(rng.randrange(4)):
        start = rng.choice((0, 0, 8, *NUMBERS))
        shape = [rng.choice((1, 2, 4, *NUMBERS)) for _ in range(rng.randrange(3))]
        entry = {
            "dtype": rng.choice(DTYPES),
            "shape": shape,
            "data_offsets": [start, rng.choice((8, 16, 64, *NUMBERS))],
        }
        if rng.random() < 0.1:
            del entry[rng.choice(sorted(entry))]
        header[rng.choice(NAMES)] = entry
    if rng.random() < 0.3:
        header["__metadata__"] = rng.choice(({"sha256": "0" * 64}, {"a": 1}, [], {"\x1b": "\n"}, None))
    text = json.dumps(header).encode()
    if rng.random() < 0.1:
        text = b"{" * rng.randrange(1, 10_000)
    size = len(text) if rng.random() < 0.9 else rng.choice((0, 1, 2**31, 2**63, 2**64 - 1))
    return size.to_bytes(8, "little") + text + bytes(rng.choice((0, 8, 16, 64)))


class _Call:
    """What a hostile pickle calls."""

    def __init__(self, function: object, arguments: tuple[object, ...]) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call  # type: ignore[return-value]


def _pickle(rng: Random) -> bytes:
    values = (1, "x", None, [], {}, {"a": 1}, {1: torch.ones(1)}, 10**5000, float("nan"), b"x" * 100, (1, 2))
    calls = (
        _Call(torch._utils._rebuild_tensor_v2, (1, 0, (2, 2), (2, 1), False, {})),
        _Call(torch.Size, (rng.choice(values),)),
        _Call(torch.device, ("cpu" if rng.random() < 0.5 else "meta",)),
        _Call(bytearray, (10**12,)),
        _Call(__import__, ("os",)),
    )
    thing = rng.choice((*values, *calls))
    found = {"state_dict": thing} if rng.random() < 0.5 else {rng.choice(NAMES): thing}
    return pickle.dumps(found if rng.random() < 0.8 else thing, protocol=rng.choice((2, 2, 4)))
