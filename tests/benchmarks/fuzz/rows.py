"""Files of boxes: tokens that occur in real ones and that never should, in any order."""

from __future__ import annotations

from pathlib import Path
from random import Random

from rgbtbench.core.errors import ResultError
from rgbtbench.files.rows import parse_rows

TOKENS = (
    *("1", "0", "12.5", "-3", "nan", "NaN", "inf", "-Infinity", "1e5", "1e308", "1e-320", "1e999", "0x10", "1_000"),
    *("+7", ".5", "5.", "--1", "1-2", "1,", "two", "é", "\0", "\x1a", "#", "%", "e", "1e", "1d3", "९", "∞", "9" * 30),
)
BETWEEN = (",", "\t", " ", ", ", ";", "  ", " ,", "\x0b", "\xa0", "|")
ENDS = ("\n", "\r\n", "\r", "\n\n", "\n \n", "\x0c", "\x1c", "\u2028", "")


def one(rng: Random, folder: Path) -> None:
    """A file that is sound but for a few places, or noise."""
    kind = rng.random()
    if kind < 0.05:
        data = rng.randbytes(rng.randrange(200))
    elif kind < 0.07:
        data = (rng.choice(TOKENS) * rng.randrange(1, 40_000)).encode()
    else:
        odd = rng.choice((0, 0.01, 0.1, 0.5))
        between, end, width = rng.choice(BETWEEN[:4]), rng.choice(ENDS[:3]), rng.choice((1, 4, 4, 8, 8, 5, 40))
        parts = []
        for _ in range(rng.choice((1, 3, 20))):
            for k in range(width):
                parts.append(rng.choice(TOKENS) if rng.random() < odd else rng.choice(TOKENS[:4]))
                if k < width - 1:
                    parts.append(rng.choice(BETWEEN) if rng.random() < odd else between)
            parts.append(rng.choice(ENDS) if rng.random() < odd else end)
        data = "".join(parts).encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16")))
    rows = parse_rows(data, "x.txt", (4, 8), ResultError)
    assert rows.ndim == 2
    assert rows.shape[1] in (4, 8)
