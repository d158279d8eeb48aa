"""The review of the session's photos: compare, tune, leave out or add, approve, download, save."""

import io
import math
import zipfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from pages._shared import consent, controls, exposed, keeping, proven
from pages._shared.components import pictures_to_pick
from pages._shared.components import review as review_component
from pages._shared.pictures import crop, data_url, fit, jpeg, preview, square_around
from pages._shared.receipts import receipt_of
from pages._shared.session import (
    archive,
    escape,
    flash,
    noted,
    owner,
    show_flashes,
    t,
    workspace,
)
from pages._shared.thumbnails import thumbnail
from vov_core.consent import Terms
from vov_core.exposure import Exposure
from vov_core.findings import Kind, Region, Source, Verdict
from vov_core.geometry import ellipse
from vov_core.images import Photo, unique_name
from vov_core.pipeline import Masked, Tuning
from vov_core.select import Selection
from vov_core.workspace import Item

_CROP = 300
_MIME = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


@st.fragment
def show() -> None:
    """Everything that answers a click or a slider. A fragment, so that the rest stays as it is."""
    controls.prepare()
    space = workspace()
    if not space.items:
        st.rerun()  # The last one was removed: the page has no review any more.
    item = space.get(st.session_state.get("current", "")) or space.items[-1]
    st.session_state.current = item.id
    tuning = tuning_of(item)
    # Containers keep the places of what follows: a part that moves is built anew and flickers.
    with st.container():
        work_through()
    if len(space.items) > 1:
        film_strip()
    show_flashes()
    steps(item)
    selection, masked = space.masked(item, tuning)
    photo = space.photo(item)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        heading(item)
        review_component(
            view(item, photo, selection, masked),
            key="review",
            on_toggle=lambda: toggled(item, tuning),
            on_draw=lambda: drawn(item),
        )
    with right:
        with st.container():
            verdict(item, selection)
        with st.container():
            actions(item)
        panel(item, photo, selection, tuning)


def tuning_of(item: Item) -> Tuning:
    """The settings of the photo that is shown.

    Each photo has its own, so that work on one never takes back what was approved of another. A
    photo begins with what the controls show when it is first looked at.
    """
    if st.session_state.get("tuned") != item.id and item.tuning:
        controls.load(item.tuning)
    st.session_state.tuned = item.id
    item.tuning = controls.tuning()
    return item.tuning


def steps(item: Item) -> None:
    """Where the person stands on the way, and what comes next."""
    done = item.approved
    hint = "hint_compare" if not done else "hint_done" if item.saved else "hint_keep"
    now = 1 if not done else 4 if item.saved else 3
    marks = []
    for index, name in enumerate(("upload", "compare", "approve", "keep")):
        state = "done" if index < now else "now" if index == now else ""
        current = ' aria-current="step"' if index == now else ""
        marks.append(f'<li class="{state}"{current}><i>{index + 1}</i>{t(f"steps.{name}")}</li>')
    st.html(
        f'<ol class="vov-steps">{"".join(marks)}</ol><p class="vov-hint">{t(f"steps.{hint}")}</p>'
    )


def heading(item: Item) -> None:
    """Name and facts of the photo, and what was told about it while reading."""
    facts = t(
        "protect.facts",
        width=item.width,
        height=item.height,
        format=item.format,
        kb=f"{len(item.data) / 1024:,.0f}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(item.name)}**  \n:small[{facts}]")
        st.space("stretch")
        st.button(
            t("protect.remove"),
            icon=":material/close:",
            type="tertiary",
            on_click=workspace().remove,
            args=(item.id,),
            key="remove",
        )
    told = [t(f"notices.{notice}") for notice in item.notices]
    if item.metadata:
        kinds = ", ".join(t(f"metadata.{kind}") for kind in item.metadata)
        told.append(t("protect.metadata", kinds=kinds))
    if told:
        st.caption("  \n".join(told))


def film_strip() -> None:
    """All photos of the session with their state; a click shows one."""
    space = workspace()
    options = []
    for item in space.items:
        done = item.approved
        state = "saved" if done and item.saved else "approved" if done else "waiting"
        options.append(
            {
                "id": item.id,
                "name": item.name,
                "picture": thumbnail(item),
                "note": t(f"protect.state_{state}"),
                "tone": "good" if done else "",
            }
        )

    def pick() -> None:
        st.session_state.current = st.session_state.strip.pick

    pictures_to_pick(
        options,
        st.session_state.current,
        key="strip",
        label=t("protect.photos"),
        on_pick=pick,
        shape="strip",
    )


def view(item: Item, photo: Photo, selection: Selection, masked: Masked) -> dict[str, Any]:
    """What the review component draws."""
    kept = st.session_state.get("original_preview")
    if not kept or kept[0] != item.id:
        kept = (item.id, preview(photo.pixels))
        st.session_state.original_preview = kept
    covered = {region.id for region in selection.masked}
    shapes = {region.id: region for region in masked.regions}
    shown = covered | {region.id for region in selection.open}
    regions = [r for r in (*item.findings.regions, *item.edits.drawn) if r.id in shown]
    exposures = workspace().exposures(item)
    tips = [
        tip(number, region, shapes.get(region.id, region), region.id in covered, photo, masked)
        | exposure_of(exposures.get(region.id))
        for number, region in enumerate(regions, 1)
    ]
    names = (
        "view",
        "side",
        "slider",
        "slider_label",
        "fit",
        "draw",
        "draw_hint",
        "before",
        "after",
        "zoom",
        "exposure",
    )
    return {
        "photo": item.id,
        "width": photo.width,
        "height": photo.height,
        "original": kept[1],
        "masked": preview(masked.pixels),
        "tips": tips,
        "texts": {name: t(f"review.{name}") for name in names},
    }


def finger_name(region: Region) -> str:
    """What to call a region."""
    if region.finger:
        return t(f"fingers.{region.finger}")
    return t("fingers.drawn" if region.source is Source.PERSON else "fingers.tip")


def tip(
    number: int, region: Region, shape: Region, covered: bool, photo: Photo, masked: Masked
) -> dict[str, Any]:
    """One finger tip for the review component."""
    box = square_around(shape.box, photo.width, photo.height)
    name = f"{number} · {finger_name(region)}"
    chance = region.nail_confidence if region.kind is Kind.NAIL else region.confidence
    score = f"{chance:.0%}" if chance is not None else ""
    removable = region.source is Source.PERSON
    action = "remove" if removable else "leave_out" if covered else "put_back"
    state = t("review.covered" if covered else "review.open")
    origin = [t(f"sources.{region.source}")]
    if not removable:
        origin.insert(0, t(f"kinds.{region.kind}"))
    return {
        "id": region.id,
        "name": name,
        "tag": str(number),
        "score": score,
        "from": " · ".join(origin),
        "title": f"{name}: {state}. {t(f'review.{action}')}",
        "action": t(f"review.{action}"),
        "covered": covered,
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.polygon),
        "box": shape.box,
        "crop": box,
        "before": data_url(jpeg(fit(crop(photo.pixels, box), _CROP), 85)),
        "after": data_url(jpeg(fit(crop(masked.pixels, box), _CROP), 85)),
    }


def exposure_of(exposure: Exposure | None) -> dict[str, Any]:
    """How readable a tip is in the original; nothing for an area that the person drew."""
    if exposure is None:
        return {}
    return {"badge": exposed.badge(exposure), "heat": exposed.heat(exposure)}


def toggled(item: Item, tuning: Tuning) -> None:
    """A finger tip was clicked."""
    region_id = st.session_state.review.toggle
    if region_id:
        workspace().toggle(item, tuning.rules, str(region_id))


def drawn(item: Item) -> None:
    """An ellipse was drawn on the picture. What comes from a browser may be anything."""
    shape = st.session_state.review.draw
    try:
        cx, cy, rx, ry = (float(shape[name]) for name in ("cx", "cy", "rx", "ry"))
    except (TypeError, ValueError, LookupError):
        return
    if not all(math.isfinite(value) for value in (cx, cy, rx, ry)):
        return
    cx, cy = min(max(cx, 0.0), item.width), min(max(cy, 0.0), item.height)
    rx, ry = (min(max(half, 2.0), max(item.width, item.height)) for half in (rx, ry))
    used = {region.id for region in item.edits.drawn}
    free = next(f"p{n}" for n in range(1, 1000) if f"p{n}" not in used)
    region = Region(
        id=free, polygon=ellipse((cx, cy), rx, ry), width=2 * min(rx, ry), source=Source.PERSON
    )
    workspace().draw(item, region)


def verdict(item: Item, selection: Selection) -> None:
    """Danger, or nothing found (which is no guarantee), and what the person must know beside."""
    left_open = [r for r in selection.open if r.id in item.edits.left_out]
    covered = len(selection.masked)
    if selection.verdict is Verdict.NOTHING_FOUND:
        _verdict_box("nothing_found", t("verdict.nothing"), t("verdict.nothing_text"))
    elif not covered:
        _verdict_box("danger", t("verdict.all_open"), t("verdict.all_open_text"))
    else:
        title = t("verdict.danger_one") if covered == 1 else t("verdict.danger", n=covered)
        _verdict_box("danger", title, t("verdict.danger_text"))
        if left_open:
            title = t("verdict.left_open", n=len(left_open))
            _verdict_box("open", title, t("verdict.left_open_text"))
    if selection.unplaced:
        st.warning(
            t("verdict.unplaced", n=len(selection.unplaced)), icon=":material/visibility_off:"
        )
    if not item.findings.detector:
        st.caption(f":material/info: {t('verdict.landmarks_only')}")


def _verdict_box(kind: str, title: str, words: str) -> None:
    st.html(f'<div class="verdict {kind}" role="status"><b>{title}</b>{words}</div>')


def actions(item: Item) -> None:
    """Approve, then download and save."""
    waiting = [i for i in workspace().items if not i.approved]
    ready = [i for i in workspace().items if i.approved]
    # Looked up only where it matters: this runs at every move of a slider.
    terms = consent.open_terms() if any(not i.saved for i in ready) else None
    if not item.approved:
        st.button(
            t("actions.approve"),
            type="primary",
            icon=":material/verified_user:",
            width="stretch",
            on_click=approve,
            args=([item],),
            key="approve",
        )
    else:
        approved(item, terms)
    if len(waiting) > 1:
        st.button(
            t("actions.approve_all", n=len(waiting)),
            icon=":material/done_all:",
            width="stretch",
            on_click=approve,
            args=(waiting,),
            key="approve_all",
        )
    if len(ready) > 1:
        shown_above = item.approved and not item.saved
        together(ready, terms, explain=not shown_above)
    for problem in st.session_state.pop("action_problems", []):
        st.error(problem, icon=":material/error:")


def approve(items: list[Item]) -> None:
    """Lets outputs be written and proven clean, each with its photo's own settings."""
    st.session_state.setdefault("jobs", deque()).extend(Job("approve", i.id) for i in items)


@dataclass(frozen=True)
class Job:
    """A step that a click asked for.

    Attributes:
        step: ``approve`` or ``save``.
        item_id: Of the photo.
        agreed: What the person read and agreed to with this very click.
    """

    step: str
    item_id: str
    agreed: Terms | None = None


def work_through() -> None:
    """Does what clicks asked for, photo by photo, and shows how far it is.

    A job leaves the queue when it is done: a click that ends this run in the middle loses none.
    """
    jobs: deque[Job] = st.session_state.setdefault("jobs", deque())
    if not jobs:
        return
    total, saved = len(jobs), 0
    bar = st.progress(0.0)
    while jobs:
        job, done = jobs[0], total - len(jobs)
        if item := workspace().get(job.item_id):
            facts = {"name": escape(item.name), "n": done + 1, "of": total}
            bar.progress(done / total, t(f"actions.{job.step}_step", **facts))
            saved += _do(job, item)
        jobs.popleft()
    bar.empty()
    if saved:
        flash(t("actions.saved_n", n=saved), ":material/cloud_done:")


def _do(job: Job, item: Item) -> bool:
    """Does one job; returns whether a photo was saved."""
    if job.step == "approve":
        tuning = item.tuning or controls.tuning()
        collect(item, partial(workspace().approve, item, tuning))
        return False
    if item.saved or not item.approved:
        return False
    item.saved = collect(item, partial(save_one, item, job.agreed))
    return item.saved


def collect(item: Item, call: Callable[[], object]) -> bool:
    """Runs one step for one photo and keeps what went wrong for the page."""
    try:
        call()
    except Exception as error:
        # Whatever it was, the other photos must go on, and this step must not come back for ever.
        words = t("protect.problem", name=escape(item.name), reason=noted(error))
        st.session_state.setdefault("action_problems", []).append(words)
        return False
    return True


def approved(item: Item, terms: Terms | None) -> None:
    """What can be done with approved bytes."""
    approval = item.approval
    assert approval is not None
    report = approval.output.report
    st.success(
        t("actions.approved", kb=f"{report.bytes / 1024:,.0f}", hash=report.sha256[:12]),
        icon=":material/verified_user:",
    )
    st.download_button(
        t("actions.download"),
        approval.output.data,
        file_name=approval.file_name,
        mime=_MIME[approval.output.format],
        type="primary",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        key="download",
    )
    if item.saved:
        keeping.where_it_is()
        return
    if terms:
        consent.show(terms)
    st.button(
        t("consent.agree" if terms else "actions.save"),
        icon=":material/cloud_upload:",
        width="stretch",
        on_click=save,
        args=([item], terms),
        key="save",
        help=t("actions.save_help"),
    )


def together(ready: list[Item], terms: Terms | None, *, explain: bool) -> None:
    """Download and save for all approved photos."""
    st.download_button(
        t("actions.download_all", n=len(ready)),
        lambda: zipped(ready),
        file_name="vov_protected.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        width="stretch",
        on_click="ignore",
        key="download_all",
    )
    unsaved = [item for item in ready if not item.saved]
    if unsaved:
        if terms and explain:
            consent.show(terms)
        st.button(
            t("consent.agree_all" if terms else "actions.save_all", n=len(unsaved)),
            icon=":material/cloud_upload:",
            width="stretch",
            on_click=save,
            args=(unsaved, terms),
            key="save_all",
        )


def zipped(items: list[Item]) -> bytes:
    """All approved outputs in one archive; equal names get a number."""
    buffer = io.BytesIO()
    used: set[str] = set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for item in items:
            if item.approval:
                bundle.writestr(
                    unique_name(item.approval.file_name, used), item.approval.output.data
                )
    return buffer.getvalue()


def save(items: list[Item], agreed: Terms | None) -> None:
    """Lets approved outputs be saved. What fails stays approved here and can be saved again.

    Args:
        items: Which.
        agreed: What the person read and agreed to with this very click.
    """
    wanted = [Job("save", item.id, agreed) for item in items]
    st.session_state.setdefault("jobs", deque()).extend(wanted)


def save_one(item: Item, agreed: Terms | None) -> None:
    """Puts one approved output into the archive. The save id makes a second try harmless."""
    approval = item.approval
    assert approval is not None
    if agreed:
        archive().agree(owner(), agreed.version)
    archive().save(
        approval.output.data, receipt_of(item, approval), owner(), save_id=approval.save_id
    )


def panel(item: Item, photo: Photo, selection: Selection, tuning: Tuning) -> None:
    """Style, sliders, output, reset."""
    regions = item.findings.regions or selection.masked
    largest = max(regions, key=lambda region: region.width, default=None)
    st.markdown(f"**{t('controls.style')}**")
    controls.styles(photo, largest, item.look(tuning))
    st.caption(t(f"styles.{tuning.look.style}_text"))
    st.caption(f":material/verified_user: {proven.sentence(tuning.look.style)}")
    controls.sliders(item.findings)
    with st.expander(t("controls.output"), icon=":material/tune:"):
        controls.output()
    if len(workspace().items) > 1:
        st.button(
            t("controls.for_all"),
            icon=":material/select_all:",
            on_click=for_all,
            args=(tuning,),
            width="stretch",
            key="for_all",
            help=t("controls.for_all_help"),
        )

    def reset() -> None:
        controls.reset()
        workspace().reset(item)

    st.button(
        t("controls.reset"),
        icon=":material/restart_alt:",
        on_click=reset,
        width="stretch",
        key="reset",
    )


def for_all(tuning: Tuning) -> None:
    """Gives every photo of the session these settings."""
    for item in workspace().items:
        item.tuning = tuning
    flash(t("controls.for_all_done", n=len(workspace().items)), ":material/select_all:")
