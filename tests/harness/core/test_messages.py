import json

import pytest

from rgbtbench.core.errors import ConfigError, ResultError, TrackerError
from rgbtbench.core.messages import LINE, MESSAGE, describe, one_line, portable, safe, trace


class Speechless(BaseException):
    def __str__(self) -> str:
        raise SystemExit(0)


class Sly(str):
    def encode(self, *_: object) -> bytes:
        raise RuntimeError

    def __format__(self, _: str) -> str:
        raise RuntimeError


class Nameless(type):
    @property
    def __name__(cls) -> str:
        raise RuntimeError


class Strange(Exception, metaclass=Nameless):
    pass


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (ValueError("no idea"), "ValueError: no idea"),
        (ValueError(""), "ValueError"),
        (ValueError("\n \n"), "ValueError"),
        (Speechless(), "Speechless: [its message cannot be had: SystemExit]"),
        (RuntimeError(Sly("abc")), "RuntimeError: abc"),
        (Strange("abc"), "an exception: abc"),
        (ValueError("a\udc80b"), "ValueError: a\\udc80b"),
        (ValueError("\x1b]0;title\x07\r\u2028"), "ValueError: \\x1b]0;title\\x07\\r\\u2028"),
        (ValueError("zwei\nZeilen, 热"), "ValueError: zwei\nZeilen, 热"),
        (ConfigError(""), "ConfigError"),
        (TrackerError("no box", where="boy"), "no box\n  where     boy"),
    ],
)
def test_every_exception_has_words_that_can_be_stored(reason: BaseException, told: str) -> None:
    assert describe(reason) == told
    assert trace(reason)
    assert json.loads(json.dumps(describe(reason)).encode()) == told


def test_long_messages_keep_both_ends() -> None:
    found = safe("a" + "x" * (3 << 20) + "z")
    assert len(found) < MESSAGE + 10
    assert (found[0], found[-1]) == ("a", "z")


def test_one_line_names_what_where_and_the_last_words() -> None:
    died = TrackerError(
        "tracker process ended without an answer; its stderr ends:\nloading\nCUDA error: out of memory",
        where="python t.py",
        found="exit status 1",
    )
    told = "tracker process ended without an answer; its stderr ends: CUDA error: out of memory; python t.py; "
    assert one_line(died) == told + "found exit status 1"
    raised = TrackerError("raised an error in update", found="Traceback:\n  File x\nValueError: too few")
    assert one_line(raised) == "raised an error in update; found ValueError: too few"
    few = ResultError("too few rows", where="raw/boy.txt", expected="9 rows", found="5 rows", next="a command")
    assert one_line(few) == "too few rows; raw/boy.txt; expected 9 rows; found 5 rows"
    for nothing in ("", "\n", None, 3, ["a\nb"], "x" * 10**6, "a\x1b\nb"):
        assert 0 < len(one_line(nothing)) < LINE + 10
        assert "\n" not in one_line(nothing)
        assert "\x1b" not in one_line(nothing)


def test_an_error_that_crosses_a_pipe_is_plain_text() -> None:
    class Own(ConfigError):
        pass

    found = portable(Own("what", where=object(), found="\x1b"))
    assert type(found).__module__ == "rgbtbench.core.errors"
    assert all(value is None or type(value) is str for value in found.details.values())
    assert type(portable(ResultError("x"))) is ResultError
