"""Errors that tell a user what is wrong, where, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .terminal import block


class BenchError(Exception):
    """Something the user can mend. Printed without a traceback; the process exits with 2.

    As text it is safe to print, whatever a stranger's file put into it: one line for each detail that is ours.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        next: object = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.details = {"where": where, "expected": expected, "found": found, "next": next}

    def __reduce__(self) -> tuple[object, ...]:  # keyword-only arguments survive a trip to another process
        return type(self), (self.what,), self.__dict__

    def __str__(self) -> str:
        rows = [f"  {key:<9} {block(value)}" for key, value in self.details.items() if value is not None]
        return "\n".join([block(self.what), *rows])


@contextmanager
def advised(next: str) -> Iterator[None]:
    """Give errors that name no next step this one; also a decorator."""
    try:
        yield
    except BenchError as error:
        error.details["next"] = error.details["next"] or next
        raise


class ConfigError(BenchError):
    """A wrong option, key or name."""


class DataError(BenchError):
    """A benchmark's files are missing or malformed."""


class ResultError(BenchError):
    """A tracker's result files are missing or malformed."""


class StoreError(BenchError):
    """The folder of runs cannot be written, or is not what it should be."""


class TrackerError(BenchError):
    """A tracker failed on one sequence: recorded with its reason, and the run goes on."""


class TrainingError(BenchError):
    """A training cannot go on."""


def unknown(kind: str, name: str, known: Iterable[str], *, next: str | None = None) -> ConfigError:
    """Build the error for a name nobody owns, with the closest known one as a suggestion."""
    import difflib

    known = list(known)
    lowered = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return ConfigError(
        f"unknown {kind} {name!r}" + (f": did you mean {lowered[close[0]]!r}?" if close else ""),
        expected=", ".join(known) or None,
        found=name,
        next=next,
    )


EXTRAS = {"torch": "torch", "safetensors": "torch", "dask": "cluster", "distributed": "cluster"}
EXTRAS |= {"matplotlib": "figures", "seaborn": "figures", "scipy": "figures", "pandas": "figures", "vot": "vot"}


def not_installed(reason: ModuleNotFoundError) -> BenchError:
    """Build the error for a package that only some parts need, with the extra that installs it.

    Raises the reason itself where it is no package of ours to name.
    """
    name = (reason.name or "").partition(".")[0]
    if name not in EXTRAS:
        raise reason
    return ConfigError(f"{name} is not installed", next=f'pip install "rgbtbench[{EXTRAS[name]}]"')
