"""Everything the page shows in one compressed text: JSON for words, small integers for numbers."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 8  # bytes: the browser's typed arrays start at multiples of their size
KINDS = {"u1": np.uint8, "u2": np.uint16, "i2": np.int16, "i4": np.int32, "f8": np.float64}

Ref = dict[str, Any]  # where an array lies: at (bytes), kind, shape, and whether its last axis holds differences


class Pack:
    """Arrays, one after the other, and the document that refers to them."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, array: NDArray[np.integer[Any] | np.float64], kind: str, *, differences: bool = False) -> Ref:
        """Take numbers that fit ``kind``; ``differences`` along the last axis compress better where integers creep.

        >>> Pack().add(np.array([[1, 2, 4]]), "u1", differences=True)
        {'at': 0, 'kind': 'u1', 'shape': [1, 3], 'differences': True}
        """
        values = array.astype(KINDS[kind])
        differences = differences and values.dtype.kind != "f"  # of floats they would be rounded
        if differences:
            values = np.diff(values, axis=-1, prepend=values.dtype.type(0)).astype(values.dtype)  # modulo its range
        data = np.ascontiguousarray(values, dtype=f"<{kind}")
        return self._place(_planes(data) if differences else data.tobytes(), kind, list(array.shape), differences)

    def add_bytes(self, data: bytes) -> Ref:
        """Take bytes as they are, such as an image."""
        return self._place(data, "u1", [len(data)], False)

    def _place(self, data: bytes, kind: str, shape: list[int], differences: bool) -> Ref:
        ref: Ref = {"at": self.size, "kind": kind, "shape": shape, "differences": differences}
        data += bytes(-len(data) % ALIGNMENT)
        self.parts.append(data)
        self.size += len(data)
        return ref

    def text(self, document: object) -> str:
        """All of it as base64 of zlib: the JSON's length (u4), the JSON, then the arrays from a multiple of 8."""
        words = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            errors="backslashreplace"
        )
        head = len(words).to_bytes(4, "little") + words
        head += bytes(-len(head) % ALIGNMENT)
        return base64.b64encode(zlib.compress(b"".join((head, *self.parts)), 9)).decode("ascii")


def unpack(text: str) -> tuple[Any, bytes]:
    """The document and the bytes of its arrays, as the browser reads them."""
    data = zlib.decompress(base64.b64decode(text, validate=True))
    end = 4 + int.from_bytes(data[:4], "little")
    return json.loads(data[4:end]), data[end + -end % ALIGNMENT :]


def array_of(ref: Ref, data: bytes) -> NDArray[np.integer[Any]]:
    """The array that a reference points at."""
    count = int(np.prod(ref["shape"], dtype=int))
    kind = np.dtype(f"<{ref['kind']}")
    part = data[ref["at"] : ref["at"] + count * kind.itemsize]
    if ref["differences"]:
        part = np.frombuffer(part, np.uint8).reshape(kind.itemsize, count).T.tobytes()
    values = np.frombuffer(part, kind, count).reshape(ref["shape"])
    return np.cumsum(values, axis=-1, dtype=values.dtype) if ref["differences"] else values


def _planes(values: NDArray[np.integer[Any]]) -> bytes:
    """All lowest bytes, then all next ones: small differences leave the higher ones empty, which compresses better."""
    return values.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()
