"""The losses of CMD (Zhang et al., CVPR 2023), equation by equation; docs/paper.md says how we read them.

Feature maps are (N, C, H, W), scores (..., R, R). Nothing here has parameters or stops the teacher's gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from rgbtbench.trackers.dimp.losses import hinge_error
from rgbtbench.trackers.networks.layers import widen
from rgbtbench.trackers.networks.resnet import Levels


def normalise(target: Tensor) -> Tensor:
    """One level's target divided by its standard deviation: squared errors become shares of the target's variance."""
    target = widen(target)
    return target / target.std().clamp(min=1e-6)


def distance(student: Tensor, target: Tensor, reduction: str = "channel_sum", weight: Tensor | None = None) -> Tensor:
    """l(.) of Eqs. 3, 7 and 8 for each sample: (..., C, H, W) twice to (...).

    ``channel_sum``: squared errors summed over channels, averaged over positions; ``mean``: averaged over both;
    ``normalised``: ``mean`` for ``normalise``d targets. ``weight`` (..., 1, H, W) multiplies the squared errors.
    """
    student, target = widen(student), widen(target)
    error = (student - (normalise(target) if reduction == "normalised" else target)).square()
    each = (error if weight is None else error * weight).mean((-3, -2, -1))
    return each * error.shape[-3] if reduction == "channel_sum" else each


def sem(rgb: Tensor, tir: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 1, specificity enhancement: what both see, plus what only one of them does."""
    both = rgb * tir
    return both + (rgb - tir), both + (tir - rgb)


def cem(rgb: Tensor, tir: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 2, commonality enhancement: one target for both modalities."""
    common = rgb * tir + (rgb + tir)
    return common, common


def add(rgb: Tensor, tir: Tensor) -> tuple[Tensor, Tensor]:
    """The plain sum as one target for both: AFD of Table 2."""
    return rgb + tir, rgb + tir


TARGETS: Mapping[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {"sem": sem, "cem": cem, "add": add}


def l_scfd(
    fu_rgb: Levels,
    fu_tir: Levels,
    f_rgb: Levels,
    f_tir: Levels,
    targets: Sequence[str] = ("sem", "sem", "sem", "cem"),
    reduction: str = "channel_sum",
) -> Tensor:
    """Eq. 3: the student's fused-up levels against targets made of the teacher's, summed over levels and modalities."""
    terms = []
    for name, *maps in zip(targets, fu_rgb, fu_tir, f_rgb, f_tir, strict=True):
        own, (rgb, tir) = maps[:2], TARGETS[name](*(widen(m) for m in maps[2:]))
        terms += [distance(own[0], rgb, reduction).mean(), distance(own[1], tir, reduction).mean()]
    return torch.stack(terms).sum()


def l_fus(fs_fus: Tensor, ft_fus: Tensor, reduction: str = "channel_sum") -> Tensor:
    """Eq. 7 at one level: the student's fused map, adapted to the teacher's channels, against the teacher's."""
    return distance(fs_fus, ft_fus, reduction).mean()


def path_losses(paths: Tensor, ft_fus: Tensor, reduction: str = "channel_sum") -> Tensor:
    """L_fus,n of Eq. 8 for each sample: adapted paths (N, 3, C, H, W) against ft_fus (N, C, H, W) to (N, 3)."""
    return distance(paths, ft_fus[:, None], reduction)


def l_p(weights: Tensor, losses: Tensor, *, stop_gradient: bool = True) -> Tensor:
    """Eqs. 9 and 10 at one level: weights (N, 3) of the paths, losses (N, 3) of ``path_losses``.

    nu is the path the selector trusts most, lambda the one that fits best, both for each sample. With ``stop_gradient``
    the gradient is the weights' alone; else L_lambda is made smaller, too.
    """
    smallest, best = (losses.detach() if stop_gradient else losses).min(1)
    trusted = weights.gather(1, best[:, None])[:, 0]
    return (smallest * (weights.amax(1) - trusted)).mean()


def soft(student: Tensor, target: Tensor, temperature: float = 4.0) -> Tensor:
    """Hinton's KD (2015) of maps (N, C, H, W): each position's channels as logits, softened; the mean over positions.

    Kullback-Leibler divergence from the target's distribution, times the squared temperature, a scalar.
    """
    own, wanted = ((widen(x) / temperature).log_softmax(1) for x in (student, target))
    return temperature**2 * (wanted.exp() * (wanted - own)).sum(1).mean()


def r_c(r_t: Tensor, r_g: Tensor, *, clamp: bool = True, hole_fix: bool = False) -> Tensor:
    """Eq. 12: the label r_g plus the teacher's response r_t where their sum stays below 1, else the label; detached.

    ``clamp`` limits r_t to [0, 1] first. A strong distractor (r_t >= 1, r_g = 0) then gets 0, a hole in the map:
    ``hole_fix`` limits r_t to [0, 0.999] instead.
    """
    r_t, r_g = r_t.detach(), r_g.detach()
    if clamp or hole_fix:
        r_t = r_t.clamp(0, 0.999 if hole_fix else 1)
    both = r_t + r_g
    return torch.where(both < 1, both, r_g)


def l_hfrd(
    r_s: Tensor, r_t: Tensor, r_g: Tensor, *, form: str = "literal", clamp: bool = True, hole_fix: bool = False
) -> Tensor:
    """Eq. 13: the student's response, weighed by ``r_c``, against the label; ``form``: one of ``RESPONSE_FORMS``."""
    return RESPONSE_FORMS[form](r_s, r_g, r_c(r_t, r_g, clamp=clamp, hole_fix=hole_fix)).mean()


RESPONSE_FORMS: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {  # response, label, weight -> squared error
    "literal": lambda r_s, r_g, weight: (r_s * weight - r_g).square(),  # least at r_g / weight: a wider peak
    "both": lambda r_s, r_g, weight: (weight * (r_s - r_g)).square(),  # the label weighed, too: least at the label
    "hinge": lambda r_s, r_g, weight: weight * hinge_error(r_s, r_g).square(),  # DiMP's error where the teacher answers
}
