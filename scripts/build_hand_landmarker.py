"""Builds ``weights/hand_landmarker.task`` from the MediaPipe wheel that still carries its models.

Newer wheels come without models, and the bundle's own download address must not be needed: the
wheel comes from the package index like every other dependency and is checked by its SHA-256. Equal
input gives equal bytes, so anybody can prove that the committed file is what this script makes.

Usage::

    python scripts/build_hand_landmarker.py            # fetches the wheel with pip
    python scripts/build_hand_landmarker.py --wheel mediapipe-0.10.21-....whl
"""

import argparse
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "weights"
BUNDLE = "hand_landmarker.task"

WHEEL_REQUIREMENT = "mediapipe==0.10.21"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
MEMBERS = {
    "hand_detector.tflite": "mediapipe/modules/palm_detection/palm_detection_full.tflite",
    "hand_landmarks_detector.tflite": "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
}
ALIGNMENT = 16
LOCAL_HEADER_BYTES = 30
EXTRA_HEADER_BYTES = 4
PADDING_ID = 0xD935  # "Android ZIP alignment": the extra field that zipalign writes


def fetch_wheel(folder: Path) -> Path:
    """Downloads the pinned wheel into a folder and returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    platform = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64"]
    subprocess.run([*command, *platform, "--dest", str(folder), WHEEL_REQUIREMENT], check=True)
    return next(folder.glob("*.whl"))


def padding(offset: int, name: str) -> bytes:
    """The zip extra field that makes a stored member's data start at a multiple of ALIGNMENT.

    Args:
        offset: Where the member's local header begins in the archive.
        name: The member's name (ASCII).
    """
    data_start = offset + LOCAL_HEADER_BYTES + len(name) + EXTRA_HEADER_BYTES
    fill = -data_start % ALIGNMENT
    return struct.pack("<HH", PADDING_ID, fill) + bytes(fill)


def build(wheel: Path, target: Path) -> str:
    """Writes the bundle and returns its SHA-256.

    The members are stored, not compressed, under a fixed time stamp, and aligned: MediaPipe maps
    them in place, and TFLite warns about weights that lie at odd addresses.

    Args:
        wheel: The wheel that holds the two models.
        target: Where the bundle is written.

    Raises:
        SystemExit: The wheel is not the pinned one.
    """
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name} is not the wheel that this script was written for")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w") as bundle:
        for name, member in MEMBERS.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            info.extra = padding(bundle.start_dir, name)
            bundle.writestr(info, source.read(member))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def enter(manifest: Path, sha256: str) -> None:
    """Writes the bundle's entry into the manifest and leaves all other entries as they are."""
    entry = {
        "name": "hand_landmarker",
        "file": BUNDLE,
        "sha256": sha256,
        "licence": "Apache-2.0",
        "origin": f"{WHEEL_REQUIREMENT} (cp311, manylinux_2_28_x86_64), SHA-256 {WHEEL_SHA256}",
        "members": MEMBERS,
        "built_by": "scripts/build_hand_landmarker.py",
    }
    known = json.loads(manifest.read_text("utf-8"))["models"] if manifest.exists() else []
    models = [model for model in known if model["name"] != entry["name"]]
    text = json.dumps({"models": [entry, *models]}, indent=2, ensure_ascii=False)
    manifest.write_text(text + "\n", "utf-8")


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Build weights/hand_landmarker.task")
    parser.add_argument("--wheel", type=Path, help="a wheel that is already here")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder to write into")
    arguments = parser.parse_args()
    arguments.weights.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel or fetch_wheel(Path(folder))
        sha256 = build(wheel, arguments.weights / BUNDLE)
    enter(arguments.weights / "manifest.json", sha256)
    print(f"{arguments.weights / BUNDLE}: {sha256}")


if __name__ == "__main__":
    main()
