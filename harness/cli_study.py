"""The verb ``study``: train the rows of the paper's Tables 1 to 4, track an unseen generated benchmark, compare.

Every step is a command that anybody can type (``train``, ``synth``, ``run``), and none is repeated once it is done.
"""

from __future__ import annotations

import argparse
import io
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError, not_installed, unknown

if TYPE_CHECKING:
    from .evaluation import Evaluation

    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

TEST_SEED = 20_230_618  # of the generated test set


def add_verb(verbs: _Verbs) -> None:
    """Add it to the command line's subparsers."""
    study = verbs.add_parser("study", help="train and compare the rows of the paper's Tables 1 to 4, small")
    study.add_argument("rows", nargs="*", metavar="ROW", help="such as scfd, beside teacher and student; default: all")
    study.add_argument("--out", type=Path, default=Path("study"), metavar="DIR", help="default: study; it resumes")
    study.add_argument("--seeds", type=_count, default=3, metavar="N", help="of each row of Table 1 (default: 3)")
    study.add_argument("--jobs", type=_count, default=2, metavar="N", help="trainings at once (default: 2)")
    study.add_argument("--sequences", type=_count, default=200, metavar="N", help="of the test set (default: 200)")
    study.add_argument("--frames", type=_count, default=60, metavar="N", help="of each (default: 60)")
    study.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of every recipe, as in train")
    study.add_argument("--trained", action="store_true", help="train nothing: compare what --out holds")
    study.add_argument("--record", type=Path, metavar="FILE.csv", help="also write every score with its provenance")
    study.set_defaults(verb=_study)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _study(arguments: argparse.Namespace) -> int:
    try:
        from .trackers.crossmodal.methods import METHODS
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    from .atomic import save
    from .reports.records import write_csv
    from .reports.studies import measured_rows, study_tables
    from .reports.tables import as_text
    from .results.study import Measured
    from .study import LONGER, PLAIN, SEEDED, TEACHER, Trained, call, experiment_text, train_all

    known = (TEACHER, PLAIN, LONGER, *(name for name in METHODS if name != PLAIN))
    for row in arguments.rows:
        if row not in known:
            raise unknown("row", row, known)
    wanted = {TEACHER, PLAIN, *(arguments.rows or known)}
    plan = [
        Trained(row, seed, arguments.out / f"{row}-{seed}")
        for row in known
        if row in wanted
        for seed in range(arguments.seeds if row in SEEDED else 1)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.trained:
        plan = [one for one in plan if one.weights.exists()]
        if not any(one.row == PLAIN for one in plan):
            found = ", ".join(one.label for one in plan) or "nothing"
            raise ConfigError("nothing to compare with", where=arguments.out, expected=f"{PLAIN}-0", found=found)
    else:
        train_all(plan, arguments.set, arguments.jobs)
    root, runs = arguments.out / "LasHeR", arguments.out / "runs"
    if not root.exists():
        size = ("--sequences", arguments.sequences, "--frames", arguments.frames, "--seed", TEST_SEED)
        call("synth", "LasHeR", root, *size)
    experiment = arguments.out / "study.yaml"
    save(experiment, experiment_text(plan).encode())
    call("run", experiment, "--runs", runs, "--devices", f"cpu*{arguments.jobs}")
    evaluation = _evaluate(experiment, runs)
    if arguments.record:
        text = io.StringIO()
        write_csv(measured_rows(plan, evaluation), Measured, text)
        save(arguments.record, text.getvalue().encode())
    print("\n\n".join(as_text(table) for table in study_tables(plan, evaluation)))
    return 0


def _evaluate(experiment: Path, runs: Path) -> Evaluation:
    from .reports.inputs import Benchmarks, gather, score
    from .reports.together import require_complete

    entries = gather([str(experiment)], Benchmarks(), runs=runs)
    require_complete(entries, f"rgbtbench status {shlex.quote(str(experiment))} --runs {shlex.quote(str(runs))}")
    evaluation = score(entries)
    assert evaluation is not None
    return evaluation
