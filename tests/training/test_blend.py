"""Weights between two trainings."""

import pytest
import torch

from training.blend import blend


def content(value: float, size: int) -> dict[str, object]:
    weights = {"a": torch.full((2, 3), value).half(), "steps": torch.tensor(round(value))}
    return {"weights": weights, "size": size, "classes": ["fingerprint", "nail"]}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.25, 2.0), (1.0, 5.0)])
def test_weights_lie_between(share: float, expected: float) -> None:
    one, other = content(1, 192), content(5, 256)
    mean = blend(one, other, share)
    assert mean["size"] == 256
    assert mean["weights"]["a"].dtype == torch.float16
    assert torch.equal(mean["weights"]["a"], torch.full((2, 3), expected).half())
    assert mean["weights"]["steps"] == expected and mean["weights"]["steps"].dtype == torch.int64
    assert torch.equal(one["weights"]["a"], torch.ones(2, 3).half()), "the given ones stay"  # type: ignore[index]
