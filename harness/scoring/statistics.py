"""Uncertainty of scores: intervals and a paired test by resampling sequences; mean ranks of many trackers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rgbtbench.core.errors import ConfigError, not_installed

Array = NDArray[np.float64]
DRAWS = 2_000
FLIPS = 20_000


def intervals(values: Array, weights: Array, *, level: float = 0.95, seed: int = 0) -> Array:
    """Percentile bootstrap interval of weighted means: whole sequences are drawn with replacement.

    values (K, S) per-sequence scores, weights (A, S) with 0 for a sequence that is not in a row. Returns (K, A, 2),
    low and high; NaN for rows of fewer than two sequences or with a gap. Every cell sees the same draws, so rows of
    one table can be compared. Source: Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13.
    """
    trackers, size = values.shape
    counts = _draws(size, seed)
    shares = (weights * np.nan_to_num(values)[:, None]).reshape(-1, size)
    with np.errstate(invalid="ignore"):  # a small attribute may be drawn not at all
        means = (counts @ shares.T).reshape(DRAWS, trackers, len(weights)) / (counts @ weights.T)[:, None]
    levels = [(1 - level) / 2, (1 + level) / 2]
    tails = _quantiles(means, levels)
    some = np.isnan(tails[0]) & ~np.isnan(means).all(axis=0)  # nanquantile is slow: only where it is needed
    tails[:, some] = np.nanquantile(means[:, some], levels, axis=0)
    gaps = (np.isnan(values)[:, None] & (weights > 0)).any(axis=-1) | ((weights > 0).sum(axis=-1) < 2)
    bounds: Array = np.where(gaps, np.nan, tails)
    return np.moveaxis(bounds, 0, -1)


def ratio_interval(part: Array, whole: Array, *, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval of ``part.sum() / whole.sum()``, both over the same draws of sequences.

    part, whole (S,) per-sequence values of either sign, such as two paired differences. The interval means little
    where ``whole`` itself may be zero. Source as for ``intervals``.
    """
    counts = _draws(len(whole), seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.quantile((counts @ part) / (counts @ whole), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _quantiles(values: Array, levels: Sequence[float]) -> Array:
    """np.quantile along the first axis, bit for bit; that function loads numpy.ma, 15 ms of a cold start."""
    places = [level * (len(values) - 1) for level in levels]
    low, high = [math.floor(place) for place in places], [math.ceil(place) for place in places]
    ordered = np.partition(values, sorted({*low, *high, len(values) - 1}), axis=0)
    rows = []
    for place, a, b in zip(places, low, high, strict=True):
        step, share = ordered[b] - ordered[a], place - a
        rows.append(ordered[a] + step * share if share < 0.5 else ordered[b] - step * (1 - share))
    quantiles: Array = np.where(np.isnan(ordered[-1]), np.nan, rows)
    return quantiles


def _draws(size: int, seed: int) -> Array:
    """How often each of ``size`` sequences is in each resample, (DRAWS, size)."""
    picks = np.random.default_rng(seed).integers(size, size=(DRAWS, size))
    picks += np.arange(DRAWS)[:, None] * size
    return np.bincount(picks.ravel(), minlength=DRAWS * size).reshape(DRAWS, size).astype(float)


def paired_test(difference: Array, weights: Array, *, seed: int = 0) -> Array:
    """Two-sided p-values (..., A) that weighted means of paired differences (..., S) are zero, by random sign flips.

    Under the null hypothesis each sequence is as likely to favour one tracker as the other. ``weights`` (A, S); the
    observed signs count as one of the flips, so p is never 0; NaN where a difference is, and for a row without
    sequences. All rows and all A share the flips.
    Source: Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, ch. 3.
    """
    shares = np.where(weights > 0, difference[..., None, :] * weights, 0.0)
    shape, shares = shares.shape[:-1], shares.reshape(-1, shares.shape[-1]).T
    observed = np.abs(shares.sum(axis=0))
    # a tie with the observed value counts, whatever the order of the additions
    bound = observed - 1e-12 * np.abs(shares).sum(axis=0)
    rng = np.random.default_rng(seed)
    extreme = np.ones(len(bound))
    for _ in range(FLIPS // 1000):  # in pieces, to bound memory
        signs = rng.integers(2, size=(1000, len(shares)), dtype=np.int8) * 2.0 - 1.0
        extreme += np.count_nonzero(np.abs(signs @ shares) >= bound, axis=0)
    unknown = np.isnan(observed).reshape(shape) | ~(weights > 0).any(axis=1)
    p_values: Array = np.where(unknown, np.nan, extreme.reshape(shape) / (1 + FLIPS))
    return p_values


def holm(p_values: Array) -> Array:
    """Holm's step-down adjustment of p-values (n,) for testing n attributes at once; NaN stays NaN.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(p_values), np.nan)
    order = [i for i in np.argsort(p_values) if not np.isnan(p_values[i])]
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, float(p_values[index]) * (len(order) - rank)))
        adjusted[index] = highest
    return adjusted


@dataclass(frozen=True, slots=True)
class MeanRanks:
    """Mean ranks (K,) of K trackers over sequences, 1 being the best and ties sharing theirs.

    ``p``: of Friedman's test that all K are alike. ``critical_difference``: two trackers whose mean ranks are further
    apart than this differ (Nemenyi).
    """

    ranks: Array
    p: float
    critical_difference: float


def mean_ranks(values: Array, *, level: float = 0.05) -> MeanRanks:
    """Friedman's test and Nemenyi's critical difference of values (K, S), the higher the better, on S sequences.

    ``level``: the chance that any pair at all seems to differ where none does. Raises ConfigError for fewer than three
    trackers, and where SciPy is not installed. Source: Demsar, Statistical Comparisons of Classifiers over Multiple
    Data Sets, JMLR 2006, Sec. 3.2.2.
    """
    trackers, sequences = values.shape
    if trackers < 3 or sequences < 2:
        found = f"{trackers} trackers on {sequences} sequences"
        raise ConfigError("too few to rank", expected="at least 3 trackers and 2 sequences", found=found)
    try:
        from scipy import stats
    except ModuleNotFoundError as reason:
        raise not_installed(reason) from None
    ranks = stats.rankdata(-values, axis=0)
    p = float(stats.friedmanchisquare(*values).pvalue) if np.ptp(ranks) else 1.0  # all tie everywhere: 0 / 0
    quantile = stats.studentized_range.ppf(1 - level, trackers, np.inf) / np.sqrt(2)
    critical = float(quantile * np.sqrt(trackers * (trackers + 1) / (6 * sequences)))
    return MeanRanks(ranks.mean(axis=1), p, critical)
