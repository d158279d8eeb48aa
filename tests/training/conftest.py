"""A small labelled data set of drawn pictures, in each form that can be read."""

import json
from pathlib import Path

import cv2
import pytest
import yaml

from tests.training.drawn import HEIGHT, WIDTH, draw


@pytest.fixture(scope="session")
def own_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own form: annotations.json, with one hand per photo."""
    data = tmp_path_factory.mktemp("own")
    (data / "images").mkdir()
    images = []
    for i in range(6):
        pixels, labels = draw(i)
        cv2.imwrite(str(data / "images" / f"p{i}.png"), pixels)
        fingers = []
        for letter, (x0, y0, x1, y1) in labels:
            quad = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
            fingers.append({"finger": "index", "label": letter, "quad": quad})
        marks = [[20.0 + 8 * j, 30.0 * (1 + j % 3)] for j in range(21)]
        hand = {"handedness": "Left", "score": 0.9, "landmarks": marks, "fingers": fingers}
        split = "train" if i < 4 else "dev"
        facts = {"file": f"p{i}.png", "set": "drawn", "split": split, "hands": [hand]}
        images.append({**facts, "width": WIDTH, "height": HEIGHT})
    (data / "annotations.json").write_text(json.dumps({"images": images}), "utf-8")
    return data


@pytest.fixture(scope="session")
def coco_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COCO's form."""
    folder = tmp_path_factory.mktemp("coco")
    pixels, labels = draw(0)
    cv2.imwrite(str(folder / "a.png"), pixels)
    names = {"P": "fingerprint", "N": "nail", "S": "elbow"}
    annotations = [
        {"image_id": 7, "category_id": ord(letter), "bbox": [x0, y0, x1 - x0, y1 - y0]}
        for letter, (x0, y0, x1, y1) in labels
    ]
    content = {
        "categories": [{"id": ord(letter), "name": name} for letter, name in names.items()],
        "images": [{"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": annotations,
    }
    file = folder / "train.json"
    file.write_text(json.dumps(content), "utf-8")
    return file


@pytest.fixture(scope="session")
def yolo_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """YOLO's form, boxes only, with the classes in another order than ours."""
    data = tmp_path_factory.mktemp("yolo")
    numbers = {"P": 1, "N": 0, "S": 2}
    for i, split in enumerate(("train", "val")):
        images, rows = data / "images" / split, data / "labels" / split
        images.mkdir(parents=True)
        rows.mkdir(parents=True)
        pixels, labels = draw(i)
        cv2.imwrite(str(images / f"{i}.png"), pixels)
        lines = [
            f"{numbers[letter]} {(x0 + x1) / 2 / WIDTH} {(y0 + y1) / 2 / HEIGHT}"
            f" {(x1 - x0) / WIDTH} {(y1 - y0) / HEIGHT}"
            for letter, (x0, y0, x1, y1) in labels
        ]
        (rows / f"{i}.txt").write_text("\n".join(lines), "utf-8")
    names = ["nail", "fingerprint", "hair"]
    description = {"train": "images/train", "val": "images/val", "names": names}
    (data / "data.yaml").write_text(yaml.safe_dump(description), "utf-8")
    return data
