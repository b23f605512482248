"""Numeric fixtures of the models: each file's ``doc`` says where its numbers come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


def fixture(name: str) -> Any:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text())


def tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def assert_close(found: Tensor, expected: Any, tolerance: float = 1e-8) -> None:
    """Relative to the largest entry expected."""
    expected = expected if isinstance(expected, Tensor) else tensor(expected)
    assert found.shape == expected.shape
    error = (found - expected).abs().max() / expected.abs().max().clamp(min=1e-12)
    assert error <= tolerance, f"relative error {error:.2e}"


def xy(values: list[float]) -> np.ndarray:
    """The tracker's fixture says y x and h w; we say x y and w h."""
    return np.array(values[::-1], dtype=float)
