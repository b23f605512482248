"""Checks of parameters: an error names the value that is out of range, and what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .errors import ConfigError


def require(
    table: object,
    kind: str,
    *,
    whole: Mapping[str, int] | None = None,
    fractions: Iterable[str] = (),
    positive: Iterable[str] = (),
) -> None:
    """Raise ConfigError unless these attributes are whole and at least so much, in [0, 1), above 0."""
    for name, least in (whole or {}).items():
        value = getattr(table, name)
        if type(value) is not int or value < least:
            raise out_of_range(kind, name, f"whole, at least {least}", value)
    for name in fractions:
        if not (is_number(value := getattr(table, name)) and 0 <= value < 1):
            raise out_of_range(kind, name, "at least 0, below 1", value)
    for name in positive:
        if not is_positive(value := getattr(table, name)):
            raise out_of_range(kind, name, "a positive number", value)


def is_number(value: object) -> bool:
    """Finite, and neither true nor false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_positive(value: object) -> bool:
    """A number above 0."""
    return is_number(value) and value > 0  # type: ignore[operator]


def is_list(value: object) -> bool:
    """A tuple, or a list as YAML gives it."""
    return isinstance(value, (tuple, list))


def out_of_range(kind: str, name: str, expected: str, value: object) -> ConfigError:
    """Build the error for one parameter of a ``kind`` of table."""
    return ConfigError(f"{kind}: {name} out of range", expected=expected, found=repr(value))
