"""YAML in which every value knows its line, so that an error can name it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os.path import expanduser
from pathlib import Path
from typing import Any, TypeVar

from rgbtbench.core import regular
from rgbtbench.core.errors import ConfigError, unknown

T = TypeVar("T")
Keys = tuple[str | int, ...]  # the way to a value: ("trackers", 0, "weights")
SIZE_LIMIT = 128 << 10  # bytes: the library reads 70 kB a second
DEPTH_LIMIT = 20
NUMBER_LIMIT = 100  # characters
TAG = "tag:yaml.org,2002:"
KNOWN = ("null", "bool", "int", "float", "str", "seq", "map")  # dates are text here, and so is 12:30 (base 60)


def _parsed(data: bytes, where: str, look: Callable[[Any, Keys, Any], None] | None = None) -> Any:
    """YAML as plain values, None for nothing. ``look`` sees the nodes first. Raises ConfigError with its line."""
    import yaml

    try:
        loader = _loader()(data)
        root = loader.get_single_node()
        if root is None:
            return None
        if look is not None:
            look(root, (), loader)
        return loader.construct_document(root)
    except yaml.YAMLError as reason:
        mark = getattr(reason, "problem_mark", None)
        found, line = getattr(reason, "problem", None) or str(reason), f":{mark.line + 1}" if mark else ""
    except (ArithmeticError, LookupError, ValueError) as reason:  # what a tag says is none of its kind: !!bool maybe
        found, line = str(reason), ""
    raise ConfigError("not valid YAML", where=where + line, found=found.split("\n")[0])


@lru_cache
def _loader() -> Any:
    """The library's safe loader, for files of strangers: nothing refers, nothing is deep, and numbers are short."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            mark = self.peek_event().start_mark
            if self.check_event(yaml.AliasEvent):  # nine lines of them make a billion values
                raise yaml.MarkedYAMLError(problem="aliases are not supported", problem_mark=mark)
            self.depth += 1
            if self.depth > DEPTH_LIMIT:  # the parser takes a minute for 20,000 brackets
                problem = f"nested too deep: more than {DEPTH_LIMIT} levels"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            tag = super().resolve(kind, value, implicit)
            odd = tag in (f"{TAG}int", f"{TAG}float") and ":" in value
            return f"{TAG}str" if odd or tag in (f"{TAG}timestamp", f"{TAG}merge", f"{TAG}value") else tag

        def construct_scalar(self, node: Any) -> Any:
            value = super().construct_scalar(node)
            number = node.tag in (f"{TAG}int", f"{TAG}float")
            if number and (len(value) > NUMBER_LIMIT or ":" in value):
                problem = f"a number of {len(value):,} characters"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
            if not value.isprintable() and re.search("[\0\ud800-\udfff]", value):
                problem = "text with NUL or half a character"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
            return value

    known = {f"{TAG}{name}" for name in KNOWN}
    Loader.yaml_constructors = {k: v for k, v in Loader.yaml_constructors.items() if k is None or k in known}
    return Loader


class Document:
    """YAML as plain values, with the line of each. Paths in it are relative to ``folder``, by default its own."""

    in_file = True

    def __init__(self, path: Path, shown: Path, *, kind: str = "experiment", folder: Path | None = None) -> None:
        self.path, self.shown, self.folder = path, shown, folder or path.parent
        try:
            with regular.opened(path) as stream:
                data = stream.read(SIZE_LIMIT + 1)
        except OSError as reason:
            raise ConfigError(f"cannot read {kind}", where=shown, found=reason.strerror) from None
        if len(data) > SIZE_LIMIT:
            raise ConfigError(f"{kind} too large", where=shown, expected=f"at most {SIZE_LIMIT >> 10} KiB")
        self.lines: dict[Keys, int] = {}
        self.value: Any = _parsed(data, str(shown), self._locate) or {}

    @classmethod
    def given(cls, value: Mapping[str, Any], kind: str = "experiment") -> Document:
        """What would stand in a file, given in Python: complaints name the keys, and paths start from here.

        Raises ConfigError for a value that YAML cannot hold.
        """
        try:
            plain = json.loads(json.dumps(value, default=os.fspath))  # lists of tuples, texts of paths
        except (TypeError, ValueError, RecursionError) as reason:
            raise ConfigError(
                f"{kind} is not plain", expected="mappings, lists, texts, numbers", found=reason
            ) from None
        self = cls.__new__(cls)
        self.path, self.shown, self.folder, self.in_file = Path.cwd() / kind, Path(kind), Path.cwd(), False
        self.lines, self.value = {}, plain
        return self

    def _locate(self, node: Any, keys: Keys, loader: Any) -> None:
        import yaml

        self.lines.setdefault(keys, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key_node, inner in node.value:
                key = loader.construct_object(key_node) if isinstance(key_node, yaml.ScalarNode) else key_node.tag
                if (*keys, key) in self.lines:
                    place = f"{self.shown}:{key_node.start_mark.line + 1}"
                    raise ConfigError("key given twice", where=place, found=repr(key), next="remove one of them")
                self.lines[keys + (key,)] = key_node.start_mark.line + 1
                self._locate(inner, (*keys, key), loader)
        elif isinstance(node, yaml.SequenceNode):
            for index, inner in enumerate(node.value):
                self._locate(inner, (*keys, index), loader)

    def set(self, change: str) -> None:
        """Apply ``trackers.0.weights=PATH``; paths in it are relative to ``folder`` too."""
        way, equals, text = change.partition("=")
        if not equals or not way:
            raise ConfigError("malformed --set", expected="KEY.KEY=VALUE", found=repr(change))
        keys: list[Any] = [int(part) if re.fullmatch("[0-9]{1,9}", part) else part for part in way.split(".")]
        value = _parsed(text.encode(errors="surrogateescape"), f"--set {way}")
        *path, last = keys
        place: Any = self.value
        try:
            for key in path:
                place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
            if not isinstance(place, dict | list):
                raise TypeError
            place[last] = value
        except (LookupError, TypeError):
            raise ConfigError(f"--set leads nowhere in {self.shown}", expected="KEY.KEY=VALUE", found=change) from None
        self.lines = {k: line for k, line in self.lines.items() if k[: len(keys)] != tuple(keys)} | {tuple(keys): 0}

    def where(self, keys: Keys) -> str:
        """FILE:LINE of a value, or of the nearest thing around it; ``--set`` has no line, nor what was ``given``."""
        if not self.in_file:
            return ".".join(map(str, (self.shown, *keys)))
        while keys and keys not in self.lines:
            keys = keys[:-1]
        line = self.lines.get(keys, 1)
        return f"{self.path}:{line}" if line else f"--set {'.'.join(map(str, keys))}"

    def at(self, keys: Keys) -> Any:
        """The value at ``keys``."""
        value = self.value
        for key in keys:
            value = value[key]
        return value

    def existing(self, text: str, keys: Keys, what: str, *, next: str) -> Path:
        """A path relative to ``folder``, which must exist."""
        path = (self.folder / expanduser(text)).absolute()  # noqa: PTH111  of nobody ("~x") it stays as it is
        if not path.exists():
            raise ConfigError(f"{what} not found", where=self.where(keys), found=f"nothing at {path}", next=next)
        return path

    def section(self, keys: Keys, known: tuple[str, ...], *, what: str = "keys and values") -> Section:
        """A mapping that may have only ``known`` keys."""
        value = self.at(keys)
        if not isinstance(value, dict):
            raise ConfigError("not a mapping", where=self.where(keys), expected=what, found=repr(value)[:60])
        for key in value:
            if key not in known:
                error = unknown("key", str(key), known)
                error.details["where"] = self.where((*keys, key))
                raise error
        return Section(self, keys, value)


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of the document."""

    document: Document
    keys: Keys
    value: Mapping[str, Any]

    def where(self, key: str | None = None) -> str:
        """FILE:LINE of a key, or of the mapping."""
        return self.document.where((*self.keys, key) if key else self.keys)

    def get(self, key: str, kind: type[T], default: Any) -> Any:
        """A value of one type, or the default."""
        value = self.value.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            names = {str: "text", int: "a whole number", dict: "a mapping", list: "a list"}
            found = f"{value!r} ({type(value).__name__})"
            raise ConfigError(f"{key!r} has a wrong type", where=self.where(key), expected=names[kind], found=found)
        return value

    def need(self, key: str, kind: type[T]) -> Any:
        """A value that must be there."""
        value = self.get(key, kind, None)
        if value is None:
            raise ConfigError(f"{key!r} is missing", where=self.where(), next=f"add {key}: ...")
        return value

    def inside(self, key: str, kind: type[T]) -> Any:
        """A list or mapping that must not be empty."""
        value = self.need(key, kind)
        if not value:
            raise ConfigError(f"{key!r} is empty", where=self.where(key), expected="at least one", found=repr(value))
        return value
