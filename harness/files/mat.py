"""MATLAB 5 files (``.mat``): their numbers and their text, and nothing else of what such a file may hold.

Format: MathWorks, "MAT-File Format", the chapter on level 5. Files come from strangers: sizes are bounded before
anything is kept, and every damage is a BenchError.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import BenchError

Element: TypeAlias = tuple[int, memoryview]  # its type and its bytes
Value: TypeAlias = "NDArray[np.float64] | list[str]"

SIZE_LIMIT = 64 << 20  # bytes, unpacked, and as float64: all of LasHeR's boxes twice over
PARTS_LIMIT = 100_000  # variables, cells and lines of text
CELL, STRUCT, TEXT, NUMERIC, COMPLEX = 1, 2, 4, range(6, 16), 8
KINDS = (  # by number
    *("unknown", "cell", "struct", "object", "text", "sparse", "double", "single", "int8", "uint8"),
    *("int16", "uint16", "int32", "uint32", "int64", "uint64", "function", "opaque object"),
)
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
ENCODINGS = {1: "utf-8", 2: "utf-8", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


def read_mat(data: bytes, where: str, error: type[BenchError], *, structs: bool = False) -> dict[str, Value]:
    """Read the variables of a MATLAB 5 file: numeric and logical matrices (R, C) as float64, text as lines.

    Character arrays and cells of text become ``list[str]``; with ``structs``, fields of a single struct come as
    ``NAME.FIELD``. Other variables (structs, objects, functions, sparse, complex, more than two axes) are left out;
    nothing in the file is ever run. Raises ``error`` if the file is damaged, too large, of another version, or holds
    nothing that can be read.
    """
    advice = "in MATLAB: save('FILE.mat', 'NAME', '-v7') with plain matrices"
    if other := _other_version(data):
        raise error(
            "not a MATLAB 5 file", where=where, expected="a .mat file of version 5 to 7", found=other, next=advice
        )
    variables: dict[str, Value] = {}
    others: list[str] = []
    try:
        for name, kind, value in _Reader(data, structs=structs).variables():
            if name in variables:
                raise ValueError(f"variable {name!r} twice")
            if value is None:
                others.append(f"{name} ({kind})")
            else:
                variables[name] = value
    except (ValueError, OverflowError, struct.error, zlib.error) as reason:  # UnicodeDecodeError is a ValueError
        raise error("unreadable .mat file", where=where, found=reason, next=f"copy it again; or {advice}") from None
    if not variables:
        raise error(
            "no numbers or text in this .mat file",
            where=where,
            expected="numeric matrices, character arrays or cells of text",
            found=", ".join(others[:5])[:200] or "no variables",
            next=advice,
        )
    return variables


def _other_version(data: bytes) -> str | None:
    if b"\x89HDF" in (data[:4], data[512:516]):
        return "MATLAB 7.3 (HDF5)"
    if data[124:128] not in (b"\0\1IM", b"\1\0MI"):
        return "MATLAB 4, or no MATLAB file" if data else "an empty file"
    return None


class _Matrix(NamedTuple):
    name: str
    kind: int
    shape: tuple[int, ...]
    is_complex: bool
    content: Iterator[Element]

    def __str__(self) -> str:
        if self.kind in NUMERIC and (self.is_complex or len(self.shape) > 2):
            return "complex" if self.is_complex else f"{len(self.shape)} axes"
        return KINDS[self.kind] if self.kind < len(KINDS) else KINDS[0]


class _Reader:
    """Walks the elements of a file. Raises ValueError, OverflowError, struct.error or zlib.error for what is wrong."""

    def __init__(self, data: bytes, *, structs: bool = False) -> None:
        self.structs = structs
        self.data, self.order = memoryview(data)[128:], "<" if data[126:128] == b"IM" else ">"
        self.bytes_left, self.parts_left = SIZE_LIMIT, PARTS_LIMIT

    def variables(self) -> Iterator[tuple[str, str, Value | None]]:
        """Name, class and value of each variable; no value for what is not to be read."""
        for kind, body in self._elements(self.data):
            if kind == COMPRESSED:
                unpacked = zlib.decompressobj().decompress(body, self.bytes_left + 1)
                self._spend(len(unpacked))
                kind, body = _next(self._elements(memoryview(unpacked)))
            matrix = self._matrix(kind, body)
            if matrix.kind == STRUCT and self.structs and matrix.shape == (1, 1):
                for name, inner in self._fields(matrix):
                    yield f"{matrix.name}.{name}", str(inner), self._value(inner)
            elif matrix.name:  # one without a name belongs to MATLAB's own objects
                yield matrix.name, str(matrix), self._value(matrix)

    def _fields(self, struct_: _Matrix) -> Iterator[tuple[str, _Matrix]]:
        """Names of equal length, one after the other, then the values in this order."""
        (length,) = (int(n) for n in self._numbers(*_next(struct_.content)))
        text = bytes(_next(struct_.content)[1])
        if not 0 < length <= 64 or len(text) % length:
            raise ValueError(f"names of fields with {length} letters in {len(text)} bytes")
        for at in range(0, len(text), length):
            yield text[at : at + length].rstrip(b"\0").decode("ascii"), self._matrix(*_next(struct_.content))

    def _elements(self, data: memoryview) -> Iterator[Element]:
        """One element after the other, padded to eight bytes; a small one has type, size and content in eight."""
        at = 0
        while at < len(data):
            kind, size = struct.unpack_from(f"{self.order}II", data, at)
            start, end = at + 8, at + 8 + size + (-size % 8 if kind != COMPRESSED else 0)
            if kind >> 16:
                kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
            if start + size > min(len(data), end):
                raise ValueError(f"an element claims {size:,} bytes where {len(data) - start:,} are left")
            yield kind, data[start : start + size]
            at = end

    def _matrix(self, kind: int, body: memoryview) -> _Matrix:
        self._spend(parts=1)
        if kind != MATRIX:
            raise ValueError(f"an element of type {kind} where a matrix should be")
        if not body:  # MATLAB's shorthand for []
            return _Matrix("", NUMERIC[0], (0, 0), False, iter(()))
        content = self._elements(body)
        (flags,) = struct.unpack_from(f"{self.order}I", _next(content)[1])
        shape = tuple(int(length) for length in self._numbers(*_next(content)))
        name = bytes(_next(content)[1]).decode("ascii")
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"a matrix of shape {shape[:8]}")
        return _Matrix(name, flags & 0xFF, shape, bool(flags >> 8 & COMPLEX), content)

    def _value(self, matrix: _Matrix) -> Value | None:
        if len(matrix.shape) > 2 or matrix.is_complex:
            return None
        if matrix.kind in NUMERIC:
            return self._of_shape(matrix, self._numbers(*_next(matrix.content)).astype(np.float64))
        if matrix.kind == TEXT:
            return self._lines(matrix)
        if matrix.kind != CELL:
            return None
        cells = [self._matrix(*element) for element in matrix.content]
        if len(cells) != math.prod(matrix.shape):
            raise ValueError(f"{len(cells)} cells where {math.prod(matrix.shape)} are claimed")
        if any(cell.kind != TEXT or len(cell.shape) > 2 or cell.shape[0] > 1 for cell in cells):
            return None
        return ["".join(self._lines(cell)) for cell in cells]

    def _lines(self, matrix: _Matrix) -> list[str]:
        """Rows of a character matrix, without the blanks that fill them."""
        self._spend(parts=matrix.shape[0])
        kind, body = next(matrix.content, (min(ENCODINGS), memoryview(b"")))
        if kind not in ENCODINGS:
            raise ValueError(f"text of type {kind}")
        encoding = ENCODINGS[kind]
        if encoding != "utf-8":
            encoding += "-le" if self.order == "<" else "-be"
        self._spend(4 * len(body))
        letters = np.frombuffer(bytes(body).decode(encoding).encode("utf-32-le"), "<u4")
        return [row.tobytes().decode("utf-32-le").rstrip() for row in self._of_shape(matrix, letters)]

    def _numbers(self, kind: int, body: memoryview) -> NDArray[Any]:
        if kind not in NUMBERS:
            raise ValueError(f"numbers of type {kind}")
        dtype = np.dtype(self.order + NUMBERS[kind])
        self._spend(len(body) // dtype.itemsize * 8)
        return np.frombuffer(body, dtype)

    def _spend(self, size: int = 0, *, parts: int = 0) -> None:
        self.bytes_left -= size
        self.parts_left -= parts
        if self.bytes_left < 0 or self.parts_left < 0:
            raise ValueError(f"more than {SIZE_LIMIT >> 20} MiB or {PARTS_LIMIT:,} variables, cells and lines")

    @staticmethod
    def _of_shape(matrix: _Matrix, values: NDArray[Any]) -> NDArray[Any]:
        if len(values) != math.prod(matrix.shape):
            raise ValueError(f"{matrix.name}: {len(values):,} values where {math.prod(matrix.shape):,} are claimed")
        return values.reshape(matrix.shape, order="F")


def _next(elements: Iterator[Element]) -> Element:
    element = next(elements, None)
    if element is None:
        raise ValueError("a matrix ends early")
    return element
