"""The verb ``weights``: what is in a file of network weights."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rgbtbench.core.errors import not_installed

CLAIMS = "what the file says of itself; nobody has checked it"
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch norms: measured, not learned


def add_verbs(verbs: Any) -> None:
    """Add it to the command line's subparsers."""
    weights = verbs.add_parser("weights", help="what is in a file of network weights, and which network it fits")
    actions = weights.add_subparsers(metavar="ACTION", required=True)
    inspect = actions.add_parser("inspect", help="contents, hash, NaN; exit 1 if no network can use the file")
    inspect.add_argument("file", type=Path, metavar="FILE", help="safetensors, or a state dict saved by torch.save")
    inspect.add_argument("--format", choices=("table", "json"), default="table")
    inspect.set_defaults(verb=_inspect)


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file of weights; ``parameters`` leaves out batch norms' statistics, ``fits`` has the best network first."""

    file: str
    format: str
    sha256: str
    bytes: int
    tensors: int
    parameters: int
    dtypes: dict[str, int]  # tensors of each
    metadata: dict[str, str]
    groups: dict[str, int]  # parameters below each first part of a name
    nonfinite: dict[str, int]  # values, of the tensors that have any
    fits: list[dict[str, Any]]


def _inspect(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.records import show

    found = inspection(arguments.file)
    show(arguments.format, [found], Inspection, _tables(found))
    return 1 if found.nonfinite or not _usable(found) else 0


def inspection(path: Path) -> Inspection:
    """Read a file and compare it with every registered network. Raises ConfigError if it is no sound file."""
    from dataclasses import asdict

    try:
        from rgbtbench.trackers.models import fits
        from rgbtbench.trackers.networks.weights import nonfinite, read
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None

    weights = read(path, finite=False)
    groups: Counter[str] = Counter()
    for name, tensor in weights.tensors.items():
        groups[name.partition(".")[0]] += 0 if name.endswith(STATISTICS) else tensor.numel()
    return Inspection(
        str(path),
        weights.format,
        weights.sha256,
        path.stat().st_size,
        len(weights.tensors),
        groups.total(),
        dict(Counter(str(tensor.dtype).removeprefix("torch.") for tensor in weights.tensors.values())),
        weights.metadata,
        dict(groups),
        nonfinite(weights.tensors),
        [asdict(fit) for fit in fits(weights.tensors)],
    )


def _usable(found: Inspection) -> list[dict[str, Any]]:
    return [fit for fit in found.fits if fit["verdict"] in ("complete", "trunk only")]


def _tables(found: Inspection) -> list[Any]:
    from rgbtbench.reports.tables import Table
    from rgbtbench.trackers.networks.weight_files import some

    bad = [f"{name}: {count:,}" for name, count in found.nonfinite.items()]
    facts = {
        "format": found.format,
        "sha256": found.sha256,
        "bytes": f"{found.bytes:,}",
        "tensors": f"{found.tensors:,}",
        "parameters": f"{found.parameters:,}",
        "dtypes": ", ".join(f"{count:,} {dtype}" for dtype, count in found.dtypes.items()),
        "NaN or infinite": some(bad) or "none",
    }
    claims = tuple((_short(key), _short(value)) for key, value in found.metadata.items())
    groups = tuple((name, f"{count:,}") for name, count in found.groups.items())
    usable = _usable(found)
    fits = tuple((fit["model"], fit["preset"], fit["verdict"]) for fit in usable or found.fits[:3])
    return [
        Table(found.file, ("what", "value"), tuple(facts.items())),
        *([Table(CLAIMS, ("key", "value"), claims)] if claims else []),
        Table("parameters", ("group", "count"), groups),
        Table("fits" if usable else "fits no network; closest are", ("model", "preset", "tensors"), fits),
    ]


def _short(text: str) -> str:
    return text[:200] + ("…" if len(text) > 200 else "")
