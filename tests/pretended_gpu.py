"""A GPU that is not there: tensors stay on the CPU, but each knows where it would be, and what mixes devices fails.

Inside ``pretended_gpu()`` a tensor made on, or moved to, ``cuda`` says so. Operations on tensors of two devices raise,
as on a real GPU; so does ``numpy()`` on one of the GPU. What it cannot see: kernels that a GPU lacks, and rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

GPU, CPU = torch.device("cuda:0"), torch.device("cpu")
READ = ("item", "tolist", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "data_ptr", "size",
        "stride", "dim", "numel", "untyped_storage", "__len__", "is_floating_point", "element_size")  # fmt: skip
INDEXING = ("__getitem__", "__setitem__", "index_put_")  # by indices on the CPU, which torch allows

CROSSING = ("__set__", "copy_", "_has_compatible_shallow_copy_type")


class Mixed(AssertionError):
    """An operation on tensors of two devices."""


class PretendedGPU(TorchFunctionMode):
    """Keeps every storage that is on the GPU, so that no address is used again."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, Any] = {}

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
        args, kwargs = tree_map(_really, args), tree_map(_really, kwargs)
        if name in ("to", "cpu", "cuda", "pin_memory", "type_as"):
            return self._moved(func, name, args, kwargs, tensors, target)
        if target is not None or (name in ("tensor", "as_tensor") and not tensors):
            found = func(*args, **kwargs)
            if target == "cuda" and tensors and found is tensors[0]:
                found = found.clone()
            return self.hold(found) if target == "cuda" else found
        if name in ("numpy", "__array__") and True in places:
            raise Mixed(f"{name}() of a tensor on the GPU")
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
        if name in ("cuda", "pin_memory"):
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
