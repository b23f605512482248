"""Messages of TraX: what is written is read, and no line does harm."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench.core.trax_protocol import Message, file_image, image_file, parse, rectangle, words, write

PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")
ARGUMENT = st.text(PLAIN, max_size=20).filter(lambda text: "=" not in text)


@given(st.lists(ARGUMENT, max_size=4), st.text(PLAIN, max_size=20))
def test_what_is_written_is_read(arguments, value):
    line = write("frame", *arguments, my_key=value)
    assert line.count(b"\n") == 1
    assert parse(line) == Message("frame", tuple(arguments), {"my.key": value})


@given(st.binary(max_size=60), st.booleans())
def test_any_line_is_a_message_or_none_or_broken(line, told):
    try:
        found = parse(b"@@TRAX:" * told + line)
    except ValueError:
        return
    assert found is None or isinstance(found, Message)


@given(st.text(max_size=30))
def test_any_region_is_four_finite_numbers_or_told(text):
    try:
        assert all(map(math.isfinite, rectangle(text)))
    except ValueError as reason:
        assert str(reason).startswith(("a mask", "a polygon", "no region"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"@@TRAX:quit", Message("quit", (), {})),
        (b"@@TRAX:quit \r\n", Message("quit", (), {})),
        (b"@@TRAX:status 1,2,3,4", Message("state", ("1,2,3,4",), {})),
        (b'@@TRAX:state rect:1,2,3,4 a.b=c "d=e f"', Message("state", ("rect:1,2,3,4",), {"a.b": "c", "d": "e f"})),
        (b'@@TRAX:frame "file:///a=b/c d.jpg"', Message("frame", ("file:///a=b/c d.jpg",), {})),
        (b'@@TRAX:frame "a\\"b\\\\c\\nd" e\\ f', Message("frame", ('a"b\\c\nd', "e f"), {})),
        (b" @@TRAX:quit", None),
        (b"printed", None),
    ],
)
def test_lines_as_other_programs_write_them(line, found):
    assert parse(line) == found


def test_images_and_lists():
    assert image_file(file_image(Path("/a b/c=d.jpg"))) == Path("/a b/c=d.jpg")
    assert image_file("/legacy.jpg") == Path("/legacy.jpg")
    assert image_file("file:/one.jpg") == Path("/one.jpg")
    with pytest.raises(ValueError, match="'http', not a file"):
        image_file("http://x/y.jpg")
    assert rectangle("rect:1,2,3,4") == (1, 2, 3, 4)
    assert words("Color; ir") == words("color,ir") == ["color", "ir"]
