"""The tuning lab: what settings do to many photos at once, and how well that fits labels."""

from vov_core.lab.engines import Agreement, Run, agreement, run
from vov_core.lab.entries import Entry, Progress, Queue, examine
from vov_core.lab.labels import LabFile, Shape, Truth, read_labelled_zip, rendered_shapes
from vov_core.lab.presets import (
    PRESETS_LIMIT,
    dump_presets,
    from_plain,
    load_presets,
    preset_name,
    to_plain,
)
from vov_core.lab.sheet import sheet
from vov_core.lab.trials import (
    SIZES,
    Change,
    Outcome,
    Trial,
    changes,
    looked_at,
    merged,
    of_size,
    outcomes,
    pad_size,
    rendered,
    scores,
)
from vov_core.lab.versions import Version, versions

__all__ = [
    "PRESETS_LIMIT",
    "SIZES",
    "Agreement",
    "Change",
    "Entry",
    "LabFile",
    "Outcome",
    "Progress",
    "Queue",
    "Run",
    "Shape",
    "Trial",
    "Truth",
    "Version",
    "agreement",
    "changes",
    "dump_presets",
    "examine",
    "from_plain",
    "load_presets",
    "looked_at",
    "merged",
    "of_size",
    "outcomes",
    "pad_size",
    "preset_name",
    "read_labelled_zip",
    "rendered",
    "rendered_shapes",
    "run",
    "scores",
    "sheet",
    "to_plain",
    "versions",
]
