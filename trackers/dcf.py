"""A discriminative correlation filter on RGB-T: the classical baseline that really tracks, in NumPy alone.

One multi-channel filter per modality (Bolme et al. 2010, MOSSE; Henriques et al. 2015, KCF with a linear kernel), a
one-dimensional filter over scales (Danelljan et al. 2014, DSST), responses added by how trustworthy each modality's
peak is. Written from the papers.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.boxes import Array
from rgbtbench.core.errors import ConfigError
from rgbtbench.core.ranges import out_of_range, require
from rgbtbench.core.types import Frame

from .patches import features, window

Complex = NDArray[np.complexfloating[Any, Any]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What can be set in an experiment; lengths in cells, in pixels of the image where said."""

    grid: int = 32  # cells of the search window a side; even
    cell: int = 3  # samples of a cell a side (KCF: 4; 3 is half the work)
    context: float = 1.5  # search window of a square target: (1 + context) its side (KCF: 1.5)
    least: float = 32.0  # image pixels: no smaller search window, so that a target of 4 px has surroundings
    sigma: float = 0.1  # width of the desired response, in target sides (KCF)
    regularization: float = 0.1  # lambda (DSST: 0.01); chosen on generated clips
    rate: float = 0.025  # of learning, each frame (DSST)
    every: int = 2  # learn in every so many frames, so much more at once (ECO: 6)
    scales: int = 17  # sizes tried (fDSST)
    step: float = 1.04  # between two of them: as wide a range as DSST's 33 of 1.02
    scale_sigma: float = 2.0  # width of the desired response over scales (DSST: 33 / 16); less underestimates changes
    scale_rate: float = 0.025  # (DSST)
    memory: float = 0.1  # how fast trust in a modality follows its peaks; chosen on generated clips
    lost: float = 7.0  # peak-to-sidelobe ratio below which the box stays and nothing is learned (MOSSE)
    sure: float = 14.0  # and from which on everything is learned; noise alone reaches 8, a seen target 20 to 60

    def __post_init__(self) -> None:
        whole = {"grid": 12, "cell": 1, "every": 1, "scales": 3}
        require(self, "dcf", whole=whole, positive=set(self.__slots__) - set(whole))
        if self.grid % 2:
            raise out_of_range("dcf", "grid", "even", self.grid)
        if not (self.sure > self.lost and self.step > 1 and max(self.rate, self.scale_rate) <= 1):
            raise ConfigError("dcf: sure must be above lost, step above 1, rates at most 1", found=repr(self))


SAMPLES = 16  # a target's side in the scale filter, in samples
SHORTEST = 2.0  # image pixels a side: below, a scale means nothing


class DCF:
    """Tracks position and scale; returns the box and the response's peak-to-sidelobe ratio as confidence."""

    __signature__ = inspect.signature(Parameters)

    def __init__(self, **params: Any) -> None:
        self.p = p = Parameters(**params)
        ramp = np.hanning(p.grid + 2)[1:-1].astype(np.float32)
        self.taper = ramp[:, None] * ramp
        powers = np.arange(p.scales) - p.scales // 2
        self.factors = p.step ** powers.astype(float)
        self.scale_taper = np.hanning(p.scales + 2)[1:-1].astype(np.float32)
        self.scale_goal = np.fft.rfft(np.fft.ifftshift(np.exp(-0.5 * (powers / p.scale_sigma) ** 2)))
        self.pyramid = _pyramid(self.factors)

    def init(self, frame: Frame, box: Array) -> None:
        """Learn the target ``x y w h`` from one frame."""
        p = self.p
        self.size = np.maximum(box[2:], 1.0)
        self.centre = box[:2] + box[2:] / 2
        self.trust = np.zeros(2)
        self.largest = 4 * np.maximum(self.size, frame.rgb.shape[1::-1])
        spread = p.sigma * np.sqrt((self.size / self.side).prod()) * p.grid
        away = np.fft.fftfreq(p.grid, 1 / p.grid)
        bump = np.exp(-0.5 * (away / max(spread, 0.5)) ** 2)
        self.goal = np.fft.rfft2(bump[:, None] * bump)
        self.filter = _learn(None, self.goal, self.look(frame), 1.0)
        self.scale_filter = _learn(None, self.scale_goal, self.look_at_scales(frame), 1.0)

    def update(self, frame: Frame) -> tuple[Array, float]:
        """Move to the response's peak, then to the best scale, then learn as far as the peak can be trusted."""
        p = self.p
        responses = np.fft.irfft2(_respond(self.filter, self.look(frame), p.regularization), (p.grid, p.grid))
        seen = np.array([_peak(response)[1] for response in responses])
        self.trust += (seen**2 - self.trust) * (p.memory if self.trust.any() else 1.0)
        weights = self.trust * seen + 1e-9
        weights /= weights.sum()
        peak, ratio = _peak((weights[:, None, None] * responses).sum(axis=0))
        sureness = float(np.clip((ratio - p.lost) / (p.sure - p.lost), 0, 1))
        if sureness:
            self.centre = np.clip(self.centre + peak * self.side / p.grid, 0, frame.rgb.shape[1::-1])
            scale_response = _respond(self.scale_filter, self.look_at_scales(frame), p.regularization)
            self.resize((weights[:, None] * np.fft.irfft(scale_response, p.scales)).sum(axis=0))
            if frame.index % p.every == 0:
                rate, scale_rate = (1 - (1 - r * sureness) ** p.every for r in (p.rate, p.scale_rate))
                self.filter = _learn(self.filter, self.goal, self.look(frame), rate)
                self.scale_filter = _learn(self.scale_filter, self.scale_goal, self.look_at_scales(frame), scale_rate)
        return np.concatenate([self.centre - self.size / 2, self.size]), ratio

    @property
    def side(self) -> Array:
        """Sides of the search window in image pixels: the target with ``context`` of its mean side added to each."""
        around = self.p.context * np.sqrt(self.size.prod())
        sides: Array = np.maximum(self.size + around, self.p.least)
        return sides

    def look(self, frame: Frame) -> Complex:
        """Spectra (2, C, n, n/2 + 1) of the search window."""
        p = self.p
        planes = window(frame, self.centre, self.side, p.grid * p.cell)
        spectra: Complex = np.fft.rfft2(features(planes, p.cell) * self.taper)
        return spectra

    def look_at_scales(self, frame: Frame) -> Complex:
        """Spectra (2, D, S) over scales: each sample of the target, as it would be at each size."""
        samples, rows, columns = self.pyramid
        planes = window(frame, self.centre, self.size * self.factors[-1], samples)
        seen = features(planes[:, rows, columns], 4)
        flat = np.moveaxis(seen, 2, -1).reshape(2, -1, len(self.factors))
        spectra: Complex = np.fft.rfft(flat * self.scale_taper)
        return spectra

    def resize(self, response: Array) -> None:
        """Take the scale of the highest response (S,), between two steps where the peak lies between."""
        at = int(response.argmax())
        shift = _vertex(response[at - 1], response[at], response[(at + 1) % len(response)])
        at -= len(response) if at > len(response) // 2 else 0
        size = self.size * self.p.step ** (at + shift)
        if (size >= SHORTEST).all() and (size <= self.largest).all():
            self.size = size


def _learn(old: Any, goal: Complex, spectra: Complex, rate: float) -> tuple[Complex, Complex]:
    """Numerator and denominator of the filter, moved towards what this sample asks for (DSST, eq. 5)."""
    numerator = goal * spectra.conj()
    denominator = (spectra.real**2 + spectra.imag**2).sum(axis=1)
    if old is not None:
        numerator = old[0] + rate * (numerator - old[0])
        denominator = old[1] + rate * (denominator - old[1])
    return numerator, denominator


def _respond(model: tuple[Complex, Complex], spectra: Complex, regularization: float) -> Complex:
    """Spectrum of each modality's response (DSST, eq. 6)."""
    response: Complex = (model[0] * spectra).sum(axis=1) / (model[1] + regularization)
    return response


def _peak(response: Array) -> tuple[Array, float]:
    """Offset x y of the highest value of a periodic response (n, n), in cells, and its peak-to-sidelobe ratio."""
    n = len(response)
    row, column = divmod(int(response.argmax()), n)
    middle = n // 2
    r = np.roll(response, (middle - row, middle - column), (0, 1))
    top = r[middle, middle]
    near = r[middle - 1 : middle + 2, middle - 1 : middle + 2]
    offset = np.array([_vertex(*near[1]) + column, _vertex(*near[:, 1]) + row])
    aside = np.abs(np.arange(n) - middle) > 5  # MOSSE: all but 11 x 11 around the peak
    sidelobe = r[aside[:, None] | aside]
    spread = sidelobe.std()
    ratio = float((top - sidelobe.mean()) / spread) if spread > 1e-9 else 0.0
    return (offset + middle) % n - middle, ratio


def _vertex(before: float, top: float, after: float) -> float:
    """Where a parabola through three values has its maximum, in [-0.5, 0.5] from the middle one."""
    bend = before - 2 * top + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < -1e-12 else 0.0


def _pyramid(factors: Array) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """Samples a side of a window as large as the largest scale, and the indices that cut (S, n, n) targets from it."""
    samples = int(np.ceil(2 * SAMPLES * factors[-1] / 2)) * 2
    spread = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    at = np.round(samples * (0.5 + factors[:, None] / factors[-1] * spread) - 0.5).astype(np.intp)
    return samples, at[:, :, None], at[:, None, :]
