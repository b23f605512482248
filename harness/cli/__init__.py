"""The command line: parse, call, print. Data to stdout, log to stderr.

Exit status: 0 complete, 1 finished with gaps, 2 bad input, 70 a fault of this package (EX_SOFTWARE), 130 interrupted.

A new verb is one file here and one row of ``VERBS``. The file has ``add_verb(verbs)``, which calls ``options.add`` with
the verb's name, its function, its help and two examples, and then adds its options; and the function, which takes the
parsed arguments, calls ``rgbtbench.api`` or the package's functions, prints, and returns the exit status. Nothing but
the standard library is imported before that function runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys

from rgbtbench import __version__
from rgbtbench.core import terminal
from rgbtbench.core.errors import BenchError, ConfigError
from rgbtbench.core.terminal import say

from . import (
    check,
    compare,
    demo,
    eao,
    export,
    fault,
    leaderboard,
    profile,
    report,
    run,
    score,
    status,
    study,
    synth,
    train,
    trax,
    weights,
)
from . import list as listing

VERBS = (  # in the order of --help
    score,
    compare,
    eao,
    check,
    export,
    demo,
    synth,
    run,
    status,
    trax,
    report,
    leaderboard,
    profile,
    weights,
    train,
    study,
    listing,
)


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    terminal.prepare()
    try:
        arguments = _parsed(argv)
        code: int = arguments.verb(arguments)
        sys.stdout.flush()
    except BenchError as error:
        say(f"rgbtbench: {error}")
        code = 2
    except BrokenPipeError:  # `rgbtbench ... | head`: the reader has what it wanted
        code = 0
    except OSError as error:
        where = error.filename or "standard output, as it seems"
        say(f"rgbtbench: {ConfigError(error.strerror or str(error), where=where)}")
        code = 2
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        code = fault.report(error, sys.argv[1:] if argv is None else argv, __version__)
    finally:  # argparse leaves with SystemExit
        terminal.drop_output()
    return code


def _parsed(argv: list[str] | None) -> argparse.Namespace:
    """Arguments of a verb; inputs may stand before, between and behind options, which argparse alone refuses."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and ("inputs" not in arguments or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.inputs += rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("rgbtbench", description="Exact, fast scoring of RGB-T object trackers.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(main=main)  # for the verb that calls others
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_verb(verbs)
    return parser
