"""Four-cut booth: four shots with a countdown, each covered at once, in a frame to print."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages._shared import booth, keeping
from pages._shared.booth import guest
from pages._shared.components import camera, pictures_to_pick
from pages._shared.frame import go_through_frame, picture
from pages._shared.pictures import data_url, fit, jpeg
from pages._shared.samples import NAMES, sample_bytes, sample_thumbnail
from pages._shared.session import escape, log, model_turn, say, settings, t
from pages._shared.shots import shot_of, texts
from pages._shared.stylesheets import stylesheet
from vov_core.booth import COLOURS, SHOTS, Layout, Print
from vov_core.booth.frames import CAPTION_LENGTH
from vov_core.errors import VovError
from vov_core.findings import Verdict
from vov_core.images import OutputFormat, safe_name

go_through_frame("booth")

COUNTDOWN = 3
REVEAL_MS = 1600
PREVIEW = 1350


def go(stage: str) -> None:
    """To another step."""
    st.session_state.booth_stage = stage


# --- The attract screen -----------------------------------------------------------------------


def pick_layout() -> None:
    """Grid or strip was clicked."""
    if (picked := st.session_state.booth_layouts.pick) in list(Layout):
        st.session_state.booth_layout = picked


def layouts() -> None:
    """Grid or strip, as pictures."""
    pictures_to_pick(
        [
            {"id": form.value, "name": t(f"booth.{form}"), "picture": booth.swatch(form, "mint")}
            for form in Layout
        ],
        booth.layout().value,
        key="booth_layouts",
        label=t("booth.layout"),
        on_pick=pick_layout,
        shape="strip",
    )


def attract() -> None:
    """What passers-by see."""
    left, right = st.columns([1, 1.1], gap="large", vertical_alignment="center")
    with left:
        st.title(t("booth.title"))
        st.html(f'<p class="lede">{t("booth.lede")}</p>')
        st.markdown(f"**{t('booth.layout')}**")
        layouts()
        st.button(
            t("booth.start"),
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=go,
            args=("shoot",),
            key="booth_start",
        )
        st.caption(f":material/lock: {t('booth.promise', seconds=settings().booth_idle_seconds)}")
    frames = booth.shown_frames(t("booth.brand"))
    pictures = "".join(f'<img src="{address}" alt="">' for address in frames.values())
    right.html(f'<div class="booth-frames" aria-hidden="true">{pictures}</div>')


# --- The shots --------------------------------------------------------------------------------


def take(data: bytes) -> str | None:
    """One shot for the next place; what is wrong with it is kept to be told, and returned."""
    st.session_state.pop("booth_problem", None)
    try:
        with model_turn(lambda _: None):
            guest().take(data)
    except VovError as error:
        log.warning("a shot of the booth: %s", error)
        st.session_state.booth_problem = say(error)
    return st.session_state.get("booth_problem")


def take_files(files: Sequence[UploadedFile]) -> None:
    """Fills the free places with uploads. What can't be used, or finds no place, is told."""
    problems = []
    for file in files:
        name = escape(safe_name(file.name))
        reason = t("booth.no_place", n=SHOTS) if guest().complete else take(file.getvalue())
        if reason:
            problems.append(t("protect.problem", name=name, reason=reason))
    if problems:
        st.session_state.booth_problem = "\n\n".join(problems)


def taken() -> None:
    """The camera sent a shot."""
    if shot := shot_of(st.session_state.booth_camera.shot):
        st.session_state.booth_received = shot.id
        st.session_state.booth_last = guest().next_slot
        take(shot.data)


def picked() -> None:
    """A sample was clicked."""
    if (name := st.session_state.booth_samples.pick) in NAMES:
        take(sample_bytes(name))


def retake(slot: int) -> None:
    """Makes room for another shot."""
    guest().retake(slot)
    for name in ("booth_problem", "booth_last", "booth_received"):
        st.session_state.pop(name, None)


def lens() -> None:
    """The camera, counting down by itself until all places are taken."""
    last = st.session_state.get("booth_last")
    number = (guest().next_slot or 0) + 1
    data = {
        "texts": texts(take=t("booth.shoot"), working=t("booth.covering")),
        "facing": "user",
        "countdown": COUNTDOWN,
        "fixed": True,
        "aspect": booth.aspect(),
        "big": True,
        "more": "booth_problem" not in st.session_state,
        "received": st.session_state.get("booth_received"),
        "reveal": None if last is None else booth.cell_picture(last),
        "reveal_ms": REVEAL_MS,
        "badge": t("booth.shot_of", n=number, of=SHOTS),
    }
    camera(data, key="booth_camera", on_shot=taken)


def without_camera() -> None:
    """Four uploads or samples instead."""
    generation = st.session_state.setdefault("booth_generation", 0)
    files = st.file_uploader(
        t("protect.upload"),
        accept_multiple_files=True,
        key=f"booth_upload_{generation}",
        label_visibility="collapsed",
    )
    if files:
        with st.spinner(t("booth.covering")):
            take_files(files)
        # Emptied after reading, so that no second copy stays in memory.
        st.session_state.booth_generation = generation + 1
        st.rerun()
    pictures_to_pick(
        [
            {
                "id": name,
                "name": t(f"samples.{name}"),
                "picture": data_url(sample_thumbnail(name)),
            }
            for name in NAMES
        ],
        "",
        key="booth_samples",
        label=t("protect.samples"),
        on_pick=picked,
        shape="strip",
    )


def place(slot: int) -> None:
    """One of the four places: the covered shot, its verdict, and another try."""
    address = booth.cell_picture(slot)
    selection = guest().selection(slot, booth.tuning())
    if address is None or selection is None:
        st.html(f'<div class="booth-empty" style="aspect-ratio:{booth.aspect()}">{slot + 1}</div>')
        return
    picture(address)
    if selection.verdict is Verdict.NOTHING_FOUND:
        st.caption(f":orange[:material/visibility: {t('booth.nothing')}]")
    else:
        covered = t("booth.covered", n=len(selection.masked))
        st.caption(f":green[:material/verified_user: {covered}]")
    st.button(
        t("booth.retake"),
        icon=":material/replay:",
        on_click=retake,
        args=(slot,),
        width="stretch",
        key=f"booth_retake_{slot}",
    )


def places(columns: int) -> None:
    """All four."""
    for start in range(0, SHOTS, columns):
        with st.container(key=f"pictures-booth-{start}"):
            row = st.columns(columns)
        for slot, column in zip(range(start, start + columns), row, strict=True):
            with column:
                place(slot)


def shoot() -> None:
    """Four shots, one after the other."""
    complete = guest().complete
    st.title(t("booth.all_there" if complete else "booth.ready"))
    st.markdown(t("booth.all_there_text" if complete else "booth.ready_text"))
    if problem := st.session_state.get("booth_problem"):
        st.error(problem, icon=":material/broken_image:")
    if complete:
        places(4)
        buttons("shoot")
        return
    left, right = st.columns([1.7, 1], gap="large")
    with left:
        lens()
        with st.expander(t("booth.no_camera"), icon=":material/add_photo_alternate:"):
            without_camera()
    with right:
        places(2)
    buttons("shoot")


# --- The frame --------------------------------------------------------------------------------


def pick_colour() -> None:
    """A paper was clicked."""
    if (name := st.session_state.booth_colours.pick) in COLOURS:
        st.session_state.booth_colour = name


def choices() -> None:
    """Paper, layout, style, caption, date."""
    st.markdown(f"**{t('booth.colour')}**")
    pictures_to_pick(
        [
            {
                "id": name,
                "name": t(f"booth.colour_{name}"),
                "picture": booth.swatch(booth.layout(), name),
            }
            for name in COLOURS
        ],
        booth.design().colour,
        key="booth_colours",
        label=t("booth.colour"),
        on_pick=pick_colour,
    )
    st.markdown(f"**{t('booth.layout')}**")
    layouts()
    st.selectbox(
        t("controls.style"),
        booth.BOOTH_STYLES,
        format_func=lambda name: t(f"styles.{name}"),
        key="booth_style",
        persist_state="session",
    )
    st.text_input(
        t("booth.caption"),
        max_chars=CAPTION_LENGTH,
        placeholder=t("booth.caption_hint"),
        key="booth_caption",
        persist_state="session",
    )
    st.session_state.setdefault("booth_dated", True)
    st.toggle(t("booth.dated"), key="booth_dated", persist_state="session")


def approve() -> None:
    """Writes the print and proves it clean."""
    try:
        made = {
            format.value: guest().approve(booth.design(), booth.tuning(), format)
            for format in (OutputFormat.JPEG, OutputFormat.PNG)
        }
    except VovError as error:
        log.warning("the booth's print: %s", error)
        st.session_state.booth_problem = say(error)
        return
    st.session_state.booth_prints = made
    go("done")


def preview(width: str) -> None:
    """The frame as it will be printed."""
    frame = guest().frame(booth.design(), booth.tuning())
    address = data_url(jpeg(fit(frame, PREVIEW), 90))
    form = booth.layout()
    st.html(
        f'<img class="booth-print {form}" style="max-width:{width}" src="{address}"'
        f' alt="{t("booth.preview")}">'
    )


def decorate() -> None:
    """Choose the frame."""
    st.title(t("booth.design"))
    st.markdown(t("booth.design_text"))
    if problem := st.session_state.pop("booth_problem", None):
        st.error(problem, icon=":material/error:")
    left, right = st.columns([1.1, 1], gap="large")
    with right:
        choices()
    with left:
        preview("32rem")
    buttons("design")


# --- The print --------------------------------------------------------------------------------


def done() -> None:
    """Download, save, and good-bye."""
    prints: dict[str, Print] = st.session_state.booth_prints
    jpeg_print = prints["jpeg"]
    st.title(t("booth.done"))
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        preview("30rem")
    with right:
        report = jpeg_print.output.report
        st.success(
            t(
                "booth.approved",
                width=report.width,
                height=report.height,
                n=jpeg_print.covered,
                hash=report.sha256[:12],
            ),
            icon=":material/verified_user:",
        )
        for name, made in prints.items():
            st.download_button(
                t("booth.download", format=name.upper()),
                made.output.data,
                file_name=booth.file_name(made),
                mime=f"image/{name}",
                type="primary" if name == "jpeg" else "secondary",
                icon=":material/download:",
                width="stretch",
                on_click="ignore",
                key=f"booth_download_{name}",
            )
        keeping.offer("booth", st.session_state.get("booth_saved", ""), booth.save)
        st.caption(t("booth.print_hint"))
    buttons("done")


# --- The way through --------------------------------------------------------------------------


def back_to_design() -> None:
    """Changes the frame once more; what was approved no longer counts."""
    for name in ("booth_prints", "booth_saved"):
        st.session_state.pop(name, None)
    go("design")


def buttons(stage: str) -> None:
    """On, back, and away; in a booth they are big."""
    with st.container(horizontal=True, key="booth_way"):
        if stage == "done":
            st.button(
                t("booth.finish"),
                type="primary",
                icon=":material/waving_hand:",
                on_click=booth.forget,
                key="booth_finish",
            )
            st.button(
                t("booth.change"),
                icon=":material/palette:",
                on_click=back_to_design,
                key="booth_back",
            )
            return
        if stage == "shoot":
            if guest().complete:
                st.button(
                    t("booth.next"),
                    type="primary",
                    icon=":material/arrow_forward:",
                    on_click=go,
                    args=("design",),
                    key="booth_next",
                )
        else:
            st.button(
                t("booth.approve"),
                type="primary",
                icon=":material/verified_user:",
                on_click=approve,
                key="booth_approve",
            )
            st.button(
                t("booth.shots"),
                icon=":material/photo_camera:",
                on_click=go,
                args=("shoot",),
                key="booth_shots",
            )
        st.button(
            t("booth.leave"), icon=":material/close:", on_click=booth.forget, key="booth_leave"
        )


stylesheet("booth")
booth.forget_the_absent()
STAGES = {"shoot": shoot, "design": decorate, "done": done}
stage = STAGES.get(st.session_state.get("booth_stage", ""))
if stage is None:
    attract()
else:
    booth.watch()
    stage()
