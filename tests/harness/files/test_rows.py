from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgbtbench.core.errors import BenchError, ResultError
from rgbtbench.files.rows import parse_rows

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(-(10**9), 10**9)
tables = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=n, max_size=n)
)


def read(text: str | bytes, columns: tuple[int, ...] = (4, 8)) -> np.ndarray:
    return parse_rows(text if isinstance(text, bytes) else text.encode(), "boxes.txt", columns, ResultError)


@given(
    tables,
    st.sampled_from([",", "\t", " ", ", ", "  ", ";", " , "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_every_number_is_read_to_its_last_bit(table, separator, newline, last_newline):
    text = newline.join(separator.join(repr(v) for v in row) for row in table) + newline * last_newline
    np.testing.assert_array_equal(read(text), np.array(table, dtype=float))


@pytest.mark.parametrize("spelling", ["209", "209.0", "2.090000000000000000e+02", "+209", "209."])
def test_number_styles_of_the_real_files(spelling):
    assert read(f"{spelling} 1 2 3\n")[0, 0] == 209


def test_a_separator_at_the_end_of_rows_is_no_field():
    assert (
        read("1,2,3,4,\n5,6,7,8,\n").tolist()
        == read("1\t2\t3\t4\t\n5 6 7 8 \n").tolist()
        == [[1, 2, 3, 4], [5, 6, 7, 8]]
    )


def test_byte_order_mark_and_trailing_blank_lines_do_no_harm():
    assert read(b"\xef\xbb\xbf1,2,3,4\r\n\r\n\n").tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("order", ["le", "be"])
def test_text_of_windows_tools_in_utf_16(order):
    text = "\ufeff1,2,3,4\r\n5,6,7,8.5\r\n"
    assert read(text.encode(f"utf-16-{order}")).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8.5]]
    with pytest.raises(ResultError):
        read(text.encode(f"utf-16-{order}")[:-1])


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("1,2,3,4\n1,2,x,4\n", "not a number", 2),
        ("1,2,3,4\n1,2,3\n", "wrong number of columns", 2),
        ("1 2 3 4\n1 2 3 4 5 6 7 8\n", "rows of different length", 2),
        ("1,2,3\n", "wrong number of columns", 1),
        ("1,2,3,4\n\n5,6,7,8\n", "blank line", 2),
        ("1,2,3,4\n5-3,1,2,3\n", "not a number", 2),
        ("1,2,3,4\n1,,3,4,5\n", "empty field", 2),
        ("1,2,3,4\n1, ,3,4,5\n", "empty field", 2),
        ("1,2,3,4\n,1,2,3,4\n", "empty field", 2),
        ("1 2 3 4\n5 - 20 30\n", "not a number", 2),
        ("1\t2\t3\t4\n12,50\t7,00\t3,00\t4,00\n", "decimal commas", 2),
        ("12,5;7,0;3,0;4,0\n", "decimal commas", 1),
        ("1,2 nan,3\n", "decimal commas", 1),
        ("# x y w h\n1,2,3,4\n", "not a number", 1),  # a header, and no decimal comma in line 2
        ("1,2,3,4\nmean fps 33.1\n", "not a number", 2),
        ("1,2,3,4\n1 2 3 4\n", "blanks beside ','", 2),
        ("1,2 3,4\n", "blanks beside ','", 1),
        ("1 2 3 4\n1\x0b2\x0b3\x0b4\n", "control code", 2),
        ("1\x1c2\x1d3\x1e4\n", "control code", 1),
        ("x y w h\n1 2 3 4\n", "not a number", 1),
        ("1_0 2 3 4\n", "not a number", 1),
        ("0x10 2 3 4\n", "not a number", 1),
    ],
)
def test_faults_name_file_and_line(text, what, line):
    with pytest.raises(ResultError, match=what) as caught:
        read(text)
    assert f"boxes.txt:{line}" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n\n", b" \r\n"])
def test_an_empty_file_is_called_empty(data):
    with pytest.raises(ResultError, match="empty file"):
        read(data)


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03", b"\xff\xd8\xff\xe0 jpeg", b"PK\x03\x04", bytes(range(256))])
def test_a_binary_file_is_an_error(data):
    with pytest.raises(ResultError):
        read(data)


def test_a_number_too_long_for_an_integer_is_still_exact():
    assert read("99999999999999999999 1 2 3")[0, 0] == 1e20


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_any_bytes_give_rows_or_a_clear_error(data):
    try:
        rows = read(data)
    except BenchError as error:
        assert "boxes.txt" in str(error)
    else:
        assert rows.ndim == 2
        assert rows.shape[1] in (4, 8)


def test_mutated_results_are_never_misread():
    """Flip bytes of a good file: what is still accepted must be what a plain reader of the same rules sees."""
    rng = random.Random(0)
    good = "\n".join(f"{i},{i + 1},{i % 7 + 3}.5,{i % 5 + 4}" for i in range(40)).encode()
    accepted = 0
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.choice(b"0123456789,.-+eE \t\r\nxN\x00\xff")
        try:
            rows = read(bytes(data))
        except ResultError:
            continue
        accepted += 1
        lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
        assert not any(",," in line or line.startswith(",") for line in lines)
        expected = [[float(field) for field in line.replace(",", " ").split()] for line in lines]
        np.testing.assert_array_equal(rows, np.array(expected))
    assert accepted > 300


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"1,2,3,4\n" + b"1" * 20_000 + b"x,2,3,4\n", "not a number"),
        (b"1,2,3,4\n" + b"1" * 400_000 + b".x,2,3,4\n", "not a number"),
        (b"1," * (4 << 20), "too large"),
        (b"1.\n" * (8 << 20), "too large"),
        (b"1.5,2.5,3,4\n" * 300_000 + b"x,1,2,3\n", "not a number"),
    ],
)
def test_large_files_that_are_no_boxes_are_refused_in_seconds(data: bytes, told: str):
    start = time.process_time()
    with pytest.raises(ResultError, match=told) as caught:
        parse_rows(data, "x.txt", (4, 8), ResultError)
    assert time.process_time() - start < 10
    assert len(str(caught.value)) < 600
    assert caught.value.details["next"]
