"""Benchmarks: where their files lie, how their truth is written, how they are scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if __name__ != "rgbtbench.datasets":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.datasets, not as {__name__}")

from rgbtbench.core.errors import ConfigError
from rgbtbench.core.registry import Registry

if TYPE_CHECKING:
    from .spec import Spec


OURS = "this program"  # what owns a Spec that was given as an object


class _Benchmarks(Registry["Spec"]):
    """Benchmarks by name, or as ``FILE.py:SPEC``; one given so is known by its own name afterwards."""

    def get(self, name: str | Spec) -> Spec:
        """Return what a name stands for, or take a Spec itself.

        Raises ConfigError for what cannot be found or is no Spec, and for a second benchmark of one name, unless both
        were given as a Spec: then the later one counts.
        """
        from dataclasses import replace

        from .spec import Spec

        asked = "" if isinstance(name, Spec) else name
        spec: object = super().get(asked) if asked else name
        if not isinstance(spec, Spec):
            shown = f"{type(spec).__name__} {spec!r}"[:100]
            wanted = "a Spec (docs/add_a_benchmark.md)"
            raise ConfigError(f"{name!r} is no benchmark", expected=wanted, found=shown, next=self.next)
        known = {key.lower(): key for key in self.owners()}
        if by_name := known.get(asked.lower()):
            if spec.name != by_name:
                raise ConfigError(f"benchmark {by_name!r} has another name in its Spec", found=repr(spec.name))
            return spec
        own = known.get(spec.name.lower())
        if own and (asked or self._registered.get(own, ("",))[0] != OURS):  # a notebook may change what it gave before
            kept = super().get(own)
            if replace(kept, reference="") != replace(spec, reference=""):
                raise ConfigError(
                    f"two benchmarks called {own!r}",
                    found=f"{asked or 'a Spec'} and {' and '.join(self.owners()[own])}",
                    next="give the new one another name: runs are kept under it",
                )
            return kept
        self._registered[spec.name] = (asked or OURS, replace(spec, reference=asked))
        return self._registered[spec.name][1]


BENCHMARKS = _Benchmarks(
    "benchmark",
    {
        "GTOT": "rgbtbench.datasets.gtot:GTOT",
        "RGBT210": "rgbtbench.datasets.rgbt234:RGBT210",
        "RGBT234": "rgbtbench.datasets.rgbt234:RGBT234",
        "LasHeR": "rgbtbench.datasets.lasher:LASHER",
        "VTUAV": "rgbtbench.datasets.vtuav:VTUAV",
    },
    group="rgbtbench.benchmarks",
    next="rgbtbench list benchmarks, or FILE.py:SPEC",
)
