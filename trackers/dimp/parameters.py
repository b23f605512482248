"""How a DiMP-type tracker behaves online: one table for teacher and student alike."""

from __future__ import annotations

from dataclasses import dataclass

from rgbtbench.core.ranges import is_list, is_number, is_positive, out_of_range, require

STRIDE = 16  # pixels of the crop per cell of the classification features
KERNEL = 4  # cells, side of the target filter; even, so score cell j stands for pixel 16 j, as in DiMP
DROPOUTS = 2  # first-frame samples with channels dropped, beside those made from images (4.2)

_LEAST = {"crop": 64, "memory": 1, "first_iterations": 0, "every": 1, "iterations": 0, "hard_iterations": 0} | {
    "expansion": 2, "starts": 0, "steps": 1, "best": 1
}  # fmt: skip
_FRACTIONS = ("rate", "hard_rate", "initial_weight", "shift", "random_shift", "dropout", "window", "not_found") + (
    "distractor", "hard", "inside", "jitter_position", "jitter_size", "velocity", "second_look", "convincing"
)  # fmt: skip
_TRANSFORMS = ("blurs", "rotations")
_SWITCHES = ("between_cells", "surroundings", "softmax", "relative")


@dataclass(frozen=True, slots=True)
class Parameters:
    """DiMP's online parameters (its released code), lengths in pixels of the network's crop where nothing is said.

    Sizes are refined for uncertain peaks too, and the IoU-Net's modulation comes from the first frame only. Raises
    ConfigError for a value out of range.
    """

    crop: int = 288  # side of the network's input
    scale: float = 5.0  # search area: its side in sqrt(w h) of the target

    memory: int = 50  # slots of the filter's training samples
    rate: float = 0.01  # weight of a new sample
    hard_rate: float = 0.02  # the same after a hard negative
    initial_weight: float = 0.25  # least share of the first frame's samples

    first_iterations: int = 10  # of the filter optimiser, first frame
    every: int = 20  # frames between two regular updates
    iterations: int = 2  # of a regular update
    hard_iterations: int = 1  # after a hard negative

    expansion: int = 2  # crops are augmented at so many times their side, then cut
    shift: float = 0.6  # of the four shifted samples, in half crops
    random_shift: float = 1 / 3  # range of the others' random shifts, full width, in crops
    blurs: tuple[tuple[float, float], ...] = ((3, 1), (1, 3), (2, 2))  # sigma y, x
    rotations: tuple[float, ...] = (10, -10, 45, -45)  # degrees, anticlockwise as seen
    dropout: float = 0.2  # share of channels dropped in two further samples
    surroundings: bool = False  # whether the eight crops around the target are samples too: all background. Not in DiMP

    softmax: bool = False  # whether scores become a softmax over the map, which sums to 1; PrDiMP
    window: float = 0.0  # weight of a cosine window on the scores, which says that targets move little; 0 in the paper
    between_cells: bool = False  # whether a parabola through a peak and its neighbours places it; not so in DiMP
    velocity: float = 0.0  # share of the last step in the velocity with which a target is expected to go on; DiMP: 0
    second_look: float = 0.0  # after a lower peak the target is sought three times as wide; 0: never, as in DiMP
    convincing: float = 0.75  # what is found there counts if its peak, seen again from near, is as high
    not_found: float = 0.25  # a lower peak is no target
    distractor: float = 0.8  # second peak over first: above, the one nearer to the last position counts
    hard: float = 0.5  # second peak over first: above, the frame is a hard negative
    neighbourhood: float = 2.2  # masked around the first peak, in target sizes
    near: float = 0.8  # a peak is near the last position within this share of half the score map
    inside: float = 0.2  # share of the target that stays inside the image

    starts: int = 9  # random boxes from which to refine, beside the previous size
    jitter_position: float = 0.1  # of their centres: uniform, full width, in sqrt(w h)
    jitter_size: float = 0.5  # of their sizes, likewise
    steps: int = 5  # of gradient ascent on the predicted IoU
    step: float = 1.0  # length of the first, in box sizes
    relative: bool = False  # whether boxes ascend by centres in the previous size and logarithms of sizes, as PrDiMP's
    decay: float = 1.0  # each step over the one before
    best: int = 3  # boxes averaged, by predicted IoU
    aspect: float = 6.0  # boxes longer or wider than this are dropped

    def __post_init__(self) -> None:
        positive = set(self.__slots__) - {*_LEAST, *_FRACTIONS, *_TRANSFORMS, *_SWITCHES}
        require(self, "dimp", whole=_LEAST, fractions=_FRACTIONS, positive=positive)
        for name, good, expected in (
            ("crop", self.crop % (2 * STRIDE) == 0, f"a multiple of {2 * STRIDE}, for score maps with a middle"),
            ("blurs", is_list(self.blurs) and all(map(_is_pair, self.blurs)), "pairs of positive numbers"),
            ("rotations", is_list(self.rotations) and all(map(is_number, self.rotations)), "a list of degrees"),
            ("aspect", self.aspect > 1, "above 1"),
            *((name, isinstance(getattr(self, name), bool), "true or false") for name in _SWITCHES),
        ):
            if not good:
                raise out_of_range("dimp", name, expected, getattr(self, name))
        if self.memory <= self.initial:
            expected = f"more than the {self.initial} samples of the first frame"
            raise out_of_range("dimp", "memory", expected, self.memory)

    @property
    def cells(self) -> int:
        """Side of the classification features: 18 for a crop of 288."""
        return self.crop // STRIDE

    @property
    def scores(self) -> int:
        """Side of the score map: one more than ``cells``, the kernel being even and padded by half."""
        return self.cells + 1 - KERNEL % 2

    @property
    def radius(self) -> float:
        """Cells within which a peak is near the last position: 7.6 on 19 x 19 scores."""
        return self.near * self.scores / 2

    @property
    def initial(self) -> int:
        """Training samples of the first frame: 15 (4.2), with its surroundings 23."""
        return 1 + 4 + 1 + len(self.blurs) + len(self.rotations) + DROPOUTS + 8 * self.surroundings


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_positive, value))
