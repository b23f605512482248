"""GTOT: 50 pairs, two annotations, pooled over frames. Rules: docs/scoring.md."""

from __future__ import annotations

from rgbtbench.archive import Tree, join
from rgbtbench.errors import ConfigError, DataError
from rgbtbench.protocol import NPR20, Measure, Protocol, colon

from .benchmark import Labels, Spec


def read_attributes(tree: Tree, root: str, names: tuple[str, ...]) -> Labels | None:
    """Read ``attributes.txt`` (a header and one row of 0/1 per sequence) or the toolkit's ``AttrMat.mat``."""
    path = join(root, "attributes.txt")
    if tree.exists(path):
        lines = tree.read(path).decode("utf-8", errors="replace").splitlines()
        header, *rows = (line.split() for line in lines if line.strip())
        table = {row[0]: row[1:] for row in rows}
        columns = header[1:]
    elif tree.exists(path := join(root, "AttrMat.mat")):
        columns, table = _read_mat(tree, path)
    else:
        return None
    for name in names:
        values = table.get(name)
        if values is None or len(values) != len(columns) or not set(values) <= {"0", "1"}:
            raise DataError(
                f"bad attribute row of {name}",
                where=tree.where(path),
                expected=f"{len(columns)} values of 0 or 1",
                found=values and " ".join(values),
            )
    return {name: frozenset(a for a, v in zip(columns, table[name], strict=True) if v == "1") for name in names}


def _read_mat(tree: Tree, path: str) -> tuple[list[str], dict[str, list[str]]]:
    """``seqName`` and one 0/1 vector per attribute, a MATLAB 5 file; scipy never runs code from it."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise ConfigError(
            "reading AttrMat.mat needs scipy", where=tree.where(path), next="pip install 'rgbtbench[annotations]'"
        ) from None
    import io

    try:
        content = loadmat(io.BytesIO(tree.read(path)), simplify_cells=True)
        columns = [name for name in GTOT.attributes if name in content]
        rows = zip(content["seqName"], *(content[name] for name in columns), strict=True)
        return columns, {str(name): [str(int(v)) for v in values] for name, *values in rows}
    except (ValueError, KeyError, TypeError, RuntimeError) as reason:
        raise DataError("unreadable attribute file", where=tree.where(path), found=reason) from None


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
    attributes_at="attributes.txt or AttrMat.mat (in the GTOT toolkit's folder sequencesAttr)",
    lists={"all": ("SequencesName.txt",)},
    sizes={"all": (50, 7_850)},
)
