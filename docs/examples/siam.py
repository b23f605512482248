"""A pysot tracker (SiamRPN, SiamRPN++, SiamMask) through ``process``, in pysot's own interpreter.

It sees one modality: say which with the key ``modality`` of the experiment.
"""

import sys

import numpy as np


class Siam:
    """Any Siamese tracker whose ``init(image, box)`` and ``track(image)`` are those of pysot."""

    def __init__(self, root, config, weights, device="cpu"):
        sys.path.insert(0, root)
        import torch
        from pysot.core.config import cfg
        from pysot.models.model_builder import ModelBuilder
        from pysot.tracker.tracker_builder import build_tracker

        cfg.merge_from_file(config)
        cfg.CUDA = device != "cpu"
        model = ModelBuilder()
        model.load_state_dict(torch.load(weights, map_location="cpu"))
        self.tracker = build_tracker(model.eval().to(device))

    def init(self, frame, box):
        """Start on the first frame."""
        self.tracker.init(self._image(frame), box.tolist())

    def update(self, frame):
        """Box and confidence of the next frame."""
        said = self.tracker.track(self._image(frame))
        return np.array(said["bbox"], dtype=float), float(said["best_score"])

    def _image(self, frame):
        return np.ascontiguousarray(frame.rgb[..., ::-1])  # pysot's order; with `modality: tir` rgb is thermal, too
