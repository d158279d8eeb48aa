"""Videos: read, follow hands through them, cover every frame, write, prove.

Everything happens in memory. ``reader`` and ``writer`` are the only places that know FFmpeg.
"""

from vov_core.video.desk import VideoApproval, VideoDesk, VideoItem
from vov_core.video.find import find_in_video
from vov_core.video.job import Job, JobQueue, Progress, Stage, State
from vov_core.video.limits import VideoLimits
from vov_core.video.reader import Clip, Frame, frames, probe
from vov_core.video.render import (
    VIDEO_COVERAGE,
    OpenRange,
    Plan,
    Rendered,
    VideoReport,
    check_video,
    cover,
    frame_at,
    poster,
    render,
    selection_at,
)
from vov_core.video.shapes import Shapes
from vov_core.video.tracks import Subject, Track, VideoFindings

__all__ = [
    "VIDEO_COVERAGE",
    "Clip",
    "Frame",
    "Job",
    "JobQueue",
    "OpenRange",
    "Plan",
    "Progress",
    "Rendered",
    "Shapes",
    "Stage",
    "State",
    "Subject",
    "Track",
    "VideoApproval",
    "VideoDesk",
    "VideoFindings",
    "VideoItem",
    "VideoLimits",
    "VideoReport",
    "check_video",
    "cover",
    "find_in_video",
    "frame_at",
    "frames",
    "poster",
    "probe",
    "render",
    "selection_at",
]
