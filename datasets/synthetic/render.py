"""A plan into pixels. Textures are made once per scene; a frame is a crop, a few patches, light, and noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from rgbtbench.core.types import Frame

from .plan import BLACK, REPEATED, Occluder, Plan
from .texture import Bytes, Shorts, Thing, Words, background, blend, noise_tile, photographed, scatter
from .waves import octaves, stream

RGB, TIR = 0, 1
NOISE = (4.0, 3.0)  # standard deviation per modality, in grey levels
STRIPES = 1.5  # of the thermal sensor's columns, fixed
SPARE = 32  # noise tiles are this much larger than a frame: every frame takes another crop
EDGE = 2  # the usual parallax at most


def render(
    plan: Plan, photographs: tuple[Path, Path] | None = None, frames: Iterable[int] | None = None
) -> Iterator[Frame]:
    """The frames of a plan that are asked for, else all: what a frame shows does not depend on those before it."""
    stage = Stage(plan, photographs)
    return map(stage.frame, range(len(plan.extent)) if frames is None else frames)


class Stage:
    """The textures of one scene, and its sensors' noise."""

    def __init__(self, plan: Plan, photographs: tuple[Path, Path] | None = None) -> None:
        self.plan = plan
        self.shifts = ((0, 0), tuple(plan.parallax.tolist()))
        self.edge = max(EDGE, int(np.abs(plan.parallax).max()))
        self.places = self._places(photographs)
        objects = stream(plan.seed, "objects")
        target = Thing(objects)
        others = [target if plan.alike else Thing(objects) for _ in plan.distractors]
        self.actors = [*zip(others, plan.distractors, strict=True), (target, plan.extent)]  # the target is in front
        random = stream(plan.seed, "occluders")
        self.slabs = [_slab(random, plan.size[1], occluder) for occluder in plan.occluders]
        width, height = plan.size
        random = stream(plan.seed, "noise")
        self.tiles = [
            noise_tile(random, (height + SPARE, width + SPARE, channels), sigma)
            for channels, sigma in zip((3, 1), NOISE, strict=True)
        ]
        self.stripes = noise_tile(random, (1, width, 1), STRIPES)
        self.crops = random.integers(0, SPARE, (len(plan.extent), 2, 2))
        self.work = [np.empty((height, width, channels), np.int16) for channels in (3, 1)]

    def frame(self, t: int) -> Frame:
        """Both images of a frame. Raises IndexError beyond the clip."""
        t = range(len(self.plan.extent))[t]
        return Frame(t, self.image(t, RGB), self.image(t, TIR).repeat(3, axis=2))

    def image(self, t: int, modality: int) -> Bytes:
        """A sensor's image (H, W, 3 or 1): RGB is albedo times light plus noise, thermal the temperature plus noise."""
        while self.plan.lost[t] == REPEATED + modality:
            t -= 1  # never the first
        values, tile = self.work[modality], self.tiles[modality]
        if self.plan.lost[t] == BLACK + modality:
            return np.zeros(values.shape, np.uint8)
        top, left = self.crops[t, modality].tolist()
        height, width = values.shape[:2]
        np.add(self.picture(t, modality), tile[top : top + height, left : left + width], out=values)
        if modality == TIR:
            values += self.stripes
        return np.clip(values, 0, 255, out=values).astype(np.uint8)

    def picture(self, t: int, modality: int) -> Shorts:
        """What a noiseless sensor would see (H, W, 3 or 1); may pass 255 where it would saturate."""
        plan, (dx, dy) = self.plan, self.shifts[modality]
        width, height = plan.size
        x, y = plan.camera[t].tolist()
        canvas = self.places[modality][y + self.edge - dy :, x + self.edge - dx :][:height, :width].copy()
        for thing, boxes in self.actors:
            left, top, w, h = boxes[t].tolist()
            patch = thing.at_size(w, h, int(plan.phase[t]))
            if modality == RGB:
                blend(canvas, patch.albedo, patch.alpha, left, top)
            else:
                warm = 1 - float(plan.cold[t])  # objects fade into the heat behind them
                alpha = patch.alpha if warm == 1 else np.rint(patch.alpha * warm).astype(np.uint16)
                blend(canvas, patch.heat, alpha, left + dx, top + dy)
        for occluder, slab in zip(plan.occluders, self.slabs, strict=True):
            blend(canvas, *slab[modality], int(occluder.left[t]) + dx, 0)
        if plan.blur[t] > 1:
            canvas = _smeared(canvas, int(plan.blur[t]))
        values = canvas.astype(np.uint16)
        if modality == RGB and plan.light[t] != 1:
            values *= np.uint16(round(64 * plan.light[t]))  # up to 4 times 255 fits 16 bits
            values >>= 6
        return values.view(np.int16)

    def _places(self, photographs: tuple[Path, Path] | None) -> tuple[Bytes, Bytes]:
        """Background of either modality, larger than a frame by what camera and parallax need."""
        plan = self.plan
        width, height = (n + 2 * (m + self.edge) for n, m in zip(plan.size, plan.margin, strict=True))
        shape = (height, width)
        random = stream(plan.seed, "background")
        rgb, tir = photographed(photographs, shape) if photographs else background(random, shape)
        if plan.clutter:
            scatter(random, rgb, tir, tuple(plan.extent[0, 2:].tolist()))
        return rgb, tir


def _slab(random: np.random.Generator, height: int, occluder: Occluder) -> list[tuple[Words, Words]]:
    """Texture (H, w, 3 or 1) and alpha (H, w, 1) of an occluder, per modality: one material, as warm as the air."""
    grain = octaves(random, (height, occluder.width), 24)[..., None] - 0.5
    albedo = random.integers(60, 180, 3) + grain * 80
    heat = float(random.integers(60, 120)) + grain * 30
    return [
        (np.rint(values).astype(np.uint16), np.full(grain.shape, opaque, np.uint16))
        for values, opaque in zip((albedo, heat), occluder.opaque, strict=True)
    ]


def _smeared(canvas: Bytes, length: int) -> Bytes:
    """The mean over a horizontal way of ``length`` pixels, centred, as a moving camera or target leaves it."""
    before = length // 2
    wide = np.pad(canvas, ((0, 0), (before, length - 1 - before), (0, 0)), mode="edge")
    total = np.zeros(canvas.shape, np.uint16)
    for step in range(length):
        total += wide[:, step : step + canvas.shape[1]]
    return (total // length).astype(np.uint8)
