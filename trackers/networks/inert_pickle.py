"""Pickles that hold more than tensors, opened without running them: ``torch.load``'s ``pickle_module``.

Tensors of state dicts are built; every other object becomes a ``Shell``, which keeps the state that it was pickled with
and does nothing. No module is imported. Python's own unpickler, not C's, reads them: its memo is a dict, so that no
index in a file makes it allocate memory.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

LONGEST = 1 << 23  # bytes of pickle, without the tensors' values: those of real checkpoints are below 1 MB
BUILTINS, COPYREG = ("builtins", "__builtin__"), ("copyreg", "copy_reg")  # of Python 3 and 2
KINDS = (
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "frozenset",
    "int",
    "list",
    "object",
    "range",
    "set",
    "slice",
    "tuple",
)
# Of objects in checkpoints of pytracking, its forks and their kin: modules, and functions of other modules.
ROOTS = ("ltr", "dlframework", "pytracking", "lib", "__main__", "torch", "numpy", "collections", "pathlib", "argparse")
NAMES = ("_codecs.encode", *(f"{m}._reconstructor" for m in COPYREG), *(f"{m}.{k}" for m in BUILTINS for k in KINDS))
PLAIN = (str, int, float, bool, bytes, type(None))
PYTHONS: Any = pickle._Unpickler  # type checkers know little of it
DEEPEST, MOST = 3, 200  # levels and count of what is told of a checkpoint
WIDEST = 64  # bits of a number that is told; Python refuses to print very long ones


class Foreign(Exception):
    """A pickle asks for something that no checkpoint needs: ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Shell:
    """Stands for an object of a class that is not imported; ``state`` is what it was pickled with."""

    state: Mapping[str, Any]

    def __new__(cls, *_: object, **__: object) -> Shell:  # noqa: D102
        made = super().__new__(cls)
        made.state = {}
        return made

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}

    def __setitem__(self, key: object, value: object) -> None: ...

    def append(self, value: object) -> None:
        """What a pickled list does with its items: nothing here, as with the others."""

    extend = add = append


class Table(dict[Any, Any]):
    """A dict of plain keys: the hash of a tuple of tuples may take for ever. Other entries are left out."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setitem__(self, key: object, value: object) -> None:
        if isinstance(key, PLAIN):
            super().__setitem__(key, value)

    def __setstate__(self, state: object) -> None: ...


class Values(Shell):
    """A tensor that is not built yet: by an unpickler that is done, since its own operations would work on tensors."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def tensor(self) -> Tensor:
        """A view within its storage; ``torch`` itself would make a storage longer where it does not suffice."""
        storage, offset, size, stride = self.parts[:4]
        whole = torch.empty(0, dtype=storage.values.dtype).set_(storage.values.untyped())
        return whole.as_strided(size, stride, offset)


class Storage(Shell):
    """The values that tensors are views of, as ``torch.load`` gives them."""

    values: Any


def _first(data: object, *_: object) -> object:
    return data


BUILT = {
    "collections.OrderedDict": Table,
    "torch._utils._rebuild_tensor": Values,
    "torch._utils._rebuild_tensor_v2": Values,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
}


class _Reader:
    """The file of a pickle, up to a length."""

    def __init__(self, file: Any) -> None:
        self.file, self.left = file, LONGEST

    def read(self, size: int) -> bytes:
        self.left -= size
        if self.left < 0:
            raise pickle.UnpicklingError(f"a pickle of more than {LONGEST:,} bytes, without the tensors' values")
        data: bytes = self.file.read(size)
        return data

    def readline(self) -> bytes:
        line: bytes = self.file.readline(self.left + 1)
        self.left -= len(line)
        return line if self.left >= 0 else self.read(1)


class Unpickler(PYTHONS):  # type: ignore[misc]
    """Builds tensors, plain values and shells. Raises Foreign for a name that no checkpoint of pytracking holds."""

    dispatch: ClassVar[dict[int, Any]] = dict(PYTHONS.dispatch)

    def __init__(self, file: Any, **options: Any) -> None:
        super().__init__(_Reader(file), **options)

    def load(self) -> Any:
        """What was pickled, with the tensors of state dicts built; those of an optimiser, deeper, are not."""
        content = super().load()
        for part in (content, *content.values()) if isinstance(content, Table) else ():
            if isinstance(part, Table):
                part.update({name: value.tensor() for name, value in part.items() if isinstance(value, Values)})
        return content

    def find_class(self, module: str, name: str, /) -> Any:
        """What is built, or a new kind of shell."""
        full = f"{module}.{name}"
        if full in BUILT:
            return BUILT[full]
        if module.partition(".")[0] in ROOTS or full in NAMES:
            return type(name, (Shell,), {})
        raise Foreign(full)

    def _empty(self) -> None:
        self.append(Table())

    def _dict(self) -> None:
        table, items = Table(), self.pop_mark()
        for key, value in zip(items[::2], items[1::2], strict=True):
            table[key] = value
        self.append(table)

    def _set(self) -> None:
        self.append(Shell())

    def _frozenset(self) -> None:
        self.pop_mark()
        self.append(Shell())

    def _storage(self) -> None:
        """Torch looks its parts up in a dict."""
        key = self.stack.pop()
        parts = key if isinstance(key, tuple) else ()
        if not parts or not all(isinstance(part, PLAIN) or hasattr(part, "dtype") for part in parts):
            raise pickle.UnpicklingError("a reference to something else than values of tensors")
        storage = Storage()
        storage.values = self.persistent_load(key)
        self.append(storage)

    dispatch[pickle.EMPTY_DICT[0]] = _empty
    dispatch[pickle.DICT[0]] = _dict
    dispatch[pickle.EMPTY_SET[0]] = _set
    dispatch[pickle.FROZENSET[0]] = _frozenset
    dispatch[pickle.BINPERSID[0]] = _storage


def load(file: Any, **options: Any) -> Any:
    """One pickle of a file, as ``pickle.load``."""
    return Unpickler(file, **options).load()


def notes(found: Mapping[Any, Any]) -> dict[str, str]:
    """The plain values of a checkpoint and of its shells, ``a.b.c`` for those inside others, as text."""
    texts: dict[str, str] = {}
    _gather("", found, texts)
    return texts


def _gather(stem: str, found: Mapping[Any, Any], told: dict[str, str]) -> None:
    for key, value in found.items():
        inner = value.state if isinstance(value, Shell) else value
        if len(told) >= MOST:
            return
        if any(isinstance(number, int) and number.bit_length() > WIDEST for number in (key, inner)):
            continue
        name = f"{stem}{key}"
        if isinstance(inner, (str, int, float)):
            told[name] = str(inner)
        elif isinstance(inner, (list, tuple)) and inner and stem:
            told[name] = f"{len(inner):,} values"
        elif isinstance(inner, dict) and name.count(".") < DEEPEST and (stem or isinstance(value, Shell)):
            _gather(f"{name}.", inner, told)
