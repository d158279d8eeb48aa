"""A browser whose camera shows a rendered hand that moves: Chromium's own fake device."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from playwright.sync_api import Browser

from tests.browser.tab import ARGUMENTS, CHROMIUM
from tests.live.clips import Pixels, moved, shifts, still

FRAMES = 60
SAMPLES = Path(__file__).parents[2] / "samples"


def frames(sample: str = "00300") -> Iterator[Pixels]:
    """RGB frames of a sample that drifts slowly to and fro and comes back to where it began."""
    picture = still((SAMPLES / f"hand_{sample}.jpg").read_bytes())
    for way in shifts(FRAMES):
        yield moved(picture, way)


def write_clip(path: Path, sample: str = "00300") -> Path:
    """Motion JPEG, which Chromium plays in a loop: one JPEG after the other."""
    with path.open("wb") as clip:
        for frame in frames(sample):
            _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            clip.write(data.tobytes())
    return path


@contextmanager
def with_camera(browser: Browser, clip: Path, *, allowed: bool = True) -> Iterator[Browser]:
    """Another browser with a clip in place of a camera; ``allowed`` answers its question."""
    answer = "--use-fake-ui-for-media-stream" if allowed else "--deny-permission-prompts"
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}")
    launched = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*ARGUMENTS, *camera, answer]
    )
    yield launched
    launched.close()
