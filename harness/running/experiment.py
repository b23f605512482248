"""An experiment: one YAML file as frozen dataclasses. Errors name the line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rgbtbench.core.boxes import reading
from rgbtbench.core.errors import ConfigError, advised, unknown
from rgbtbench.datasets.stress import Chosen, chosen, require_modality
from rgbtbench.files.yaml_lines import Document, Keys, Section
from rgbtbench.trackers import places, shipped_weights

if TYPE_CHECKING:
    from rgbtbench.datasets.spec import Spec


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A benchmark and where it lies."""

    name: str
    reference: str  # what the registry takes in any process: the name, or FILE.py:SPEC with an absolute path
    root: Path
    split: str | None
    where: str  # FILE:LINE


@dataclass(frozen=True, slots=True)
class TrackerEntry:
    """A tracker to run (``use``), or raw results to import (``results``)."""

    label: str
    where: str  # FILE:LINE
    folder: Path  # of the experiment's file
    use: str | None = None  # as typed
    spec: str | None = None  # the same with an absolute path, for the registry
    weights: Path | None = None
    modality: Literal["rgb", "tir"] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)  # and ``preset``
    results: Path | None = None
    boxes: str | None = None
    year: int | None = None
    note: str | None = None
    batch: int = 1  # sequences that it follows at once
    stress: Chosen | None = None  # what its frames suffer

    def under(self, one: Chosen) -> TrackerEntry:
        """The same tracker under a stress. Raises ConfigError if it does not see the modality in question."""
        require_modality(one, self.modality, f"{self.where} ({self.label})")
        return replace(self, label=f"{self.label}{one.suffix}", stress=one)

    @property
    def file(self) -> Path | None:
        """The file that holds the tracker, if it was named by file."""
        place = (self.spec or "").rpartition(":")[0]
        return Path(place) if place.endswith(".py") else None

    @property
    def arguments(self) -> dict[str, Any]:
        """What the tracker is created with: ``params`` with paths made absolute, and ``weights``."""
        made: dict[str, Any] = _resolved(dict(self.params), self.folder)
        made |= {key: str(self.folder / Path(str(made[key])).expanduser()) for key in self.places}
        return made | ({"weights": str(self.weights)} if self.weights else {})

    @property
    def paths(self) -> dict[str, Path]:
        """The files and folders that ``params`` name, by how they are written; not ``places``."""
        named = {key: value for key, value in self.params.items() if key not in self.places}
        return {text: self.folder / path_of(text) for text in _texts(named) if is_path(text)}

    @property
    def places(self) -> tuple[str, ...]:
        """The parameters given that only say where a tracker lies."""
        return tuple(key for key in places(self.use) if self.params.get(key) is not None)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run on what."""

    path: Path
    name: str
    datasets: tuple[DatasetEntry, ...]
    trackers: tuple[TrackerEntry, ...]
    seed: int
    stress: tuple[Chosen, ...] = ()  # each tracker also runs under each of these


def is_path(value: object) -> bool:
    """Whether a parameter is a path relative to the experiment's file: a string that starts with ./ or ../."""
    return isinstance(value, str) and value.startswith(("./", "../"))


def path_of(text: str) -> str:
    """The path in ``./path`` or ``./file.py:Class``."""
    place, _, _ = text.rpartition(":")
    return place if place.endswith(".py") else text


def _resolved(value: Any, folder: Path) -> Any:
    """The same parameters with absolute paths, however deep they stand."""
    if isinstance(value, dict):
        return {key: _resolved(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, folder) for inner in value]
    return str(folder / value) if is_path(value) else value


def _texts(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
    if isinstance(value, str):
        yield value


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``--only`` asks for, by kind; an empty kind asks for all of it."""

    labels: frozenset[str]
    datasets: frozenset[Any]
    sequences: tuple[str, ...]  # parts of names

    def __str__(self) -> str:
        kinds = {
            "trackers": sorted(self.labels),
            "datasets": sorted(map(str, self.datasets)),
            "sequences": self.sequences,
        }
        return " · ".join(f"{kind} {', '.join(names)}" for kind, names in kinds.items() if names)


def choose(only: Iterable[str], labels: Iterable[str], datasets: Mapping[str, Any]) -> Choice:
    """Sort the words of ``--only`` by what they name: a label, a dataset, a part of either, else a part of sequences.

    ``datasets``: folder in the store, such as ``LasHeR-train`` -> name. Kinds are combined: each narrows the others.

    >>> print(choose(["RGBT234", "DCF"], ["DCF", "DCF-rgb"], {"RGBT234": "RGBT234", "LasHeR": "LasHeR"}))
    trackers DCF · datasets RGBT234
    """
    labels = list(labels)
    chosen: set[str] = set()
    sets: set[Any] = set()
    parts: list[str] = []
    for word in only:
        exact = {label for label in labels if label.lower() == word.lower()}
        places = {name for home, name in datasets.items() if word.lower() in (home.lower(), str(name).lower())}
        near = {label for label in labels if word in label}
        around = {name for home, name in datasets.items() if word in home}
        if exact or (near and not places):
            chosen |= exact or near
        elif places or around:
            sets |= places or around
        else:
            parts.append(word)
    return Choice(frozenset(chosen), frozenset(sets), tuple(parts))


@advised("mend it; docs/runs.md explains every key")
def load_experiment(
    source: str | Path | Mapping[str, Any], changes: Iterable[str] = (), only: Iterable[str] = ()
) -> Experiment:
    """Read an experiment: a file, or what would stand in one.

    ``changes``: ``trackers.0.weights=PATH`` and the like, applied before anything is checked.
    ``only``: words as ``choose`` takes them; of datasets and trackers that are left out, no file is looked for.

    Raises ConfigError with FILE:LINE for anything unknown, missing, of a wrong type or absent from the disk.
    """
    if isinstance(source, Mapping):
        document = Document.given(source)
    else:
        document = Document(Path(source).absolute(), Path(source))
    for change in changes:
        document.set(change)
    top = document.section((), ("name", "datasets", "trackers", "seed", "stress"))
    names = list(top.inside("datasets", dict))
    sections = [_section(document, index) for index in range(len(top.inside("trackers", list)))]
    labels = [_label(section) for section in sections]
    for kind, labelled in (("trackers", labels), ("datasets", [str(name) for name in names])):
        for index, label in enumerate(labelled):
            first = next(k for k, other in enumerate(labelled) if other.lower() == label.lower())
            if first != index:
                where = document.where((kind, names[index] if kind == "datasets" else index))
                raise ConfigError(
                    f"two {kind} labelled alike", where=where, found=repr(label), next="give one another label"
                )
    choice = choose(only, labels, _homes(document, names))
    datasets = tuple(_dataset(document, n) for n in names if not choice.datasets or n in choice.datasets)
    trackers = tuple(
        _tracker(document, index, section, label)
        for index, (section, label) in enumerate(zip(sections, labels, strict=True))
        if not choice.labels or label in choice.labels
    )
    seed = top.get("seed", int, 0)
    if seed < 0:
        raise ConfigError("seed is negative", where=top.where("seed"), expected="0 or more", found=seed)
    stress = _stress(top)
    return Experiment(document.path, top.get("name", str, document.path.stem), datasets, trackers, seed, stress)


def _stress(top: Section) -> tuple[Chosen, ...]:
    words = top.get("stress", list, [])
    try:
        return chosen(words)
    except ConfigError as error:
        error.details["where"] = top.where("stress")
        raise


def tracker_entry(entry: str | Mapping[str, Any]) -> TrackerEntry:
    """A tracker by name, or as an experiment describes one: ``{"use": NAME, "weights": PATH}``. Raises ConfigError."""
    document = Document.given({"trackers": [{"use": entry} if isinstance(entry, str) else entry]}, "given")
    section = _section(document, 0)
    return _tracker(document, 0, section, _label(section))


def _spec(document: Document, key: Any) -> tuple[str, Spec]:
    """What ``DatasetEntry.reference`` says, and what it stands for. Raises ConfigError with the line."""
    from rgbtbench.datasets import BENCHMARKS

    keys: Keys = ("datasets", key)
    reference, (place, _, attribute) = str(key), str(key).rpartition(":")
    if place.endswith(".py"):
        own = document.existing(place, keys, "benchmark file", next=f"rgbtbench check {shlex.quote(reference)} PATH")
        reference = f"{own}:{attribute}"
    try:
        return reference, BENCHMARKS.get(reference)
    except ConfigError as error:
        error.details["where"] = error.details["where"] or document.where(keys)
        raise


def _dataset(document: Document, key: Any) -> DatasetEntry:
    keys: Keys = ("datasets", key)
    reference, spec = _spec(document, key)
    if isinstance(document.at(keys), str):
        root, split = document.at(keys), None
    else:
        section = document.section(keys, ("root", "split"), what="a path, or {root: PATH, split: NAME}")
        root, split = section.need("root", str), section.get("split", str, None)
        if split is not None and split not in spec.sizes:
            error = unknown(f"split of {spec.name}", split, spec.sizes)
            error.details["where"] = section.where("split")
            raise error
    path = document.existing(
        root, keys, f"the files of {spec.name}", next=f"--set datasets.{key}=PATH, or rgbtbench check {spec.typed} PATH"
    )
    return DatasetEntry(spec.name, reference, path, split, document.where(keys))


def home(spec: Any, split: str | None) -> str:
    """A dataset's folder in the store, such as ``LasHeR`` or ``LasHeR-train``."""
    name: str = spec.name
    return name if split in (None, spec.default_split) else f"{name}-{split}"


def _homes(document: Document, keys: list[Any]) -> dict[str, Any]:
    """The folders of all datasets in the store, to the keys that they are named by."""
    homes: dict[str, Any] = {}
    for key in keys:
        entry = document.at(("datasets", key))
        split = entry.get("split") if isinstance(entry, dict) else None
        place = home(_spec(document, key)[1], split)
        if place in homes:
            where = document.where(("datasets", key))
            raise ConfigError("one dataset twice", where=where, found=f"{homes[place]} and {key}", next="remove one")
        homes[place] = key
    return homes


MOST = 1024  # sequences at once
TRACKER_KEYS = ("label", "use", "preset", "weights", "modality", "params", "results", "boxes", "year", "note", "batch")


def _section(document: Document, index: int) -> Section:
    return document.section(("trackers", index), TRACKER_KEYS, what="{use: NAME} or {label: NAME, results: PATH}")


def _label(section: Section) -> str:
    use, results = section.get("use", str, None), section.get("results", str, None)
    label: str = section.get("label", str, None) or (use.rpartition(":")[2] if use else Path(str(results)).name)
    return label


def _tracker(document: Document, index: int, section: Section, label: str) -> TrackerEntry:
    keys: Keys = ("trackers", index)
    use, results = section.get("use", str, None), section.get("results", str, None)
    if (not use) == (not results):
        raise ConfigError(
            "a tracker is either run or imported",
            where=section.where(),
            expected="one of use and results",
            found="both" if use else "neither",
            next="rgbtbench list trackers",
        )
    foreign = ("boxes",) if use else ("preset", "weights", "modality", "params", "batch")
    wrong = [key for key in foreign if section.get(key, object, None)]
    if wrong:
        owner = "results" if use else "use"
        raise ConfigError(f"{wrong[0]!r} belongs to trackers with {owner!r}", where=section.where(wrong[0]))
    if set(label) & set("/\\\0\n\r\t") or label.startswith((".", "-")) or not 0 < len(label.encode()) <= 100:
        place = section.where("label")
        raise ConfigError("label is no folder name", where=place, expected="no / or leading dot", found=repr(label))
    modality, boxes = section.get("modality", str, None), section.get("boxes", str, None)
    try:
        if modality not in (None, "rgb", "tir"):
            raise unknown("modality", modality, ("rgb", "tir"))
        reading(boxes)
    except ConfigError as error:
        error.details["where"] = section.where("boxes" if modality in (None, "rgb", "tir") else "modality")
        raise
    batch = section.get("batch", int, 1)
    if not 1 <= batch <= MOST:
        raise ConfigError("batch out of range", where=section.where("batch"), expected=f"1 to {MOST}", found=batch)
    weights, at = section.get("weights", str, None), f"trackers.{index}"
    params, preset = section.get("params", dict, {}), section.get("preset", str, None)
    _require_plain(params, (*keys, "params"), document)
    if preset is not None:
        if "preset" in params:
            raise ConfigError("preset is given twice", where=section.where("preset"), found="here and in params")
        params = {**params, "preset": preset}
    file = None if params.get("untrained") else shipped_weights(use, params.get("preset"))
    if weights:
        file = document.existing(weights, (*keys, "weights"), "weights", next=f"--set {at}.weights=PATH")
    spec = use
    if use and use.rpartition(":")[0].endswith(".py"):
        place, _, attribute = use.rpartition(":")
        own = document.existing(place, (*keys, "use"), "tracker file", next=f"--set {at}.use=PATH:CLASS")
        spec = f"{own}:{attribute}"
    return TrackerEntry(
        label=label,
        where=section.where(),
        folder=document.path.parent,
        use=use,
        spec=spec,
        weights=file,
        modality=modality,
        params=params,
        results=results and document.existing(results, (*keys, "results"), "results", next=f"--set {at}.results=PATH"),
        boxes=boxes,
        year=section.get("year", int, None),
        note=section.get("note", str, None),
        batch=batch,
    )


def _require_plain(value: Any, keys: Keys, document: Document) -> None:
    """Parameters are hashed as JSON, so they must be JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError("key is not text", where=document.where((*keys, key)), found=repr(key))
            _require_plain(inner, (*keys, key), document)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _require_plain(inner, (*keys, index), document)
    elif not isinstance(value, str | int | float | bool | None):
        kind = type(value).__name__
        raise ConfigError("not a plain value", where=document.where(keys), expected="text, number, true", found=kind)
    if is_path(value):
        document.existing(path_of(value), keys, "path", next=f"--set {'.'.join(map(str, keys))}=PATH")
