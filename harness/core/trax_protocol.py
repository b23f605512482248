"""TraX, the protocol between trackers and evaluators of the VOT challenges: messages as lines of text.

Source: https://trax.readthedocs.io/en/latest/protocol.html. Our own lines of code, since libtrax is compiled for few
machines and has another licence. A message stands at the start of a line, ``@@TRAX:frame "file:///a.jpg" "key=value"``;
all other lines are what a program prints.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

PREFIX = b"@@TRAX:"
VERSION = 3  # of a server that follows one object; a client also knows 4, whose `initialize` has no images
WORD = re.compile(r' *(?:"((?:[^"\\]|\\.)*)"|((?:[^ "\\]|\\.)(?:[^ \\]|\\.)*))(?= |$)', re.S)
ESCAPE = re.compile(r"\\(.)", re.S)
OPTION = re.compile(r"([A-Za-z0-9._]{1,64})=(.*)", re.S)
CHANNELS = ("color", "ir")  # of RGB-T, in the protocol's order


@dataclass(frozen=True, slots=True)
class Message:
    """``name`` in lower case, what it says in order, and what it says by key."""

    name: str
    arguments: tuple[str, ...]
    options: dict[str, str]


def parse(line: bytes) -> Message | None:
    """Read a line, with or without its end; None for one that is no message. Raises ValueError for a broken message.

    >>> parse(b'@@TRAX:state "1,2,3,4" "confidence=0.5" ')
    Message(name='state', arguments=('1,2,3,4',), options={'confidence': '0.5'})
    """
    if not line.startswith(PREFIX):
        return None
    name, _, rest = os.fsdecode(line[len(PREFIX) :].rstrip(b"\r\n")).partition(" ")
    rest, arguments, options = rest.rstrip(" "), list[str](), dict[str, str]()
    while rest:
        word = WORD.match(rest)
        if word is None:
            raise ValueError(f"no words of a message: {rest[:80]!r}")
        rest = rest[word.end() :]
        text = ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], word[1] if word[2] is None else word[2])
        if option := OPTION.fullmatch(text):
            options[option[1]] = option[2]
        else:
            arguments.append(text)
    return Message("state" if name.lower() == "status" else name.lower(), tuple(arguments), options)


def write(name: str, *arguments: str, **options: object) -> bytes:
    r"""Write a message as one line; ``_`` in an option's key stands for its dot.

    >>> write("hello", trax_version=3)
    b'@@TRAX:hello "trax.version=3"\n'
    """
    words = [*arguments, *(f"{key.replace('_', '.')}={value}" for key, value in options.items())]
    quoted = [f' "{word}"' for word in (re.sub(r'([\\"])', r"\\\1", w).replace("\n", r"\n") for w in words)]
    return PREFIX + os.fsencode(name + "".join(quoted)) + b"\n"


def words(text: str) -> list[str]:
    """The parts of a list such as ``color;ir``."""
    return [part for part in re.split("[;, ]+", text.lower()) if part]


def rectangle(text: str) -> tuple[float, ...]:
    """The four numbers ``x y w h`` of a region. Raises ValueError that says what it is instead.

    >>> rectangle("1,2,3,4")
    (1.0, 2.0, 3.0, 4.0)
    """
    kind, colon, rest = text.partition(":")
    if kind == "mask" or text.startswith("m"):
        raise ValueError("a mask")
    try:
        numbers = tuple(map(float, (rest if colon else text).split(",")))
    except ValueError:
        numbers = ()
    if len(numbers) == 4 and all(map(math.isfinite, numbers)):
        return numbers
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        raise ValueError(f"a polygon of {len(numbers) // 2} points")
    raise ValueError(f"no region but {text[:80]!r}")


def file_image(path: Path) -> str:
    """An image by its file."""
    return f"file://{path.absolute()}"


def image_file(text: str) -> Path:
    """The file of an image. Raises ValueError for one that comes in another way."""
    scheme, colon, rest = text.partition(":")
    if colon and len(scheme) > 1 and scheme != "file":
        raise ValueError(f"an image of kind {scheme[:20]!r}, not a file")
    return Path((rest[2:] if rest.startswith("//") else rest) if scheme == "file" and colon else text)
