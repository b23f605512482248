"""Adam with Muon for convolution kernels: their momentum is made orthogonal before each step (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
QUINTIC = (3.4445, -4.775, 2.0315)  # Jordan's: five rounds bring singular values of 0.002 and more to 0.7 to 1.2
ROUNDS = 5


class Muon(torch.optim.Adam):
    """Steps of a kernel (O, I, k, k) are as long in every direction of its matrix (O, I k k); all else moves by Adam.

    A step is the group's learning rate times ``kernels`` times sqrt(max(1, O / (I k k))), in spectral norm. Torch's own
    takes matrices only. A step consumes the gradients of kernels: ``grad`` is None afterwards.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], *, kernels: float, weight_decay: float = 0.0) -> None:
        super().__init__(groups, weight_decay=weight_decay)  # of all but kernels
        self.kernels = kernels

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step on the gradients that there are."""
        for group in self.param_groups:
            learnt = sorted((p for p in group["params"] if moves_by_muon(p) and p.grad is not None), key=_rows_columns)
            for (rows, columns), alike in groupby(learnt, _rows_columns):
                kernels = list(alike)
                steps = orthogonal(torch.stack([self._momentum(kernel).flatten(1) for kernel in kernels]))
                length = group["lr"] * self.kernels * max(1, rows / columns) ** 0.5
                for kernel, step in zip(kernels, steps, strict=True):
                    kernel.sub_(step.view(kernel.shape), alpha=length)
                    kernel.grad = None  # for Adam, nothing to do
        super().step()

    def _momentum(self, kernel: Tensor) -> Tensor:
        """Nesterov's, of this gradient and all before it."""
        gradient = kernel.grad
        assert gradient is not None
        state = self.state[kernel]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(kernel)
        mean: Tensor = state["momentum_buffer"]
        mean.lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(mean, MOMENTUM)


def moves_by_muon(parameter: Tensor) -> bool:
    """Whether it is a convolution's kernel."""
    return parameter.ndim == 4


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices with orthonormal rows or columns, roughly: all singular values of (n, r, c) near 1.

    Each round multiplies by a polynomial in X X^T. These commute, so that all rounds happen to that small square.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    square = x @ x.mT
    total = factor = _factor(square)
    for _ in range(ROUNDS - 1):
        square = factor @ square @ factor
        factor = _factor(square)
        total = factor @ total
    x = total @ x
    return x.mT if tall else x


def _factor(square: Tensor) -> Tensor:
    """What a round multiplies by: a + b X X^T + c (X X^T)^2."""
    a, b, c = QUINTIC
    factor = torch.baddbmm(square, square, square, beta=b, alpha=c)
    factor.diagonal(dim1=1, dim2=2).add_(a)
    return factor


def _rows_columns(kernel: Tensor) -> tuple[int, int]:
    return len(kernel), kernel[0].numel()
