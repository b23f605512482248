"""Checks the format of a tracker's rows: a wrong layout, unit, offset or frame gives low scores and no error.

Every tracker is given the first box, so row 1 tells the format; rows 2 to 6 tell it again, since most trackers copy the
given box into row 1 and write their own boxes from row 2 on. 18 published sets of results gave the thresholds: their
first boxes fit the truth in 98 to 100 % of the sequences, and rows 2 to 6 follow it in 95 to 100 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from rgbtbench.core.boxes import LAYOUTS, OFFSETS, Array, Reading, reading
from rgbtbench.core.errors import ResultError
from rgbtbench.datasets.benchmark import Benchmark
from rgbtbench.results.formats import ResultFiles

from . import layout_fit
from .layout_fit import Fit, Flags, Sample
from .truth_rows import truth_step

MOST = 0.5  # share of sequences that decides
HOPELESS = 0.05  # share of sequences below which no tracker follows the truth in rows 2 to 6
NEARLY_ALL = 0.9  # share of sequences
COINCIDENCE = 0.02  # share of sequences in which a lost target may fit better in another layout: at most 0.4 %
FEW, MANY = 4, 20  # sequences, below which an offset, or a share and a shift in time, say little
UPRIGHT = 1.0  # pixels by which corners of an upright box may differ
EQUAL = 0.05  # pixels, of two offsets
MOTION = 100  # rows of each sequence in which a shift in time is looked for
SURE = 4.0  # standard errors
PARTS = ("place", "size")  # of an offset


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sign that boxes are not read as they were meant.

    ``error``: refuses them unless the user chose the layout. ``final``: no layout can make them right.
    """

    tracker: str
    what: str
    error: ResultError | None = None
    final: bool = False

    def __str__(self) -> str:
        return f"{self.tracker}: {self.what}"


def doubts(
    files: ResultFiles, benchmark: Benchmark, rows: Mapping[str, Array], chosen: str | None = None
) -> Iterator[Doubt]:
    """What speaks against reading ``rows`` (sequence -> (N, 4) or (N, 8)) as the toolkits do, the gravest first.

    ``chosen``: how the user asked to read them; then only numbers of rows and a constant offset are looked at.
    """
    step = truth_step(files, benchmark, rows, reading(chosen))
    check = _Check(files, benchmark, {name: found[::step] for name, found in rows.items()}, reading(chosen))
    if chosen is None:
        yield from check.layout()
        yield from check.rotation()
    yield from check.surplus()
    if chosen is None:
        yield from check.shift()
    yield from check.offset()


class _Check:
    """One tracker's rows beside the truth."""

    def __init__(self, files: ResultFiles, benchmark: Benchmark, rows: Mapping[str, Array], read: Reading) -> None:
        self.files, self.benchmark, self.rows, self.names, self.read = files, benchmark, rows, list(rows), read
        self.samples = layout_fit.sample(benchmark, rows, MOTION)
        self.usual = layout_fit.usual(self.samples)

    def layout(self) -> Iterator[Doubt]:
        """Boxes that agree with the truth in another layout, or in none."""
        first, follow = self.usual.first.mean(), self.usual.follow.mean()
        guesses = list(layout_fit.others(self.samples))
        by_first = max(guesses, key=lambda guess: (guess.first.mean(), guess.shared.mean()))
        by_follow = max(guesses, key=lambda guess: guess.beats(self.usual).mean())
        if mixed := self._mixed(guesses):
            yield mixed
        elif first < MOST:  # not even the box that it was given
            if by_first.first.mean() >= MOST and by_first.follow.mean() >= follow:
                yield self._as(by_first, "first")
            elif follow < MOST:
                yield self._as_none(guesses)
            else:  # on LasHeR and RGBT210 the truth takes their place
                what = f"{self._of(~self.usual.first)} first boxes are not the truth's, though rows 2 to 6 fit"
                yield Doubt(self.files.label, f"{what}; --boxes {self._with('first-given')} puts the given boxes there")
        elif by_follow.beats(self.usual).mean() >= MOST:  # row 1 may be a copy of the given box
            yield self._as(by_follow, "follow")
        elif follow < HOPELESS and len(self.names) >= MANY and layout_fit.jumps(self.samples) >= MOST:
            yield self._hopeless(guesses)

    def _as(self, best: Fit, part: str) -> Doubt:
        new, old = getattr(best, part), getattr(self.usual, part)
        odd = new & ~old if part == "first" else best.beats(self.usual)
        rows, line = ("first boxes", 1) if part == "first" else ("rows 2 to 6", 2)
        advice = "write the files again: x y w h in pixels of the original images"
        if best.layout:
            changes = _offset(self.samples, Reading(best.layout))[0] if part == "first" else ["first-given"]
            text = "+".join([best.layout, *changes])
            advice = f"--boxes {self.files.label}={text} (in an experiment, boxes: {text})"
        return self._refusal(
            f"the boxes of {self.files.label} look like {best.meaning}",
            int(odd.argmax()),
            line,
            expected=self.usual.meaning,
            found=f"{rows} that fit the truth: {new.mean():.0%} in that layout, {old.mean():.0%} in the expected one",
            next=f"{advice}; --boxes {self.files.label}={self.usual.layout} if they are right",
        )

    def _as_none(self, guesses: list[Fit]) -> Doubt:
        row = self.samples[0].rows[:, 0]
        why = ""
        if not np.isfinite(row).any():
            why = "; they are no numbers"
        elif np.nanmax(np.abs(row)) <= 2:
            why = "; all values lie between -2 and 2: normalised?"
        elif len(row) > 1 and (row == row[0]).all():
            why = f"; every file begins with {' '.join(f'{value:g}' for value in row[0])}"
        what = f"first boxes of {self.files.label} fit the truth in no known layout"
        return self._nowhere(what, 1, guesses, "first", "the box that the tracker was given, in row 1", why)

    def _hopeless(self, guesses: list[Fit]) -> Doubt:
        what = f"boxes of {self.files.label} leave the truth in row 2, though row 1 fits"
        return self._nowhere(what, 2, guesses, "follow", "rows 2 to 6 that stay with the target in most sequences", "")

    def _nowhere(self, what: str, line: int, guesses: list[Fit], part: str, expected: str, why: str) -> Doubt:
        tried = [(fit.layout, getattr(fit, part).mean()) for fit in (self.usual, *guesses) if fit.layout]
        best = max(getattr(fit, part).mean() for fit in guesses)
        return self._refusal(
            what,
            0,
            line,
            expected=expected,
            found="sequences that fit: "
            + ", ".join(f"{share:.0%} as {name}" for name, share in tried)
            + f", at most {best:.0%} with swapped columns or another size{why}",
            next=f"compare a file with the truth; --boxes {self.files.label}={self.usual.layout} if it is right",
        )

    def _mixed(self, guesses: list[Fit]) -> Doubt | None:
        """Some sequences fit in another layout alone, by what follows: one if its first box does too, else several."""
        strangers = ~self.usual.first & ~self.usual.follow
        several = max(FEW, COINCIDENCE * len(self.names))
        mixed = []
        for guess in guesses:
            whole, later = strangers & guess.first & guess.follow, guess.beats(self.usual)
            others = self.usual.beats(guess).mean() > 1 - NEARLY_ALL
            if others and (whole.any() or (guess.known and later.sum() >= several)):
                mixed.append((whole | later, guess))
        if not mixed:
            return None
        flags, guess = max(mixed, key=lambda pair: int(pair[0].sum()))
        odd = np.flatnonzero(flags)
        names = ", ".join(self.names[at] for at in odd[:3])
        return self._refusal(
            f"{len(odd)} of {len(self.names)} files of {self.files.label} look like {guess.meaning}",
            int(odd[0]),
            2 if self.usual.first[odd[0]] else 1,
            expected=f"{self.usual.meaning}, as in the other files",
            found=f"{names}{', ...' if len(odd) > 3 else ''}",
            next=f"write these files again; --boxes {self.files.label}={self.usual.layout} if they are right",
        )

    def rotation(self) -> Iterator[Doubt]:
        """Corners that are those of no upright box: toolkits use three of the eight numbers."""
        tilted = {name: _tilted(rows) for name, rows in self.rows.items() if rows.shape[1] == 8}
        count = int(sum(flags.sum() for flags in tilted.values()))
        if count:
            name, flags = next((name, flags) for name, flags in tilted.items() if flags.any())
            yield self._refusal(
                f"the boxes of {self.files.label} are rotated",
                self.names.index(name),
                int(np.flatnonzero(flags)[0]) + 1,
                expected=f"corners of upright boxes ({LAYOUTS['corners'].meaning})",
                found=f"{count} of {sum(map(len, tilted.values()))} rows with corners that are not upright",
                next=f"--boxes {self.files.label}=polygon takes the box around them; corners reads as toolkits do",
            )

    def surplus(self) -> Iterator[Doubt]:
        """Nearly all sequences have one row less, or one more, than frames."""
        if self.read.first:
            return
        lengths = dict(zip(self.benchmark.names, self.benchmark.lengths.tolist(), strict=True))
        surplus = np.array([len(rows) - lengths[name] for name, rows in self.rows.items()])
        if (surplus == -1).mean() > NEARLY_ALL:
            copied = np.abs(_off(self.samples, self.read)).max(axis=1) < EQUAL
            lost, advice = "last", "run the tracker again"
            _, early = _shift(self.samples, self.read)
            if early > 0 or (not early and copied.mean() < MOST):  # too few sequences tell nothing by their motion
                lost, advice = "first", f"--boxes {self._with('first-missing')} puts the given box before row 1"
            refusal = self._refusal(
                f"{self.files.label} has no row for the {lost} frame",
                0,
                1,
                expected="one row per frame, the given box in row 1",
                found=f"one row less than frames in {self._of(surplus == -1)} sequences; "
                f"row 1 is the given box in {self._of(copied)}",
                next=advice,
            )
            yield replace(refusal, final=True)
        elif (surplus == 1).mean() > NEARLY_ALL and (twice := self._given_twice()).mean() > NEARLY_ALL:
            yield self._twice(twice, "one row more than frames")

    def shift(self) -> Iterator[Doubt]:
        """The target's motion shows in the boxes a frame later, or earlier, than in the truth."""
        late, early = _shift(self.samples, self.read)
        if early > max(SURE, late):
            yield self._refusal(
                f"rows of {self.files.label} come one frame early: row 1 belongs to frame 2",
                0,
                1,
                expected="the given box in row 1",
                found=f"motion of the next frame fits better, by {early:.1f} standard errors over the sequences",
                next=f"--boxes {self._with('first-missing')} puts the given box before row 1",
            )
        elif late > SURE:
            twice = self._given_twice()
            found = f"motion of the frame before fits better, by {late:.1f} standard errors over the sequences"
            if twice.mean() > NEARLY_ALL:
                yield self._twice(twice, found)
            else:
                yield Doubt(self.files.label, f"rows come one frame late: {found}")

    def _given_twice(self) -> Flags:
        """In which sequences row 2 is the box of frame 1: row 1 again, or the given box behind anything else."""
        again = np.array([len(rows) > 1 and bool((rows[0] == rows[1]).all()) for rows in self.rows.values()])
        given: Flags = np.abs(_off(self.samples, self.read, 1)).max(axis=1) < EQUAL
        return again | given

    def _twice(self, twice: Flags, found: str) -> Doubt:
        return self._refusal(
            f"rows of {self.files.label} come one frame late: row 2 belongs to frame 1, too",
            0,
            2,
            expected="the box of frame 2 in row 2",
            found=f"{found}; row 2 is the box of frame 1 in {self._of(twice)} sequences",
            next=f"--boxes {self._with('first-twice')} drops row 1; {self.usual.layout} scores it as it is",
        )

    def offset(self) -> Iterator[Doubt]:
        """First boxes that are off by the same half or whole pixel in most sequences."""
        words, count = _offset(self.samples, self.read)
        if words:
            what = " and ".join(OFFSETS[word].meaning for word in words)
            yield Doubt(
                self.files.label,
                f"first boxes differ from the truth in {count} of {len(self.names)} sequences as if {what}; "
                f"--boxes {self._with(*words)} undoes it",
            )

    def _with(self, *words: str) -> str:
        """``LABEL=READING`` that does what the present one does, and more."""
        layout = [self.read.layout] if self.read.layout else []
        return f"{self.files.label}={'+'.join([*layout, *self.read.offsets, *words])}"

    def _of(self, flags: Flags) -> str:
        return f"{int(flags.sum())} of {len(flags)}"

    def _refusal(self, what: str, at: int, line: int, *, expected: str, found: str, next: str) -> Doubt:
        where = f"{self.files.tree.where(self.files.paths[self.names[at]])}:{line}"
        error = ResultError(what, where=where, expected=expected, found=found, next=next)
        return Doubt(self.files.label, f"{what} ({found}); {next}", error)


def _tilted(rows: Array) -> Flags:
    """Which rows (N, 8) are not the corners of an upright box, in this order."""
    x, y = rows[:, 0::2], rows[:, 1::2]
    sides = (x[:, 0] - x[:, 3], x[:, 1] - x[:, 2], y[:, 0] - y[:, 1], y[:, 2] - y[:, 3])
    tilted: Flags = np.abs(np.stack(sides)).max(axis=0) > UPRIGHT
    return tilted


def _off(samples: list[Sample], read: Reading, row: int = 0) -> Array:
    """Boxes of a row minus the nearest annotation of frame 1, (S, 4)."""
    offsets = np.empty((samples[0].count, 4))
    for part in samples:
        off = part.boxes(read.layout or part.usual)[:, row] + read.offset - part.truth[:, :, 0]
        offsets[part.at] = off[np.abs(off).sum(axis=-1).argmin(axis=0), np.arange(off.shape[1])]
    return offsets


def _offset(samples: list[Sample], read: Reading) -> tuple[tuple[str, ...], int]:
    """Entries of OFFSETS that undo a constant offset of most first boxes, and how many these are; () for none."""
    off = _off(samples, read)
    places, sizes = ([(), *((word,) for word, offset in OFFSETS.items() if getattr(offset, part))] for part in PARTS)
    counts = {
        words: int((np.abs(off + Reading(offsets=words).offset).max(axis=1) < EQUAL).sum())
        for words in (place + size for place, size in product(places, sizes))
    }
    best = max(counts, key=lambda words: (counts[words], -len(words)))
    if read.first or len(off) < FEW or counts[best] <= MOST * len(off):
        return (), 0
    return best, counts[best]


def _shift(samples: list[Sample], read: Reading) -> tuple[float, float]:
    """By how many standard errors motion fits better if rows are taken for one frame earlier, or later, than said.

    Steps of the boxes' centres are correlated with those of the truth, a frame before, at and after each: trackers
    follow every jerk of the camera, so that even weak ones agree best with the right frame.
    """
    better = []
    for part in samples:
        boxes, truth = part.boxes(read.layout or part.usual), part.truth[0]
        limit = np.maximum(truth[:, :1, 2:] / 4, 2.0)  # one lost target must not decide
        steps, true_steps = (
            np.nan_to_num(np.clip(np.diff(b[..., :2] + b[..., 2:] / 2, axis=1), -limit, limit) / limit)
            for b in (boxes, truth)
        )
        last = steps.shape[1]
        inner = steps[:, 1:-1]
        fit = [(inner * true_steps[:, 1 + k : last - 1 + k]).sum(axis=(1, 2)) for k in (-1, 0, 1)]
        size = np.sqrt((steps**2).sum(axis=(1, 2)) * (true_steps**2).sum(axis=(1, 2)))
        moved = size > 0
        better.append(np.stack([fit[0] - fit[1], fit[2] - fit[1]])[:, moved] / size[moved])
    gain = np.concatenate(better, axis=1)
    if gain.shape[1] < MANY:
        return 0.0, 0.0
    spread = gain.std(axis=1) / np.sqrt(gain.shape[1])
    late, early = np.where(spread > 0, gain.mean(axis=1) / np.maximum(spread, 1e-300), 0.0).tolist()
    return late, early
