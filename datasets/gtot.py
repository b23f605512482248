"""GTOT: 50 pairs, two annotations, pooled over frames. Rules: docs/scoring.md."""

from __future__ import annotations

import numpy as np

from rgbtbench.core.errors import DataError
from rgbtbench.core.protocol import NPR20, Measure, Protocol, colon
from rgbtbench.files.archive import Tree, join
from rgbtbench.files.mat import read_mat

from .benchmark import Labels, Spec


def read_attributes(tree: Tree, root: str, names: tuple[str, ...]) -> Labels | None:
    """Read ``attributes.txt`` (a header and one row of 0/1 per sequence) or the toolkit's ``AttrMat.mat``."""
    path = join(root, "attributes.txt")
    if tree.exists(path):
        lines = tree.read(path).decode("utf-8", errors="replace").splitlines()
        (_, *columns), *rows = [line.split() for line in lines if line.strip()] or [[""]]
        table = {row[0]: row[1:] for row in rows}
    elif tree.exists(path := join(root, "AttrMat.mat")):
        columns, table = _read_mat(tree, path)
    else:
        return None
    if sorted(columns) != sorted(GTOT.attributes):
        raise DataError(
            "these are not GTOT's attributes",
            where=tree.where(path),
            expected=" ".join(GTOT.attributes),
            found=" ".join(columns)[:80] or "none",
        )
    for name in names:
        values = table.get(name)
        if values is None or len(values) != len(columns) or not set(values) <= {"0", "1"}:
            raise DataError(
                f"bad attribute row of {name}",
                where=tree.where(path),
                expected=f"{len(columns)} values of 0 or 1",
                found="no row" if values is None else " ".join(values)[:80],
            )
    return {name: frozenset(a for a, v in zip(columns, table[name], strict=True) if v == "1") for name in names}


def _read_mat(tree: Tree, path: str) -> tuple[list[str], dict[str, list[str]]]:
    """``seqName``, one line a sequence, and one 0/1 vector per attribute."""
    content = read_mat(tree.read(path), tree.where(path), DataError)
    columns = {name: np.ravel(content[name]) for name in GTOT.attributes if isinstance(content.get(name), np.ndarray)}
    names = content.get("seqName")
    if not isinstance(names, list) or {len(values) for values in columns.values()} != {len(names)}:
        sizes = ", ".join(f"{name} {np.shape(value)}" for name, value in content.items())
        raise DataError(
            "bad attribute file",
            where=tree.where(path),
            expected="seqName, and a vector of that length for each of " + " ".join(GTOT.attributes),
            found=sizes[:200],
        )
    rows = zip(names, *columns.values(), strict=True)
    return list(columns), {name: [f"{value:g}" for value in row] for name, *row in rows}


GTOT = Spec(
    name="GTOT",
    protocol=Protocol(
        measures=(
            Measure("PR", "center", "<", tuple(k / 2 for k in range(51)), "at", at=10),
            Measure("NPR", NPR20.quantity, "<=", NPR20.thresholds, "at", at=20, published=False),
            Measure("SR", "overlap", ">", colon(0.02, 50), "trapezoid"),
        ),
        average="frame",
        inclusive=False,
    ),
    attributes={
        "OCC": "occlusion",
        "LSV": "large scale variation",
        "FM": "fast motion",
        "LI": "low illumination",
        "TC": "thermal crossover",
        "SO": "small object",
        "DEF": "deformation",
    },
    truths=tuple(
        (f"{home}/groundTruth_v.txt", f"{home}/groundTruth_i.txt") for home in ("{name}", "groundtruth/{name}")
    ),
    truth_layout="ltrb",
    homes=("{name}",),
    kit="gtot",
    images=("v", "i"),
    read_attributes=read_attributes,
    attribute_files=("attributes.txt", "AttrMat.mat"),
    attributes_at="attributes.txt or AttrMat.mat (in the GTOT toolkit's folder sequencesAttr)",
    lists={"all": ("SequencesName.txt",)},
    sizes={"all": (50, 7_850)},
)
