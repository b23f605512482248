"""Arrays in strangers' files: read without running anything, within bounds, and refused with their place."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from rgbtbench.core.errors import ResultError
from rgbtbench.files.arrays import read_leaves, read_rows

ROWS = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]


def npy(values: object, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values), **options)
    return stream.getvalue()


def with_header(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + data


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.json", json.dumps(ROWS).encode()),
        ("a.json", json.dumps({"boxes": ROWS, "time": [0.1, 0.2], "label": "x"}).encode("utf-16")),
        ("a.JSON", b"\xef\xbb\xbf" + json.dumps({"a": {"b": ROWS}}).encode()),
        ("a.npy", npy(ROWS)),
        ("a.npy", npy(np.array(ROWS, dtype=">i2"))),
        ("a.npz", npz(boxes=npy(ROWS), n=npy(3))),
        ("a.txt", b"1 2 3 4\n5 6 7 8\n"),
        ("a.txt", b"1.0000\r\n1,2,3,4\r\n5,6,7,8\r\n"),  # VOT's code for the given box
    ],
)
def test_boxes_of_one_sequence(path, data):
    assert read_rows(path, data, path, ResultError).tolist() == ROWS


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


LONG = [[0, 0, 1, 1]] * 9
BAD = [
    ("a.txt", b"1 2 3 4\n1\n5 6 7 8\n", "a.txt:2"),
    ("a.txt", b"2\n5 6 7 8\n", "a.txt:1"),
    ("a.json", b"{", "not a JSON file"),
    ("a.json", b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ("a.json", b"[" + b"[]," * 4_000_001 + b"[]]", "too large"),
    ("a.json", b"\xff\xff\x00", "not a JSON file"),
    ("a.json", json.dumps({"a": ROWS, "b": ROWS}).encode(), "several arrays"),
    ("a.json", b'{"a": [[1,2,3,4]], "a": [[5,6,7,8]]}', "twice"),
    ("a.json", b'{"a": 3}', "no boxes"),
    ("a.json", json.dumps([*LONG, [1, 2, 3]]).encode(), "a.json:10"),
    ("a.json", json.dumps([*LONG, ["1", 2, 3, 4]]).encode(), "a.json:10"),
    ("a.json", json.dumps([*LONG, [None, 2, 3, 4]]).encode(), "not a row of numbers"),
    ("a.json", json.dumps([*LONG, [True, 2, 3, 4]]).encode(), "not a row of numbers"),
    ("a.json", json.dumps([*LONG, 5]).encode(), "not a row of numbers"),
    ("a.json", json.dumps([*LONG, [10**400, 2, 3, 4]]).encode(), "a.json:10"),
    ("a.json", json.dumps([[1, 2, 3]]).encode(), "wrong number of columns"),
    ("a.npy", npy(ROWS)[:-1], "damaged"),
    ("a.npy", b"not", "not a .npy file"),
    ("a.npy", npy(np.array([Evil()], dtype=object), allow_pickle=True), "may run code"),
    ("a.npy", pickle.dumps(Evil()), "not a .npy file"),
    ("a.npy", npy(np.ones((4, 9))), "turned?"),
    ("a.npy", npy(np.ones((9, 5))), "9 x 5"),
    ("a.npy", npy(np.ones((0, 4))), "0 x 4"),
    ("a.npy", npy(np.array([["a"] * 4])), "not numbers"),
    ("a.npy", npy(np.ones((2, 4), dtype=complex)), "not numbers"),
    ("a.npy", with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**12, 4)}"), "not a .npy file"),
    ("a.npy", with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4)}"), "damaged"),
    (
        "a.npy",
        with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", pickle.dumps(Evil())),
        "may run code",
    ),
    ("a.npy", with_header("__import__('os').mkdir('evil')"), "not a .npy file"),
    ("a.npy", with_header("{'descr': ["), "not a .npy file"),
    ("a.npy", with_header("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000, 4)}"), "not numbers"),
    ("a.npy", with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 4)}"), "damaged"),
    ("a.npz", npz(a=npy(ROWS))[:60], "zip"),
    ("a.npz", npz(a=npy(ROWS))[5:], "zip"),
    ("a.npz", npz(a=npy(ROWS), b=npy(ROWS)), "several arrays"),
    ("a.npz", npz(boxes=npy(np.zeros((1 << 20, 8)))), "too large"),
]


@pytest.mark.parametrize(("path", "data", "told"), BAD, ids=[f"{path}: {told}" for path, _, told in BAD])
def test_what_is_no_box_is_refused_and_nothing_runs(path, data, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResultError) as caught:
        read_rows(path, data, path, ResultError)
    assert told in str(caught.value)
    assert path in str(caught.value)
    assert not any(tmp_path.iterdir())


def test_names_and_depth_of_a_json_file_are_bounded():
    deep: object = ROWS
    for _ in range(50):
        deep = {"a" * 10: deep}
    long = {"n" * 10_000: {str(k): ROWS for k in range(100)}}
    assert read_leaves("a.json", json.dumps({"deep": deep, "long": long, "a": ROWS}).encode(), "a", ResultError) == {
        "a": ROWS
    }
    with pytest.raises(ResultError, match="too many arrays"):
        read_leaves("a.json", json.dumps({str(k): [[1, 2, 3, 4]] for k in range(20_001)}).encode(), "a", ResultError)
