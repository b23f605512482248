import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rgbtbench.core.errors import DataError, TrackerError
from rgbtbench.core.types import Frame, Sequence
from rgbtbench.running.track import one_modality, seed_all, track

IMAGE = np.zeros((4, 4, 3), np.uint8)


def sequence(count: int = 4) -> Sequence:
    paths = tuple(Path(f"{k}.jpg") for k in range(count))
    truth = np.tile([1.0, 2, 3, 4], (1, count, 1))
    return Sequence("s", paths, tuple(p.with_suffix(".png") for p in paths), truth, frozenset())


def frames(given: Sequence, pause: float = 0.0, count: int | None = None) -> Iterator[Frame]:
    for index in range(len(given.rgb) if count is None else count):
        time.sleep(pause)
        yield Frame(index, IMAGE, IMAGE)


class Answers:
    def __init__(self, answer: Any) -> None:
        self.answer, self.began = answer, ""

    def begin(self, given: Sequence) -> None:
        self.began = given.name

    def init(self, frame: Frame, box: Any) -> None:
        assert self.began == "s"
        box[:] = -1  # must not reach the truth or the result

    def update(self, frame: Frame) -> Any:
        return self.answer


def test_boxes_times_and_confidence() -> None:
    found = track(Answers(([5, 6, 7, 8], 0.5)), sequence(), frames=lambda s: frames(s, 0.01))
    assert found.boxes.tolist() == [[1, 2, 3, 4]] + [[5, 6, 7, 8]] * 3
    assert found.confidence is not None
    assert found.confidence[1:].tolist() == [0.5] * 3
    assert found.seconds.max() < 0.01, "decoding is not the tracker's time"


def test_remarks_on_the_frames_are_counted() -> None:
    def odd(given: Sequence) -> Iterator[Frame]:
        for index in range(len(given.rgb)):
            yield Frame(index, IMAGE, IMAGE, ("zeros",) * (index % 2))

    assert track(Answers([1, 2, 3, 4]), sequence(), frames=odd).remarks == {"zeros": 2}
    assert track(Answers([1, 2, 3, 4]), sequence(), frames=frames).remarks == {}


def test_a_box_that_the_tracker_changes_later_is_kept_as_it_was() -> None:
    class Same(Answers):
        def update(self, frame: Frame) -> Any:
            self.answer[0] += 1
            return self.answer

    found = track(Same(np.zeros(4)), sequence(), frames=frames)
    assert found.boxes[:, 0].tolist() == [1, 1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [1, 2, 3],
        [1, 2, 3, float("nan")],
        [1, 2, float("inf"), 4],
        "box",
        {},
        [[1] * 4],
        [1e308] * 4,
        [10**400] * 4,
    ],
)
def test_what_is_no_box_names_the_frame(answer: Any) -> None:
    with pytest.raises(TrackerError, match="frame 2"):
        track(Answers(answer), sequence(), frames=frames)


def test_frames_that_end_early_are_an_error() -> None:
    with pytest.raises(DataError, match="3 frames"):
        track(Answers([1, 2, 3, 4]), sequence(), frames=lambda s: frames(s, count=3))


def test_one_modality_is_in_both_places() -> None:
    given = sequence()
    assert one_modality(given, "tir").rgb == given.tir == one_modality(given, "tir").tir
    assert one_modality(given, "rgb").tir == given.rgb
    assert one_modality(given, None) is given


def test_seeds_depend_on_seed_and_sequence_only() -> None:
    def draw(seed: int, name: str) -> tuple[float, float]:
        random.random()
        np.random.rand()
        seed_all(seed, name)
        return random.random(), float(np.random.rand())

    assert draw(0, "a") == draw(0, "a")
    assert len({draw(0, "a"), draw(0, "b"), draw(1, "a")}) == 3


@pytest.mark.parametrize("box", ["target_bbox", "box"])
@pytest.mark.parametrize("score", ["best_score", "confidence"])
def test_answers_as_pytracking_gives_them(box: str, score: str) -> None:
    found = track(Answers({box: [5, 6, 7, 8], score: np.float32(0.5)}), sequence(), frames=frames)
    assert found.boxes[1:].tolist() == [[5, 6, 7, 8]] * 3
    assert found.confidence is not None
    assert found.confidence[1:].tolist() == [0.5] * 3
    assert np.isnan(found.confidence[0])


def test_no_confidence_is_none_and_a_strange_one_is_an_error() -> None:
    assert track(Answers(([1, 2, 3, 4], None)), sequence(), frames=frames).confidence is None
    with pytest.raises(TrackerError, match="frame 2: the tracker's confidence is no number but 'high'"):
        track(Answers(([1, 2, 3, 4], "high")), sequence(), frames=frames)
