"""Raw result files as a tracker: other people's boxes through our own run loop."""

from __future__ import annotations

from rgbtbench.core.boxes import Array, reading
from rgbtbench.core.errors import ConfigError, ResultError, TrackerError
from rgbtbench.core.types import Frame, Sequence
from rgbtbench.files.archive import open_tree
from rgbtbench.files.arrays import read_rows


class Replay:
    """Plays back one row per frame.

    ``results``: folder or archive. ``file``: path of a sequence's rows inside it, with ``{name}``. The prefix is never
    guessed: ``easy_blackboy.txt`` is not a result of the sequence ``blackboy``. ``boxes``: how rows are read
    (``boxes.reading``); without it 4 columns are ``xywh`` and 8 are ``corners``, which are rounded as the toolkits do
    unless ``rounded`` is false.

    Raises ConfigError for wrong parameters, TrackerError (one sequence fails) where a file is missing or unfit.
    """

    def __init__(self, results: str, file: str = "{name}.txt", boxes: str | None = None, rounded: bool = True) -> None:
        if "{name}" not in file:
            raise ConfigError("replay needs {name} in 'file'", expected="for example OURS_{name}.txt", found=file)
        self.tree = open_tree(results, ConfigError)
        self.file, self.reading, self.rounded = file, reading(boxes), rounded

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
        rows = read_rows(path, self.tree.read(path), where, TrackerError)
        try:
            boxes = self.reading.boxes(rows, round_corners=self.rounded)
        except ResultError as error:
            raise TrackerError(error.what, **{**error.details, "where": where}) from None
        self.boxes = self.reading.aligned(boxes, sequence.init)
        if len(self.boxes) != len(sequence.rgb):
            found, expected = f"{len(self.boxes)} rows", f"{len(sequence.rgb)} rows, one per frame"
            raise TrackerError("results do not fit the sequence", where=where, expected=expected, found=found)

    def init(self, frame: Frame, box: Array) -> None:
        """Nothing to learn."""

    def update(self, frame: Frame) -> Array:
        """Return the row (4,) of this frame."""
        row: Array = self.boxes[frame.index]
        return row
