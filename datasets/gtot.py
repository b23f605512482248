"""GTOT: 50 pairs, two annotations, pooled over frames. Rules: docs/scoring.md."""

from __future__ import annotations

from rgbtbench.core.protocol import NPR20, Measure, Protocol, colon

from .spec import Spec

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
    attribute_files=("attributes.txt", "AttrMat.mat"),
    attributes_at="attributes.txt or AttrMat.mat (in the GTOT toolkit's folder sequencesAttr)",
    lists={"all": ("SequencesName.txt",)},
    sizes={"all": (50, 7_850)},
)
