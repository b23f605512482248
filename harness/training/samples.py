"""One sample: crops of a few frames of a sequence as the tracker will cut them, boxes, proposals (DiMP)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.errors import DataError
from rgbtbench.core.types import Frame
from rgbtbench.trackers.dimp.crop import cut, normalisation, to_crop
from rgbtbench.trackers.dimp.learn import Batch, Views

from .sampling import Sampling
from .sources import DRAWS, Footage

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def sample(footage: Footage, sampling: Sampling, seed: int, index: int) -> Batch:
    """Sample ``index`` of a seed from one sequence: a batch of one, its crops uint8.

    Raises DataError for too few visible frames or a bad image.
    """
    if not sampling.usable(footage.visible):
        raise DataError(
            "too few frames of a sequence show the target",
            expected=sampling.wanted,
            found=f"{len(footage.visible)} frames, {footage.visible.sum()} visible",
        )
    random = np.random.default_rng((DRAWS, seed, index, 1))
    train, test = sampling.draw(footage.visible, random)
    chosen = [*train, *test]
    frames = {t: footage.frame(t) for t in dict.fromkeys(chosen)}
    boxes = footage.boxes[chosen]
    centres, scales = sampling.windows(boxes, np.arange(len(chosen)) >= len(train), random)
    grey = random.random() < sampling.grey
    gains = random.uniform(1 - sampling.brightness, 1 + sampling.brightness, (len(chosen), 2))
    crops = torch.empty(len(chosen), 2, 3, sampling.crop, sampling.crop, dtype=torch.uint8)
    positions, actual = np.empty((len(chosen), 2)), np.empty(len(chosen))
    for k, t in enumerate(chosen):
        crop, positions[k], actual[k] = cut(_images(frames[t]), centres[k], float(scales[k]), sampling.crop)
        crops[k] = augmented(crop.view(2, 3, sampling.crop, sampling.crop), gains[k].tolist(), grey)
    moved = to_crop(boxes, positions, actual, sampling.crop)
    proposals, overlaps = sampling.propose(moved[len(train) :], random)
    rgb, tir = crops[:, :1], crops[:, 1:]  # (F, 1, 3, c, c): frames of one sequence
    targets = _float(moved)
    views = [Views(rgb[part], tir[part], targets[part]) for part in (slice(len(train)), slice(len(train), None))]
    return Batch(views[0], views[1], _float(proposals), _float(overlaps))


def collate(batches: Sequence[Batch]) -> Batch:
    """Sequences of several batches side by side."""
    train, test = (
        Views(*map(_beside, zip(*views, strict=True))) for views in zip(*(b[:2] for b in batches), strict=True)
    )
    return Batch(train, test, _beside([b.proposals for b in batches]), _beside([b.overlaps for b in batches]))


def split(batch: Batch, parts: int) -> Iterator[tuple[float, Batch]]:
    """The sequences in ``parts`` of about the same number, each with its share of them."""
    tensors = (*batch.train, *batch.test, batch.proposals, batch.overlaps)
    for few in zip(*(tensor.tensor_split(parts, 1) for tensor in tensors), strict=True):
        own = Batch(Views(*few[:3]), Views(*few[3:6]), *few[6:])
        yield own.overlaps.shape[1] / batch.overlaps.shape[1], own


def normalise(batch: Batch) -> Batch:
    """The same with crops as networks see them, float32: to be done on the device, a quarter travels."""
    return batch._replace(train=_normalised(batch.train), test=_normalised(batch.test))


def _beside(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat(tuple(tensors), dim=1)


def _normalised(views: Views) -> Views:
    gain, offset = normalisation(views.rgb.device)
    rgb, tir = (crops.to(torch.float32).mul_(gain).add_(offset) for crops in (views.rgb, views.tir))
    return Views(rgb, tir, views.boxes)


def _images(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    return frame.rgb, frame.tir


def augmented(crops: Tensor, gains: Sequence[float], grey: bool) -> Tensor:
    """RGB and thermal (..., 2, 3, h, w) of one frame, brightened and, if ``grey``, without colours; in place."""
    if grey:
        visible = crops[..., 0, :, :, :]
        visible[:] = torch.tensordot(torch.tensor(LUMA), visible, dims=([0], [-3])).unsqueeze(-3)
    return crops.mul_(torch.tensor(gains).view(2, 1, 1, 1)).round_().clamp_(0, 255)


def _float(values: np.ndarray) -> Tensor:
    """(F, ...) to (F, 1, ...) float32."""
    return torch.from_numpy(values.astype(np.float32))[:, None]
