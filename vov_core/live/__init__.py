"""The live picture: frame in, covered frame out, nothing else."""

from vov_core.live.masker import LiveFrame, LiveMasker
from vov_core.live.recorder import Recorder, Recording
from vov_core.live.tips import TipTracker
from vov_core.live.video_hands import FrameHands, VideoHands

__all__ = [
    "FrameHands",
    "LiveFrame",
    "LiveMasker",
    "Recorder",
    "Recording",
    "TipTracker",
    "VideoHands",
]
