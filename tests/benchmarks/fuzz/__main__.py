"""``python -m tests.benchmarks.fuzz [--inputs N] [--seed S] [KIND ...]``: exit 1 for whatever is no BenchError."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from .runner import kinds, one, watched


def main() -> int:
    """Try all kinds, or those asked for, and print a line for each."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(kinds()))
    parser.add_argument("--inputs", type=int, default=100_000, help="of each kind (default: 100,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="INDEX", help="this input alone, here, with its traceback")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="with --only: leave its files there")
    arguments = parser.parse_args()
    if odd := set(arguments.kinds) - set(kinds()):
        parser.error(f"no such kind: {', '.join(sorted(odd))}")
    if arguments.only is not None:
        with TemporaryDirectory() as scratch:
            for kind in arguments.kinds:
                one(kind, arguments.seed, arguments.only, arguments.keep or Path(scratch))
        return 0
    status = 0
    for kind in arguments.kinds or kinds():
        start = time.monotonic()
        try:
            tally = watched(kind, arguments.inputs, arguments.seed)
        except ModuleNotFoundError as reason:
            print(f"{kind}: skipped, {reason}")
            continue
        slow, at = tally.slowest
        print(
            f"{kind}: {tally.taken:,} taken, {tally.refused:,} refused ({tally.mute.total():,} without a next step), "
            f"{len(tally.faults):,} faults; slowest {slow:.2f} s (input {at}), {tally.peak >> 20} MiB; "
            f"{time.monotonic() - start:.0f} s",
            flush=True,
        )
        for index, what in tally.faults[:20]:
            print(f"  input {index}: {what}")
        for what, times in tally.mute.most_common(8):
            print(f"  no next step {times:,} times: {what}")
        status |= bool(tally.faults)
    return status


if __name__ == "__main__":
    sys.exit(main())
