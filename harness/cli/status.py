"""The verb ``status``: what of an experiment is in the store."""

from __future__ import annotations

import argparse

from rgbtbench.core.terminal import log, visible

from .options import Verbs, add, add_experiment
from .run import next_command, planned, print_counts

EXAMPLES = (
    "status experiment.yaml",
    "status experiment.yaml --runs /data/runs --only LasHeR",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line."""
    add_experiment(add(verbs, "status", _status, "what of an experiment is done, failed, running, missing", EXAMPLES))


def _status(arguments: argparse.Namespace) -> int:
    from rgbtbench.core.messages import one_line

    runs = planned(arguments)
    print_counts(runs)
    for run in runs.runs:
        for name, state in run.states.items():
            if state == "failed" and (record := run.folder.record(name)):
                print(visible(f"failed   {run.title}/{name}  {one_line(record.error)}"))
            elif state == "damaged":
                print(visible(f"damaged  {run.title}/{name}  the record does not fit its files; run tracks it again"))
    log(f"next: {next_command(arguments, 'report')}" if runs.complete else "")
    return 0 if runs.complete else 1
