"""Checkpoints as pytracking and mfDiMP's fork of it save them: their names, shapes, classes and keys, seeded values.

What the original code computes from the same values is in ``golden/pytracking.json``.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

CROP = 128  # of the images
COMMON = {"filter_size": 4, "optim_iter": 5, "clf_feat_norm": True, "final_conv": True}
BINNED = COMMON | {"optim_init_step": 0.9, "init_gauss_sigma": 0.9, "mask_init_factor": 3.0}
DIMP = BINNED | {"num_dist_bins": 100, "bin_displacement": 0.1, "target_mask_act": "sigmoid", "score_act": "relu"}
PRDIMP = COMMON | {"gauss_sigma": 0.25 / 5 * 18, "alpha_eps": 0.05, "normalize_label": True, "optim_min_reg": 0.05}
KINDS: Mapping[str, tuple[int, int, int | None, str, Mapping[str, Any], str]] = {
    # depth, trunks, distance bins, constructor, its arguments, actor
    "dimp18": (18, 1, 100, "dimpnet18", DIMP, "DiMPActor"),
    "dimp50": (50, 1, 100, "dimpnet50", DIMP | {"out_feature_dim": 512, "clf_feat_blocks": 0}, "DiMPActor"),
    "prdimp18": (18, 1, None, "klcedimpnet18", PRDIMP, "KLDiMPActor"),
    "mfdimp": (50, 2, 10, "steepest_descent_learn_filter_resnet50_newiou",
               BINNED | {"num_dist_bins": 10, "bin_displacement": 0.5, "out_feature_dim": 512}, "OptimTrackerActor"),
}  # fmt: skip
Shapes = dict[str, tuple[int, ...]]
CLASSES = CONSTRUCTOR, SETTINGS, METER = [
    type(name, (), {"__module__": f"ltr.admin.{module}"})
    for module, name in (("model_constructor", "NetConstructor"), ("settings", "Settings"), ("stats", "AverageMeter"))
]


def shapes(kind: str, unused: bool = True) -> Shapes:
    """Names and shapes of a network's state; ``unused``: with layer4 and fc of the trunks."""
    depth, trunks, bins, *_ = KINDS[kind]
    found: Shapes = {}
    for trunk in ("feature_extractor", "feature_extractor_i")[:trunks]:
        found |= {f"{trunk}.{name}": shape for name, shape in _resnet(depth, unused).items()}
    level3, level4 = (trunks * c for c in ((128, 256) if depth == 18 else (512, 1024)))
    features = 256 if depth == 18 else 512
    init, solve = "classifier.filter_initializer.filter_conv", "classifier.filter_optimizer"
    found |= {f"{init}.weight": (features, features, 3, 3), f"{init}.bias": (features,)}
    found |= {f"{solve}.log_step_length": (1,), f"{solve}.filter_reg": (1,)}
    if bins:
        for part in ("label_map_predictor", "target_mask_predictor.0", "spatial_weight_predictor"):
            found[f"{solve}.{part}.weight"] = (1, bins, 1, 1)
    if depth == 18:
        found |= _block("classifier.feature_extractor.0", 18, 256, 256, 1)
    found[f"classifier.feature_extractor.{1 if depth == 18 else 0}.weight"] = (features, level4, 3, 3)
    for name, inputs, outputs, size in (
        ("conv3_1r", level3, 128, 3), ("conv3_1t", level3, 256, 3), ("conv3_2t", 256, 256, 3), ("fc3_1r", 128, 256, 3),
        ("conv4_1r", level4, 256, 3), ("conv4_1t", level4, 256, 3), ("conv4_2t", 256, 256, 3),
        ("fc34_3r", 512, 256, 1), ("fc34_4r", 512, 256, 1),
    ):  # fmt: skip
        stem = f"bb_regressor.{name}"
        found |= {f"{stem}.0.weight": (outputs, inputs, size, size), f"{stem}.0.bias": (outputs,)}
        found |= _norm(f"{stem}.1", outputs)
    for name, cells in (("fc3_rt", 25), ("fc4_rt", 9)):
        linear = f"bb_regressor.{name}.linear"
        found |= {f"{linear}.weight": (256, 256 * cells), f"{linear}.bias": (256,)}
        found |= _norm(f"bb_regressor.{name}.bn", 256)
    return found | {"bb_regressor.iou_predictor.weight": (1, 512), "bb_regressor.iou_predictor.bias": (1,)}


def state(kind: str, unused: bool = False) -> dict[str, Tensor]:
    """A network's tensors; each depends on its name and shape alone. Parts that no tracker runs are zero."""
    return {name: torch.from_numpy(_values(name, shape)) for name, shape in shapes(kind, unused).items()}


def images(count: int, seed: int) -> Tensor:
    """Normalised images (count, 3, CROP, CROP)."""
    values = np.random.RandomState(seed).uniform(-2, 2, (count, 3, CROP, CROP))
    return torch.from_numpy(values.astype(np.float32))


BOXES = torch.tensor([[45.0, 40, 30, 40], [50, 52, 26, 34], [35, 44, 34, 38]])  # in three training images
PROPOSALS = torch.tensor([[[45.0, 40, 30, 40], [48, 36, 24, 44], [5, 80, 50, 30]]])  # in the fourth
SHARES = torch.tensor([0.5, 0.3, 0.2])  # weights of training samples, second call of the optimiser


def saved(path: Path, kind: str, *, legacy: bool = False, unused: bool = False, **changes: Any) -> Path:
    """Write a checkpoint with all that a training leaves in it; ``changes`` replace its entries."""
    _, _, _, maker, arguments, actor = KINDS[kind]
    made = constructor(maker, **arguments)
    with _importable():
        entries = {
            "epoch": 50, "actor_type": actor, "net_type": "DiMPnet", "net": state(kind, unused), "net_info": None,
            "constructor": made,
            "optimizer": {"state": {140213: {"step": 3, "exp_avg": torch.ones(5)}}, "param_groups": [{"lr": 1e-4}]},
            "stats": {"train": {"Loss/total": _made(METER, avg=0, history=[0.5, 0.25])}},
            "settings": settings(output_sz=288, search_area_factor=5.0, normalize_mean=[0.485, 0.456, 0.406]),
        }  # fmt: skip
        torch.save(entries | changes, path, _use_new_zipfile_serialization=not legacy)
    return path


def constructor(name: str, **arguments: Any) -> Any:
    """Build another network's constructor for ``saved(constructor=...)``: pickled as pytracking's class."""
    return _made(CONSTRUCTOR, fun_name=name, fun_module="ltr.models.tracking", args=(), kwds=arguments)


def settings(**values: Any) -> Any:
    """Build what a training says of itself, for ``saved(settings=...)``."""
    return _made(SETTINGS, **values)


def _resnet(depth: int, unused: bool) -> Shapes:
    found: Shapes = {"conv1.weight": (64, 3, 7, 7), **_norm("bn1", 64)}
    inputs, wide = 64, 1 if depth == 18 else 4
    for level, count in enumerate((2, 2, 2, 2) if depth == 18 else (3, 4, 6, 3), 1):
        if level == 4 and not unused:
            break
        width = 32 * 2**level
        for k in range(count):
            found |= _block(f"layer{level}.{k}", depth, inputs, width, 2 if level > 1 and k == 0 else 1)
            inputs = width * wide
    return found | ({"fc.weight": (1000, inputs), "fc.bias": (1000,)} if unused else {})


def _block(stem: str, depth: int, inputs: int, width: int, stride: int) -> Shapes:
    found: Shapes = {}
    last = width if depth == 18 else 4 * width
    convs = ((inputs, width, 3), (width, width, 3))
    if depth == 50:
        convs = ((inputs, width, 1), (width, width, 3), (width, last, 1))
    for k, (a, b, size) in enumerate(convs, 1):
        found |= {f"{stem}.conv{k}.weight": (b, a, size, size), **_norm(f"{stem}.bn{k}", b)}
    if stride == 2 or inputs != last:
        found |= {f"{stem}.downsample.0.weight": (last, inputs, 1, 1), **_norm(f"{stem}.downsample.1", last)}
    return found


def _norm(stem: str, width: int) -> Shapes:
    parts: Shapes = {f"{stem}.{name}": (width,) for name in ("weight", "bias", "running_mean", "running_var")}
    return parts | {f"{stem}.num_batches_tracked": ()}


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if ".layer4." in name or ".fc." in name:
        return np.zeros(shape, np.int64 if not shape else np.float32)
    if name.endswith("num_batches_tracked"):
        return np.array(7)
    x = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1, 1, shape)
    far = np.linspace(0, 1, shape[1]).reshape(shape) if "_predictor" in name and x.ndim == 4 else 0.0
    if ".label_map" in name:
        x = np.exp(-8 * far) + 0.05 * x
    elif ".spatial_weight" in name:
        x = 1 + 0.1 * x
    elif ".target_mask" in name:
        x = 1 - 3 * far + 0.2 * x
    elif name.endswith("running_var"):
        x = 1.1 + 0.5 * x
    elif name.endswith(("log_step_length", "bias", "running_mean")):
        x = 0.1 * x
    elif name.endswith("filter_reg"):
        x = 0.1 + 0.03 * x
    elif x.ndim == 1:
        x = 0.85 + 0.35 * x
    else:
        x *= np.sqrt(6 / np.prod(shape[1:])) * (0.3 if "filter_conv" in name else 1)
    return x.astype(np.float32)


@contextmanager
def _importable() -> Iterator[None]:
    """Meanwhile pytracking's classes are where pickles say that they are."""
    modules = {name: ModuleType(name) for name in ("ltr", "ltr.admin", *(kind.__module__ for kind in CLASSES))}
    for kind in CLASSES:
        setattr(modules[kind.__module__], kind.__name__, kind)
    before = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(before)


def _made(kind: type, **attributes: Any) -> Any:
    made = kind()
    vars(made).update(attributes)
    return made
