"""Teaching a student: the terms that a method adds to the original losses, and all layers that only training needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rgbtbench.errors import ConfigError
from rgbtbench.trackers.dimp.learn import Batch, Pass, Views, extract, forward
from rgbtbench.trackers.dimp.losses import gaussian_label
from rgbtbench.trackers.dimp.network import Features, Network
from rgbtbench.trackers.dimp.parameters import STRIDE
from rgbtbench.trackers.dimp.resnet import Levels

from .equations import distance, l_fus, l_hfrd, l_p, l_scfd, path_losses
from .fusion import MPSD
from .methods import FEATURE_TERMS, METHODS, RESPONSE_TERMS, Method
from .reviewkd import TopDown, hcl

__all__ = ["METHODS", "Distiller", "Method", "Target", "ask", "gradient_norms"]

PATHS = ("attention", "product", "difference")


class Target(NamedTuple):
    """What a teacher shows: features of the frames that are distilled; all its answers, if a term compares them."""

    features: Features
    answer: Pass | None


@torch.no_grad()
def ask(teacher: Network, method: Method, batch: Batch) -> Target:
    """What ``method`` needs of a fixed teacher, and no more: a whole answer costs nano three times as much."""
    if set(method.terms) & set(RESPONSE_TERMS):
        answer = forward(teacher, batch)
        return Target(_features(answer, method.frames), answer)
    return Target(extract(teacher, *_views(batch, method.frames)), None)


class Distiller(nn.Module):
    """What ``method`` asks of a student beside a fixed teacher (Eq. 14 without L_original).

    It holds neither network: its parameters are ABF chains, adapters and regressors, which no saved student contains.
    """

    def __init__(self, method: Method, student: Network, teacher: Network) -> None:
        super().__init__()
        self.method = method
        self.seen: dict[str, Tensor] = {}
        own, target = student.channels, teacher.channels
        needs = set(method.terms)
        if needs & {"scfd", "reviewkd"}:
            self.rgb, self.tir = TopDown(own, target), TopDown(own, target)
        if needs & {"fus", "md"}:
            self.adapt = _adapters(student.fused, teacher.fused)
        if "fitnets" in needs:
            self.hint_rgb, self.hint_tir = _adapters(own[2:], target[2:]), _adapters(own[2:], target[2:])
        fusions = [fusion for fusion in student.fusion if isinstance(fusion, MPSD)]
        self.paths = [fusion.paths for fusion in fusions]  # bound methods: no submodules of ours
        if "p" in needs and len(fusions) < 2:
            found = " and ".join(type(fusion).__name__ for fusion in student.fusion)
            raise ConfigError("term p needs a student with MPSD", expected="MPSD and MPSD", found=found or "no fusion")

    def forward(self, student: Pass, target: Target, batch: Batch) -> dict[str, Tensor]:
        """The weighted terms by name, each a scalar."""
        method, terms = self.method, dict[str, Tensor]()
        own = _features(student, method.frames)
        boxes = torch.cat([views.boxes.flatten(0, 1) for views in _views(batch, method.frames)])
        for name in method.terms:
            if name in FEATURE_TERMS:
                terms[name] = method.alpha * getattr(self, f"_{name}")(own, target.features, boxes)
        if target.answer is None:
            return terms
        r_s, r_t = student.scores[-1], target.answer.scores[-1]
        if "hfrd" in method.terms:
            r_g = gaussian_label(batch.test.boxes, r_s.shape[-1] - 1)
            terms["hfrd"] = method.beta * l_hfrd(r_s, r_t, r_g, clamp=method.clamp, hole_fix=method.hole_fix)
        if "kd" in method.terms:
            terms["kd"] = method.beta * F.mse_loss(r_s, r_t) + F.mse_loss(student.iou, target.answer.iou)
        return terms

    @property
    def diagnostics(self) -> dict[str, float]:
        """Of the last batch, at each fused level: mean weight of each MPSD path, share of samples with nu = lambda."""
        return {name: float(value) for name, value in self.seen.items()}

    def _scfd(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        rgb, tir, f_rgb, f_tir = (self._levels(x) for x in (own.rgb, own.tir, target.rgb, target.tir))
        return l_scfd(self.rgb(rgb), self.tir(tir), f_rgb, f_tir, self.method.targets, self.method.reduction)

    def _reviewkd(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Each modality's levels against the teacher's of the same modality."""
        rgb, tir = self.rgb(self._levels(own.rgb)), self.tir(self._levels(own.tir))
        pairs = [*zip(rgb, self._levels(target.rgb), strict=True), *zip(tir, self._levels(target.tir), strict=True)]
        return _sum(hcl(a, b, self.method.reduction) for a, b in pairs)

    def _fus(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        levels = zip(self.adapt, own.fused, target.fused, strict=True)
        return _sum(l_fus(adapt(a), b, self.method.reduction) for adapt, a, b in levels)

    def _md(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """The fused maps alone, background at a fifth."""
        terms = []
        for stride, adapt, a, b in zip((STRIDE // 2, STRIDE), self.adapt, own.fused, target.fused, strict=True):
            weight = 0.2 + 0.8 * coverage(boxes / stride, a.shape[-2], a.shape[-1])[:, None]
            terms.append(distance(adapt(a), b, self.method.reduction, weight).mean())
        return _sum(terms)

    def _fitnets(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Regressed levels 3 and 4 of each modality against the teacher's."""
        streams = ((self.hint_rgb, own.rgb, target.rgb), (self.hint_tir, own.tir, target.tir))
        triples = (triple for hints, a, b in streams for triple in zip(hints, a[2:], b[2:], strict=True))
        return _sum(distance(hint(a), b, self.method.reduction).mean() for hint, a, b in triples)

    def _p(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Eq. 10. The student keeps only the paths' sum, so they are made anew from its features: cheap, no trunk."""
        terms: list[Tensor] = []
        if self.method.selector_only:
            own = _each(Tensor.detach, own)
        levels = zip(self.adapt, self.paths, own.rgb[2:], own.tir[2:], target.fused, strict=True)
        for level, (adapt, paths, rgb, tir, fused) in enumerate(levels, 3):
            each, weights = paths(rgb, tir)
            # detached rather than under no_grad, where autocast would cache a weight without its graph for L_fus
            weight, bias = (p.detach() for p in adapt.parameters())
            adapted = F.conv2d(each.detach().flatten(0, 1), weight, bias)
            losses = path_losses(adapted.unflatten(0, weights.shape), fused, self.method.reduction)
            terms.append(l_p(weights, losses))
            agree = (losses.argmin(1) == weights.argmax(1)).float().mean()
            told = zip((*PATHS, "nu=lambda"), (*weights.detach().mean(0), agree), strict=True)
            self.seen |= {f"level{level}/{name}": value for name, value in told}
        return _sum(terms)

    def _levels(self, levels: Levels) -> Levels:
        return levels._replace(stem=F.max_pool2d(levels.stem, 3, 2, 1)) if self.method.pool_stem else levels


def coverage(boxes: Tensor, height: int, width: int) -> Tensor:
    """Share (N, height, width) of each cell that a box (N, 4), in cells, covers; cell k is centred on k."""

    def along(low: Tensor, size: Tensor, cells: int) -> Tensor:
        at = torch.arange(cells, device=boxes.device, dtype=boxes.dtype)
        low = low[:, None]
        return (torch.minimum(at + 0.5, low + size[:, None]) - torch.maximum(at - 0.5, low)).clamp(min=0)

    x, y, w, h = boxes.unbind(1)
    return along(y, h, height)[:, :, None] * along(x, w, width)[:, None]


def gradient_norms(terms: Mapping[str, Tensor], parameters: Iterable[nn.Parameter]) -> dict[str, float]:
    """Norm of each weighted term's gradient on ``parameters``; no ``.grad`` changes, the graph stays.

    One backward pass per term, as far as the parameters; 0 for a term that does not depend on them.
    """
    inputs, norms = list(parameters), dict[str, float]()
    for name, term in terms.items():
        found = torch.autograd.grad(term, inputs, retain_graph=True, allow_unused=True) if term.requires_grad else ()
        squares = [g.double().square().sum() for g in found if g is not None]
        norms[name] = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    return norms


def _adapters(own: Iterable[int], target: Iterable[int]) -> nn.ModuleList:
    """1x1 convolutions from the student's channels to the teacher's, at levels 3 and 4."""
    return nn.ModuleList([nn.Conv2d(a, b, 1) for a, b in zip(own, target, strict=True)])


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def _views(batch: Batch, frames: str) -> tuple[Views, ...]:
    return (batch.train, batch.test) if frames == "all" else (batch.test,)


def _features(answer: Pass, frames: str) -> Features:
    if frames == "test":
        return answer.test
    return _each(lambda a, b: torch.cat([a, b]), answer.train, answer.test)


def _each(function: Callable[..., Tensor], *features: Features) -> Features:
    """Apply ``function`` to corresponding maps."""
    parts: list[Any] = [type(p[0])(*map(function, *p)) for p in zip(*features, strict=True)]
    return Features(*parts)
