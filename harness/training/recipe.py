"""A recipe: one YAML file as a frozen dataclass. Errors name the line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from rgbtbench.core.errors import ConfigError, advised, unknown
from rgbtbench.core.identity import path_digest
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.benchmark import load
from rgbtbench.files.yaml_lines import Document, Keys, Section
from rgbtbench.trackers.crossmodal.methods import METHODS, Method

from . import shipped
from .defaults import SCHEDULES, Optimiser
from .families import DIMP, Family, all_models
from .sources import Recorded, Rendered, Source
from .stressing import Stressing

T = TypeVar("T")
FORMAT = 2  # of training: raised when a change to it may change a weight
PRECISIONS = ("fp32", "tf32", "amp")
SYNTHETIC = "synthetic"
COMMON = ("source", "sampling", "stress")  # keys of data from any source
TEACHER = "cmd-teacher"
CLEAN = Stressing()  # stresses nothing
FREE = ("name", "validate_every", "validation_samples", "workers", "log_gradients", "half")  # these change no training


@dataclass(frozen=True, slots=True)
class Data:
    """What to learn from: generated scenes (``rendered``), or the ``split`` of a benchmark under ``root``.

    ``held_out`` sequences of the split are for validation alone, which sees no ``stress``.
    """

    source: str
    root: Path | None
    split: str | None
    rendered: Rendered | None
    sampling: Any  # its family's
    held_out: int = 0
    stress: Stressing = CLEAN

    def open(self) -> Source:
        """The sequences. Raises DataError if they are not there or none is long enough."""
        if self.rendered is not None:
            return self.rendered
        assert self.root is not None
        return Recorded(load(BENCHMARKS.get(self.source), self.root, self.split), self.sampling, self.held_out)


@dataclass(frozen=True, slots=True)
class Teacher:
    """The network to learn from."""

    model: str
    preset: str
    weights: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train ``model``. ``trunk``: ImageNet weights; ``weights``: of the whole network, or of a DiMP on RGB, to
    start from.

    ``batch`` sequences a step, in ``parts`` one after the other whose gradients add up (batch norm sees each by
    itself), ``samples`` sequences an epoch. ``precision``: amp is bfloat16 where filters and boxes are not concerned,
    tf32 a GPU's short products in float32. ``sync_batch_norm``: statistics over all processes. ``validate_every``
    epochs (0: never) on ``validation_samples`` sequences of another seed. ``workers`` make batches, None: as many as
    there are cores to spare.
    """

    name: str
    model: str
    preset: str
    seed: int
    trunk: Path | None
    weights: Path | None
    method: Method | None
    teacher: Teacher | None
    data: Data
    batch: int
    samples: int
    epochs: int
    optimiser: Optimiser
    precision: str
    parts: int
    sync_batch_norm: bool
    validate_every: int
    validation_samples: int
    workers: int | None
    log_gradients: bool
    half: bool  # what comes out holds its convolutions as float16

    @property
    def family(self) -> Family:
        """What kind of network this is."""
        return all_models()[self.model]

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of an epoch."""
        return self.samples // self.batch

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.epochs * self.steps_per_epoch

    def scale(self, step: int) -> float:
        """What all learning rates are multiplied by in a step, counted from 0."""
        return self.optimiser.scale(step, self.steps_per_epoch, self.epochs)

    def identity(self, source: Source) -> dict[str, Any]:
        """All that can change a weight, as JSON: files by their sha256, data by what the source says of itself."""
        said: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in FREE}
        said["optimiser"] = {f.name: getattr(self.optimiser, f.name) for f in fields(self.optimiser)}
        said["optimiser"]["rates"] = dict(self.optimiser.rates)
        for where, newer in ((said["optimiser"], ("momentum", "decay", "muon")), (said, ("sync_batch_norm",))):
            for name in newer:  # than the first recipes, whose identity shall stay
                if not where[name]:
                    del where[name]
        if self.parts == 1:
            del said["parts"]
        said["method"] = self.method.describe() if self.method else None
        said["teacher"] = asdict(self.teacher) if self.teacher else None
        said["data"] = {"source": source.describe(), "sampling": asdict(self.data.sampling)}
        if self.data.stress.share:
            said["data"]["stress"] = asdict(self.data.stress)
        plain: dict[str, Any] = _plain({"format": FORMAT, **said})
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return path_digest(value) if isinstance(value, Path) else value


@advised("mend it; docs/training.md explains every key")
def load_recipe(recipe: str | Path, changes: Iterable[str] = ()) -> Recipe:
    """Read a recipe: a file, or one of those ``shipped``, whose paths are relative to the current folder.

    ``changes``: ``optimiser.rates.trunk=1e-4`` and the like. Raises ConfigError with FILE:LINE for anything unknown,
    missing, of a wrong type, out of range or absent from the disk.
    """
    path, known = Path(recipe), shipped()
    if str(recipe) in known:
        document = Document(known[str(recipe)], path, kind="recipe", folder=Path.cwd())
    elif path.suffix in (".yaml", ".yml") or path.is_file():
        document = Document(path.absolute(), path, kind="recipe")
    else:
        raise unknown("recipe", str(recipe), known, next="or name a file, FILE.yaml")
    for change in changes:
        document.set(change)
    return _Reader(document).recipe(path.with_suffix("").name if path.suffix else path.name)


class _Reader:
    """One document's values, each checked."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.top = document.section((), tuple(f.name for f in fields(Recipe)) + ("method_options",))

    def recipe(self, name: str) -> Recipe:
        top = self.top
        name = top.get("name", str, name)
        if set(name) & set("/\\\0\n\r\t") or name.startswith((".", "-")) or not 0 < len(name.encode()) <= 100:
            raise ConfigError("name is no file name", where=top.where("name"), found=repr(name))
        method = self._method()
        model = _choice(top, "model", all_models(), method.student if method else None)
        family = all_models()[model]
        preset = _choice(top, "preset", family.models[model], "paper")
        if method and family is not DIMP:
            expected = "no method: only networks of DiMP's kind are taught by another"
            raise ConfigError(f"{model} cannot be distilled", where=top.where("method"), expected=expected)
        if method and method.student != model:
            with _at(top, "model"):
                method = replace(method, student=model)
        data = self._data(family.sampling(model, preset))
        if data.held_out and family is not DIMP:
            expected = "0: a sequence that is not trained on has no branch to be judged by"
            raise ConfigError("held_out: not for this family", where=top.where("data"), expected=expected)
        course = family.course(model, preset)
        samples = _whole(top, "samples", course.samples, 1)
        batch = _whole(top, "batch", course.batch, family.least)
        if samples < batch:
            raise ConfigError("samples: less than a batch", where=top.where("samples"), expected=batch, found=samples)
        return Recipe(
            name=name,
            model=model,
            preset=preset,
            seed=_whole(top, "seed", 0, 0, (1 << 31) - 1),
            trunk=self._path("trunk", "ImageNet weights of the trunk", hint=", or trunk=null for random ones"),
            weights=self._path("weights", "weights to start from"),
            method=method,
            teacher=self._teacher(method, preset),
            data=data,
            batch=batch,
            samples=samples,
            epochs=_whole(top, "epochs", course.epochs, 1),
            optimiser=self._optimiser(course.optimiser),
            precision=_choice(top, "precision", PRECISIONS, "fp32"),
            parts=_whole(top, "parts", 1, 1, batch // family.least),
            sync_batch_norm=_flag(top, "sync_batch_norm", False),
            validate_every=_whole(top, "validate_every", 5, 0),
            validation_samples=_whole(top, "validation_samples", 10 * batch, 1),
            workers=_whole(top, "workers", 0, 0, batch) if top.value.get("workers") is not None else None,
            log_gradients=_flag(top, "log_gradients", True),
            half=_flag(top, "half", False),
        )

    def _path(self, key: str, what: str, *, keys: Keys = (), hint: str = "") -> Path | None:
        section = Section(self.document, keys, self.document.at(keys))
        text = section.get(key, str, None)
        if text is None:
            return None
        change = ".".join(map(str, (*keys, key)))
        return self.document.existing(text, (*keys, key), what, next=f"--set {change}=PATH{hint}")

    def _method(self) -> Method | None:
        if self.top.value.get("method") is None:
            if self.top.value.get("method_options"):
                raise ConfigError("method_options without method", where=self.top.where("method_options"))
            if self.top.value.get("model") is None:
                raise ConfigError("what to train?", where=self.top.where(), expected="model: NAME or method: NAME")
            return None
        chosen = METHODS[_choice(self.top, "method", METHODS, None)]
        return self._changed(chosen, ("method_options",), skip=("student",))

    def _teacher(self, method: Method | None, preset: str) -> Teacher | None:
        wanted = bool(method and method.terms)
        given = self.top.value.get("teacher") is not None
        if not given and not wanted:
            return None
        if given != wanted:
            why = "the method learns nothing from it" if given else "the method learns from one"
            next = "--set teacher=null" if given else "--set teacher.weights=PATH"
            place = self.top.where("teacher" if given else None)
            raise ConfigError(f"teacher: {why}", where=place, found="given" if given else "none", next=next)
        section = self.document.section(("teacher",), tuple(f.name for f in fields(Teacher)))
        section.need("weights", str)
        model = _choice(section, "model", DIMP.models, TEACHER)
        weights = self._path("weights", "weights of the teacher", keys=("teacher",), hint=", or train it first")
        assert weights is not None
        return Teacher(model, _choice(section, "preset", DIMP.models[model], preset), weights)

    def _data(self, usual: Any) -> Data:
        self.top.need("data", dict)
        source = str(self.document.at(("data",)).get("source", ""))
        own = tuple(f.name for f in fields(Rendered)) if source == SYNTHETIC else ("root", "split", "held_out")
        section = self.document.section(("data",), (*COMMON, *own))
        section.need("source", str)
        sampling, stress = self._changed(usual, ("data", "sampling")), self._changed(CLEAN, ("data", "stress"))
        if source == SYNTHETIC:
            rendered = self._changed(Rendered(), ("data",), skip=COMMON)
            return Data(source, None, None, rendered, sampling, stress=stress)
        if source.lower() not in {name.lower() for name in BENCHMARKS.names()}:
            error = unknown("source of data", source, (SYNTHETIC, *BENCHMARKS.names()))
            error.details["where"] = section.where("source")
            raise error
        spec = BENCHMARKS.get(source)
        split = section.get("split", str, "train" if "train" in spec.sizes else None)  # never the test split unasked
        if split is not None and split not in spec.sizes:
            error = unknown(f"split of {spec.name}", split, spec.sizes)
            error.details["where"] = section.where("split")
            raise error
        section.need("root", str)
        root = self._path("root", f"the files of {spec.name}", keys=("data",))
        return Data(spec.name, root, split, None, sampling, _whole(section, "held_out", 0, 0), stress)

    def _optimiser(self, usual: Optimiser) -> Optimiser:
        if self.top.value.get("optimiser") is None:
            return usual
        section = self.document.section(("optimiser",), tuple(f.name for f in fields(Optimiser)))
        rates = dict(usual.rates)
        if section.value.get("rates") is not None:
            own = self.document.section(("optimiser", "rates"), tuple(usual.rates))
            rates |= {group: _number(own, group, 0.0) for group in own.value}
        return Optimiser(
            rates,
            _choice(section, "schedule", SCHEDULES, usual.schedule),
            _whole(section, "every", usual.every, 1),
            _number(section, "factor", usual.factor),
            _whole(section, "warmup", usual.warmup, 0),
            _number(section, "clip", usual.clip),
            _number(section, "momentum", usual.momentum),
            _number(section, "decay", usual.decay),
            _number(section, "muon", usual.muon),
        )

    def _changed(self, usual: T, keys: Keys, *, skip: tuple[str, ...] = ()) -> T:
        """A dataclass with the values of a section, each of the type of the one it replaces."""
        if keys[0] not in self.top.value or (len(keys) > 1 and keys[1] not in self.document.at(keys[:1])):
            return usual
        known = tuple(f.name for f in fields(usual) if f.name not in skip)  # type: ignore[arg-type]
        section = self.document.section(keys, known + (skip if keys == ("data",) else ()))
        changes: dict[str, Any] = {}
        for key, value in section.value.items():
            if key in known:
                before = getattr(usual, key)
                kind = type(before)
                if kind is float:
                    value = _number(section, key, before, below=-math.inf)
                elif kind is tuple and isinstance(value, list) and _alike(value, before):
                    value = tuple(value)
                elif type(value) is not kind:
                    raise ConfigError(
                        f"{key!r} has a wrong type",
                        where=section.where(key),
                        expected=f"like {before!r}",
                        found=f"{value!r} ({type(value).__name__})",
                    )
                changes[key] = value
        with _at(section):
            changed: T = replace(usual, **changes)  # type: ignore[type-var]
        return changed


def _alike(values: list[Any], usual: tuple[Any, ...]) -> bool:
    """Whether a list may stand for a tuple: finite numbers for numbers, names for names."""
    kinds = {*map(type, usual)} or {str}
    typed = all(type(value) in kinds or (type(value) is int and float in kinds) for value in values)
    return typed and all(math.isfinite(value) for value in values if isinstance(value, float))


@contextmanager
def _at(section: Section, key: str | None = None) -> Iterator[None]:
    """Add the line to what a value's own class complains about."""
    try:
        yield
    except ConfigError as error:
        error.details["where"] = error.details["where"] or section.where(key)
        raise


def _choice(section: Section, key: str, known: Mapping[str, Any] | tuple[str, ...], usual: str | None) -> str:
    value: str = section.need(key, str) if usual is None else section.get(key, str, usual)
    if value not in known:
        error = unknown(key, value, known)
        error.details["where"] = section.where(key)
        raise error
    return value


def _whole(section: Section, key: str, usual: int, least: int, most: int = 1 << 40) -> int:
    value: int = section.get(key, int, usual)
    if not least <= value <= most:
        expected = f"{least} to {most}" if most < 1 << 40 else f"at least {least}"
        raise ConfigError(f"{key} out of range", where=section.where(key), expected=expected, found=value)
    return value


def _number(section: Section, key: str, usual: float, *, below: float = 0.0) -> float:
    value = section.value.get(key)
    if value is None:
        return usual
    try:
        number = float(value) if not isinstance(value, bool) else math.nan  # YAML 1.1 reads 1e-3 as text
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= below):
        expected = "a number" + (f", at least {below:g}" if below == 0 else "")
        raise ConfigError(f"{key} is no such number", where=section.where(key), expected=expected, found=repr(value))
    return number


def _flag(section: Section, key: str, usual: bool) -> bool:
    value = section.value.get(key, usual)
    if not isinstance(value, bool):
        raise ConfigError(f"{key!r} has a wrong type", where=section.where(key), expected="true or false", found=value)
    return value
