"""MATLAB 5 files: scipy writes and judges, ours reads; damaged ones are clear errors."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest

from rgbtbench.core.errors import BenchError, DataError
from rgbtbench.files import mat
from rgbtbench.files.mat import read_mat

ATTRIBUTES = ("OCC", "LSV", "FM", "LI", "TC", "SO", "DEF")


def written(content, **options) -> bytes:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, content, **options)
    return stream.getvalue()


def cells(*texts):
    return np.array(texts, dtype=object)


def attributes(count=12) -> bytes:
    """A file such as GTOT's AttrMat.mat."""
    flags = np.random.default_rng(0).integers(0, 2, (7, count, 1))
    names = cells(*(f"Sequence{k}" for k in range(count)))
    return written({"seqName": names, **dict(zip(ATTRIBUTES, flags.astype(float), strict=True))}, do_compression=True)


@pytest.fixture(autouse=True)
def oracle():
    pytest.importorskip("scipy", reason="extra 'test' is not installed")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (7, 4), (0, 4), (2, 0)])
def test_every_kind_of_number_comes_back(compressed, kind, shape):
    values = (np.random.default_rng(1).random(shape) * 100).astype(kind)
    found = read_mat(written({"boxes": values}, do_compression=compressed), "x.mat", DataError)
    assert found["boxes"].dtype == np.float64
    np.testing.assert_array_equal(found["boxes"], values)
    assert found["boxes"].shape == shape


def test_text_is_lines_and_cells_are_texts():
    content = {
        "one": "BlackCar",
        "lines": np.array(["Tree", "Dog  ", "Straße"]),
        "cells": cells("a", "", "ünïcode", "漢字"),
        "nothing": "",
    }
    for compressed in (False, True):
        found = read_mat(written(content, do_compression=compressed), "x.mat", DataError)
        assert found["one"] == ["BlackCar"]
        assert found["lines"] == ["Tree", "Dog", "Straße"]
        assert found["cells"] == ["a", "", "ünïcode", "漢字"]
        assert "".join(found["nothing"]) == ""


def test_what_is_neither_is_left_out_and_alone_is_named():
    other = {"s": {"x": 1}, "z": np.array([[1 + 2j]]), "cube": np.zeros((2, 2, 2)), "mixed": cells("a", 1.0)}
    assert list(read_mat(written({"boxes": np.ones((2, 4)), **other}), "x.mat", DataError)) == ["boxes"]
    with pytest.raises(DataError, match="no numbers or text") as caught:
        read_mat(written(other), "x.mat", DataError)
    for words in ("x.mat", "s (struct)", "z (complex)", "cube (3 axes)", "mixed (cell)", "-v7"):
        assert words in str(caught.value)


def test_big_endian_small_elements_and_short_numbers():
    """Written by hand, as MATLAB on other machines does: doubles kept as bytes, the name in a small element."""

    def element(kind, body):
        return struct.pack(">II", kind, len(body)) + body + b"\0" * (-len(body) % 8)

    small = struct.pack(">HH", 3, 1) + b"box\0"
    head = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(">ii", 2, 2)) + small
    matrix = element(14, head + struct.pack(">HH", 4, 2) + bytes([1, 2, 3, 4]))
    packed = zlib.compress(matrix)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI"
    for body in (matrix, struct.pack(">II", 15, len(packed)) + packed):
        assert read_mat(header + body, "x.mat", DataError)["box"].tolist() == [[1, 3], [2, 4]]


def test_other_versions_say_how_to_save():
    hdf = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + b"\0" * 384 + b"\x89HDF"
    for data, found in (
        (hdf, "7.3"),
        (b"\x89HDF\r\n\x1a\n", "7.3"),
        (written({"a": 1.0}, format="4"), "MATLAB 4"),
        (b"", "empty"),
        (b"x" * 500, "no MATLAB file"),
    ):
        with pytest.raises(DataError, match="not a MATLAB 5 file") as caught:
            read_mat(data, "x.mat", DataError)
        assert found in str(caught.value)
        assert "-v7" in str(caught.value)


def test_sizes_are_bounded_before_they_are_kept(monkeypatch):
    bomb = written({"boxes": np.zeros((1 << 10, 1 << 10))}, do_compression=True)
    assert len(bomb) < 20_000
    assert read_mat(bomb, "x.mat", DataError)["boxes"].shape == (1 << 10, 1 << 10)
    monkeypatch.setattr(mat, "SIZE_LIMIT", 1 << 20)
    with pytest.raises(DataError, match="unreadable") as caught:
        read_mat(bomb, "x.mat", DataError)
    assert "1 MiB" in str(caught.value)
    monkeypatch.setattr(mat, "PARTS_LIMIT", 10)
    for content in (cells(*"abcdefghijk"), np.array(list("abcdefghijk"))):
        with pytest.raises(DataError, match="unreadable"):
            read_mat(written({"names": content}), "x.mat", DataError)


def test_damaged_files_are_errors_of_ours_and_never_crash():
    whole, rng = attributes(), random.Random(0)
    plain = written(read_mat(whole, "x", DataError))
    for number in range(3000):
        data = bytearray(rng.choice((whole, plain)))
        for _ in range(rng.choice((1, 1, 3, 20))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 255, rng.randrange(256)))
        if number % 5 == 0:
            del data[rng.randrange(len(data)) :]
        try:
            read_mat(bytes(data), "x.mat", DataError)
        except BenchError as error:
            assert "x.mat" in str(error)


def test_fields_of_a_single_struct_come_if_they_are_asked_for():
    flags = np.array([[1], [0]], np.uint8)
    data = written({"attrs": {"SequencesName": cells("a", "b"), "BC": flags}, "two": np.array([{"x": 1}, {"x": 2}])})
    found = read_mat(data, "x.mat", DataError, structs=True)
    assert found["attrs.SequencesName"] == ["a", "b"]
    np.testing.assert_array_equal(found["attrs.BC"], flags)
    assert set(found) == {"attrs.SequencesName", "attrs.BC"}
    with pytest.raises(DataError, match="no numbers or text"):
        read_mat(data, "x.mat", DataError)


def test_a_damaged_struct_is_an_error_or_other_values_but_never_a_crash():
    data = written({"attrs": {"SequencesName": cells(*"abc"), "BC": np.eye(3), "TVS": np.ones((3, 1))}})
    rng = random.Random(0)
    for _ in range(2000):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            broken[rng.randrange(128, len(data))] = rng.randrange(256)
        try:
            read_mat(
                bytes(broken[: rng.choice((len(data), rng.randrange(len(data))))]), "x.mat", DataError, structs=True
            )
        except DataError:
            continue
