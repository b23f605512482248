"""RGBT234 (two annotations) and its predecessor RGBT210 (one). Rules: docs/scoring.md."""

from __future__ import annotations

from dataclasses import replace

from rgbtbench.core.errors import DataError
from rgbtbench.core.protocol import NPR20, PR20, SR21, Protocol
from rgbtbench.files.archive import Tree, join

from .spec import Labels, Spec


def read_attributes(tree: Tree, root: str, names: tuple[str, ...]) -> Labels | None:
    """Read ``attr_txt/<ATTRIBUTE>.txt``: a 0/1 per line, in the order of ``attr_txt/SequencesName.txt``.

    Both benchmarks ship the same 234 rows.
    """
    folder = join(root, "attr_txt")
    if not tree.exists(join(folder, "SequencesName.txt")):
        return None
    order = tree.read(join(folder, "SequencesName.txt")).decode("utf-8", errors="replace").split()
    labels: dict[str, set[str]] = {name: set() for name in order}
    if missing := [name for name in names if name not in labels]:
        raise DataError("sequence without attributes", where=tree.where(folder), found=missing[0])
    for attribute in RGBT234.attributes:
        path = join(folder, f"{attribute}.txt")
        flags = tree.read(path).split()
        if len(flags) != len(order) or not set(flags) <= {b"0", b"1"}:
            raise DataError(
                "bad attribute file", where=tree.where(path), expected=f"{len(order)} lines of 0 or 1", found=len(flags)
            )
        for name, flag in zip(order, flags, strict=True):
            if flag == b"1":
                labels[name].add(attribute)
    return {name: frozenset(labels[name]) for name in names}


RGBT234 = Spec(
    name="RGBT234",
    protocol=Protocol(measures=(PR20, replace(NPR20, published=False), SR21), one_short=("orangeman1",)),
    attributes={
        "NO": "no occlusion",
        "PO": "partial occlusion",
        "HO": "heavy occlusion",
        "LI": "low illumination",
        "LR": "low resolution",
        "TC": "thermal crossover",
        "DEF": "deformation",
        "FM": "fast motion",
        "SC": "scale variation (papers print SV)",
        "MB": "motion blur",
        "CM": "camera moving",
        "BC": "background clutter",
    },
    aliases={"SV": "SC"},
    truths=tuple((f"{home}/visible.txt", f"{home}/infrared.txt") for home in ("{name}", "rgbt234_gt/{name}")),
    homes=("{name}",),
    kit="rgbt234",
    images=("visible", "infrared"),
    read_attributes=read_attributes,
    attribute_files=("attr_txt/{name}.txt",),
    attributes_at="attr_txt/ with 12 files and SequencesName.txt (in the RGBT234 toolkit)",
    lists={"all": ("SequencesName.txt", "attr_txt/SequencesName.txt")},
    sizes={"all": (234, 116_650)},
)

RGBT210 = replace(
    RGBT234,
    name="RGBT210",
    protocol=replace(RGBT234.protocol, first_frame="truth", one_short=()),
    truths=(("{name}/init.txt",), ("groundtruth/{name}/init.txt",)),
    lists={"all": ("SequencesName.txt",)},  # attr_txt/SequencesName.txt is RGBT234's here
    sizes={"all": (210, 104_706)},
)
