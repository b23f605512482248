"""What a training of MDNet's family holds: a network with a branch for each training sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rgbtbench.trackers.mdnet.learn import Batch, between_domains, classification, features, hardest, scores
from rgbtbench.trackers.mdnet.models import build
from rgbtbench.trackers.mdnet.network import Network
from rgbtbench.trackers.mdnet.tracker import load_trunk
from rgbtbench.trackers.networks import weights

from .domains import Domains, DomainSampling

if TYPE_CHECKING:
    from .recipe import Recipe


class DomainLearner(nn.Module):
    """A batch to the terms of the loss by name. Random weights come from the recipe's seed.

    ``parents``: sha256 of each file that weights came from.
    """

    distiller = None  # nobody teaches this family

    def __init__(self, recipe: Recipe, device: torch.device, source: Domains) -> None:
        super().__init__()
        self.parents: dict[str, str] = {}
        sampling: Any = recipe.data.sampling
        self.sampling: DomainSampling = sampling
        torch.manual_seed(recipe.seed)
        self.network = build(recipe.model, recipe.preset, source.count)
        if recipe.trunk:
            self.parents["trunk"] = load_trunk(self.network, str(recipe.trunk)).sha256
        if recipe.weights:
            self.parents["weights"] = self._start_from(recipe)
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if recipe.precision == "amp":
            self.network.maps = torch.autocast(device.type, torch.bfloat16)(self.network.maps)  # type: ignore[method-assign]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The terms, each a scalar; their sum is the loss."""
        s = self.sampling
        pooled = features(self.network, batch)
        positive, negative = scores(self.network.head, pooled, batch)
        terms = {"cls": classification(positive, hardest(negative, s.hardest), mean=s.mean)}
        if s.inter:
            terms["inter"] = s.inter * between_domains(self.network.head, pooled, batch)
        return terms

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        """The terms without learning from them, and ``hit``: share of frames whose best box is on the target."""
        pooled = features(self.network, batch)
        positive, negative = scores(self.network.head, pooled, batch)
        frames = batch.positive.shape[1]
        best = (x[..., 1].unflatten(1, (frames, -1)).amax(2) for x in (positive, negative))
        hit = torch.gt(*best).float().mean()
        return {"cls": classification(positive, negative, mean=self.sampling.mean), "hit": hit}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Trained parameters by the name of their learning rate."""
        net, head = self.network, self.network.head
        parts: dict[str, list[nn.Module]] = {
            "trunk": [net.streams],
            "fusion": [net.fusion],
            "head": [head.fc4, head.fc5],
            "branches": [head.fc6],
        }
        by_rate = {name: [p for part in some for p in part.parameters()] for name, some in parts.items()}
        return {name: parameters for name, parameters in by_rate.items() if parameters}

    @property
    def trained(self) -> Network:
        """What goes into the file: one branch, whatever their number here."""
        return self.network.with_one_branch()

    def _start_from(self, recipe: Recipe) -> str:
        assert recipe.weights is not None
        one = build(recipe.model, recipe.preset)
        loaded = weights.load(one, recipe.weights, what=recipe.model)
        state = {name: tensor for name, tensor in one.state_dict().items() if not name.startswith("head.fc6.")}
        self.network.load_state_dict(state, strict=False)
        return loaded.sha256
