"""What a training holds: the student, its frozen teacher, and the layers that only training needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.crossmodal.distill import Distiller, ask
from rgbtbench.trackers.crossmodal.models import build
from rgbtbench.trackers.dimp.learn import Batch, Pass, forward, original_losses, penalties
from rgbtbench.trackers.dimp.network import Network
from rgbtbench.trackers.dimp.parameters import STRIDE
from rgbtbench.trackers.dimp.warm_start import start
from rgbtbench.trackers.networks import weights

if TYPE_CHECKING:
    from .recipe import Recipe


class Learner(nn.Module):
    """A batch to the weighted terms of Eq. 14 by name. Random weights come from the recipe's seed.

    The teacher is no submodule: it is neither saved nor shared among processes. ``parents``: sha256 of each file that
    weights came from.
    """

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        super().__init__()
        self.parents: dict[str, str] = {}
        self.dtype = torch.bfloat16 if recipe.precision == "amp" else None
        torch.manual_seed(recipe.seed)
        self.student = build(recipe.model, recipe.preset)
        if recipe.trunk:
            for name, trunk in self.student.trunks.items():
                self.parents["trunk"] = weights.load_trunk(trunk, recipe.trunk, stream=name).sha256
        if recipe.weights:
            self.parents["weights"] = start(self.student, recipe.weights, what=recipe.model).sha256
        self._teacher: tuple[Network, ...] = ()
        self.distiller: Distiller | None = None
        if recipe.method and recipe.teacher:
            with torch.random.fork_rng(devices=[]):
                teacher = build(recipe.teacher.model, recipe.teacher.preset)
            loaded = weights.load(teacher, recipe.teacher.weights, what=recipe.teacher.model)
            self.parents["teacher"] = loaded.sha256
            if teacher.architecture.cells != self.student.architecture.cells:
                raise ConfigError(
                    "teacher and student see crops of different sizes",
                    where=recipe.teacher.weights,
                    expected=f"preset {recipe.preset}",
                    found=f"preset {recipe.teacher.preset}",
                )
            self.distiller = Distiller(recipe.method, self.student, teacher)
            self._teacher = (teacher.prepare(device, self.dtype or torch.float32),)
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device_type = device.type
        if self.dtype:
            for module in _heavy(self.student):
                module.forward = torch.autocast(device.type, self.dtype)(module.forward)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The terms, each a scalar; their sum is the loss."""
        answer = forward(self.student, batch)
        return original_losses(answer, batch) | penalties(self.student) | self._distilled(answer, batch)

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        """The terms without learning from them, and ``hit``: share of test frames with the peak on the target."""
        answer = forward(self.student, batch)
        score = answer.scores[-1]
        peak = score.flatten(2).argmax(2)
        at = torch.stack([peak % score.shape[-1], peak // score.shape[-1]], -1) * STRIDE  # pixels, as KERNEL says
        offset = (at - batch.test.boxes[..., :2] - batch.test.boxes[..., 2:] / 2).abs()
        hit = (offset <= batch.test.boxes[..., 2:] / 2).all(-1).float().mean()
        return original_losses(answer, batch) | self._distilled(answer, batch) | {"hit": hit}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Trained parameters by the name of their learning rate."""
        classifier = self.student.classifier
        parts: dict[str, nn.Module | None] = {
            "initialiser": classifier.initialiser,
            "optimiser": classifier.optimiser,
            "features": classifier.features,
            "iou": self.student.iou,
            "trunk": self.student.trunks,
            "fusion": self.student.fusion,
            "distill": self.distiller,
        }
        parameters_of = {name: list(part.parameters()) for name, part in parts.items() if part is not None}
        return {name: parameters for name, parameters in parameters_of.items() if parameters}

    @property
    def trained(self) -> Network:
        """What goes into the file."""
        return self.student

    def _distilled(self, answer: Pass, batch: Batch) -> dict[str, Tensor]:
        if self.distiller is None:
            return {}
        [teacher] = self._teacher
        target = ask(teacher, self.distiller.method, batch)
        with torch.autocast(self.device_type, self.dtype, enabled=self.dtype is not None):
            return self.distiller(answer, target, batch)


def _heavy(network: Network) -> Iterator[nn.Module]:
    """What may run in half precision; filters, boxes and the IoU-Net's predictor stay float32."""
    yield from network.trunks.values()
    yield from network.fusion
    yield network.classifier.features
    iou = network.iou
    yield from (iou.ref3, iou.ref4, iou.test3, iou.test4)
