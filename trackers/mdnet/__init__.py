"""MDNet's family: one core, and a tracker for every way to fuse both modalities in it (docs/mdnet.md).

``FAMILY`` is the list of them; it needs no torch. Each is one file in ``fusions/``. What is its authors' and what is
ours says ``trackers/fidelity.csv``.
"""

from __future__ import annotations

FAMILY: dict[str, str] = {  # name -> what it is
    "mdnet": "MDNet (CVPR 2016), sees RGB alone",
    "mdnet-rgbt": "MDNet on two streams, concatenated: the family's baseline",
    "manet": "MANet (ICCV-W 2019): modality adapters beside a shared trunk",
    "dafnet": "DAFNet (ICCV-W 2019): recursive selective fusion",
    "fanet": "FANet (T-IV 2021): aggregated levels, adaptive modality weights: our reconstruction",
    "macnet": "MACNet (Sensors 2020): modalities weighted and exchanged at each level",
    "mfgnet": "MFGNet (TMM 2022): dynamic filters for each modality, CBAM: our reconstruction",
    "adrnet": "ADRNet (IJCV 2021, the paper's ADNet): attribute residuals, ensembles by channel and place: "
    "our reconstruction",
    "apfnet": "APFNet (AAAI 2022): attribute branches at each level, aggregated, fed back: our reconstruction",
    "dapnet": "DAPNet (ACM MM 2019): dense aggregation of levels, channel pruning in training: our reconstruction",
    "cat": "CAT (ECCV 2020): challenge branches, shared and of one modality: our reconstruction",
    "manet++": "MANet++ (TIP 2021): MANet with RoI pooling: our reconstruction",
    "cbpnet": "CBPNet (TMM 2021): products across levels, channel attention, modality weights: our reconstruction",
}


def module(name: str) -> str:
    """The file in ``fusions/`` of a tracker."""
    return name.replace("++", "pp").replace("-", "_")
