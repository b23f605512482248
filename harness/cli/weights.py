"""The verb ``weights``: what is in a file of network weights; checkpoints of pytracking as weights of our networks."""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rgbtbench.core.errors import ConfigError, not_installed
from rgbtbench.core.terminal import line_width

from .options import Verbs, add

CLAIMS = "what the file says of itself; nobody has checked it"
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch norms: measured, not learned

INSPECT = (
    "weights inspect trained/teacher/teacher.safetensors",
    "weights inspect super_dimp.pth.tar --format json",
)
CONVERT = (
    "weights convert dimp50.pth dimp50.safetensors",
    "weights convert super_dimp.pth.tar super-dimp.safetensors",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    weights = add(
        verbs,
        "weights",
        None,
        "what is in a file of network weights, and which network it fits",
        (INSPECT[0], CONVERT[0]),
    )
    actions = weights.add_subparsers(metavar="ACTION", required=True)
    inspect = add(actions, "inspect", _inspect, "contents, hash, NaN; exit 1 if no network can use the file", INSPECT)
    inspect.add_argument("file", type=Path, metavar="FILE", help="safetensors, or a state dict saved by torch.save")
    inspect.add_argument("--format", choices=("table", "json"), default="table")
    convert = add(actions, "convert", _convert, "a checkpoint of DiMP, PrDiMP or mfDiMP to safetensors", CONVERT)
    convert.add_argument("file", type=Path, metavar="FILE", help="as pytracking saves it; nothing in it is run")
    convert.add_argument("out", type=Path, metavar="OUT", help="file to write, which must not exist")


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
    next: str  # what to type with a checkpoint that is to be converted first; else nothing


def _inspect(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.records import show

    content = inspection(arguments.file)
    show(arguments.format, [content], Inspection, _tables(content))
    return 1 if content.nonfinite or not (_usable(content) or content.next) else 0


def _convert(arguments: argparse.Namespace) -> int:
    from rgbtbench.reports.tables import Table, as_text

    theirs, weight_files = _torch("crossmodal.pytracking"), _torch("networks.weight_files")
    path, out = arguments.file, arguments.out
    if out.exists() or out.is_symlink():
        raise ConfigError("there is such a file already", where=out, next="choose another name, or remove it")
    weights = weight_files.read(path, shells=True)
    converted = theirs.convert(weights)
    theirs.write(weights, converted, out)
    use = {"use": converted.model, "preset": converted.preset, "weights": str(out)}
    if converted.preset == "paper":
        del use["preset"]
    trained = theirs.online(weights, converted)
    facts = {
        "network": f"{converted.model} ({converted.preset})",
        "tensors": f"{len(converted.tensors):,}",
        "left out": f"{len(converted.unused):,}: layer4 and fc of trunks, which no tracker runs",
        "constants": "as in ours" if converted.checked else theirs.UNCHECKED,
        "trained with": ", ".join(f"{name} {value:g}" for name, value in trained.items()) or "the preset's crops",
        "sha256": weight_files.read(out).sha256,
        "in an experiment": f"- {{{', '.join(f'{key}: {value}' for key, value in use.items())}}}",
    }
    print(as_text(Table(str(out), ("what", "value"), tuple(facts.items())), line_width()))
    return 0


def _torch(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"rgbtbench.trackers.{module}")
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None


def inspection(path: Path) -> Inspection:
    """Read a file and compare it with every registered network. Raises ConfigError if it is no sound file."""
    from dataclasses import asdict

    files, theirs = _torch("networks.weights"), _torch("crossmodal.pytracking")
    weights = files.read(path, finite=False, shells=True)
    tensors, learns, next = weights.tensors, weights.metadata.get("optimiser"), ""
    if theirs.is_theirs(weights):
        tensors, _ = theirs.renamed(tensors)
        with suppress(ConfigError):  # what differs is told by the networks that are closest
            learns = theirs.convert(weights).optimiser
            out = path.name.partition(".")[0] + ".safetensors"
            next = f"rgbtbench weights convert {shlex.quote(str(path))} {shlex.quote(out)}"
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
        files.nonfinite(weights.tensors),
        [asdict(fit) for fit in _torch("models").fits(tensors, learns)],
        next,
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
        Table(
            "fits no network; closest are" if not usable else "fits, once converted" if found.next else "fits",
            ("model", "preset", "tensors"),
            fits,
            note=f"a checkpoint of pytracking: {found.next}" if found.next else "",
        ),
    ]


def _short(text: str) -> str:
    return text[:200] + ("…" if len(text) > 200 else "")
