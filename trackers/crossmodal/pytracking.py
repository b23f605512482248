"""Checkpoints of pytracking's DiMP, PrDiMP and super-DiMP, and of mfDiMP's fork of it, as weights of our networks.

Names of modules and constants are facts of the released code: github.com/visionml/pytracking (7eb9e74) and
github.com/zhanglichao/end2end_rgbt_tracking (f96bf9a).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from rgbtbench.core.errors import ConfigError
from rgbtbench.trackers.dimp.newton import Newton
from rgbtbench.trackers.dimp.parameters import KERNEL, STRIDE
from rgbtbench.trackers.models import expected_shapes
from rgbtbench.trackers.networks.weight_files import Weights, inspect_command, some
from rgbtbench.trackers.networks.weight_shapes import UNUSED, Difference, compare, shapes
from rgbtbench.trackers.networks.weights import save

from .models import Preset, build, find

TRUNKS = ("feature_extractor.", "feature_extractor_i.")
NAMES = {  # beginnings of names: theirs, ours
    "feature_extractor.": "trunks.rgb.",
    "feature_extractor_i.": "trunks.tir.",
    "classifier.feature_extractor.": "classifier.features.",
    "classifier.filter_initializer.filter_conv.": "classifier.initialiser.conv.",
    "classifier.filter_optimizer.log_step_length": "classifier.optimiser.log_step",
    "classifier.filter_optimizer.filter_reg": "classifier.optimiser.regularisation",
    "classifier.filter_optimizer.label_map_predictor.weight": "classifier.optimiser.label",
    "classifier.filter_optimizer.target_mask_predictor.0.weight": "classifier.optimiser.mask",
    "classifier.filter_optimizer.spatial_weight_predictor.weight": "classifier.optimiser.weight",
    "bb_regressor.conv3_1r.": "iou.ref3.",
    "bb_regressor.conv4_1r.": "iou.ref4.",
    "bb_regressor.fc3_1r.": "iou.ref3_fc.",
    "bb_regressor.fc34_3r.": "iou.mod3.",
    "bb_regressor.fc34_4r.": "iou.mod4.",
    "bb_regressor.conv3_1t.": "iou.test3.0.",
    "bb_regressor.conv3_2t.": "iou.test3.1.",
    "bb_regressor.conv4_1t.": "iou.test4.0.",
    "bb_regressor.conv4_2t.": "iou.test4.1.",
    "bb_regressor.fc3_rt.linear.": "iou.fc3.0.",
    "bb_regressor.fc3_rt.bn.": "iou.fc3.1.",
    "bb_regressor.fc4_rt.linear.": "iou.fc4.0.",
    "bb_regressor.fc4_rt.bn.": "iou.fc4.1.",
    "bb_regressor.iou_predictor.": "iou.out.",
}
BINNED = tuple(f"classifier.optimiser.{name}" for name in ("label", "mask", "weight"))  # theirs are (1, bins, 1, 1)

DENSITY = "KLDiMPActor"  # its IoU-Net learned a density of boxes: refined in other steps
CONSTRUCTORS = {  # functions that made released networks: model and preset of ours, the first that fits
    "dimpnet18": (("dimp-18", "paper"),),
    "dimpnet50": (("dimp-50", "paper"), ("dimp-50", "super")),
    "klcedimpnet18": (("dimp-18", "prdimp"),),
    "klcedimpnet50": (("dimp-50", "prdimp"),),
    "steepest_descent_learn_filter_resnet18_newiou": (("dimp-18", "original"),),
    "steepest_descent_learn_filter_resnet50_newiou": (("mfdimp", "original"), ("dimp-50", "original")),
}
UNCHECKED = "not in the file: the filter's size, the bins' width and the optimiser's kind are taken to be as released"
ALL = tuple(dict.fromkeys(fit for fits in CONSTRUCTORS.values() for fit in fits))


@dataclass(frozen=True, slots=True)
class Converted:
    """Tensors with our names, and the network that they fit."""

    model: str
    preset: str
    tensors: dict[str, Tensor]
    unused: tuple[str, ...]  # names of what no tracker runs: layer4 and fc of a trunk
    checked: bool  # whether the file tells the constants that no tensor shows; else they are taken to be as released

    @property
    def optimiser(self) -> str:
        """With which the network learned filters: see ``network.OPTIMISERS``."""
        return find(self.model, self.preset).architecture.optimiser


def is_theirs(weights: Weights) -> bool:
    """Whether a file's names are pytracking's."""
    return any(name.startswith(("bb_regressor.", *TRUNKS)) for name in weights.tensors)


def convert(weights: Weights) -> Converted:
    """Give tensors our names and find their network.

    Raises ConfigError with what is missing, unexpected or of another shape, and for a constant that is not a tensor
    and differs from ours, such as the filter's size.
    """
    metadata = weights.metadata
    tensors, unused = renamed(weights.tensors)
    maker = metadata.get("constructor.fun_name")
    known = maker in CONSTRUCTORS and "constructor.args" not in metadata
    fits = CONSTRUCTORS.get(maker or "", ALL)
    differences = {fit: _difference(*fit, tensors) for fit in fits}
    complete = [fit for fit, difference in differences.items() if not difference]
    if not complete:
        raise _misfit(weights, maker, differences)
    density = metadata.get("actor_type") == DENSITY
    model, preset = next((fit for fit in complete if find(*fit).tracking.relative == density), complete[0])
    if known:
        _require_constants(weights, model, preset)
    return Converted(model, preset, tensors, unused, checked=known)


def write(weights: Weights, converted: Converted, out: Path) -> None:
    """Write a converted network as safetensors, whole or not at all, with its origin in the metadata."""
    network = build(converted.model, converted.preset)
    network.load_state_dict(converted.tensors, strict=False)  # compared already; batch norms' counters may be missing
    origin = {"converted from": weights.path.name, "sha256 of that": weights.sha256}
    save(out, network, {"network": f"{converted.model} ({converted.preset})", **origin})


def online(weights: Weights, converted: Converted) -> dict[str, float]:
    """Online parameters in which a training's settings differ from the preset's: the crop and the search area."""
    tracking, metadata = find(converted.model, converted.preset).tracking, weights.metadata
    trained = {"crop": metadata.get("settings.output_sz"), "scale": metadata.get("settings.search_area_factor")}
    numbers = {name: float(text) for name, text in trained.items() if text and _number(text) is not None}
    return {name: value for name, value in numbers.items() if value != getattr(tracking, name)}


def renamed(given: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors with our names where we have some, and the names of those that no tracker runs."""
    tensors, unused = {}, []
    for name, tensor in given.items():
        stem = next((stem for stem in NAMES if name.startswith(stem)), "")
        rest = name.removeprefix(stem)
        if stem in TRUNKS and rest.startswith(UNUSED):
            unused.append(name)
            continue
        ours = NAMES[stem] + rest if stem else name
        flat = ours in BINNED and tensor.dim() == 4 and tensor.numel() == tensor.shape[1]
        tensors[ours] = tensor.flatten() if flat else tensor
    return tensors, tuple(unused)


def _difference(model: str, preset: str, tensors: Mapping[str, Tensor]) -> Difference:
    expected, _ = expected_shapes(model, preset)
    return compare(expected, shapes(tensors))


def _misfit(weights: Weights, maker: str | None, differences: Mapping[tuple[str, str], Difference]) -> ConfigError:
    def size(fit: tuple[str, str]) -> int:
        return sum(len(names) for names in differences[fit].kinds().values())

    closest = min(differences, key=size)
    kinds = differences[closest].kinds()
    return ConfigError(
        f"this checkpoint is no {closest[0]} ({closest[1]}), the closest of the networks that can be converted",
        where=weights.path,
        expected=", ".join(f"{model} ({preset})" for model, preset in differences),
        found="\n".join(
            [f"a network made by {maker}" if maker else "tensors without a constructor"]
            + [f"{len(names):,} {kind}: {some(list(names), 8)}" for kind, names in kinds.items()]
        ),
        next=inspect_command(weights.path),
    )


def _constants(preset: Preset) -> dict[str, tuple[Any, Any]]:
    """Arguments of the constructors that no tensor shows: their default, and what our network has."""
    common: dict[str, tuple[Any, Any]] = {
        "filter_size": (1, KERNEL), "feat_stride": (16, STRIDE), "classification_layer": ("layer3", "layer3"),
        "clf_feat_norm": (True, True), "init_filter_norm": (False, False), "output_activation": (None, None),
    }  # fmt: skip
    a = preset.architecture
    if a.optimiser != "newton":
        binned = {"bin_displacement": (1.0, a.bins[1]), "target_mask_act": ("sigmoid", "sigmoid")}
        return common | binned | {"score_act": ("relu", "relu")}
    density = {"gauss_sigma": (1.0, 0.05 * a.cells), "alpha_eps": (0.0, Newton.damping)}
    density |= {"optim_min_reg": (1e-3, math.sqrt(Newton.least_penalty)), "label_shrink": (0, 0)}
    switches = {"normalize_label": (False, True), "final_relu": (False, False), "init_pool_square": (False, False)}
    absent = dict.fromkeys(("init_uni_weight", "softmax_reg"), (None, None))
    return common | density | switches | absent | {"label_threshold": (0, 0)}


def _require_constants(weights: Weights, model: str, preset: str) -> None:
    for name, (default, ours) in _constants(find(model, preset)).items():
        constant = weights.metadata.get(f"constructor.kwds.{name}", str(default))
        one, other = _number(constant), _number(str(ours))
        same = constant == str(ours) if one is None or other is None else math.isclose(one, other, rel_tol=1e-6)
        if not same:
            raise ConfigError(
                f"a constant of this network differs from those of {model} ({preset})",
                where=f"{weights.path}: {name}",
                expected=ours,
                found=constant,
            )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
