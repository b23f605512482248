"""The verb ``synth``: generate a benchmark in a real one's layout."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.terminal import log

from .options import Verbs, add

EXAMPLES = (
    "synth LasHeR data/LasHeR",
    "synth GTOT data/GTOT --sequences 50 --frames 200 --size 640x480 --seed 1",
)


def add_verb(verbs: Verbs) -> None:
    """Add ``synth`` to the command line."""
    synth = add(verbs, "synth", _synth, "generate a benchmark: images, truth and attributes, all of known cause",
                EXAMPLES)  # fmt: skip
    synth.add_argument("benchmark", help="the layout to write: LasHeR, RGBT234, GTOT or VTUAV")
    synth.add_argument("out", type=Path, metavar="OUT", help="a folder that does not exist yet")
    synth.add_argument("--sequences", type=int, default=20, metavar="N", help="20 (default) show every attribute")
    synth.add_argument("--frames", type=int, default=120, metavar="N", help="of each sequence (default: 120)")
    synth.add_argument("--size", default="320x240", metavar="WxH", help="in pixels (default: 320x240)")
    synth.add_argument("--seed", type=int, default=0, metavar="S", help="same seed, same files (default: 0)")
    synth.add_argument(
        "--hard", action="store_true", help="crowds, low light or thermal crossover, and occlusion in all"
    )
    synth.add_argument("--backgrounds", type=Path, metavar="DIR", help="registered photographs: visible/ and infrared/")


def _synth(arguments: argparse.Namespace) -> int:
    from rgbtbench.datasets.synthetic import write

    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", arguments.size)
    if size is None:
        raise ConfigError("malformed --size", expected="WIDTHxHEIGHT, such as 320x240", found=repr(arguments.size))
    names = write(
        arguments.benchmark,
        arguments.out,
        arguments.sequences,
        arguments.frames,
        (int(size[1]), int(size[2])),
        arguments.seed,
        arguments.backgrounds,
        hard=arguments.hard,
    )
    log(f"{arguments.out}: {len(names)} sequences of {arguments.frames} generated frame pairs")
    return 0
