"""VTUAV: 250 aligned test pairs filmed from drones, two annotations of every tenth frame, short- and long-term.

Zhang et al., "Visible-Thermal UAV Tracking: A Large-Scale Benchmark and New Baseline", CVPR 2022. Known from where:

- Rules, attributes, ``AttrMat_*.mat``: its toolkit, zhang-pengyu/DUT-VTUAV @6b081c5. ``calcPlotErr_TPR.m`` takes rows
  ``1:10:end`` of a result, the larger overlap and the smaller centre error of the two annotations; ``plot_ST.m`` and
  ``plot_LT.m`` average shares of frames over sequences: error <= 20 px, and overlap > 0:0.05:1.
- Absent targets are scored like all others there: 0 0 0 0 is never a hit for overlap; for the centre error it is a
  point in the image's corner, so a tracker that answers 0 0 0 0 hits.
- Folders ``rgb/`` and ``ir/``, ``rgb.txt`` and ``ir.txt`` (x y w h, blanks), images ``000001.jpg``: jiawen-zhu/ViPT
  @f49f301; zhang-pengyu/HMFT @37413e5, whose loader pairs row k with the number of the first image + 10 k.
- Names: ViPT's lists, equal to those of hoqolo/SDSTrack @822d985 and SparkTempest/BAT @ccf9b2f.
- Truth of every tenth frame, 945 images with 95 rows, 4039 with 404: the author in issue 2 of DUT-VTUAV.

Not verified, since the data set itself could not be had: the number of rows; that no sequence has images beyond the
last ten; that absent targets are written as zeros; ``load_groundtruth_txt_info.m``, which is missing at that commit and
is read as RGBT234's (x y w h as written); attributes by published names (that commit has the camera's file names).
No list of the 250 training sequences was found: there is no split for them.
"""

from __future__ import annotations

from dataclasses import replace

from rgbtbench.core.protocol import NPR20, PR20, SR21, Protocol

from .spec import Spec

VTUAV = Spec(
    name="VTUAV",
    protocol=Protocol(measures=(PR20, replace(NPR20, published=False), SR21), inclusive=False),
    every=10,
    sizes={"ST": (176, None), "LT": (74, None)},
    default_split="ST",
    truths=tuple((f"{home}{{name}}/rgb.txt", f"{home}{{name}}/ir.txt") for home in ("", "test_ST/", "test_LT/")),
    homes=("{name}", "test_ST/{name}", "test_LT/{name}"),
    images=("rgb", "ir"),
    kit="vtuav",
    attributes={
        "BC": "background clutter",
        "CM": "camera moving",
        "DEF": "deformation",
        "FM": "fast motion",
        "OV": "out of view",
        "EI": "extreme illumination",
        "LR": "low resolution",
        "TB": "target blur",
        "TVS": "thermal-visible separation",
        "PO": "partial occlusion",
        "SV": "scale variation",
        "TC": "thermal clustering (elsewhere: thermal crossover)",
        "FO": "full occlusion",
    },
    attribute_files=("attributes.txt", "AttrMat_ST.mat", "AttrMat_LT.mat"),
    attributes_at="AttrMat_ST.mat and AttrMat_LT.mat (in the VTUAV toolkit)",
)
