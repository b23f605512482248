"""The stresses: what each does to which modality, at three severities, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rgbtbench.core.errors import ConfigError, unknown

from . import pixels, timing
from .pixels import Image

REVISION = 1  # raised when a change to a stress may change a pixel
RGB, TIR, BOTH = ("rgb",), ("tir",), ("rgb", "tir")
Three = tuple[Any, Any, Any]

IPL = "Lu et al. 2024, IJCV: modality-missing RGB-T benchmarks"
PMA = "PMATrack 2026, CVPR: unaligned RGB-T tracking"
IMAGENET_C = "Hendrycks and Dietterich 2019, ICLR: ImageNet-C"
ROBODEPTH = "Kong et al. 2023, NeurIPS: RoboDepth"
RAIN = "Garg and Nayar 2007, IJCV: Vision and Rain"
PATTERN = "Scribner et al. 1991, SPIE 1541: nonuniformity of infrared arrays"
LASHER = "Li et al. 2022, TIP: attributes of LasHeR"


@dataclass(frozen=True, slots=True)
class Stress:
    """One way in which frames fail. The first frame of a sequence stays as it is, and so does the truth.

    ``changes``: the modalities that it touches; ``needs``: those that a tracker must be given for it to mean anything.
    ``pixels`` (image, draws of the sequence, draws of the frame, **parameters) -> image, on the frames that ``hits``
    (index, phase, *times) names; ``shows`` (index, phase, *times) is the frame that is seen at an index. ``times`` and
    ``parameters``: of severities 1, 2 and 3.
    """

    kind: str  # missing, misaligned, spoiled
    changes: tuple[str, ...]
    does: str
    source: str
    pixels: Callable[..., Image] | None = None
    parameters: Three = ({}, {}, {})
    hits: Callable[..., tuple[str, ...]] = timing.all_of
    shows: Callable[..., int] | None = None
    times: Three = ((1, 1), (1, 1), (1, 1))  # (cycle, frames of it that fail): always
    needs: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The modalities without which it means nothing: ``needs``, or any that it changes."""
        return self.needs or self.changes

    @property
    def described(self) -> tuple[str, ...]:
        """Severities 1, 2 and 3 in words."""
        if self.parameters[0]:
            return tuple(
                ", ".join(f"{key} {value if isinstance(value, int) else value[1]}" for key, value in level.items())
                for level in self.parameters
            )
        frames = ("{} frames", "{1} of {0} frames")
        return tuple("all frames" if times == (1, 1) else frames[len(times) - 1].format(*times) for times in self.times)


def _at(key: str, *values: Any) -> Three:
    one, two, three = ({key: value} for value in values)
    return one, two, three


FAILING = ((4, 1), (32, 16), (1, 1))  # every fourth frame; bursts of 16 in 32; all after the first


def _missing(changes: tuple[str, ...], does: str, spoils: Callable[..., Image] | None) -> Stress:
    shows = None if spoils else timing.last_good
    return Stress("missing", changes, does, IPL, spoils, times=FAILING, shows=shows)


def _moved(does: str, key: str, *values: Any) -> Stress:
    return Stress("misaligned", TIR, does, PMA, pixels.affine, _at(key, *values), needs=BOTH)


STRESSES: Mapping[str, Stress] = {
    "rgb-black": _missing(RGB, "RGB is black", pixels.black),
    "tir-black": _missing(TIR, "thermal is black", pixels.black),
    "rgb-frozen": _missing(RGB, "RGB shows its last good frame", None),
    "tir-frozen": _missing(TIR, "thermal shows its last good frame", None),
    "rgb-static": _missing(RGB, "RGB is noise", pixels.static),
    "tir-static": _missing(TIR, "thermal is noise", pixels.static),
    "both-black": _missing(BOTH, "both are black: what is left without looking", pixels.black),
    "switch": Stress("missing", BOTH, "RGB, then thermal is black, in turn", IPL, pixels.black,
                     hits=timing.in_turn, times=((32, 4), (32, 8), (32, 16)), needs=BOTH),
    "dropped": Stress("missing", BOTH, "both show an earlier frame", LASHER,
                      shows=timing.kept, times=((2,), (4,), (8,))),
    "tir-shift": _moved("thermal is shifted by a share of the width", "shift", 80, 40, 20),
    "tir-scale": _moved("thermal shows sixteenths of the view", "zoom", 15, 14, 12),
    "tir-rotate": _moved("thermal is turned by 2, 5, 10 degrees", "turn", (65496, 2287), (65287, 5712), (64540, 11380)),
    "tir-delay": Stress("misaligned", TIR, "thermal is some frames late", PMA,
                        shows=timing.late, times=((2,), (5,), (10,)), needs=BOTH),
    "rgb-dark": Stress("spoiled", RGB, "low light, with noise", ROBODEPTH, pixels.levels,
                       ({"gain": 128, "noise": 2}, {"gain": 64, "noise": 4}, {"gain": 24, "noise": 6})),
    "rgb-overexposed": Stress("spoiled", RGB, "levels plus an offset", IMAGENET_C, pixels.levels,
                              ({"gain": 256, "lift": 26}, {"gain": 256, "lift": 77}, {"gain": 256, "lift": 128})),
    "rgb-glare": Stress("spoiled", RGB, "two headlights drift across the image", LASHER,
                        pixels.glare, _at("size", 2, 3, 5)),
    "rgb-fog": Stress("spoiled", RGB, "airlight in clouds", IMAGENET_C, pixels.fog, _at("air", 100, 160, 208)),
    "rgb-rain": Stress("spoiled", RGB, "bright streaks, less contrast", RAIN,
                       pixels.rain, _at("drops", 64, 128, 256)),
    "rgb-motion-blur": Stress("spoiled", RGB, "a mean along rows or columns", IMAGENET_C,
                              pixels.motion, _at("length", 80, 40, 20)),
    "rgb-defocus": Stress("spoiled", RGB, "a mean over a square", IMAGENET_C,
                          pixels.defocus, _at("length", 160, 80, 40)),
    "tir-crossover": Stress("spoiled", TIR, "contrast is lost", IMAGENET_C, pixels.contrast, _at("left", 102, 51, 13)),
    "tir-sensor-noise": Stress("spoiled", TIR, "Gaussian noise", IMAGENET_C,
                               pixels.sensor_noise, _at("deviation", 20, 46, 97)),
    "tir-fixed-pattern": Stress("spoiled", TIR, "columns have offsets that stay", PATTERN,
                                pixels.fixed_pattern, _at("deviation", 10, 20, 40)),
    "tir-low-resolution": Stress("spoiled", TIR, "means over squares", IMAGENET_C,
                                 pixels.low_resolution, _at("factor", 2, 4, 8)),
    "tir-saturated": Stress("spoiled", TIR, "levels times a gain", LASHER, pixels.levels, _at("gain", 384, 512, 704)),
    "jpeg": Stress("spoiled", BOTH, "JPEG of low quality", IMAGENET_C, pixels.jpeg, _at("quality", 25, 15, 7)),
}  # fmt: skip
KINDS = tuple(dict.fromkeys(stress.kind for stress in STRESSES.values()))
SEVERITIES = (1, 2, 3)


@dataclass(frozen=True, slots=True, order=True)
class Chosen:
    """A stress at a severity."""

    name: str
    severity: int

    def __str__(self) -> str:
        return f"{self.name}:{self.severity}"

    @property
    def suffix(self) -> str:
        """What it adds to a tracker's label."""
        return f"~{self.name}-{self.severity}"

    @property
    def stress(self) -> Stress:
        """Its row of the table."""
        return STRESSES[self.name]

    @property
    def identity(self) -> dict[str, Any]:
        """What a run's identity says of it."""
        return {"name": self.name, "severity": self.severity, "revision": REVISION}


def chosen(words: Iterable[str]) -> tuple[Chosen, ...]:
    """Stresses in the order of the table: ``NAME`` or a kind at all severities, or ``NAME:SEVERITY``; ``all``.

    Raises ConfigError for an unknown name or severity.

    >>> [str(one) for one in chosen(["jpeg", "tir-black:3"])]
    ['tir-black:3', 'jpeg:1', 'jpeg:2', 'jpeg:3']
    """
    wanted = set()
    for word in words:
        name, colon, level = str(word).partition(":")
        names = [k for k, stress in STRESSES.items() if name in (k, stress.kind, "all")]
        if not names:
            raise unknown("stress", name, (*STRESSES, *KINDS, "all"), next="rgbtbench list stresses")
        if colon and level not in map(str, SEVERITIES):
            raise ConfigError(
                f"no such severity of {name}",
                expected="1, 2 or 3",
                found=repr(level),
                next=f"{name}:3, or {name} for all",
            )
        wanted |= {(k, severity) for k in names for severity in SEVERITIES if not colon or level == str(severity)}
    return tuple(Chosen(k, severity) for k in STRESSES for severity in SEVERITIES if (k, severity) in wanted)


def suitable(modalities: Iterable[str | None]) -> tuple[Chosen, ...]:
    """All stresses that mean something to trackers that see these modalities, None for both."""
    seen = set(modalities)
    return tuple(one for one in chosen(["all"]) if all(_means_something(one, modality) for modality in seen))


def _means_something(one: Chosen, modality: str | None) -> bool:
    return modality is None or (modality in one.stress.required and not one.stress.needs)


def require_modality(one: Chosen, modality: str | None, where: str) -> None:
    """Raise ConfigError for a stress that means nothing to a tracker which sees one modality alone."""
    stress = one.stress
    if _means_something(one, modality):
        return
    needs = " and ".join({"rgb": "RGB", "tir": "thermal"}[each] for each in stress.required)
    raise ConfigError(
        f"stress {one} needs {needs}",
        where=where,
        expected="a tracker that sees it",
        found=f"modality: {modality}",
        next="leave this stress out, or the tracker's modality:",
    )
