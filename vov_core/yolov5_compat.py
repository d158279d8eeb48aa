"""Makes yolov5 7.0.14 usable beside the current torch, torchvision and numpy.

The package was last released for torch 2.2 and numpy 1. All mends live here, each one undone
as soon as the import is over if the rest of the process could notice it. Nothing runs before a
function of this module is called: torch and yolov5 take seconds to import.
"""

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

# Operator schemas of torchvision's compiled extension that its Python side registers fakes for.
_NMS_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def prepare() -> None:
    """Imports yolov5 with every mend applied. Later calls do nothing."""
    import torch

    _define_torchvision_operators(torch)
    _restore_trapz()
    with _quiet_offline_import(), _global_settings_kept(torch):
        import yolov5.models.yolo
        import yolov5.utils.loss
        import yolov5.utils.metrics  # noqa: F401
    logging.getLogger("yolov5").setLevel(logging.WARNING)


def detection_model(
    name: str,
    *,
    classes: Sequence[str],
    anchors: Sequence[Sequence[float]] | None = None,
    width: float | None = None,
) -> Any:
    """Builds an untrained detection model from one of yolov5's own descriptions.

    Args:
        name: ``yolov5n`` .. ``yolov5x``.
        classes: Names of the classes, in the order of their numbers.
        anchors: Anchor sizes per output layer as width, height, width, height ... in pixels; the
            description's own (made for COCO) if None.
        width: Channels relative to yolov5l's; the description's own if None.

    Returns:
        A ``yolov5.models.yolo.DetectionModel`` in training mode.
    """
    prepare()
    import yolov5.models.yolo as yolo
    from yolov5.utils.general import yaml_load

    description = yaml_load(Path(yolo.__file__).parent / f"{name}.yaml")
    description["nc"] = len(classes)
    if anchors is not None:
        description["anchors"] = [list(layer) for layer in anchors]
    if width is not None:
        description["width_multiple"] = width
    model = yolo.DetectionModel(description)
    model.names = list(classes)
    return model


def restored_model(content: Mapping[str, Any]) -> Any:
    """Builds a trained model from what ``training.train`` writes.

    yolov5 pickles whole modules, which run code when they are read; this takes plain data:
    ``description`` (the network), ``classes`` and ``weights`` (a state dict in half precision).
    """
    prepare()
    import yolov5.models.yolo as yolo

    model = yolo.DetectionModel(deepcopy(dict(content["description"])))
    model.names = list(content["classes"])
    model.load_state_dict({name: value.float() for name, value in content["weights"].items()})
    return model.eval().requires_grad_(False)


_definitions: list[Any] = []  # a torch Library undoes its definitions when it is collected


def _define_torchvision_operators(torch: Any) -> None:
    """Lets a torchvision import whose compiled extension doesn't fit this torch.

    The wheel on the package index is built for CUDA and its extension can't be loaded beside a
    CPU torch; its import then fails on fakes for operators that don't exist. yolov5 only needs the
    import: suppression of overlapping boxes is done by :mod:`vov_core.detector`.
    """
    with contextlib.suppress(ImportError, RuntimeError):
        import torchvision  # type: ignore[import-untyped]  # noqa: F401

        return
    library = torch.library.Library("torchvision", "DEF")
    for schema in _NMS_SCHEMAS:
        library.define(schema)
    _definitions.append(library)


def _restore_trapz() -> None:
    """Gives numpy 2.4 its ``trapz`` back: yolov5's average precision integrates with it."""
    import numpy as np

    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # type: ignore[attr-defined,unused-ignore]


@contextlib.contextmanager
def _quiet_offline_import() -> Iterator[None]:
    """Keeps yolov5 and ultralytics off the network, the home folder and the console."""
    wanted = {
        "YOLOv5_AUTOINSTALL": "false",
        "YOLOv5_VERBOSE": "false",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(Path(tempfile.gettempdir()) / "vov-ultralytics"),
    }
    # yolov5 also sets OMP_NUM_THREADS, which would slow every other model of the process down.
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _global_settings_kept(torch: Any) -> Iterator[None]:
    """Undoes what yolov5 sets for the whole process: OpenCV's threads and print options."""
    import cv2
    import numpy as np

    threads, options = cv2.getNumThreads(), np.get_printoptions()
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        np.set_printoptions(**options)
        torch.set_printoptions(profile="default")
