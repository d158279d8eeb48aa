"""A widened network gives the narrow one's answers, and its copies can part ways."""

import pytest
import torch

from training import CLASSES
from training.grow import widen
from vov_core.yolov5_compat import detection_model, restored_model


def _content(seed: int) -> dict[str, object]:
    torch.manual_seed(seed)
    model = detection_model("yolov5m", classes=CLASSES, width=0.125)
    for module in model.modules():  # as after training: nothing is left at its neutral value
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
            torch.nn.init.normal_(module.running_mean, 0, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    weights = {name: value.half() for name, value in model.state_dict().items()}
    return {"weights": weights, "description": model.yaml, "classes": list(CLASSES), "size": 64}


@pytest.mark.parametrize("factor", [2, 3])
def test_answers_stay_the_same(factor: int) -> None:
    narrow = _content(0)
    wide = widen(narrow, factor)
    pictures = torch.rand(2, 3, 64, 64)
    before = restored_model(narrow)(pictures)[0]
    after = restored_model(wide)(pictures)[0]
    assert before[..., 4:].std() > 1e-4
    torch.testing.assert_close(after, before, rtol=0.02, atol=0.02)
    channels = narrow["weights"]["model.3.conv.weight"].shape[0]  # type: ignore[index]
    assert wide["weights"]["model.3.conv.weight"].shape[0] == factor * channels


def test_copies_are_not_the_same() -> None:
    kernel = widen(_content(1), 2)["weights"]["model.3.conv.weight"]
    half = kernel.shape[0] // 2
    assert not torch.equal(kernel[:half], kernel[half:])
