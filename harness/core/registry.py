"""Names to objects, without importing anything until it is asked for.

A name is a built-in, an installed package's entry point, ``package.module:Attr`` or ``./file.py:Attr``, in this order.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from .errors import EXTRAS, ConfigError, not_installed, unknown
from .messages import describe

T = TypeVar("T")
Owners = dict[str, str]  # distribution (or module) that claims a name -> what it claims it for, 'package.module:Attr'


class Registry(Generic[T]):
    """Things of one kind by name. ``builtin``: name -> ``package.module:Attr``; ``group``: entry points to look in."""

    def __init__(
        self, kind: str, builtin: Mapping[str, str], group: str | None = None, next: str | None = None
    ) -> None:
        self.kind, self.builtin, self.group, self.next = kind, builtin, group, next
        self._registered: dict[str, tuple[str, T]] = {}

    def names(self) -> list[str]:
        """All names, built-ins first, in the order they were declared."""
        return list(self.owners())

    def owners(self) -> dict[str, Owners]:
        """Who claims each name and for what; more than one owner is an error as soon as the name is used."""
        owners: dict[str, Owners] = {name: {"rgbtbench": target} for name, target in self.builtin.items()}
        for name, (module, thing) in self._registered.items():
            owners.setdefault(name, {})[module] = f"{module}:{getattr(thing, '__qualname__', thing)}"
        if self.group:
            from importlib.metadata import entry_points

            for entry in entry_points(group=self.group):
                owner = entry.dist.name if entry.dist else "unknown distribution"
                owners.setdefault(entry.name, {})[owner] = entry.value
        return owners

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate a class or object to give it a name for the life of this process."""

        def add(thing: T) -> T:
            self._registered[name] = (getattr(thing, "__module__", "unknown module"), thing)
            return thing

        return add

    def get(self, name: str) -> T:
        """Import and return what a name stands for; case does not matter.

        Raises ConfigError for an unknown name, one with two owners, or code that cannot be imported.
        """
        owners = self.owners()
        known = {key.lower(): key for key in owners}
        if (key := known.get(name.lower())) is not None:
            if len(owners[key]) > 1:
                raise ConfigError(
                    f"two owners of {self.kind} {key!r}",
                    found=" and ".join(f"{owner} ({target})" for owner, target in owners[key].items()),
                    next="uninstall one of them, or name the one you mean as package.module:Attr",
                )
            if key in self._registered:
                return self._registered[key][1]
            [target] = owners[key].values()
        elif ":" in name:
            target = name
        else:
            raise unknown(self.kind, name, owners, next=self.next)
        thing: T = _load(target, self.kind)
        return thing

    def create(self, name: str, /, **params: Any) -> Any:
        """Call what a name stands for with these parameters.

        Raises ConfigError naming the accepted ones if they do not fit; errors from inside the constructor pass.
        """
        factory: Any = self.get(name)
        if not callable(factory):
            raise ConfigError(f"{self.kind} {name!r} cannot be created: it is no class or function", found=factory)
        try:
            signature = inspect.signature(factory)
        except ValueError:  # some classes written in C have none
            return factory(**params)
        try:
            signature.bind(**params)
        except TypeError as reason:
            raise ConfigError(
                f"wrong parameters for {self.kind} {name!r}: {reason}",
                expected=", ".join(map(str, signature.parameters.values())) or "no parameters",
                found=", ".join(params) or "none",
                next=self.next,
            ) from None
        return factory(**params)


def _load(target: str, kind: str) -> Any:
    """Import ``package.module:Attr`` or ``path/to/file.py:Attr``."""
    place, _, attribute = target.rpartition(":")
    try:
        module = _load_file(Path(place).expanduser()) if place.endswith(".py") else importlib.import_module(place)
        thing: Any = module
        for part in attribute.split("."):
            thing = getattr(thing, part)
    except ConfigError as error:
        error.details["where"] = error.details["where"] or _line(error, place)
        raise
    except (Exception, SystemExit) as reason:  # whatever a stranger's file does on import, it is theirs to mend
        if isinstance(reason, ModuleNotFoundError) and (reason.name or "").partition(".")[0] in EXTRAS:
            raise not_installed(reason) from None
        raise ConfigError(
            f"cannot load {kind} {target!r}",
            where=_line(reason, place),
            found=describe(reason),
            next=shlex.join(["python", *([] if place.endswith(".py") else ["-m"]), place]),
        ) from reason
    return thing


def _line(reason: BaseException, place: str) -> str:
    """Where in the user's code an import went wrong: the innermost line of the file asked for, else of any file."""
    if isinstance(reason, SyntaxError) and reason.filename:
        return f"{reason.filename}:{reason.lineno}"
    calls = [call for call in traceback.extract_tb(reason.__traceback__) if call.filename != __file__]
    calls = [call for call in calls if "importlib" not in call.filename]
    own = [call for call in calls if Path(call.filename).name == Path(place).name] or calls
    return f"{own[-1].filename}:{own[-1].lineno}" if own else place


def _load_file(path: Path) -> ModuleType:
    """Run a file as a module of a private name.

    It may import its neighbours at its top. They are forgotten afterwards, so that another tracker's ``models.py``
    in another folder is not taken for this one's.
    """
    from hashlib import sha256
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec, spec_from_file_location

    path = path.resolve()
    name = f"_rgbtbench_{path.stem}_{sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        raise ConfigError("no such file", where=path, expected="FILE.py:CLASS")
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before, folder = set(sys.modules), str(path.parent)
    sys.modules[name] = module  # dataclasses and pickle look themselves up there
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(folder)
        new = set(sys.modules) - before - {name}
        for top in {full.partition(".")[0] for full in new}:
            near = PathFinder.find_spec(top, [folder])
            taken = getattr(sys.modules.get(top), "__spec__", None)
            if near and taken and near.origin == taken.origin:  # a mere folder ./wandb is not the wandb in use
                for full in [full for full in new if full.partition(".")[0] == top]:
                    del sys.modules[full]
    return module


def require_own_packages(path: Path) -> None:
    """Raise ConfigError if a tracker's file uses a package that another code base brought under the same name.

    Python holds one module of a name: with two code bases that both have a ``lib``, the second gets the first one's,
    and tracks with its code. Only names that this one's sources import and have beside them are looked at.
    """
    folder = path.resolve().parent
    places = [folder, *(p for p in map(Path, sys.path) if str(p) and (p in folder.parents or folder in p.parents))]
    near: dict[str, list[str]] = {}  # name of a package -> where this code base has it
    for place in places:
        for name in _packages_in(place):
            if name in sys.modules and name not in sys.stdlib_module_names:
                near.setdefault(name, []).append(str(place))
    for name, homes in near.items():
        taken = getattr(sys.modules[name], "__spec__", None)
        own = importlib.machinery.PathFinder.find_spec(name, homes)
        if taken is None or own is None or (own.origin is None and _installed(taken.origin or "")):
            continue
        taken_places = [taken.origin] if taken.origin else list(taken.submodule_search_locations or [])
        strange = [p for p in taken_places if not any(Path(p).is_relative_to(Path(home) / name) for home in homes)]
        strange = [p for p in strange if not any(Path(p) == Path(home) / f"{name}.py" for home in homes)]
        if strange and _imports(path, name, places):
            raise ConfigError(
                f"two code bases with a package {name!r} in one process",
                where=path,
                expected=own.origin or homes[0],
                found=strange[0],
                next="run one of them behind `use: process`, or in an experiment of its own (docs/add_a_tracker.md)",
            )


def _packages_in(place: Path) -> set[str]:
    try:
        entries = [entry.name for entry in place.iterdir()]
    except OSError:
        return set()
    return {name.removesuffix(".py") for name in entries if name.removesuffix(".py").isidentifier()}


def _installed(origin: str) -> bool:
    return bool({"site-packages", "dist-packages"} & set(Path(origin).parts))


def _imports(path: Path, name: str, places: list[Path]) -> bool:
    """Whether a file, or a loaded module of its code base, imports a package by this name."""
    import re

    wanted = re.compile(rf"^\s*(?:from|import)\s+{name}\b|['\"]{name}[.'\"]", re.M)
    origins = {getattr(getattr(module, "__spec__", None), "origin", None) for module in list(sys.modules.values())}
    files = {Path(origin) for origin in origins if isinstance(origin, str) and origin.endswith(".py")}
    own = [file for file in files if any(place in file.parents for place in places) and not _installed(str(file))]
    for file in [path, *own]:
        try:
            if wanted.search(file.read_text(encoding="utf-8", errors="replace")):
                return True
        except OSError:
            continue
    return False
