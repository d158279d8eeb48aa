"""Many photos at once: a folder or a bucket in, protected photos and a report out."""

from vov_core.batch.manifest import Entry, Manifest
from vov_core.batch.places import FolderPlace, Place, S3Place, Source, open_place
from vov_core.batch.plan import Plan, Task, make_plan
from vov_core.batch.work import Recipe, Worker, run_tasks

__all__ = [
    "Entry",
    "FolderPlace",
    "Manifest",
    "Place",
    "Plan",
    "Recipe",
    "S3Place",
    "Source",
    "Task",
    "Worker",
    "make_plan",
    "open_place",
    "run_tasks",
]
