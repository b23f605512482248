"""YAML whose every value knows its line, so that a complaint can name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .errors import ConfigError, unknown

T = TypeVar("T")
Keys = tuple[str | int, ...]  # the way to a value: ("trackers", 0, "weights")
SIZE_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20


class Document:
    """YAML as plain values, with the line of each. Paths in it are relative to ``folder``, by default its own."""

    def __init__(self, path: Path, shown: Path, *, kind: str = "experiment", folder: Path | None = None) -> None:
        import yaml

        self.path, self.shown, self.folder = path, shown, folder or path.parent
        try:
            data = path.read_bytes()
        except OSError as reason:
            raise ConfigError(f"cannot read {kind}", where=shown, found=reason.strerror) from None
        if len(data) > SIZE_LIMIT:
            raise ConfigError(f"{kind} too large", where=shown, expected=f"at most {SIZE_LIMIT >> 20} MiB")
        try:
            loader = yaml.SafeLoader(data)
            depth = 0
            for event in yaml.parse(data, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > DEPTH_LIMIT:  # the parser takes a minute for 20,000 brackets
                    raise ConfigError("nested too deep", where=shown, expected=f"at most {DEPTH_LIMIT} levels")
                if isinstance(event, yaml.AliasEvent):  # nine lines of them make a billion values
                    mark: Any = event.start_mark
                    raise ConfigError("aliases are not supported", where=f"{shown}:{mark.line + 1}")
            root = loader.get_single_node()
            self.lines: dict[Keys, int] = {}
            if root is not None:
                self._locate(root, (), loader)
            self.value: Any = loader.construct_document(root) if root is not None else {}
        except yaml.YAMLError as reason:
            mark = getattr(reason, "problem_mark", None)
            problem = getattr(reason, "problem", None) or str(reason).splitlines()[0]
            raise ConfigError(
                "not valid YAML", where=f"{shown}:{mark.line + 1}" if mark else shown, found=problem
            ) from None
        except ValueError as reason:  # a date such as 2022-13-45
            raise ConfigError("not valid YAML", where=shown, found=str(reason).splitlines()[0]) from None

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
        import yaml

        way, equals, text = change.partition("=")
        if not equals or not way:
            raise ConfigError("malformed --set", expected="KEY.KEY=VALUE", found=repr(change))
        keys: list[Any] = [int(part) if part.isdigit() else part for part in way.split(".")]
        *path, last = keys
        place: Any = self.value
        try:
            for key in path:
                place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
            if not isinstance(place, dict | list):
                raise TypeError
            value = yaml.safe_load(text)
            place[last] = value
        except (IndexError, TypeError, yaml.YAMLError):
            raise ConfigError(f"--set leads nowhere in {self.shown}", expected="KEY.KEY=VALUE", found=change) from None
        self.lines = {k: line for k, line in self.lines.items() if k[: len(keys)] != tuple(keys)} | {tuple(keys): 0}

    def where(self, keys: Keys) -> str:
        """FILE:LINE of a value, or of the nearest thing around it; ``--set`` has no line."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        line = self.lines.get(keys, 1)
        return f"{self.path}:{line}" if line else f"--set {'.'.join(map(str, keys))}"

    def at(self, keys: Keys) -> Any:
        """The value at ``keys``."""
        found = self.value
        for key in keys:
            found = found[key]
        return found

    def existing(self, text: str, keys: Keys, what: str, *, next: str) -> Path:
        """A path relative to ``folder``, which must exist."""
        found = (self.folder / Path(text).expanduser()).absolute()
        if not found.exists():
            raise ConfigError(f"{what} not found", where=self.where(keys), found=f"nothing at {found}", next=next)
        return found

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
