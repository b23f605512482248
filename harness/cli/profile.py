"""The verb ``profile``: what trackers cost."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import BenchError, ConfigError
from rgbtbench.core.terminal import log, say

from .options import FORMATS, Verbs, add, count

if TYPE_CHECKING:
    from rgbtbench.running.cost import Request

EXAMPLES = (
    "profile cmd-student --preset paper --params-only",
    "profile cmd-student --device cuda --batch 1,4,16,64",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    profile = add(verbs, "profile", _profile, "what trackers cost: parameters, GFLOPs, memory, FPS, latency", EXAMPLES)
    profile.add_argument("names", nargs="+", metavar="NAME", help="rgbtbench list trackers, or FILE.py:CLASS")
    profile.add_argument("--preset", choices=("paper", "nano"), help="sizes of a network (default: the tracker's own)")
    profile.add_argument("--params-only", action="store_true", help="only count; no weights are made or loaded")
    profile.add_argument("--device", default="cpu", metavar="D", help="cpu (default), cuda or cuda:N")
    profile.add_argument("--precision", choices=("fp32", "bf16", "tf32"), help="default: the tracker's own")
    profile.add_argument("--weights", type=Path, metavar="FILE", help="default: random, for the same speed")
    profile.add_argument("--trunk", type=Path, metavar="FILE", help="ImageNet weights of the trunk")
    profile.add_argument("--frames", type=count, default=60, metavar="N", help="measured, after 10 (default: 60)")
    profile.add_argument("--batch", type=_sizes, default=(), metavar="K,K", help="throughput of K sequences at once")
    profile.add_argument("--format", choices=FORMATS, default="table")


def _profile(arguments: argparse.Namespace) -> int:
    from rgbtbench.running.cost import check_device, make_request
    from rgbtbench.running.throughput import can

    check_device(arguments.device)
    for path in (arguments.weights, arguments.trunk):
        if path is not None and not path.is_file():
            raise ConfigError("no such file", where=path, found="no plain file" if path.exists() else "nothing")
    asked = {option: getattr(arguments, option) for option in ("preset", "precision", "device", "weights", "trunk")}
    batches = {name: arguments.batch if arguments.batch and can(name) else () for name in arguments.names}
    if arguments.batch and (arguments.params_only or not any(batches.values())):
        reason = "no frame is tracked" if arguments.params_only else "no tracker here follows several sequences at once"
        raise ConfigError(reason, found="--batch", next="leave out --batch")
    requests = [make_request(name, asked, frames=arguments.frames, batches=batches[name]) for name in arguments.names]
    return (_show_sizes if arguments.params_only else _show_costs)(requests, arguments.format)


def _sizes(text: str) -> tuple[int, ...]:
    """Type of ``--batch``: different sizes, smallest first."""
    return tuple(sorted({count(part) for part in text.split(",")}))


def _show_sizes(requests: list[Request], form: str) -> int:
    from rgbtbench.reports.costs import Size, size_row, size_table
    from rgbtbench.reports.records import show
    from rgbtbench.running.cost import count_parameters

    rows = [size_row(request, *count_parameters(request)) for request in requests]
    show(form, rows, Size, [size_table(rows)])
    return 0


def _show_costs(requests: list[Request], form: str) -> int:
    """Measure one after the other; what fails is said and left out."""
    from rgbtbench.core import identity
    from rgbtbench.reports.costs import Cost, CostRecord, cost_rows, cost_tables
    from rgbtbench.reports.records import show
    from rgbtbench.running.cost import measure

    measured, failed = [], []
    for request in requests:
        try:
            measured.append((request, measure(request)))
        except BenchError as error:
            failed.append(request.name)
            say(f"rgbtbench: {error}")
    rows = cost_rows(measured, identity.code())
    show(form, rows, CostRecord if form == "json" else Cost, cost_tables(rows))
    alone = [request.name for request in requests if not request.batches]
    if alone and len(alone) < len(requests):
        log(f"one sequence at a time, so no throughput: {', '.join(alone)}")
    if failed:
        log(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0
