"""Teaching a student: the terms that a method adds to the original losses, and all layers that only training needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.dimp.iou import TwoLevels
from rgbtbench.trackers.dimp.learn import Answer, Batch, Pass, Views, answer, extract
from rgbtbench.trackers.dimp.losses import gaussian_label
from rgbtbench.trackers.dimp.network import Features, Network
from rgbtbench.trackers.dimp.parameters import STRIDE
from rgbtbench.trackers.networks.resnet import Levels

from .equations import distance, l_fus, l_hfrd, l_p, l_scfd, path_losses, soft
from .fusion import MPSD
from .methods import FEATURE_TERMS, METHODS, RESPONSE_TERMS, Method
from .reviewkd import TopDown, hcl

__all__ = ["METHODS", "Distiller", "Method", "Target", "ask", "gradient_norms"]

PATHS = ("attention", "product", "difference")
ALONE = 0.99  # a path's mean weight, above which MPSD has one path


class Target(NamedTuple):
    """What a teacher shows: features of the frames that are distilled; all its answers, if a term compares them."""

    features: Features
    answer: Answer | None


@torch.no_grad()
def ask(teacher: Network, method: Method, batch: Batch) -> Target:
    """What ``method`` needs of a fixed teacher, and no more: a whole answer costs nano three times as much.

    Train and test crops go apart, so that no more than the fused maps of those outlives their pass.
    """
    answers = set(method.terms) & set(RESPONSE_TERMS)
    train = extract(teacher, batch.train).fused if answers and method.frames == "test" else None
    shown = extract(teacher, *_views(batch, method.frames))
    fused = TwoLevels(*map(_after, train, shown.fused)) if train else shown.fused
    return Target(shown, answer(teacher, fused, batch) if answers else None)


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
        if needs & {"fus", "md", "soft_fusion"}:
            self.adapt = _adapters(student.fused, teacher.fused)
        if "p" in needs and method.path_adapters == "own":
            self.adapt_paths = _adapters(student.fused, teacher.fused, paths=len(PATHS))
        if needs & {"fitnets", "masked", "soft_features"}:
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
            terms["hfrd"] = method.beta * l_hfrd(
                r_s, r_t, r_g, form=method.response_form, clamp=method.clamp, hole_fix=method.hole_fix
            )
        if "kd" in method.terms:
            terms["kd"] = method.beta * F.mse_loss(r_s, r_t) + F.mse_loss(student.iou, target.answer.iou)
        return terms

    @property
    def diagnostics(self) -> dict[str, float]:
        """Of the last batch, at each fused level.

        Mean weight of each MPSD path, share of samples with nu = lambda, L_p, and each path's loss (Eq. 8).
        """
        return {name: float(value) for name, value in self.seen.items()}

    @property
    def collapsed(self) -> list[str]:
        """Paths, such as ``level3/attention``, that the selector trusts alone."""
        weights = tuple(f"/{path}" for path in PATHS)
        of_paths = {name: value for name, value in self.diagnostics.items() if name.endswith(weights)}
        return [name for name, value in of_paths.items() if value > ALONE]

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
        return self._masked_sum(zip(self.adapt, own.fused, target.fused, strict=True), boxes)

    def _masked(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Each modality's levels 3 and 4, background at a fifth: MD in the feature extraction stage."""
        return _sum(self._masked_sum(stream, boxes) for stream in self._streams(own, target))

    def _masked_sum(self, levels: Iterable[tuple[nn.Module, Tensor, Tensor]], boxes: Tensor) -> Tensor:
        terms = []
        for stride, (adapt, a, b) in zip((STRIDE // 2, STRIDE), levels, strict=True):
            weight = 0.2 + 0.8 * coverage(boxes / stride, a.shape[-2], a.shape[-1])[:, None]
            terms.append(distance(adapt(a), b, self.method.reduction, weight).mean())
        return _sum(terms)

    def _fitnets(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Regressed levels 3 and 4 of each modality against the teacher's."""
        triples = (triple for stream in self._streams(own, target) for triple in stream)
        return _sum(distance(hint(a), b, self.method.reduction).mean() for hint, a, b in triples)

    def _soft_features(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Hinton's KD in the feature extraction stage: each modality's levels 3 and 4."""
        return _sum(soft(hint(a), b) for stream in self._streams(own, target) for hint, a, b in stream)

    def _soft_fusion(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Hinton's KD in the fusion stage: the fused levels."""
        return _sum(soft(adapt(a), b) for adapt, a, b in zip(self.adapt, own.fused, target.fused, strict=True))

    def _streams(self, own: Features, target: Features) -> Iterator[Iterator[tuple[nn.Module, Tensor, Tensor]]]:
        """Of each modality the regressor, the student's map and the teacher's at levels 3 and 4."""
        yield zip(self.hint_rgb, own.rgb[2:], target.rgb[2:], strict=True)
        yield zip(self.hint_tir, own.tir[2:], target.tir[2:], strict=True)

    def _p(self, own: Features, target: Features, boxes: Tensor) -> Tensor:
        """Eq. 10. The student keeps only the paths' sum, so they are made anew from its features: cheap, no trunk."""
        terms: list[Tensor] = []
        if self.method.selector_only:
            own = _each(Tensor.detach, own)
        levels = zip(self.paths, own.rgb[2:], own.tir[2:], target.fused, strict=True)
        for level, (paths, rgb, tir, fused) in enumerate(levels):
            maps, weights = paths(rgb, tir)
            losses, learnt = self._path_losses(level, maps, fused)
            term = l_p(weights, losses, stop_gradient=self.method.stop_gradient)
            terms += [term, learnt]
            agree = (losses.argmin(1) == weights.argmax(1)).float().mean()
            seen = dict(zip(PATHS, weights.detach().mean(0), strict=True)) | {"nu=lambda": agree, "L_p": term.detach()}
            seen |= {f"L_{path}": loss for path, loss in zip(PATHS, losses.detach().mean(0), strict=True)}
            self.seen |= {f"level{level + 3}/{name}": value for name, value in seen.items()}
        return _sum(terms)

    def _path_losses(self, level: int, maps: Tensor, fused: Tensor) -> tuple[Tensor, Tensor]:
        """Eq. 8 for path maps (N, 3, C, H, W), and a zero whose gradient teaches the paths' own adapters to fit them.

        So that L_p keeps its value, and the student learns nothing of how well its single paths can be adapted.
        """
        stop, reduction = self.method.stop_gradient, self.method.reduction
        seen = maps.detach() if stop else maps
        if self.method.path_adapters == "shared":
            # detached rather than under no_grad, where autocast would cache a weight without its graph for L_fus
            weight, bias = (p.detach() if stop else p for p in self.adapt[level].parameters())
            adapted = F.conv2d(seen.flatten(0, 1), weight, bias).unflatten(0, maps.shape[:2])
            return path_losses(adapted, fused, reduction), fused.new_zeros(())

        def of_own(maps: Tensor) -> Tensor:
            adapted = self.adapt_paths[level](maps.flatten(1, 2)).unflatten(1, (len(PATHS), -1))
            return path_losses(adapted, fused, reduction)

        projected = of_own(maps.detach())
        learnt = projected.sum(1).mean()
        return projected if stop else of_own(maps), learnt - learnt.detach()

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
        gradients = (
            torch.autograd.grad(term, inputs, retain_graph=True, allow_unused=True) if term.requires_grad else ()
        )
        squares = [g.double().square().sum() for g in gradients if g is not None]
        norms[name] = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    return norms


def _adapters(own: Iterable[int], target: Iterable[int], *, paths: int = 1) -> nn.ModuleList:
    """1x1 convolutions from the student's channels to the teacher's, at levels 3 and 4; one for each of ``paths``."""
    sizes = zip(own, target, strict=True)
    return nn.ModuleList([nn.Conv2d(paths * a, paths * b, 1, groups=paths) for a, b in sizes])


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def _views(batch: Batch, frames: str) -> tuple[Views, ...]:
    return (batch.train, batch.test) if frames == "all" else (batch.test,)


def _features(answer: Pass, frames: str) -> Features:
    if frames == "test":
        return answer.test
    return _each(_after, answer.train, answer.test)


def _after(train: Tensor, test: Tensor) -> Tensor:
    return torch.cat([train, test])


def _each(function: Callable[..., Tensor], *features: Features) -> Features:
    """Apply ``function`` to corresponding maps."""
    parts: list[Any] = [type(p[0])(*map(function, *p)) for p in zip(*features, strict=True)]
    return Features(*parts)
