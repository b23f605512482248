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
        return self.meaning + (f"; reconstruction: {self.source}" if self.standing == RECONSTRUCTION else "")


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
}


def module(name: str) -> str:
    """The file in ``fusions/`` of a tracker."""
    return name.replace("++", "pp").replace("-", "_")
