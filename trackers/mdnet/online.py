"""MDNet's online tracking of one sequence: any network of the family, in either regime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.boxes import Array, centers
from rgbtbench.core.errors import TrackerError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.motion import velocities
from rgbtbench.trackers.networks.clock import Clock

from .network import Network
from .online_learning import Memory, in_turns, teach
from .parameters import Parameters
from .regress import BoxRegression
from .samplers import Sampler, filled
from .views import VIEWS, Patches, Scene, distant_features, whole
from .windows import images


@dataclass(slots=True)
class Ranked:
    """A frame's best candidates: boxes (n, 4), their features (n, D), and the mean of their scores."""

    boxes: Array
    features: Tensor
    score: float


class Online:
    """The state of one target: box, head, memories. ``network`` must be prepared for tracking; its head is changed."""

    def __init__(self, network: Network, parameters: Parameters, device: str | torch.device = "cpu") -> None:
        self.network, self.p, self.device = network, parameters, torch.device(device)
        self.clock = Clock(self.device)
        self.learnt = {name: tensor.clone() for name, tensor in network.head.state_dict().items()}

    @torch.no_grad()
    def init(self, frame: Frame, box: Array, seed: int) -> None:
        """Learn the target ``box`` (4,) in the first frame. Sides below 1 px count as 1 px.

        Raises TrackerError for a box that is not finite.
        """
        p = self.p
        if not np.isfinite(box).all():
            raise TrackerError("the first box is not finite", expected="x y w h", found=box.tolist())
        self.random = np.random.default_rng(seed)
        self.box = np.append(box[:2], np.maximum(box[2:], 1.0)).astype(float)
        self.count, self.failures, self.velocity = 1, 0, np.zeros((1, 2))
        head = self.network.head
        head.load_state_dict(self.learnt)
        head.fc6.renew()
        head.eval()
        seen = images(frame, self.device)
        views = self._first_views(seen)
        positive = torch.cat([self._positives(view, -(-p.first_positives // len(views))) for view in views])
        negative = torch.cat([self._first_negatives(view, -(-p.first_negatives // len(views))) for view in views])
        far = Sampler("whole", 0.0, 1.2, 1.1).within(
            self.box, p.distant, whole(seen), self.random, p.iou_first_negative
        )
        negative = torch.cat([negative, distant_features(self.network, seen, far, p.regime)])
        teach(head, positive, negative, p.first_iterations, p.first_rate, p, self.random)
        self.regression = self._regression(views[0])
        self.positive = Memory(p.positive_frames, p.positives)
        self.negative = Memory(p.negative_frames, p.negatives)
        for memory, features in ((self.positive, positive), (self.negative, negative)):
            if len(features):
                memory.store(features[torch.as_tensor(in_turns(len(features), memory.each, self.random))])

    @torch.no_grad()
    def update(self, frame: Frame) -> tuple[Array, float]:
        """Find the target in the next frame: its box (4,) and the mean score of the best candidates."""
        p, clock = self.p, self.clock
        self.count += 1
        before = self.box.copy()
        self._move_on(frame)
        expected, trans = self.box.copy(), self._trans()
        with clock("view"):
            seen = images(frame, self.device)
            reach = trans if self.failures else max(trans, p.negative.trans)  # one pass shows what may be learnt too
            view = VIEWS[p.regime](self.network, seen, self.box, reach, p.widest)
        with clock("score"):
            best = self._ranked(view, Sampler("gaussian", trans, p.scale))
        success = best.score > 0
        mean = best.boxes.mean(0)
        if success or (not p.keep_lost and np.isfinite(best.score)):
            self.box = mean
        if success and p.velocity:
            was, goal, now = centers(np.array([before, expected, mean]), inclusive=False)[:, None]
            self.velocity = velocities(self.velocity, was, goal, now, mean[None, 2:], np.array([True]), p.velocity)
        answer = self.box
        self.failures = 0 if success else self.failures + 1
        if success:
            with clock("regress"):
                if self.regression is not None:
                    answer = self.regression(best.features, best.boxes, p.iou_regression, p.growth).mean(0)
            if self.count % p.collect == 0:
                with clock("collect"):
                    self._collect(view)
        with clock("learn"):
            if not success:
                self._learn(p.short_frames)
            elif self.count % p.every == 0:
                self._learn(None)
        return answer.copy(), best.score

    def _move_on(self, frame: Frame) -> None:
        """To where the target is expected, its centre in the image."""
        if self.p.velocity:
            half = self.box[2:] / 2
            self.box[:2] = np.clip(self.box[:2] + half + self.velocity[0], 0, frame.rgb.shape[1::-1]) - half

    def _trans(self) -> float:
        p = self.p
        if not self.failures:
            return p.trans
        return min(p.trans * p.lost_growth**self.failures, p.lost_trans) if p.lost_growth else p.lost_trans

    def _ranked(self, view: Patches | Scene, sampler: Sampler) -> Ranked:
        p = self.p
        boxes = sampler.draw(self.box, p.candidates, view.area, self.random)
        features = view.features(boxes)
        scores = self.network.head(features)[:, 1]
        top, at = scores.nan_to_num(nan=-torch.inf).topk(p.best)
        return Ranked(boxes[at.cpu().numpy()], features[at], float(top.mean()))

    def _first_views(self, seen: Tensor) -> list[Patches | Scene]:
        p = self.p
        if p.regime == "patch":
            return [Patches(self.network, seen, self.box, 0, 0)]
        reach = max(sampler.trans for sampler in (p.negative, *p.first_negative))
        return [
            Scene(self.network, seen, self.box, reach, p.widest, shift=(x, y), zoom=zoom) for x, y, zoom in p.versions
        ]

    def _positives(self, view: Patches | Scene, count: int) -> Tensor:
        """Features (count, D) of boxes on the target; of the target alone where none else can be drawn."""
        p = self.p
        boxes = p.positive.within(self.box, count, view.area, self.random, p.iou_positive)
        return view.features(filled(boxes if len(boxes) else self.box[None], count, self.random))

    def _first_negatives(self, view: Patches | Scene, count: int) -> Tensor:
        p = self.p
        share = -(-count // len(p.first_negative))
        boxes = [
            sampler.within(self.box, share, view.area, self.random, p.iou_first_negative)
            for sampler in p.first_negative
        ]
        return view.features(np.concatenate(boxes)[:count])

    def _regression(self, view: Patches | Scene) -> BoxRegression | None:
        p = self.p
        if not p.regression:
            return None
        boxes = p.regressed.within(self.box, p.regression, view.area, self.random, p.iou_regression, p.growth)
        return BoxRegression(view.features(boxes), boxes, self.box, p.alpha) if len(boxes) else None

    def _collect(self, view: Patches | Scene) -> None:
        p = self.p
        self.positive.store(self._positives(view, p.positives))
        boxes = p.negative.within(self.box, p.negatives, view.area, self.random, p.iou_negative)
        self.negative.store(view.features(filled(boxes, p.negatives, self.random)))

    def _learn(self, frames: int | None) -> None:
        p = self.p
        positive, negative = self.positive.last(frames), self.negative.last()
        if positive is not None and negative is not None:
            teach(self.network.head, positive, negative, p.iterations, p.rate, p, self.random)
