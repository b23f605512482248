"""Short clips of a textured target among others of its kind, with known boxes. Seeded."""

from __future__ import annotations

import numpy as np

from rgbtbench.core.types import Frame


def texture(rng, height, width, grain, low, high):
    """Smooth random grey values in [low, high]."""
    coarse = rng.random((height // grain + 2, width // grain + 2))
    ys, xs = np.arange(height) / grain, np.arange(width) / grain
    y, x = ys.astype(int), xs.astype(int)
    fy, fx = (ys - y)[:, None], xs - x
    top = coarse[y][:, x] * (1 - fx) + coarse[y][:, x + 1] * fx
    bottom = coarse[y + 1][:, x] * (1 - fx) + coarse[y + 1][:, x + 1] * fx
    return low + (high - low) * (top * (1 - fy) + bottom * fy)


def paste(image, patch, box):
    """Draw a patch (h, w, ...) scaled to a box, cut at the border, by nearest sample."""
    x, y, w, h = box
    rows = np.arange(max(0, round(y)), min(len(image), round(y + h)))
    columns = np.arange(max(0, round(x)), min(image.shape[1], round(x + w)))
    if len(rows) and len(columns):
        at_y = np.clip((rows + 0.5 - y) / h * len(patch), 0, len(patch) - 1).astype(int)
        at_x = np.clip((columns + 0.5 - x) / w * patch.shape[1], 0, patch.shape[1] - 1).astype(int)
        image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = patch[at_y][:, at_x]


def clip(count=60, *, seed=0, width=320, height=240, size=(36, 44), growth=1.5, dark=False, flat=False, swing=1.0):
    """Frames and truth (N, 4): a target that turns on an ellipse while it grows, four distractors, sensor noise.

    ``dark``: no visible light. ``flat``: everything has one temperature. Noise stays in both.
    """
    rng = np.random.default_rng(seed)
    ground = np.stack([texture(rng, height, width, 9, 30, 200) for _ in range(3)], -1)
    warmth = texture(rng, height, width, 14, 40, 110)
    objects = [np.stack([texture(rng, 64, 64, 8, 20, 255) for _ in range(3)], -1) for _ in range(5)]
    bodies = [texture(rng, 64, 64, 12, 110, 230) for _ in range(5)]
    starts, speeds = rng.uniform((0, 0), (width, height), (5, 2)), rng.uniform(-2, 2, (5, 2))
    frames, truth = [], np.zeros((count, 4))
    for k in range(count):
        grown = np.array(size) * growth ** (k / max(count - 1, 1))
        turn = swing * 2 * np.pi * k / 60
        centre = np.array([width / 2 + 0.28 * width * np.sin(turn), height / 2 + 0.22 * height * np.sin(2 * turn)])
        truth[k] = [*(centre - grown / 2), *grown]
        rgb, tir = ground.copy(), warmth.copy()
        for number in (1, 2, 3, 4, 0):
            box = truth[k] if number == 0 else [*(starts[number] + speeds[number] * k), *size]
            paste(rgb, objects[number], box)
            paste(tir, bodies[number], box)
        rgb = np.full_like(rgb, 3) if dark else rgb
        tir = np.full_like(tir, 90) if flat else tir
        tir = np.repeat((tir + rng.normal(0, 3, tir.shape))[..., None], 3, axis=2)
        rgb = rgb + rng.normal(0, 3, rgb.shape)
        frames.append(Frame(k, *(np.clip(image, 0, 255).astype(np.uint8) for image in (rgb, tir))))
    return frames, truth


def only(frames, modality):
    """One modality in both places, as ``modality:`` of an experiment does."""
    return [Frame(f.index, getattr(f, modality), getattr(f, modality)) for f in frames]


def follow(tracker, frames, box):
    """Boxes (N, 4) and confidences (N - 1,) of a tracker on a clip."""
    tracker.init(frames[0], np.array(box, dtype=float))
    answers = [tracker.update(frame) for frame in frames[1:]]
    pairs = [answer if isinstance(answer, tuple) else (answer, np.nan) for answer in answers]
    return np.array([np.array(box, dtype=float)] + [b for b, _ in pairs]), np.array([c for _, c in pairs])
