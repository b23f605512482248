"""The VOT toolkit's binary trajectories, written here by its format: sound ones, and every way to be none."""

import struct

import pytest

from rgbtbench.core.errors import ResultError
from rgbtbench.files.arrays import read_rows
from rgbtbench.files.trajectories import given_first, read_trajectory

GIVEN, BOX = struct.pack("<BI", 0, 1), struct.pack("<Bffff", 1, 1.5, 2, 3, 4)
POLYGON = struct.pack("<BH6f", 2, 3, *range(6))
MASK = struct.pack("<BhhHHH2H", 3, 0, 0, 2, 2, 2, 0, 4)


def trajectory(*regions, frames=None, version=1):
    return struct.pack("<hI", version, len(regions) if frames is None else frames) + b"".join(regions)


@pytest.mark.parametrize(("regions", "coded"), [((GIVEN, BOX, BOX), True), ((BOX, BOX), False)])
def test_rectangles_come_back(regions, coded):
    data = trajectory(*regions)
    assert given_first(data) == coded
    assert read_rows("a.bin", data, "a.bin", ResultError).tolist() == [[1.5, 2, 3, 4]] * 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no trajectory"),
        (b"PK\x03\x04 something else", "no trajectory"),
        (trajectory(GIVEN, BOX, version=2), "no trajectory"),
        (trajectory(GIVEN, BOX, POLYGON), r"(?s)no box.*frame 3.*a polygon"),
        (trajectory(GIVEN, MASK, BOX), r"(?s)no box.*frame 2.*a mask"),
        (trajectory(GIVEN, BOX, struct.pack("<BI", 0, 2), GIVEN, BOX), r"(?s)no box.*frame 3.*code 2: a failure"),
        (trajectory(GIVEN, BOX, struct.pack("<BI", 0, 0)), r"(?s)no box.*frame 3.*code 0: no answer"),
        (trajectory(GIVEN, BOX, struct.pack("<Bff", 4, 1, 2)), r"(?s)no box.*frame 3.*a point"),
        (trajectory(GIVEN, BOX, BOX)[:-1], "damaged.*"),
        (trajectory(GIVEN, BOX, BOX, frames=4), "damaged.*"),
        (trajectory(GIVEN, BOX, BOX, frames=2), "damaged.*"),
        (trajectory(GIVEN, BOX, b"\x77" * 17), "damaged.*"),
    ],
)
def test_what_is_no_box_is_refused_with_its_frame(data, said):
    with pytest.raises(ResultError, match=said):
        read_trajectory(data, "a.bin", ResultError)
