"""Write a tracker's results the way another toolkit reads them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.boxes import Array, to_corners
from rgbtbench.errors import ResultError, unknown

from .formats import ResultFiles, to_xywh


@dataclass(frozen=True, slots=True)
class Kit:
    """How one toolkit wants its result files; ``path`` is a template in ``{label}`` and ``{name}``."""

    path: str
    columns: int
    separator: str
    meaning: str


KITS = {
    "gtot": Kit("{label}_{name}.txt", 8, " ", "GTOT-toolkit/BBresults; rounds its 8 columns to whole pixels"),
    "rgbt234": Kit("{label}_{name}.txt", 8, " ", "RGBT234 and RGBT210 toolkit; rounds its 8 columns to whole pixels"),
    "lasher": Kit("{label}_tracking_result/{name}.txt", 4, ",", "LasHeR_Toolkit/tracking_results"),
    "pytracking": Kit("{name}.txt", 4, "\t", "pytracking and got10k"),
}


def export(files: ResultFiles, kit: str, out: Path, *, layout: str | None = None) -> list[Path]:
    """Write every sequence of ``files`` under ``out`` and return the paths; numbers keep all their digits.

    All or nothing: a temporary folder beside ``out`` is filled first. Raises ResultError if a file is already there.
    """
    if kit not in KITS:
        raise unknown("kit", kit, KITS, next="rgbtbench list kits")
    if files.label in ("", ".", "..") or set(files.label) & set("/\\\0"):
        raise ResultError("label cannot be part of a file name", found=repr(files.label), next="--results LABEL=PATH")
    rule = KITS[kit]
    targets = {name: out / rule.path.format(label=files.label, name=name) for name in files.paths}
    if taken := [target for target in targets.values() if target.exists()]:
        raise ResultError("file exists", where=taken[0], next="choose another --out, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, target in targets.items():
            boxes = to_xywh(files.read(name), layout, round_corners=False)
            draft = staging / target.relative_to(out)
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text("".join(_lines(boxes, rule)), encoding="ascii", newline="\n")
        for target in targets.values():
            target.parent.mkdir(parents=True, exist_ok=True)
            (staging / target.relative_to(out)).replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return list(targets.values())


def _lines(boxes: Array, kit: Kit) -> Iterator[str]:
    for row in (to_corners(boxes) if kit.columns == 8 else boxes).tolist():
        yield kit.separator.join(repr(value).removesuffix(".0") for value in row) + "\n"
