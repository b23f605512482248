"""Training in several processes, started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import distributed, nn

from rgbtbench.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process, ``rank`` of ``size``, and its device."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks."""
        return self.rank == 0

    @property
    def cores(self) -> int:
        """This process's share of those of the machine."""
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(usable // int(os.environ.get("LOCAL_WORLD_SIZE", "1")), 1)

    def wrap(self, module: nn.Module, *, sync_batch_norm: bool = False) -> nn.Module:
        """The same, its gradients averaged over all processes, and the statistics of its batch norms if asked for.

        Raises ConfigError for the latter without GPUs, for which alone torch has it.
        """
        if self.size == 1:
            return module
        if sync_batch_norm:
            if self.device.type != "cuda":
                raise ConfigError("sync_batch_norm needs GPUs", expected="--device cuda", found=self.device.type)
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=devices)

    def apart(self, module: nn.Module) -> AbstractContextManager[None]:
        """Within it a wrapped module's gradients add up here, and are not averaged yet."""
        alone: AbstractContextManager[None] = module.no_sync() if self.size > 1 else nullcontext()  # type: ignore[operator]
        return alone

    def any(self, flag: bool) -> bool:
        """Whether it is so anywhere: all processes must stop in the same step."""
        if self.size == 1:
            return flag
        vote = torch.tensor(int(flag), device=self.device)
        distributed.all_reduce(vote, distributed.ReduceOp.MAX)
        return bool(vote)


@contextmanager
def ranks(device: str) -> Iterator[Ranks]:
    """Join the others, if there are any (NCCL on GPUs, gloo on CPUs), and leave them at the end.

    Raises ConfigError for a GPU named by number, since each process takes its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Ranks(0, 1, torch.device(device))
        return
    if ":" in device:
        raise ConfigError("each process takes a GPU of its own", expected="--device cuda", found=f"--device {device}")
    local = torch.device(device, int(os.environ.get("LOCAL_RANK", "0"))) if device == "cuda" else torch.device(device)
    if local.type == "cuda":
        torch.cuda.set_device(local)
    distributed.init_process_group("nccl" if local.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), size, local)
    finally:
        distributed.destroy_process_group()
