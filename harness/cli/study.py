"""The verb ``study``: train the rows of the paper's tables, track an unseen generated benchmark, compare.

Every step is one that anybody can do alone (``train``, ``synth``, ``run``), and none is repeated once it is done.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rgbtbench.core.errors import ConfigError, ResultError, not_installed, unknown
from rgbtbench.core.terminal import line_width, log

from .options import Verbs, add, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rgbtbench.results.study_record import Training
    from rgbtbench.scoring.evaluation import Evaluation
    from rgbtbench.studies.trainings import TestSet

EXAMPLES = (
    "study scfd hfrd --recipes fused --seeds 1 --out study --jobs 4",
    "study --recorded",
)


def add_verb(verbs: Verbs) -> None:
    """Add it to the command line's subparsers."""
    study = add(verbs, "study", _study, "train and compare the rows of the paper's tables, small", EXAMPLES)
    study.add_argument("rows", nargs="*", metavar="ROW", help="such as scfd, mfdimp; default: all of Tables 1 to 4")
    study.add_argument("--out", type=Path, default=Path("study"), metavar="DIR", help="default: study; it resumes")
    study.add_argument(
        "--recipes", default="nano", metavar="NAME", help="nano (default), or fused: a teacher that fuses"
    )
    study.add_argument("--seeds", type=count, default=3, metavar="N", help="of each row of Table 1 (default: 3)")
    study.add_argument("--jobs", type=count, default=2, metavar="N", help="trainings at once (default: 2)")
    study.add_argument("--sequences", type=count, metavar="N", help="of the test set (default: 200; fused: 400)")
    study.add_argument("--frames", type=count, metavar="N", help="of each (default: 60; fused: 40)")
    study.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of every recipe, as in train")
    study.add_argument("--trained", action="store_true", help="train nothing: compare what --out holds")
    study.add_argument(
        "--record",
        type=Path,
        metavar="FILE.csv",
        help="also write every score with its provenance, and beside it those of each sequence",
    )
    study.add_argument(
        "--recorded",
        type=Path,
        nargs="?",
        const=True,  # the shipped one
        metavar="FILE.csv",
        help="run nothing: the tables of a record, if none is given of the shipped one",
    )
    study.add_argument("--table5", action="store_true", help="train nothing: every tracker that has weights, with cost")
    study.add_argument("--weights", action="append", default=[], metavar="TRACKER=FILE", help="nano ones, for --table5")


def _study(arguments: argparse.Namespace) -> int:
    if arguments.table5:
        return _table5(arguments)
    if arguments.weights:
        raise ConfigError("--weights belongs to --table5", next="rgbtbench study --table5 --weights ...")
    if arguments.recorded:
        return _recorded(arguments)
    try:
        import torch  # noqa: F401  (asked for now, not after the first verb that needs it)
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    from rgbtbench.files.atomic import save
    from rgbtbench.reports.records import write_csv
    from rgbtbench.reports.study_tables import measured_rows
    from rgbtbench.results.study_record import Measured, OnSequence, packed, parse_study, sequences_file
    from rgbtbench.studies.trainings import (
        FUSED,
        NANO,
        PLAIN,
        SEEDED,
        SIDE_BY_SIDE,
        TEACHER,
        TEST_SETS,
        Trained,
        baselines,
        experiment_text,
        rows_of,
        train_all,
    )
    from rgbtbench.trackers import shipped_weights

    recipes = arguments.recipes
    if recipes not in TEST_SETS:
        raise unknown("folder of recipes", recipes, TEST_SETS)
    ablations = rows_of(recipes)
    known = (*ablations, *(baselines() if recipes == NANO else ()))
    for row in arguments.rows:
        if row not in known:
            raise unknown("row", row, known)
    wanted = {TEACHER, PLAIN, *(arguments.rows or ablations)}
    seeded = SEEDED if recipes == NANO else [row for row in known if row != TEACHER]
    plan = [
        Trained(row, seed, arguments.out / f"{row}-{seed}", recipes)
        for row in known
        if row in wanted
        for seed in range(arguments.seeds if row in seeded else 1)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.trained:
        plan = [one for one in plan if one.weights.exists()]
        if not any(one.row == PLAIN for one in plan):
            found = ", ".join(one.label for one in plan) or "nothing"
            raise ConfigError("nothing to compare with", where=arguments.out, expected=f"{PLAIN}-0", found=found)
    else:
        train_all(plan, arguments.set, arguments.jobs)
    if recipes == FUSED:
        plan.append(Trained(SIDE_BY_SIDE, 0, arguments.out, recipes, shipped_weights("cmd-teacher", NANO)))
    tested = TEST_SETS[recipes]
    evaluation = _tracked(arguments, "study", experiment_text(plan, tested.batch), tested)
    rows, scores = io.StringIO(), io.StringIO()
    measured = list(measured_rows(plan, evaluation))
    write_csv([row for row, _ in measured], Measured, rows)
    write_csv([score for _, own in measured for score in own], OnSequence, scores)
    if arguments.record:
        save(sequences_file(arguments.record), packed(scores.getvalue()))
        save(arguments.record, rows.getvalue().encode())
    return _print(parse_study(rows.getvalue(), str(arguments.out), scores.getvalue(), str(arguments.out)))


def _print(trainings: Sequence[Training]) -> int:
    from rgbtbench.reports.study_tables import study_tables
    from rgbtbench.reports.tables import as_text

    print("\n\n".join(as_text(table, line_width()) for table in study_tables(trainings)))
    return 0


def _recorded(arguments: argparse.Namespace) -> int:
    from rgbtbench.results.study_record import read_study

    if arguments.rows:
        raise ConfigError("--recorded takes no rows", found=" ".join(arguments.rows), next="rgbtbench study --recorded")
    file = None if arguments.recorded is True else arguments.recorded
    trainings = read_study(file)
    if not trainings:
        raise ConfigError("nothing is recorded", where=file, expected="what study --record wrote")
    return _print(trainings)


def _table5(arguments: argparse.Namespace) -> int:
    """Every tracker that has weights on the study's test set, then each one's cost, alone."""
    from rgbtbench.core import identity
    from rgbtbench.files.atomic import save
    from rgbtbench.reports.costs import cost_rows
    from rgbtbench.reports.own_table5 import Contest, contest_rows, contest_table
    from rgbtbench.reports.records import write_csv
    from rgbtbench.reports.tables import as_text
    from rgbtbench.running.cost import count_parameters, make_request, measure
    from rgbtbench.studies.own_table5 import contenders, experiment_text, given_weights, networks
    from rgbtbench.studies.trainings import NANO, TEST_SETS

    if arguments.rows:
        raise ConfigError("--table5 takes no rows", found=" ".join(arguments.rows), next="--weights TRACKER=FILE")
    try:
        plan = contenders(arguments.out, given_weights(arguments.weights))
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan  # before our own lanes add to it
    arguments.out.mkdir(parents=True, exist_ok=True)
    evaluation = _tracked(arguments, "table5", experiment_text(plan), TEST_SETS[NANO])
    first = {one.tracker: one for one in reversed(plan)}
    requests = [make_request(name, one.options, frames=60) for name, one in first.items()]
    costs = {row.tracker: row for row in cost_rows([(r, measure(r)) for r in requests], identity.code())}
    paper = {name: {"preset": "paper"} if one.weights else {} for name, one in first.items()}
    sizes = {name: count_parameters(make_request(name, asked))[0] for name, asked in paper.items()}
    rows = contest_rows(plan, evaluation, costs, sizes, load)
    if arguments.record:
        text = io.StringIO()
        write_csv(rows, Contest, text)
        save(arguments.record, text.getvalue().encode())
    print(as_text(contest_table(rows, [name for name in networks() if name not in first]), line_width()))
    return 0


def _tracked(arguments: argparse.Namespace, name: str, text: str, tested: TestSet) -> Evaluation:
    """Generate the test set, run an experiment on it, score it; what is there already is not done again."""
    from rgbtbench.api import run
    from rgbtbench.datasets.synthetic import write
    from rgbtbench.files.atomic import save

    root, experiment = arguments.out / "LasHeR", arguments.out / f"{name}.yaml"
    if not root.exists():
        sequences, frames = arguments.sequences or tested.sequences, arguments.frames or tested.frames
        names = write("LasHeR", root, sequences, frames, (320, 240), tested.seed, hard=tested.hard)
        log(f"{root}: {len(names)} sequences of {frames} generated frame pairs")
    save(experiment, text.encode())
    runs = run(experiment, out=arguments.out / "runs", devices=f"cpu*{arguments.jobs}")
    log(f"{experiment}: {runs}")
    if runs.gaps:
        next = f"rgbtbench status {shlex.quote(str(experiment))} --runs {shlex.quote(str(runs.store))}"
        raise ResultError("not all sequences have been tracked", where=experiment, found=runs, next=next)
    return runs.evaluate()
