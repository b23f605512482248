"""OpenCV's correlation filters. They see one modality: say which with the key ``modality`` of the experiment.

pip install opencv-contrib-python-headless
"""

import cv2
import numpy as np


class OpenCV:
    """Any of OpenCV's trackers that needs no model file."""

    kind = "CSRT"

    def __init__(self, device="cpu"):
        if device == "cpu":
            cv2.setNumThreads(1)

    def init(self, frame, box):
        """Make the tracker anew and start it."""
        cv2.setRNGSeed(0)
        self.tracker = getattr(cv2, f"Tracker{self.kind}_create")()
        self.box = box.copy()
        self.tracker.init(self._image(frame), tuple(int(v) for v in np.rint(box)))

    def update(self, frame):
        """The box, and 1 if OpenCV believes it; else the last box that it believed, and 0."""
        found, box = self.tracker.update(self._image(frame))
        if found:
            self.box = np.array(box, dtype=float)
        return self.box, float(found)

    def _image(self, frame):
        return np.ascontiguousarray(frame.rgb[..., ::-1])  # OpenCV's order; with `modality: tir` rgb is thermal, too


class CSRT(OpenCV):
    """Discriminative correlation filter with channel and spatial reliability (CVPR 2017)."""


class KCF(OpenCV):
    """Kernelized correlation filter (TPAMI 2015)."""

    kind = "KCF"
