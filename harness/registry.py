"""Names to objects, without importing anything until it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Generic, TypeVar

from .errors import unknown

T = TypeVar("T")


class Registry(Generic[T]):
    """Built-in names of one kind, each a lazy ``package.module:Attr``."""

    def __init__(self, kind: str, builtin: Mapping[str, str], *, next: str | None = None) -> None:
        self.kind, self.builtin, self.next = kind, builtin, next

    def names(self) -> list[str]:
        """All names, in the order they were declared."""
        return list(self.builtin)

    def get(self, name: str) -> T:
        """Import and return what a name stands for; case does not matter. Raises ConfigError with a suggestion."""
        known = {key.lower(): key for key in self.builtin}
        if name.lower() not in known:
            raise unknown(self.kind, name, self.builtin, next=self.next)
        module, _, attribute = self.builtin[known[name.lower()]].partition(":")
        found: T = getattr(importlib.import_module(module), attribute)
        return found
