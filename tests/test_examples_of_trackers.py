"""The trackers of docs/examples: OpenCV's with the real package where it is installed, pysot's on a made-up pysot."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from clips import clip, follow, only

from rgbtbench.trackers import TRACKERS
from rgbtbench.trackers.process import Process

EXAMPLES = Path(__file__).parents[1] / "docs/examples"


def overlap(found, truth):
    low, high = np.maximum(found[:, :2], truth[:, :2]), np.minimum(*(b[:, :2] + b[:, 2:] for b in (found, truth)))
    inside = np.prod(np.clip(high - low, 0, None), axis=1)
    return inside / (found[:, 2:].prod(1) + truth[:, 2:].prod(1) - inside)


@pytest.mark.parametrize("modality", ["rgb", "tir"])
@pytest.mark.parametrize("kind", ["CSRT", "KCF"])
def test_opencv_follows_a_target_in_either_modality(kind, modality):
    cv2 = pytest.importorskip("cv2", reason="no OpenCV (opencv-contrib-python-headless)")
    if not hasattr(cv2, f"Tracker{kind}_create"):
        pytest.skip("OpenCV without contrib (opencv-contrib-python-headless)")
    frames, truth = clip(25, growth=1.0, swing=0.2)
    tracker = TRACKERS.create(f"{EXAMPLES}/opencv.py:{kind}")
    rows = [follow(tracker, only(frames, modality), truth[0]) for _ in range(2)]
    np.testing.assert_array_equal(rows[0][0], rows[1][0])
    assert overlap(rows[0][0], truth).mean() > 0.5
    assert set(rows[0][1]) <= {0.0, 1.0}


PYSOT = {
    "core/config.py": "class cfg:\n    CUDA = True\n"
    "    merge_from_file = staticmethod(lambda path: open(path).close())\n",
    "models/model_builder.py": "import torch\nclass ModelBuilder(torch.nn.Linear):\n"
    "    def __init__(self): super().__init__(1, 1)\n",
    "tracker/tracker_builder.py": "from pysot.core.config import cfg\nclass Tracker:\n"
    "    def __init__(self, model): self.step = float(model.weight)\n"
    "    def init(self, image, box): self.box = box; assert not cfg.CUDA\n"
    "    def track(self, image):\n        self.box[0] += self.step\n        self.box[1] = float(image[0, 0, 0])\n"
    "        return {'bbox': self.box, 'best_score': 0.5}\ndef build_tracker(model): return Tracker(model)\n",
}


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
def test_a_siamese_tracker_runs_behind_process(tmp_path):
    import torch

    for name, text in PYSOT.items():
        (tmp_path / "pysot" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pysot" / name).write_text(text)
    torch.save({"weight": torch.full((1, 1), 2.0), "bias": torch.zeros(1)}, tmp_path / "m.pth")
    (tmp_path / "c.yaml").write_text("")
    params = {"root": str(tmp_path), "config": str(tmp_path / "c.yaml")}
    command = [sys.executable, "{client}", f"{EXAMPLES}/siam.py:Siam"]
    tracker = Process(command, params=params, weights=str(tmp_path / "m.pth"))
    frames, truth = clip(3)
    try:
        boxes, confidence = follow(tracker, only(frames, "tir"), truth[0])
    finally:
        tracker.close()
    np.testing.assert_allclose(boxes[1:, 0] - truth[0, 0], [2, 4])
    assert boxes[1:, 1].tolist() == [float(frame.tir[0, 0, 2]) for frame in frames[1:]]
    assert set(confidence) == {0.5}
