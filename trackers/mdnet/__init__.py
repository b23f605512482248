"""MDNet's family: one core, and a tracker for every way to fuse both modalities in it (docs/mdnet.md).

``STANDING`` is the list of them; it needs no torch. Each is one file in ``fusions/``.
"""

from __future__ import annotations

from typing import NamedTuple

LIVE, RECONSTRUCTION = "live", "reconstruction"


class Standing(NamedTuple):
    """How far a tracker is its authors': ``live`` follows their code; a ``reconstruction`` fills gaps by ours."""

    standing: str
    meaning: str
    source: str  # what it is built from, and what is ours

    @property
    def told(self) -> str:
        """One line for lists."""
        return self.meaning + (": our reconstruction" if self.standing == RECONSTRUCTION else "")


STANDING: dict[str, Standing] = {
    "mdnet": Standing(LIVE, "MDNet (CVPR 2016), sees RGB alone", "its structure and constants"),
    "mdnet-rgbt": Standing(LIVE, "MDNet on two streams, concatenated: the family's baseline", "MDNet, one stream each"),
    "manet": Standing(LIVE, "MANet (ICCV-W 2019): modality adapters beside a shared trunk", "the released version"),
    "dafnet": Standing(LIVE, "DAFNet (ICCV-W 2019): recursive selective fusion", "the released code's structure"),
    "fanet": Standing(
        RECONSTRUCTION,
        "FANet (T-IV 2021): aggregated levels, adaptive modality weights",
        "a rebuild from the abstract, no code at hand: widths are ours, 6.8M parameters where 38.4M are printed",
    ),
    "macnet": Standing(
        LIVE,
        "MACNet (Sensors 2020): modalities weighted and exchanged at each level",
        "the test-time net of its code; trained here as MANet is, without its unimodal heads and competitive loss",
    ),
    "mfgnet": Standing(
        RECONSTRUCTION,
        "MFGNet (TMM 2022): dynamic filters for each modality, CBAM",
        "layers and count of its code; how filters are put together is ours, no search of the whole image",
    ),
    "adrnet": Standing(
        RECONSTRUCTION,
        "ADRNet (IJCV 2021, the paper's ADNet): attribute residuals, ensembles by channel and place",
        "branches of its code; the spatial ensemble's layers are ours, no attribute labels",
    ),
    "apfnet": Standing(
        RECONSTRUCTION,
        "APFNet (AAAI 2022): attribute branches at each level, aggregated, fed back",
        "structure of its code; branch widths and channel attention are ours, no attribute labels, one stage",
    ),
    "dapnet": Standing(
        RECONSTRUCTION,
        "DAPNet (ACM MM 2019): dense aggregation of levels, channel pruning in training",
        "the abstract; no code known, widths are ours",
    ),
    "cat": Standing(
        RECONSTRUCTION,
        "CAT (ECCV 2020): challenge branches, shared and of one modality",
        "the abstract; no guidance module, no challenge labels, bottlenecks are ours",
    ),
    "manet++": Standing(
        RECONSTRUCTION,
        "MANet++ (TIP 2021): MANet with RoI pooling",
        "the abstract and MANet's code; no hierarchical divergence loss",
    ),
    "cbpnet": Standing(
        RECONSTRUCTION,
        "CBPNet (TMM 2021): products across levels, channel attention, modality weights",
        "the abstract; widths and the form of the products are ours",
    ),
}

# Of the paper's Table 5, on this core but not to be had by hooks alone: what they are about is not a fusion.
ABSENT: dict[str, str] = {
    "TFNet": "three heads (fused, RGB, thermal) that are trained and pruned together; the core has one",
    "M5LNet": "a metric loss with several margins over targets and backgrounds; its formula was not at hand",
    "TODA": "attention learnt from gradients in training, and proposals from the whole image; no code or text at hand",
}


def module(name: str) -> str:
    """The file in ``fusions/`` of a tracker."""
    return name.replace("++", "pp").replace("-", "_")
