"""A GPU that is not there: tensors stay on the CPU, but each knows where it would be, and what mixes devices fails.

Inside ``pretended_gpu()`` a tensor made on, or moved to, ``cuda`` says so. Operations on tensors of two devices raise,
as on a real GPU; so does ``numpy()`` on one of the GPU. ``waits`` names each call for which Python would stand still
until the GPU has done all it was asked for. What it cannot see: kernels that a GPU lacks, and rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

from rgbtbench.trackers.networks.transfer import made_once

GPU, CPU = torch.device("cuda:0"), torch.device("cpu")
READ = ("item", "tolist", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "data_ptr", "size",
        "stride", "dim", "numel", "untyped_storage", "__len__", "is_floating_point", "element_size")  # fmt: skip
INDEXING = ("__getitem__", "__setitem__", "index_put_")  # by indices on the CPU, which torch allows
MADE = ("tensor", "as_tensor", "new_tensor")  # from values that Python has
ASKED = (
    "item",
    "tolist",
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__contains__",
    "nonzero",
    "argwhere",
    "masked_select",
    "unique",
    "equal",
    "allclose",
)  # of the GPU: it must have got there
CROSSING = ("__set__", "copy_", "_has_compatible_shallow_copy_type")


class Mixed(AssertionError):
    """An operation on tensors of two devices."""


class PretendedGPU(TorchFunctionMode):
    """Keeps every storage that is on the GPU, so that no address is used again."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.waits: list[str] = []

    def __enter__(self) -> PretendedGPU:
        made_once.cache_clear()  # what is kept is on no device, or on another one's
        super().__enter__()
        return self

    def __exit__(self, *reason: Any) -> None:
        super().__exit__(*reason)
        made_once.cache_clear()

    def on_gpu(self, tensor: Tensor) -> bool:
        """Where a tensor would be."""
        with torch._C.DisableTorchFunction():
            return tensor.untyped_storage()._cdata in self.held if tensor.layout is torch.strided else False

    def hold(self, value: Any) -> Any:
        """Put all tensors of a result on the GPU."""
        with torch._C.DisableTorchFunction():
            for leaf in tree_flatten(value)[0]:
                if isinstance(leaf, Tensor):
                    storage = leaf.untyped_storage()
                    self.held[storage._cdata] = storage
        return value

    def pin(self, tensor: Tensor) -> Tensor:
        """Put a tensor of the CPU where a GPU can fetch it."""
        storage = tensor.untyped_storage()
        self.pinned[storage._cdata] = storage
        return tensor

    def _waits(self, name: str, args: Any, kwargs: Any, tensors: list[Tensor], target: str | None) -> bool:
        """Whether Python would wait for a GPU: for an upload, too, unless it is asynchronous from pinned memory."""
        here = [self.on_gpu(t) for t in tensors]
        if name in MADE:
            return target == "cuda" and True not in here
        if name in ("to", "cpu", "cuda", "copy_") and here:
            other = here[1] if len(here) > 1 else {"cpu": False, "cuda": True}.get(target or name, here[0])
            source, there = (other, here[0]) if name == "copy_" else (here[0], other)
            pinned = tensors[name == "copy_"].untyped_storage()._cdata in self.pinned
            return source != there and not (there and pinned and kwargs.get("non_blocking"))
        if name in INDEXING and here[:1] == [True]:
            leaves = tree_flatten(args[1:])[0]
            masks = any(isinstance(leaf, Tensor) and leaf.dtype == torch.bool for leaf in leaves)
            return masks or any(
                not self.on_gpu(leaf) if isinstance(leaf, Tensor) and leaf.dim() else isinstance(leaf, np.ndarray)
                for leaf in leaves
            )
        return name in ASKED and True in here

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
        places = {self.on_gpu(t) for t in tensors if t.dim() or self.on_gpu(t)}
        asked = getattr(func, "__self__", None) if name == "__get__" else None  # a property
        if asked is Tensor.device:
            return GPU if self.on_gpu(args[0]) else CPU
        if asked is Tensor.is_cuda:
            return self.on_gpu(args[0])
        if name == "_parse_to" or func is torch.device:  # what was asked for
            return func(*args, **kwargs)
        target = _target(func, args, kwargs)
        if self._waits(name, args, kwargs, tensors, target):
            self.waits.append(name)
        pinned = kwargs.pop("pin_memory", False)
        args, kwargs = tree_map(_really, args), tree_map(_really, kwargs)
        if name in ("to", "cpu", "cuda", "type_as"):
            return self._moved(func, name, args, kwargs, tensors, target)
        if target is not None or (name in ("tensor", "as_tensor") and not tensors):
            found = func(*args, **kwargs)
            if target == "cuda" and tensors and found is tensors[0]:
                found = found.clone()
            return self.hold(found) if target == "cuda" else found
        if name in ("numpy", "__array__") and True in places:
            raise Mixed(f"{name}() of a tensor on the GPU")
        if pinned or name == "pin_memory":
            return self.pin(tensors[0].clone() if tensors else func(*args, **kwargs))
        if len(places) == 2 and name not in INDEXING and name not in CROSSING:
            shapes = ", ".join(f"{tuple(t.shape)} on {'GPU' if self.on_gpu(t) else 'CPU'}" for t in tensors)
            raise Mixed(f"{name} of tensors on two devices: {shapes}")
        found = func(*args, **kwargs)
        first = self.on_gpu(tensors[0]) if tensors and name in INDEXING else True in places
        return self.hold(found) if first and name not in READ and not isinstance(found, torch.device) else found

    def _moved(self, func: Any, name: str, args: Any, kwargs: Any, tensors: list[Tensor], target: str | None) -> Any:
        here = self.on_gpu(tensors[0])
        if name == "to" and target is None and len(tensors) > 1:  # to(other)
            there = self.on_gpu(tensors[1])
        else:
            there = {"cpu": False, "cuda": True}.get(target or name, here)
        if name == "cuda":
            found = tensors[0].clone()
        elif name == "cpu":
            found = tensors[0].clone() if here else tensors[0]
        else:
            found = func(*args, **kwargs)
            found = (
                found.clone()
                if here != there and found.untyped_storage()._cdata == tensors[0].untyped_storage()._cdata
                else found
            )
        return self.hold(found) if there else found


def _target(func: Any, args: Any, kwargs: Any) -> str | None:
    """The kind of device that a call asks for, if it asks for one."""
    asked = kwargs.get("device")
    if asked is None and getattr(func, "__name__", "") in ("to", "new_zeros", "new_empty", "new_tensor"):
        asked = next(
            (a for a in args[1:] if isinstance(a, torch.device) or (isinstance(a, str) and a[:3] in ("cpu", "cud"))),
            None,
        )
    return None if asked is None else torch.device(asked).type


def _really(value: Any) -> Any:
    """The device on which it is really done."""
    if isinstance(value, torch.device) and value.type == "cuda":
        return CPU
    return "cpu" if isinstance(value, str) and value.startswith("cuda") else value


def pretended_gpu() -> PretendedGPU:
    """The context."""
    return PretendedGPU()
