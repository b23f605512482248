"""The verb ``export``: results as another toolkit reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

from rgbtbench.core.errors import ResultError
from rgbtbench.core.terminal import log, say, visible

from .options import Verbs, add, add_results, layouts_of, results_of

EXAMPLES = (
    "export LasHeR --results Mine=results/ --out toolkit/",
    "export GTOT --results Mine=results.npz --kit pytracking --out exported/",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    export = add(verbs, "export", _export, "write results the way another toolkit reads them", EXAMPLES)
    add_results(export, scoring=False)
    export.add_argument("--kit", help="default: the benchmark's own (rgbtbench list kits)")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")


def _export(arguments: argparse.Namespace) -> int:
    from rgbtbench.api import load
    from rgbtbench.results import vot
    from rgbtbench.results.export import export, read_with
    from rgbtbench.scoring.given import find
    from rgbtbench.scoring.truth_rows import require_every_frame

    benchmark = load(arguments.benchmark, arguments.truth, arguments.split)
    kit, status = arguments.kit or benchmark.spec.kit, 0
    results = results_of(arguments.results, required=kit != "vot")
    layouts = layouts_of(arguments.boxes, results)
    if kit == "vot":
        vot.write_workspace(arguments.out, benchmark.title, map(benchmark.sequence, benchmark.names))
        log(f"workspace of {len(benchmark.names)} sequences: {arguments.out}")
    for label, path in results.items():
        try:
            results_found = find(label, path, benchmark)
            runs = (results_found.only(),) if kit == "vot" else results_found.runs
            for files in runs:
                require_every_frame(files, benchmark, kit)
                out = arguments.out / files.run if files.run else arguments.out  # repeats have the same file names
                written = export(files, kit, out, benchmark.given, layout=layouts.get(label))
                count = f"{len(written)} of {len(benchmark.names)}"
                log(f"{files.title}: {count} sequences written to {written[0].parent}")
                if kit == "vot":
                    vot.register(arguments.out, label)
                print(read_with(kit, label, out.absolute(), benchmark.spec.name))
                status = max(status, int(len(written) < len(benchmark.names)))
        except ResultError as error:  # of one tracker: the others are written all the same
            say(f"rgbtbench: {visible(label)}: {error}")
            status = 2
    return status
