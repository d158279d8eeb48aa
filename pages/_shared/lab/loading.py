"""Filling the lab: samples, uploads, a labelled zip; examined one by one with a way to stop."""

import json
import time
from pathlib import Path

import streamlit as st

from pages._shared.lab.state import PHOTOS, UNPACKED_BYTES, LabState, lab
from pages._shared.session import escape, finder, flash, log, model_turn, say, settings, t
from vov_core.errors import BusyError, VovError
from vov_core.images import ReadLimits, safe_name
from vov_core.lab import LabFile, Queue, read_labelled_zip, rendered_shapes

_SAMPLES = Path(__file__).parents[3] / "samples"
_SOURCES = ("samples", "photos", "zip")
_BUSY_SECONDS = 2
_STALE = 8  # what the last run drew below stays, greyed, until something takes its place


def sample_files() -> tuple[LabFile, ...]:
    """All rendered samples with their exact labels."""
    return tuple(
        LabFile(
            facts.with_suffix(".jpg").name,
            facts.with_suffix(".jpg").read_bytes(),
            rendered_shapes(json.loads(facts.read_text(encoding="utf-8"))),
        )
        for facts in sorted(_SAMPLES.glob("*.json"))
    )


def start(files: tuple[LabFile, ...], source: str) -> None:
    """Empties the lab and queues files."""
    state = lab()
    limits = ReadLimits(
        max_bytes=settings().max_upload_mb * 1024**2,
        max_pixels=settings().max_megapixels * 1_000_000,
    )
    state.entries, state.problems, state.source = [], [], source
    state.queue = Queue(files[:PHOTOS], limits)


def load_samples() -> None:
    """Queues the samples."""
    start(sample_files(), "samples")


def chooser() -> None:
    """Where photos come from."""
    source = st.segmented_control(
        t("lab.load"),
        _SOURCES,
        default="samples",
        required=True,
        format_func=lambda name: t(f"lab.source_{name}"),
        key="lab_source",
        label_visibility="collapsed",
    )
    if source == "samples":
        st.caption(t("lab.samples_text"))
        st.button(
            t("lab.load_samples"),
            type="primary",
            icon=":material/science:",
            on_click=load_samples,
            key="lab_samples",
        )
    else:
        st.caption(t(f"lab.{source}_text", limit=PHOTOS))
        _uploader(str(source))


def _uploader(source: str) -> None:
    generation = st.session_state.setdefault("lab_generation", 0)
    zipped = source == "zip"
    if zipped:
        words = t("lab.zip_drop").replace("\\", "").replace('"', "")
        st.html(f'<style>.st-key-lab_drop {{ --vov-drop: "{words}"; }}</style>')
    with st.container(key="lab_drop"):
        files = st.file_uploader(
            t(f"lab.source_{source}"),
            accept_multiple_files=True,
            key=f"lab-{source}-{generation}",
            label_visibility="collapsed",
        )
    if not files:
        return
    # A new uploader takes this one's place, so that no second copy stays in memory.
    st.session_state.lab_generation = generation + 1
    try:
        if zipped:
            loaded = read_labelled_zip(
                files[0].getvalue(), photos=PHOTOS, total_bytes=UNPACKED_BYTES
            )
        else:
            loaded = tuple(LabFile(file.name, file.getvalue()) for file in files)
        start(loaded, source)
    except VovError as error:
        log.warning("the lab was given what it can't use: %s", error)
        lab().problems = [say(error)]
    st.rerun()


def cancel() -> None:
    """Keeps what is examined and forgets the rest."""
    state = lab()
    state.queue = None
    flash(t("lab.stopped", n=len(state.entries)), ":material/stop_circle:")


def examine_next(state: LabState, queue: Queue) -> None:
    """Shows how far it is, examines one photo, and comes back for the next.

    One photo per run: between two of them the click on *stop* gets its turn.
    """
    progress = queue.progress
    name = queue.next_name or ""
    words = t(
        "lab.progress", name=escape(safe_name(name)), done=progress.done, total=progress.total
    )
    if progress.seconds_left is not None:
        words += f" · {t('lab.time_left', seconds=max(1, round(progress.seconds_left)))}"
    bar = st.progress(progress.done / progress.total, words)
    st.button(t("lab.cancel"), icon=":material/stop_circle:", on_click=cancel, key="lab_cancel")
    for _ in range(_STALE):
        st.empty()

    def waits(place: int) -> None:
        queued = t("lab.queued", name=escape(safe_name(name)), place=place)
        bar.progress(progress.done / progress.total, queued)

    try:
        with model_turn(waits):
            state.entries.append(queue.step(finder))
    except BusyError:
        time.sleep(_BUSY_SECONDS)  # The photo keeps its place; the next run asks again.
    except VovError as error:
        log.warning("the lab could not examine a photo: %s", error)
        shown = escape(safe_name(name))
        state.problems.append(t("protect.problem", name=shown, reason=say(error)))
    if queue.next_name is None:
        state.queue = None
    st.rerun()
