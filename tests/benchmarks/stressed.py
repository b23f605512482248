"""Scores under stress as lines of results/measured/stress.csv: ``python -m tests.benchmarks.stressed EXP.yaml RUNS``.

Prints a header and a line for each metric, tracker and stress, over all sequences, with where the boxes came from.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from rgbtbench.core.identity import truth_digest
from rgbtbench.datasets.stress import Chosen
from rgbtbench.reports.inputs import Benchmarks
from rgbtbench.reports.stress import stress_rows
from rgbtbench.reports.whole import collect_material
from rgbtbench.scoring.evaluation import ALL

SCORE = ("metric", "stress", "severity", "sequences", "clean", "value", "difference", "low", "high", "drop", "drop_low",
         "drop_high")  # fmt: skip
ORIGIN = ("date", "commit", "tracker", "preset", "seed", "batch")
PROVENANCE = ("frames", "weights_sha256", "test_truth", "machine")


def main(experiment: str, runs: str, machine: str = "") -> int:
    """Print the lines."""
    material = collect_material([experiment], Benchmarks(), runs=Path(runs), stressed=True, allow_missing=True)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow((*ORIGIN, *SCORE, *PROVENANCE))
    for evaluation in material.evaluate():
        entries, benchmark = material.groups[evaluation.benchmark], evaluation.benchmark
        whole = [entry for entry in entries if not entry.missing]
        truth = truth_digest(benchmark.names, benchmark.lengths, benchmark.truth)
        about = {entry.label: entry.run.about() for entry in whole if entry.run}
        for row in stress_rows(evaluation, whole):
            if row.attribute != ALL or not row.severity:  # means follow from these
                continue
            said = about[row.tracker + Chosen(row.stress, row.severity).suffix]
            known = said["identity"]
            origin = (date.today().isoformat(), said["code"]["commit"], known["tracker"],
                      known["params"].get("preset", ""), known["seed"], known.get("batch", 1))  # fmt: skip
            cells = (asdict(row)[name] for name in SCORE)
            shown = (f"{value:.10f}" if isinstance(value, float) else value for value in cells)
            out.writerow((*origin, *shown, int(evaluation.frames.sum()), known["weights"] or "", truth, machine))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
