"""fc4 to fc6: is this a target or background? One last layer, a branch, for each training sequence (MDNet)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Branches(nn.Module):
    """fc6: K linear layers from ``inputs`` to the scores of background and target."""

    def __init__(self, inputs: int, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, 2, inputs))
        self.bias = nn.Parameter(torch.empty(count, 2))
        self.renew()

    def renew(self) -> None:
        """Draw all of them again: a test sequence has a fresh one."""
        with torch.no_grad():
            nn.init.normal_(self.weight, 0, 0.01)
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, domains: Tensor | None = None) -> Tensor:
        """Scores (S, P, 2) of features (S, P, inputs) by the branches ``domains`` (S,); one branch: (P, inputs)."""
        if domains is None:
            return F.linear(x, self.weight[0], self.bias[0])
        return torch.baddbmm(self.bias[domains][:, None], x, self.weight[domains].transpose(1, 2))


class Head(nn.Module):
    """Scores of features: background first, target second. ``dropouts``: before fc4, fc5 and fc6."""

    def __init__(self, inputs: int, hidden: int, branches: int, dropouts: tuple[float, float, float]) -> None:
        super().__init__()
        self.fc4 = nn.Linear(inputs, hidden)
        self.fc5 = nn.Linear(hidden, hidden)
        self.fc6 = Branches(hidden, branches)
        self.dropouts = dropouts
        for layer in (self.fc4, self.fc5):
            nn.init.normal_(layer.weight, 0, (2 / layer.in_features) ** 0.5)
            nn.init.constant_(layer.bias, 0.1)

    def forward(self, x: Tensor, domains: Tensor | None = None) -> Tensor:
        """Scores (N, 2) of features (N, D); (S, P, 2) of (S, P, D) by the branches of ``domains`` (S,)."""
        return self.fc6(self._dropped(self.hidden(x), 2), domains)

    def hidden(self, x: Tensor) -> Tensor:
        """What fc6 sees, before dropout."""
        x = self.fc4(self._dropped(x, 0)).relu_()
        return self.fc5(self._dropped(x, 1)).relu_()

    def _dropped(self, x: Tensor, index: int) -> Tensor:
        rate = self.dropouts[index]
        return F.dropout(x, rate) if rate and self.training else x


def binary_losses(positive: Tensor, negative: Tensor) -> Tensor:
    """-log softmax (N,) of the right class: positives (P, 2) first, then negatives (Q, 2)."""
    return torch.cat([-positive.log_softmax(-1)[..., 1], -negative.log_softmax(-1)[..., 0]], -1)
