"""DiMP's online tracking of S sequences in lock-step: any network with DiMP's heads, one sequence or many.

What a sequence's box becomes does not depend on what it is tracked with: each has its own random numbers, and
everything else is computed per sequence (to the rounding of batched arithmetic).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import TrackerError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.motion import velocities
from rgbtbench.trackers.networks.clock import Clock
from rgbtbench.trackers.networks.transfer import send

from . import augment, crop
from .iou import TwoLevels
from .localise import Flag, highest, localise, stay_near, window
from .memory import Memory, what_to_learn
from .network import Network
from .parameters import STRIDE, Parameters
from .refine import refine, start_boxes

IMAGES_AT_ONCE = 16  # of the first frame's samples through the network; half as many wide ones
BESIDE = 0.9  # of a crop's side: from the target to the middle of the crops around it
WIDE = 3  # a second look sees so many times the side of a crop
NEARNESS = 0.5  # weight of a cosine window on wide score maps


class Look(NamedTuple):
    """What crops show of k targets: features (k, D, h, w), the fused levels, where the crops lie; ``localise``."""

    features: Tensor
    level3: Tensor
    level4: Tensor
    positions: Array
    scales: Array
    shift: Array
    flags: NDArray[np.int64]
    peaks: Array


class Online:
    """The state of S targets: positions, sizes, filters, memory. ``network`` must be prepared for tracking."""

    def __init__(self, network: Network, parameters: Parameters, device: str | torch.device = "cpu") -> None:
        self.network, self.p, self.device = network, parameters, torch.device(device)
        self.clock = Clock(self.device)

    @torch.no_grad()
    def init(self, frames: Sequence[Frame], boxes: Array, seeds: Sequence[int]) -> None:
        """Learn the targets ``boxes`` (S, 4) in the first frames; one seed each.

        Sides below 1 px count as 1 px. Raises TrackerError for a box that is not finite.
        """
        p = self.p
        if not np.isfinite(boxes).all():
            raise TrackerError("the first box is not finite", expected="x y w h", found=boxes.tolist())
        self.rngs = [np.random.default_rng(seed) for seed in seeds]
        self.size = np.maximum(boxes[:, 2:], 1.0)
        self.position = boxes[:, :2] + (self.size - 1) / 2
        self.scale = p.scale / p.crop * np.sqrt(self.size.prod(1))
        self.base = self.size / self.scale[:, None]
        self.velocity = np.zeros_like(self.position)  # pixels a frame
        self.count = np.ones(len(boxes), dtype=np.int64)  # frames seen of each sequence
        rgb, tir, positions, scales = crop.batch(
            frames, np.rint(self.position), self.scale, p.expansion * p.crop, self.device
        )
        box = crop.to_crop(self.boxes, positions, scales, p.expansion * p.crop)
        box[:, :2] -= (p.expansion - 1) * p.crop / 2
        moved = augment.shifts(self.rngs, p)
        features, fused = self._first_features(augment.samples(rgb, moved, p), augment.samples(tir, moved, p))
        masks = self._tensor(augment.dropout_masks(self.rngs, features.shape[2], p))[..., None, None]
        features = torch.cat([features, features[0] * masks])
        targets = augment.boxes(box, moved)
        classifier = self.network.classifier
        start = classifier.initialiser(features, self._tensor(targets))
        if p.surroundings:
            around, where = self._surroundings(frames)
            features, targets = torch.cat([features, around]), np.concatenate([targets, where])
        self.filter = classifier.optimiser(start, features, self._tensor(targets), p.first_iterations)[-1]
        self.memory = Memory(features, targets, p)
        self.modulation = self.network.iou.modulation(fused, self._tensor(box))

    @torch.no_grad()
    def update(self, frames: Sequence[Frame]) -> tuple[Array, Array]:
        """Find the targets in the next frames: boxes (S, 4) and the heights of the chosen peaks (S,)."""
        p, clock = self.p, self.clock
        self.count += 1
        limits, before = np.array([frame.rgb.shape[1::-1] for frame in frames]), self.position
        if p.velocity:
            self.position = stay_near(before + self.velocity, self.size, limits, p)
        expected = self.position.copy()
        seen = self._look(frames, np.arange(len(frames)), expected)
        unsure = np.flatnonzero(seen.peaks < p.second_look)
        if len(unsure):
            few = [frames[k] for k in unsure.tolist()]
            again = self._look(few, unsure, np.clip(self._seek(few, unsure), 0, limits[unsure]))
            better = np.flatnonzero((again.peaks > seen.peaks[unsure]) & (again.peaks >= p.convincing))
            places = unsure[better], better
            on_device = [send(at, self.device) for at in places]
            for part in Look._fields:
                mine, other = getattr(seen, part), getattr(again, part)
                to, of = on_device if isinstance(mine, Tensor) else places
                mine[to] = other[of]
        kept = seen.flags != Flag.NOT_FOUND
        which_found = np.flatnonzero(kept)
        if len(which_found):
            with clock("refine"):
                self.position[which_found] = stay_near(seen.positions + seen.shift, self.size, limits, p)[which_found]
                self._refine(which_found, TwoLevels(seen.level3, seen.level4), seen.positions, seen.scales)
        if p.velocity:
            self.velocity = velocities(self.velocity, before, expected, self.position, self.size, kept, p.velocity)
        which, rates, steps = what_to_learn(seen.flags, self.count - 1, p)
        if len(which):
            with clock("update"):
                learned = seen.features[send(which, self.device)]
                boxes = crop.to_crop(self.boxes, seen.positions, seen.scales, p.crop)
                self.memory.store(which, learned, boxes[which], rates)
                for count in set(steps[which]) - {0}:
                    self._optimise(np.flatnonzero(steps == count), int(count))
        return self.boxes, seen.peaks

    def keep(self, which: NDArray[np.int64]) -> None:
        """Go on with these sequences only, in this order: the others have ended."""
        index = send(which, self.device)
        self.rngs = [self.rngs[k] for k in which]
        self.position, self.size = self.position[which], self.size[which]
        self.scale, self.base = self.scale[which], self.base[which]
        self.velocity, self.filter, self.count = self.velocity[which], self.filter[index], self.count[which]
        self.modulation = TwoLevels(*(part[index] for part in self.modulation))
        self.memory.keep(which)

    def join(self, frames: Sequence[Frame], boxes: Array, seeds: Sequence[int]) -> None:
        """Learn further targets, as ``init`` does; they stand behind those that are tracked already."""
        new = Online(self.network, self.p, self.device)
        new.init(frames, boxes, seeds)
        self.rngs += new.rngs
        for name in ("position", "size", "scale", "base", "velocity"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(new, name)]))
        self.count = np.concatenate([self.count, new.count])
        self.filter = torch.cat([self.filter, new.filter])
        self.modulation = TwoLevels(*map(torch.cat, zip(self.modulation, new.modulation, strict=True)))
        self.memory.join(new.memory)

    @property
    def boxes(self) -> Array:
        """Boxes (S, 4) ``x y w h`` in image pixels."""
        return np.concatenate([self.position - (self.size - 1) / 2, self.size], axis=1)

    def _look(self, frames: Sequence[Frame], which: NDArray[np.int64], centres: Array) -> Look:
        """What crops around ``centres`` (k, 2) of k frames show of the sequences ``which`` (k,)."""
        p, clock, network = self.p, self.clock, self.network
        with clock("crop"):
            rgb, tir, positions, scales = crop.batch(frames, centres, self.scale[which], p.crop, self.device)
        with clock("trunk"):
            levels = network.look(rgb, tir)
        with clock("fusion"):
            fused = network.fuse(*levels)
        with clock("heads"):
            features = network.classifier.features(fused.level4)
        with clock("localise"):
            filter = self.filter[send(which, self.device)]
            scores = network.classifier.scores(features[None], filter)[0].cpu().numpy()
            shift, flags, peaks = localise(scores, self.size[which], centres, positions, scales, p)
        return Look(features, *fused, positions, scales, shift, flags, peaks)

    def _seek(self, frames: Sequence[Frame], which: NDArray[np.int64]) -> Array:
        """Where in a wide window around the last positions the filters of ``which`` (k,) answer most: x y (k, 2)."""
        size, network, looks = WIDE * self.p.crop, self.network, []
        with self.clock("second look"):
            for k in range(0, len(which), IMAGES_AT_ONCE // 2):
                part = which[k : k + IMAGES_AT_ONCE // 2]
                at = self.position[part], self.scale[part]
                rgb, tir, positions, scales = crop.batch(frames[k : k + len(part)], *at, size, self.device)
                features = network.classifier.features(network.extract(rgb, tir).fused.level4)
                filter = self.filter[send(part, self.device)]
                looks.append((network.classifier.scores(features[None], filter)[0], positions, scales))
            maps, where, by = zip(*looks, strict=True)
            scores = torch.cat(maps).cpu().numpy()
            shape = np.array(scores.shape[:0:-1])
            _, peak = highest(scores * window(shape, NEARNESS))
        beside: Array = (peak - (shape - 1) / 2) * STRIDE * np.concatenate(by)[:, None]
        return np.concatenate(where) + beside

    def _surroundings(self, frames: Sequence[Frame]) -> tuple[Tensor, Array]:
        """Features (8, S, D, h, w) of the crops around the targets, and the targets' boxes (8, S, 4) in them."""
        p, features, boxes = self.p, [], []
        for step in itertools.product((-1, 0, 1), repeat=2):
            if any(step):
                centres = np.rint(self.position + BESIDE * p.crop * self.scale[:, None] * step)
                rgb, tir, positions, scales = crop.batch(frames, centres, self.scale, p.crop, self.device)
                features.append(self._first_features(rgb[None], tir[None])[0])
                boxes.append(crop.to_crop(self.boxes, positions, scales, p.crop))
        return torch.cat(features), np.array(boxes)

    def _first_features(self, rgb: Tensor, tir: Tensor) -> tuple[Tensor, TwoLevels]:
        """Classification features (I, S, D, h, w) of samples (I, S, 3, n, n), and the fused maps of the first."""
        samples, sequences = rgb.shape[:2]
        step, parts, first = max(IMAGES_AT_ONCE // sequences, 1), [], None
        for k in range(0, samples, step):
            fused = self.network.extract(rgb[k : k + step].flatten(0, 1), tir[k : k + step].flatten(0, 1)).fused
            first = first or TwoLevels(*(level[:sequences] for level in fused))
            parts.append(self.network.classifier.features(fused.level4))
        features = torch.cat(parts)
        assert first is not None
        return features.view(samples, sequences, *features.shape[1:]), first

    def _refine(self, which: NDArray[np.int64], fused: TwoLevels, positions: Array, scales: Array) -> None:
        """Fit boxes by the IoU-Net; where no plausible one is left the size stays (DiMP)."""
        p, at = self.p, (positions[which], scales[which])
        boxes = crop.to_crop(self.boxes[which], *at, p.crop)
        starts = self._tensor(start_boxes(boxes, [self.rngs[k] for k in which], p))
        predict = self.network.iou.predictor(self._pick(self.modulation, which), self._pick(fused, which))
        refined, any_left = refine(starts, predict, p)
        found = torch.cat([refined, any_left[:, None]], 1).cpu().numpy()  # at once
        fits = found[:, 4] > 0
        which, fitted = which[fits], crop.to_image(found[:, :4].astype(float), *at, p.crop)[fits]
        self.size[which] = fitted[:, 2:]
        self.position[which] = fitted[:, :2] + (fitted[:, 2:] - 1) / 2
        self.scale[which] = np.sqrt(self.size[which].prod(1) / self.base[which].prod(1))

    def _optimise(self, which: NDArray[np.int64], steps: int) -> None:
        """Go on from the current filters with all samples in memory (DiMP)."""
        memory, used = self.memory, self.memory.used
        features, boxes = memory.features[:used], memory.boxes[:used]
        weights = self._tensor(memory.weights[which, :used].T)
        index = send(which, self.device)
        if len(which) < len(self.size):
            features, boxes = features[:, index], boxes[:, index]
        solve = self.network.classifier.optimiser
        self.filter[index] = solve(self.filter[index], features, boxes, steps, weights)[-1]

    def _pick(self, pair: TwoLevels, which: NDArray[np.int64]) -> TwoLevels:
        if len(which) == len(self.size):
            return pair
        index = send(which, self.device)
        return TwoLevels(*(part[index] for part in pair))

    def _tensor(self, values: Array) -> Tensor:
        return send(values, self.device, torch.float32)
