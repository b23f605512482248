"""What is printed when this package itself fails, so that a report of it is useful."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from rgbtbench.core.errors import BenchError
from rgbtbench.core.terminal import say

STATUS = 70  # EX_SOFTWARE of sysexits.h: neither gaps (1) nor bad input (2)
VARIABLE = "RGBTBENCH_TRACEBACK"
FRAMES = 3  # innermost ones


def report(error: BaseException, arguments: Sequence[str], version: str) -> int:
    """Say on stderr what failed, where, and how to report it; the exit status."""
    if os.environ.get(VARIABLE):
        traceback.print_exception(error)
    calls = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{'/'.join(Path(call.filename).parts[-2:])}:{call.lineno} in {call.name}" for call in calls]
    message = BenchError(
        f"this should not happen, and is no fault of yours: {type(error).__name__}",
        where="\n".join(reversed(places)),
        found=error,
        next=f"please report it, with these lines, the file that caused it, and what this prints:\n"
        f"{VARIABLE}=1 {shlex.join(['rgbtbench', *arguments])}",
    )
    say(f"rgbtbench {version}, Python {platform.python_version()} on {sys.platform}: {message}")
    return STATUS
