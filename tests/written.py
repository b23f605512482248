"""Every way of writing boxes that people really have, for tests of whatever reads them: ``change(boxes, at)``.

Boxes (N, 4) ``x y w h`` of the sequence number ``at``; what comes out is written to its file.
"""

from __future__ import annotations

import numpy as np

from rgbtbench.core.boxes import to_corners


def from_row_2(change):
    return lambda b, at: np.vstack([b[:1], change(b, at)[1:]])


def ltrb(b, at=0):
    return np.hstack([b[:, :2], b[:, :2] + b[:, 2:]])


def cxcywh(b, at=0):
    return np.hstack([b[:, :2] + b[:, 2:] / 2, b[:, 2:]])


# what is written, what the refusal says, and the reading that it offers (None: it offers none)
REFUSED = {
    "corners of four numbers": (ltrb, "look like ltrb", "ltrb"),
    "inclusive corners": (lambda b, at: ltrb(b - [0, 0, 1, 1]), "look like ltrb", "ltrb+inclusive"),
    "MATLAB's corners": (
        lambda b, at: ltrb(b - [0, 0, 1, 1]) + 1,
        "look like ltrb",
        "ltrb+one-based+inclusive",
    ),
    "centres": (cxcywh, "look like cxcywh", "cxcywh"),
    "another order of corners": (
        lambda b, at: to_corners(b)[:, [0, 1, 6, 7, 4, 5, 2, 3]],
        "look like polygon",
        "polygon",
    ),
    "two boxes": (lambda b, at: np.hstack([b, b + 1]), "look like first-of-two", "first-of-two"),
    "two boxes, the thermal first": (lambda b, at: np.hstack([b + 90, b]), "look like second-of-two", "second-of-two"),
    "corners from row 2": (from_row_2(ltrb), "look like ltrb", "ltrb+first-given"),
    "centres from row 2": (from_row_2(cxcywh), "look like cxcywh", "cxcywh+first-given"),
    "first frame left out": (lambda b, at: b[1:], "no row for the first frame", "first-missing"),
    "first frame left out, last row twice": (
        lambda b, at: np.vstack([b[1:], b[-1:]]),
        "one frame early",
        "first-missing",
    ),
    "given box twice": (lambda b, at: np.vstack([b[:1], b]), "one frame late", "first-twice"),
    "a row of zeros before all": (lambda b, at: np.vstack([b[:1] * 0, b]), "one frame late", "first-twice"),
    "rotated boxes": (
        lambda b, at: to_corners(b) + np.sin(np.arange(len(b)))[:, None] * [0, 0, 3, 5, 6, 6, 3, -3],
        "rotated",
        None,
    ),
    "normalised": (lambda b, at: b / [640, 480, 640, 480], "values from 0 to 1", None),
    "normalised from row 2": (from_row_2(lambda b, at: b / [640, 480, 640, 480]), "values from 0 to 1", None),
    "normalised corners": (lambda b, at: ltrb(b) / [640, 480, 640, 480], "values from 0 to 1", None),
    "half-size images": (lambda b, at: b / 2, "images of another size", None),
    "half-size images from row 2": (from_row_2(lambda b, at: b / 2), "images of another size", None),
    "swapped": (lambda b, at: b[:, [1, 0, 3, 2]], r"swapped columns \(y x h w\)", None),
    "swapped from row 2": (from_row_2(lambda b, at: b[:, [1, 0, 3, 2]]), "swapped columns", None),
    "top left bottom right": (
        lambda b, at: ltrb(b)[:, [1, 0, 3, 2]],
        r"swapped columns \(top left bottom right\)",
        None,
    ),
    "last frame left out": (lambda b, at: b[:-1], "no row for the last frame", None),
    "some files in another layout": (
        lambda b, at: ltrb(b) if at % 10 == 0 else b,
        "4 of 40 files of T look like",
        None,
    ),
    "half of the files in another layout": (
        lambda b, at: ltrb(b) if at % 2 else b,
        "20 of 40 files of T look like ltrb",
        None,
    ),
    "some files in another layout from row 2": (
        lambda b, at: from_row_2(ltrb)(b, at) if at % 5 == 0 else b,
        "8 of 40 files of T look like ltrb",
        None,
    ),
    "width and height swapped from row 2": (
        from_row_2(lambda b, at: b[:, [0, 1, 3, 2]]),
        r"swapped columns \(x y h w\)",
        None,
    ),
    "y before x": (lambda b, at: b[:, [1, 0, 2, 3]], r"swapped columns \(y x w h\)", None),
    "no numbers": (lambda b, at: b * np.nan, "fit the truth in no known layout.*they are no numbers", None),
    "far away from row 2": (from_row_2(lambda b, at: b + 300), "leave the truth in row 2", None),
    "not this benchmark's boxes": (
        lambda b, at: np.abs(np.random.default_rng(at).normal(200, 90, b.shape)),
        "fit the truth in no known layout",
        None,
    ),
}

NOTED = {
    "one-based": (lambda b, at: b + [1, 1, 0, 0], "the first pixel is 1", "one-based"),
    "half a pixel": (lambda b, at: b - [0.5, 0.5, 0, 0], "0.5 px too far left", "half-less"),
    "sizes short by one": (lambda b, at: b - [0, 0, 1, 1], "sizes are 1 px too small", "inclusive"),
    "both": (lambda b, at: b + [1, 1, -1, -1], "sizes are 1 px too small", "one-based+inclusive"),
}

SOUND = [
    lambda b, at: b,
    lambda b, at: np.round(b),
    lambda b, at: to_corners(b),
    lambda b, at: np.repeat(b[:1], len(b), axis=0),  # never moves
    lambda b, at: np.vstack([b[:8], b[8:] + 400]),  # loses its target soon
    lambda b, at: b + np.random.default_rng(at).normal(0, 4, b.shape) * (np.arange(len(b)) > 0)[:, None],
    lambda b, at: np.vstack([b, b]),  # two runs in one file
    lambda b, at: to_corners(b) if at % 2 else b,  # both are read right
]  # read right, without a word
