"""Between Python and a device: nothing waits for an upload, and what never changes is made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import _get_current_dispatch_mode

T = TypeVar("T")


def room(count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """An empty vector on the CPU, to be filled and sent; pinned where a GPU will fetch it."""
    return torch.empty(count, dtype=dtype, pin_memory=device.type == "cuda")


def send(values: Any, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """An array, or a tensor on the CPU, on a device. A GPU fetches it from pinned memory while Python goes on."""
    here = torch.as_tensor(values, dtype=dtype)
    if device.type != "cuda":
        return here.to(device)
    return here.pin_memory().to(device, non_blocking=True)  # torch's allocator keeps the pinned copy until then


def constant(make: Callable[..., T], *values: Any, **like: Any) -> T:
    """``make(*values, **like)``, the same one each time: do not change it in place.

    What is made under a dispatch mode, such as torch's fake tensors, is of that mode alone.
    """
    made: T = made_once(_get_current_dispatch_mode(), make, values, tuple(like.items()))
    return made


@lru_cache(maxsize=256)
def made_once(
    mode: object, make: Callable[..., Any], values: tuple[Any, ...], like: tuple[tuple[str, Any], ...]
) -> Any:
    """What ``constant`` keeps."""
    return make(*values, **dict(like))
