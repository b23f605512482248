"""Files that hold arrays of boxes: text, ``.npy``, ``.npz``, ``.json``, ``.mat``, VOT's ``.bin``. No code ever runs.

A file is seen as *leaves*: what it holds by the names that lead there, ``''`` for a file that is one array. They become
rows of numbers when they are asked for, so that a stranger's other data costs nothing and raises nothing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
from posixpath import splitext
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import BenchError

from .archive import unzip
from .rows import parse_rows
from .trajectories import GIVEN, read_trajectory

Array: TypeAlias = NDArray[np.float64]
Leaves: TypeAlias = dict[str, Any]
COLUMNS = (4, 8)
BRACKETS_LIMIT = 4_000_000  # lists and objects of a JSON file: all of LasHeR has 0.7 million boxes
STRINGS_LIMIT = 2_000_000  # quotation marks of a JSON file
LEAVES_LIMIT, DEPTH_LIMIT, NAME_LIMIT = 20_000, 8, 200  # arrays, objects in one another, letters of a name
NAMES = ("name", "sequence", "seq_name", "seq", "video_name", "video")  # keys that may name an object in a list


def ending(path: str) -> str:
    """The lower-case ending of a file's name, such as ``.txt``."""
    return splitext(path)[1].lower()


def read_rows(path: str, data: bytes, where: str, error: type[BenchError]) -> Array:
    """Boxes (N, 4) or (N, 8) of a file that holds those of one sequence, without VOT's code for the given box.

    Raises ``error`` with the place of a fault.
    """
    if ending(path) in TEXTS:
        return parse_rows(GIVEN.sub(b"", data), where, COLUMNS, error)
    leaves = read_leaves(path, data, where, error)
    boxes = {name: leaf for name, leaf in leaves.items() if looks_like_boxes(leaf)}
    if len(boxes) != 1:
        raise error(
            "no boxes in this file" if not boxes else "several arrays of boxes in the file of one sequence",
            where=where,
            expected="one array of N rows and 4 or 8 columns",
            found=", ".join(map(repr, list(boxes or leaves)[:5])) or "nothing",
        )
    name, leaf = next(iter(boxes.items()))
    return rows_of(leaf, f"{where}:{name}" if name else where, error)


def read_leaves(path: str, data: bytes, where: str, error: type[BenchError]) -> Leaves:
    """What a file of arrays holds, by name; parts of a name are joined by '/'."""
    return READERS[ending(path)](data, where, error)


def looks_like_boxes(leaf: Any) -> bool:
    """Whether a leaf may be meant as rows of boxes: a matrix of at least three columns, right or not."""
    if isinstance(leaf, Npy):
        return leaf.dtype.hasobject or (len(leaf.shape) == 2 and leaf.shape[1] > 2)  # objects are refused when read
    if isinstance(leaf, np.ndarray):
        return leaf.ndim == 2 and leaf.shape[1] > 2
    return isinstance(leaf, list) and bool(leaf) and isinstance(leaf[0], list) and len(leaf[0]) > 2


def rows_of(leaf: Any, where: str, error: type[BenchError]) -> Array:
    """A leaf as (N, 4) or (N, 8) float64. Raises ``error`` with the row that is no box."""
    if isinstance(leaf, list):
        return _from_lists(leaf, where, error)
    values = leaf.read(where, error) if isinstance(leaf, Npy) else leaf
    if values.ndim != 2 or values.shape[1] not in COLUMNS or not len(values):
        raise error(
            "not an array of boxes",
            where=where,
            expected="N rows, one per frame, and 4 or 8 columns",
            found=" x ".join(map(str, values.shape)) + (" (turned?)" if values.shape[0] in COLUMNS else ""),
        )
    return np.ascontiguousarray(values, dtype=float)


def _from_lists(rows: list[Any], where: str, error: type[BenchError]) -> Array:
    """Lists of the same 4 or 8 numbers each; NumPy alone would take texts and truth values for numbers."""
    with suppress(TypeError, OverflowError):  # a row that is no list, an integer beyond all floats
        widths = set(map(len, rows))
        if len(widths) == 1 and widths <= set(COLUMNS) and {type(v) for v in chain.from_iterable(rows)} <= {int, float}:
            return np.array(rows, dtype=float)
    width = len(rows[0]) if isinstance(rows[0], list) and len(rows[0]) in COLUMNS else 0
    for number, row in enumerate(rows, 1):
        numbers = isinstance(row, list) and all(type(v) is float or (type(v) is int and abs(v) < 1 << 62) for v in row)
        if not numbers or len(row) != width:
            raise error(
                "wrong number of columns" if numbers else "not a row of numbers",
                where=f"{where}:{number}",
                expected=f"{width} numbers, as in row 1" if width and number > 1 else "4 or 8 numbers",
                found=repr(row[:9] if isinstance(row, list) else row)[:60],
            )
    raise error("unreadable numbers", where=where, expected="rows of 4 or 8 numbers")


class Npy:
    """One array in NumPy's format, whose header is read and whose numbers are not yet."""

    def __init__(self, data: bytes, where: str, error: type[BenchError]) -> None:
        stream, form = io.BytesIO(data), np.lib.format
        try:
            version = form.read_magic(stream)
            header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
            self.shape, self.fortran, self.dtype = header(stream)
        except Exception as reason:  # the header is a Python literal: NumPy raises of everything over damaged ones
            found = f"{type(reason).__name__}: {reason}".splitlines()[0][:100]
            raise error("not a .npy file, or damaged", where=where, found=found) from None
        self.data, self.start = data, stream.tell()

    def read(self, where: str, error: type[BenchError]) -> NDArray[Any]:
        """The array. Objects are pickles, which run code: they are refused."""
        if self.dtype.hasobject:
            raise pickled(where, error)
        if self.dtype.kind not in "iuf":
            raise error("not numbers", where=where, expected="an array of real numbers", found=self.dtype)
        count = 1
        for axis in self.shape:  # never NumPy's product: it overflows
            count *= axis
        if self.dtype.itemsize * count != len(self.data) - self.start:
            raise error("damaged .npy file", where=where, expected=f"{self.shape} values of {self.dtype}",
                        found=f"{len(self.data) - self.start:,} bytes")  # fmt: skip
        values = np.frombuffer(self.data, self.dtype, offset=self.start)
        return values.reshape(self.shape, order="F" if self.fortran else "C")


def pickled(where: str, error: type[BenchError]) -> BenchError:
    """Build the error for an array of Python objects."""
    return error(
        "an array of Python objects is not read, since it may run code",
        where=where,
        expected="an array of numbers for each sequence",
        next="numpy.savez(FILE, **{SEQUENCE: boxes})",
    )


def _read_npy(data: bytes, where: str, error: type[BenchError]) -> Leaves:
    return {"": Npy(data, where, error)}


def _read_npz(data: bytes, where: str, error: type[BenchError]) -> Leaves:
    members = {name: part for name, part in unzip(data, where, error).items() if ending(name) == ".npy"}
    return {name[:-4]: Npy(part, f"{where}:{name}", error) for name, part in members.items()}


def _read_mat(data: bytes, where: str, error: type[BenchError]) -> Leaves:
    from .mat import read_mat

    return dict(read_mat(data, where, error))


def _read_json(data: bytes, where: str, error: type[BenchError]) -> Leaves:
    if max(data.count(b"["), data.count(b"{")) > BRACKETS_LIMIT or data.count(b'"') > STRINGS_LIMIT:
        raise error("JSON file too large for boxes", where=where, expected=f"at most {BRACKETS_LIMIT:,} rows")
    try:
        leaves = dict(islice(_flat(json.loads(data, object_pairs_hook=_once), ()), LEAVES_LIMIT + 1))
    except RecursionError:
        raise error("JSON file nested too deeply", where=where) from None
    except ValueError as reason:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise error("not a JSON file, or damaged", where=where, found=str(reason)[:100]) from None
    if len(leaves) > LEAVES_LIMIT:
        raise error("too many arrays in a JSON file", where=where, expected=f"at most {LEAVES_LIMIT:,}")
    return leaves


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"name {next(n for n in names if names.count(n) > 1)!r} twice in one object")
    return members


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Lists of lists in objects in objects; an object in a list goes by the name that it gives itself."""
    if looks_like_boxes(value):
        yield "/".join(path), value
        return
    named: Mapping[str, Any] = value if isinstance(value, dict) else {}
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        own = (next((part[key] for key in NAMES if isinstance(part.get(key), str)), None) for part in value)
        named = _once([(name, part) for name, part in zip(own, value, strict=True) if name is not None])
    for name, part in named.items() if len(path) < DEPTH_LIMIT else ():
        if len(name) <= NAME_LIMIT:
            yield from _flat(part, (*path, name))


def _read_trajectory(data: bytes, where: str, error: type[BenchError]) -> Leaves:
    return {"": read_trajectory(data, where, error)}


TEXTS = (".txt", ".csv")
READERS: dict[str, Callable[[bytes, str, type[BenchError]], Leaves]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".json": _read_json,
    ".mat": _read_mat,
    ".bin": _read_trajectory,
}
