"""Raw result files as a tracker: other people's boxes through our own run loop."""

from __future__ import annotations

from rgbtbench.archive import open_tree
from rgbtbench.boxes import DEFAULT_LAYOUT, LAYOUTS, Array, round_half_away
from rgbtbench.core import Frame, Sequence
from rgbtbench.errors import ConfigError, TrackerError, unknown
from rgbtbench.rows import parse_rows


class Replay:
    """Plays back one row per frame.

    ``results``: folder or archive. ``file``: path of a sequence's rows inside it, with ``{name}``. The prefix is never
    guessed: ``easy_blackboy.txt`` is not a result of the sequence ``blackboy``. ``boxes``: a layout's name; without it
    4 columns are ``xywh`` and 8 are ``corners``, which are rounded as the toolkits do unless ``rounded`` is false.

    Raises ConfigError for wrong parameters, TrackerError (one sequence fails) where a file is missing or unfit.
    """

    def __init__(self, results: str, file: str = "{name}.txt", boxes: str | None = None, rounded: bool = True) -> None:
        if "{name}" not in file:
            raise ConfigError("replay needs {name} in 'file'", expected="for example OURS_{name}.txt", found=file)
        if boxes is not None and boxes not in LAYOUTS:
            raise unknown("box layout", boxes, LAYOUTS, next="rgbtbench list boxes")
        self.tree = open_tree(results, ConfigError)
        self.file, self.layout, self.rounded = file, boxes, rounded

    def begin(self, sequence: Sequence) -> None:
        """Read the rows of a sequence; there must be one per frame."""
        path = self.file.replace("{name}", sequence.name)
        folder = path.rpartition("/")[0]
        if not self.tree.exists(path):
            raise TrackerError(
                f"no results of {sequence.name}",
                where=self.tree.name,
                expected=path,
                found=", ".join(n for n in self.tree.files(folder) if sequence.name in n)[:200] or None,
                next="if the files have a prefix, name it: file: 'PREFIX{name}.txt'",
            )
        where = self.tree.where(path)
        rows = parse_rows(self.tree.read(path), where, (4, 8), TrackerError)
        layout = LAYOUTS[self.layout or DEFAULT_LAYOUT[rows.shape[1]]]
        if rows.shape != (len(sequence.rgb), layout.columns):
            raise TrackerError(
                "results do not fit the sequence",
                where=where,
                expected=f"{len(sequence.rgb)} rows of {layout.columns}",
                found=f"{len(rows)} rows of {rows.shape[1]}",
            )
        boxes = layout.to_xywh(rows)
        self.boxes = round_half_away(boxes) if self.rounded and layout.columns == 8 else boxes

    def init(self, frame: Frame, box: Array) -> None:
        """Nothing to learn."""

    def update(self, frame: Frame) -> Array:
        """Return the row (4,) of this frame."""
        row: Array = self.boxes[frame.index]
        return row
