"""The loop: steps, epochs, checkpoints, and the student's file at the end (Sec. 4.1)."""

from __future__ import annotations

import json
import math
import platform
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rgbtbench.core import identity
from rgbtbench.core.errors import ConfigError, StoreError, TrainingError
from rgbtbench.trackers.crossmodal.distill import ALONE, gradient_norms
from rgbtbench.trackers.networks import weights

from . import checkpoint
from .checkpoint import State
from .loader import Loader
from .log import Speaker, write_history
from .ranks import Ranks
from .recipe import Recipe
from .sources import UNSEEN, Source

ALONE_MEANS = f"mean weight above {ALONE}: of MPSD's paths this one alone is left"
MOST_WORKERS = 8  # unasked: each holds its own part of the scenes


class Training:
    """A recipe at work in a folder; it goes on where the folder's checkpoint ends. ``fresh``: it begins again.

    Raises ConfigError, DataError; TrainingError for another recipe's folder.
    """

    def __init__(self, recipe: Recipe, folder: Path, ranks: Ranks, *, fresh: bool = False) -> None:
        family = recipe.family
        if recipe.batch < family.least * ranks.size * recipe.parts:
            parts = f" and each of {recipe.parts} parts" if recipe.parts > 1 else ""
            expected = f"{family.least} sequences for each of {ranks.size}{parts}"
            raise ConfigError("batch too small", expected=expected, found=recipe.batch)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = recipe.precision == "tf32"
        torch.backends.cudnn.benchmark = True  # crops are all of one size
        self.recipe, self.folder, self.ranks = recipe, folder, ranks
        self.source: Source = family.source(recipe)
        self.learner: Any = family.learner(recipe, ranks.device, self.source)
        self.identity = recipe.identity(self.source)
        self.digest = identity.digest(self.identity)
        self.groups = self.learner.groups()
        self.optimiser = recipe.optimiser.make(self.groups)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise StoreError("cannot make the folder", where=folder, found=reason.strerror, next="--out DIR") from None
        self.file = folder / checkpoint.NAME
        self.state = State()
        if self.file.exists() and not fresh:
            self.state = checkpoint.resume(self.file, self.learner, self.optimiser, self.digest)
        self.resumed_at = self.state.step
        self.step = ranks.wrap(self.learner, sync_batch_norm=recipe.sync_batch_norm)

    @property
    def output(self) -> Path:
        """The trained network's file."""
        return self.folder / f"{self.recipe.name}.safetensors"

    def run(self, steps: int | None = None) -> bool:
        """Train to the end, or for ``steps`` steps at most; whether it came to the end.

        After SIGTERM or SIGINT the step is finished and saved, and KeyboardInterrupt raised. Raises TrainingError for a
        loss that is not finite, the last checkpoint being whole.
        """
        end = min(self.recipe.steps, self.resumed_at + (steps or self.recipe.steps))
        if self.state.step < end:
            with _signals() as stop:
                self._train(end, stop)
        if self.state.step < self.recipe.steps:
            return False
        if self.ranks.first:
            weights.save(self.output, self.learner.trained, self.provenance(), half=self.recipe.half)
        return True

    def provenance(self) -> dict[str, str]:
        """What the file of weights says of itself."""
        said = {
            "model": self.recipe.model,
            "preset": self.recipe.preset,
            "seed": self.recipe.seed,
            "steps": self.state.step,
            "recipe": self.identity,
            "recipe_digest": self.digest,
            "data": identity.digest(self.identity["data"]["source"]),
            "parents": self.learner.parents,
            "code": self.state.code,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "device": self._device(),
        }
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}

    def _train(self, end: int, stop: list[int]) -> None:
        recipe, state, share = self.recipe, self.state, (self.ranks.rank, self.ranks.size)
        loader = Loader(
            self.source,
            recipe.data.sampling,
            kind=recipe.family.kind,
            batch=recipe.batch,
            seed=recipe.seed,
            workers=self._workers(),
            start=state.step,
            share=share,
            stress=recipe.data.stress,
            device=self.ranks.device,
        )
        speaker = Speaker(recipe.name, state.step, recipe.steps, recipe.batch, silent=not self.ranks.first)
        try:
            batch = next(loader)
            floor = self._floor(batch)
            speaker.say(f"{recipe.name}: forward and backward alone {floor:.3g} samples/s on {self._device()}")
            loader.waited = 0.0
            speaker.start = before = time.monotonic()
            waited = 0.0
            while True:
                epoch_ends = (state.step + 1) % recipe.steps_per_epoch == 0
                loss = self._step(batch)
                speaker.tell(loss, loader.waited)
                now, interrupted = time.monotonic(), self.ranks.any(bool(stop))
                state.seconds, before = state.seconds + now - before, now
                state.waited, waited = state.waited + loader.waited - waited, loader.waited
                if epoch_ends:
                    self._close_epoch(speaker)
                    before = time.monotonic()
                if epoch_ends or interrupted or state.step == end:
                    self._save(floor)
                if interrupted:
                    raise KeyboardInterrupt
                if state.step == end:
                    break
                batch = next(loader)
        finally:
            loader.close()
            speaker.close()

    def _workers(self) -> int:
        """As asked; else one on each core but that of the network."""
        if self.recipe.workers is not None:
            return self.recipe.workers
        return min(self.ranks.cores - 1, self.recipe.batch // self.ranks.size, MOST_WORKERS)

    def _step(self, batch: Any) -> float:
        recipe, state = self.recipe, self.state
        scale = recipe.scale(state.step)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * scale
        self.learner.train()
        self.optimiser.zero_grad(set_to_none=True)
        values = self._backward(batch, norms=recipe.log_gradients and state.step % recipe.steps_per_epoch == 0)
        self._require_finite(values)
        if recipe.optimiser.clip:  # from scratch, the unrolled filter optimiser now and then throws a step far out
            torch.nn.utils.clip_grad_norm_(self.learner.parameters(), recipe.optimiser.clip)
        self.optimiser.step()
        state.step += 1
        for name, value in values.items():
            state.sums[name] = state.sums.get(name, 0.0) + value
        return math.fsum(values.values())

    def _backward(self, batch: Any, *, norms: bool) -> dict[str, float]:
        """Gradients of a batch, part after part; the terms' means. ``norms``: also those of the first part's terms."""
        parts = list(self.recipe.family.kind.split(batch, self.recipe.parts))
        detached: list[Tensor] = []
        for number, (share, part) in enumerate(parts, 1):
            with self.ranks.apart(self.step) if number < len(parts) else nullcontext():
                terms: dict[str, Tensor] = self.step(part)
                if norms and number == 1:
                    self.state.norms = gradient_norms(terms, self.groups["trunk"])
                losses = torch.stack(list(terms.values())) * share
                losses.sum().backward()
            detached.append(losses.detach())
        return dict(zip(terms, torch.stack(detached).sum(0).tolist(), strict=True))

    def _require_finite(self, values: Mapping[str, float]) -> None:
        wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
        if self.ranks.any(bool(wrong)):
            step, per = self.state.step, self.recipe.steps_per_epoch
            kept = f"the checkpoint of step {step // per * per} is whole" if self.file.exists() else "no checkpoint yet"
            raise TrainingError(
                "the loss is not finite",
                where=f"{self.recipe.name}: step {step + 1}, epoch {step // per + 1}",
                found=", ".join(f"{name} = {value}" for name, value in wrong.items()) or "in another process",
                next=f"lower a rate, such as --set optimiser.rates.trunk=..., with another --out ({kept})",
            )

    def _close_epoch(self, speaker: Speaker) -> None:
        recipe, state = self.recipe, self.state
        epoch, per = state.step // recipe.steps_per_epoch, recipe.steps_per_epoch
        train = {name: total / per for name, total in state.sums.items()}
        due = bool(recipe.validate_every) and (epoch % recipe.validate_every == 0 or epoch == recipe.epochs)
        distiller = self.learner.distiller
        trust, alone = (dict(distiller.diagnostics), distiller.collapsed) if distiller else (None, [])
        record: dict[str, Any] = {
            "epoch": epoch,
            "step": state.step,
            "train": train | {"total": math.fsum(train.values())},
            "validation": self._validate() if due and self.ranks.first else None,
            "gradient": state.norms or None,  # on the trunks, when the epoch began
            "diagnostics": trust,
            "warnings": [f"{path}: {ALONE_MEANS}" for path in alone],
            "rates": {n: g["lr"] for n, g in zip(self.groups, self.optimiser.param_groups, strict=True)},
            "seconds": round(state.seconds, 3),
            "samples_per_second": round(recipe.batch * per / max(state.seconds, 1e-9), 3),
            "waiting": round(state.waited / max(state.seconds, 1e-9), 4),
        }
        known = state.history[-1].get("warnings", []) if state.history else []
        for warning in record["warnings"]:
            if warning not in known:
                speaker.say(f"{recipe.name}: epoch {epoch}: warning: {warning}")
        state.history.append(record)
        state.sums, state.norms, state.seconds, state.waited = {}, {}, 0.0, 0.0
        summary = ", ".join(f"{name} {value:.3g}" for name, value in record["train"].items())
        seen = ", ".join(f"{name} {value:.3g}" for name, value in (record["validation"] or {}).items())
        summary += f"; unseen: {seen}" if seen else ""
        share = f"{record['samples_per_second']:.3g} samples/s, {record['waiting']:.0%} waiting for data"
        speaker.say(f"{recipe.name}: epoch {epoch}/{recipe.epochs}: {summary}; {share}")

    def _validate(self) -> dict[str, float]:
        """Means over sequences that training does not see, batch norm and weights at rest."""
        recipe = self.recipe
        seed, count = recipe.seed + UNSEEN, math.ceil(recipe.validation_samples / recipe.batch)
        loader = Loader(
            self.source,
            recipe.data.sampling,
            kind=recipe.family.kind,
            batch=recipe.batch,
            seed=seed,
            device=self.ranks.device,
        )
        self.learner.eval()
        sums: dict[str, float] = {}
        with torch.no_grad():
            for _ in range(count):
                for share, part in recipe.family.kind.split(next(loader), recipe.parts):
                    for name, value in self.learner.judge(part).items():
                        sums[name] = sums.get(name, 0.0) + share * float(value) / count
        loader.close()
        return sums | {"total": math.fsum(value for name, value in sums.items() if name != "hit")}

    def _floor(self, batch: Any) -> float:
        """Samples/s of forward and backward alone, nothing changed by it; all processes together."""
        buffers = {name: buffer.clone() for name, buffer in self.learner.named_buffers()}
        self.learner.train()
        seconds = []
        on_gpu = self.ranks.device.type == "cuda"
        with torch.random.fork_rng(devices=[self.ranks.device] if on_gpu else []):  # dropout draws
            for _ in range(3):
                start = time.perf_counter()
                for _, part in self.recipe.family.kind.split(batch, self.recipe.parts):
                    torch.stack(list(self.learner(part).values())).sum().backward()
                if on_gpu:
                    torch.cuda.synchronize()
                self.optimiser.zero_grad(set_to_none=True)
                seconds.append(time.perf_counter() - start)
        with torch.no_grad():
            for name, buffer in self.learner.named_buffers():
                buffer.copy_(buffers[name])
        return self.recipe.batch / min(seconds[1:])  # the first warms up

    def _save(self, floor: float) -> None:
        if not self.ranks.first:
            return
        self.state.code = identity.code()
        checkpoint.save(self.file, self.learner, self.optimiser, self.state, self.digest)
        start = {"name": self.recipe.name, "digest": self.digest, "recipe": self.identity, "code": self.state.code}
        about = {"device": self._device(), "processes": self.ranks.size, "floor_samples_per_second": round(floor, 3)}
        write_history(self.folder, start | about, self.state.history)

    def _device(self) -> str:
        device = self.ranks.device
        return (
            torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
        )


@contextmanager
def _signals() -> Iterator[list[int]]:
    """A list that SIGTERM and SIGINT are put on; the second of them interrupts at once."""
    seen: list[int] = []

    def note(number: int, frame: Any) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
