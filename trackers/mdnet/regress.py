"""Ridge regression from a candidate's features to the target's box (R-CNN's regression, as in MDNet)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rgbtbench.core.boxes import Array, overlap

ALPHA = 1000.0


class BoxRegression:
    """Learnt from features (N, D) of boxes (N, 4) ``x y w h`` and the target ``truth`` (4,) that they surround."""

    def __init__(self, features: Tensor, boxes: Array, truth: Array, alpha: float = ALPHA) -> None:
        y = torch.as_tensor(targets(boxes, truth)).to(features)
        x_mean, y_mean = features.mean(0), y.mean(0)
        x, y = features - x_mean, y - y_mean
        few = len(x) < x.shape[1]  # the smaller of the two equivalent systems
        gram = x @ x.T if few else x.T @ x
        gram.diagonal().add_(alpha)
        self.weights = x.T @ torch.linalg.solve(gram, y) if few else torch.linalg.solve(gram, x.T @ y)
        self.intercept = y_mean - x_mean @ self.weights

    def raw(self, features: Tensor, boxes: Array) -> Array:
        """Regressed boxes (N, 4), unchecked."""
        shift = (features @ self.weights + self.intercept).double().cpu().numpy()
        sizes = boxes[:, 2:] * np.exp(shift[:, 2:])
        centres = boxes[:, :2] + boxes[:, 2:] / 2 + shift[:, :2] * boxes[:, 2:]
        return np.concatenate([centres - sizes / 2, sizes], axis=1)

    def __call__(self, features: Tensor, boxes: Array, iou: tuple[float, float], growth: tuple[float, float]) -> Array:
        """The same; those too far from the box that they come from (IoU, ratio of areas) are that box."""
        with np.errstate(over="ignore", invalid="ignore"):
            fitted = self.raw(features, boxes)
            shared = overlap(fitted, boxes)
            ratio = fitted[:, 2:].prod(1) / boxes[:, 2:].prod(1)
            ratio = np.maximum(ratio, 1 / ratio)  # as large or as small
            good = (shared >= iou[0]) & (shared <= iou[1]) & (ratio >= growth[0]) & (ratio <= growth[1])
        return np.where(good[:, None], fitted, boxes)


def targets(boxes: Array, truth: Array) -> Array:
    """What is learnt (N, 4): shifts of the centre in sides of the box, logarithms of the ratios of sides."""
    shift = (truth[:2] + truth[2:] / 2 - boxes[:, :2] - boxes[:, 2:] / 2) / boxes[:, 2:]
    return np.concatenate([shift, np.log(truth[2:] / boxes[:, 2:])], axis=1)
