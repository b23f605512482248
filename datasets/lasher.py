"""LasHeR: 1224 aligned pairs, one annotation; papers report its 245 test sequences. Rules: docs/scoring.md."""

from __future__ import annotations

from rgbtbench.core.errors import DataError
from rgbtbench.core.protocol import NPR20, PR20, SR21, Protocol
from rgbtbench.files.archive import Tree, join

from .spec import Labels, Spec


def read_attributes(tree: Tree, root: str, names: tuple[str, ...]) -> Labels | None:
    """Read ``AttriSeqsTxt/<sequence>.txt``: one row of 19 comma separated 0/1."""
    columns = tuple(LASHER.attributes)
    labels = {}
    if not tree.files(join(root, "AttriSeqsTxt")):
        return None
    for name in names:
        path = join(root, f"AttriSeqsTxt/{name}.txt")
        flags = tree.read(path).split(b",")
        if len(flags) != len(columns) or not {flag.strip() for flag in flags} <= {b"0", b"1"}:
            raise DataError(
                f"bad attribute row of {name}",
                where=tree.where(path),
                expected=f"{len(columns)} values of 0 or 1",
                found=len(flags),
            )
        labels[name] = frozenset(a for a, flag in zip(columns, flags, strict=True) if flag.strip() == b"1")
    return labels


LASHER = Spec(
    name="LasHeR",
    protocol=Protocol(
        measures=(PR20, NPR20, SR21), first_frame="truth", repair=True, border_is_invalid=True, round_corners=False
    ),
    attributes={
        "NO": "no occlusion",
        "PO": "partial occlusion",
        "TO": "total occlusion",
        "HO": "hyaline occlusion (not heavy, as in RGBT234)",
        "MB": "motion blur",
        "LI": "low illumination",
        "HI": "high illumination",
        "AIV": "abrupt illumination variation",
        "LR": "low resolution",
        "DEF": "deformation",
        "BC": "background clutter",
        "SA": "similar appearance",
        "CM": "camera moving",
        "TC": "thermal crossover",
        "FL": "frame lost",
        "OV": "out of view",
        "FM": "fast motion",
        "SV": "scale variation",
        "ARC": "aspect ratio change",
    },
    aliases={"ARV": "ARC"},  # the shipped order file misspells it
    truths=(
        ("annos/{name}.txt",),
        ("lasher_gt/{name}.txt",),
        ("{name}/init.txt",),
        ("testingset/{name}/init.txt",),
        ("trainingset/{name}/init.txt",),
    ),
    homes=("{name}", "testingset/{name}", "trainingset/{name}"),
    kit="lasher",
    images=("visible", "infrared"),
    read_attributes=read_attributes,
    attribute_files=("AttriSeqsTxt/{name}.txt",),
    attributes_at="AttriSeqsTxt/ with one file per sequence (in the LasHeR repository)",
    lists={"train": ("trainingsetList.txt",), "test": ("testingsetList.txt", "lashertest.txt")},
    sizes={"test": (245, 220_703), "train": (979, 514_082), "all": (1_224, 734_785)},
    default_split="test",
)
