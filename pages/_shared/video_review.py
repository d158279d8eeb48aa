"""The review of one video: settings, the work with its progress, compare, approve, save."""

import json
import math
import struct

import streamlit as st

from pages._shared import keeping
from pages._shared.components import compare, pictures_to_pick, video_pair
from pages._shared.demo import style_pictures
from pages._shared.pictures import preview
from pages._shared.receipts import size_text, video_receipt_of
from pages._shared.session import (
    archive,
    escape,
    flash,
    number,
    owner,
    say,
    show_flashes,
    t,
)
from pages._shared.video_charts import stretches, timeline
from pages._shared.video_desk import video_desk
from vov_core.findings import Finger, Verdict
from vov_core.masks import STYLES
from vov_core.media import VIDEO_FORMAT, media_type
from vov_core.pipeline import Look
from vov_core.video import (
    VIDEO_COVERAGE,
    Job,
    OpenRange,
    Plan,
    Rendered,
    Shapes,
    State,
    Subject,
    VideoFindings,
    VideoItem,
    cover,
    frame_at,
    selection_at,
)

_LOOK = Look()
_DEFAULTS = {
    "video_style": _LOOK.style,
    "video_coverage": round(VIDEO_COVERAGE * 100),
    "video_sound": False,
}


def show() -> None:
    """Whatever comes next for the session's video."""
    for name, value in _DEFAULTS.items():
        st.session_state.setdefault(name, value)
    desk = video_desk()
    desk.collect()
    item = desk.item
    assert item is not None
    heading(item)
    if desk.job is not None and not desk.job.over:
        steps(item)
        working(desk.job)
    elif item.rendered is None:
        steps(item)
        failed(desk.job)
        before_the_work(item)
    else:
        compare_and_approve(item, item.rendered)


def steps(item: VideoItem) -> None:
    """Where the person stands on the way."""
    now = 0 if item.rendered is None else 3 if item.saved else 2 if item.approval else 1
    marks = []
    for index, name in enumerate(("cover", "compare", "approve", "keep")):
        state = "done" if index < now else "now" if index == now else ""
        current = ' aria-current="step"' if index == now else ""
        marks.append(
            f'<li class="{state}"{current}><i>{index + 1}</i>{t(f"video.step_{name}")}</li>'
        )
    st.html(f'<ol class="vov-steps">{"".join(marks)}</ol>')


def heading(item: VideoItem) -> None:
    """Name and facts of the video."""
    clip = item.clip
    facts = [
        f"{clip.width} × {clip.height} px",
        t("video.seconds", n=f"{clip.seconds:,.1f}"),
        t("video.rate", n=f"{clip.rate:.3g}"),
        f"{clip.format.upper()} · {clip.codec.upper()}",
        size_text(len(item.data)),
        t("video.with_sound" if clip.sound else "video.no_sound"),
        *([t("video.hdr")] if clip.hdr else []),
        *([t("video.uneven")] if not clip.steady else []),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(item.name)}**  \n:small[{' · '.join(facts)}]")
        st.space("stretch")
        st.button(
            t("protect.remove"),
            icon=":material/close:",
            type="tertiary",
            on_click=video_desk().clear,
            key="video_remove",
        )
    if clip.metadata:
        kinds = ", ".join(t(f"metadata.{kind}") for kind in clip.metadata)
        st.caption(t("protect.metadata", kinds=kinds))


def plan() -> Plan:
    """The settings as they stand now."""
    state = st.session_state
    return Plan(
        look=Look(style=state["video_style"], coverage=state["video_coverage"] / 100),
        sound=state["video_sound"],
    )


def is_applied(item: VideoItem, made: Rendered) -> bool:
    """Whether the result is what the settings and the person's choices say."""
    wanted, done = plan(), made.plan
    return (
        (wanted.look.style, wanted.look.coverage) == (done.look.style, done.look.coverage)
        and wanted.sound == done.sound
        and item.open_ranges == done.open_ranges
    )


def settings(item: VideoItem) -> None:
    """Style, coverage, sound."""

    def pick() -> None:
        picked = st.session_state.video_styles.pick
        if picked in STYLES:
            st.session_state.video_style = picked

    pictures = style_pictures()
    options = [
        {
            "id": name,
            "name": t(f"styles.{name}"),
            "picture": pictures[name],
            "note": t("styles.irreversible" if style.irreversible else "styles.cosmetic"),
            "tone": "good" if style.irreversible else "warn",
        }
        for name, style in STYLES.items()
    ]
    st.markdown(f"**{t('controls.style')}**")
    pictures_to_pick(
        options,
        st.session_state["video_style"],
        key="video_styles",
        label=t("controls.style"),
        on_pick=pick,
    )
    st.caption(t(f"styles.{st.session_state['video_style']}_text"))
    st.slider(
        t("controls.coverage"),
        100,
        200,
        step=5,
        key="video_coverage",
        format="%d%%",
        help=t("controls.coverage_help"),
        persist_state="session",
    )
    st.toggle(
        t("video.keep_sound"),
        key="video_sound",
        help=t("video.keep_sound_help"),
        disabled=item.clip.sound is None,
        persist_state="session",
    )


def begin() -> None:
    """Puts the work into the queue."""
    video_desk().start(plan())


def before_the_work(item: VideoItem) -> None:
    """A first frame, the settings, and the button that starts."""
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        st.html(f'<img class="vov-picture vov-still" src="{first_frame(item)}" alt="">')
    with right:
        st.button(
            t("video.start"),
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=begin,
            key="video_start",
        )
        st.caption(t("video.start_text"))
        settings(item)


def first_frame(item: VideoItem) -> str:
    """The first frame as a data address, kept in this session only."""
    kept = st.session_state.get("video_first")
    if not kept or kept[0] != item.id:
        kept = (item.id, preview(frame_at(item.data, item.clip, 0).pixels, 1000, 82))
        st.session_state.video_first = kept
    return str(kept[1])


def failed(job: Job | None) -> None:
    """What became of work that ended without a result."""
    if job is None:
        return
    if job.error is not None:
        st.error(say(job.error), icon=":material/error:")
    elif job.broken:
        st.error(t("errors.unexpected"), icon=":material/error:")
    elif job.state is State.CANCELLED:
        st.info(t("video.cancelled"), icon=":material/cancel:")


def working(job: Job) -> None:
    """The work on its way; asks once a second, and shows the page anew when it is over."""

    @st.fragment(run_every=1.0)
    def look() -> None:
        state = video_desk().queue.progress(job)
        if job.over:
            st.rerun(scope="app")
        if state.state is State.WAITING:
            words = t("video.waiting", n=state.place)
        elif state.seconds_left is None:
            words = t(f"video.stage_{state.stage}")
        else:
            left = duration(state.seconds_left)
            words = f"{t(f'video.stage_{state.stage}')} · {t('video.left', time=left)}"
        st.progress(state.share, f"{words} · {state.share:.0%}")
        if job.preview is not None:
            picture = preview(job.preview, 900, 78)
            st.html(f'<img class="vov-picture vov-still" src="{picture}" alt="">')
        else:
            st.caption(t("video.work_text"))

    look()
    st.button(t("video.cancel"), icon=":material/cancel:", on_click=job.cancel, key="video_cancel")


def duration(seconds: float) -> str:
    """Seconds for people: 0:42, 12:05."""
    whole = max(0, math.ceil(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


@st.fragment
def compare_and_approve(item: VideoItem, made: Rendered) -> None:
    """Everything that answers a click once there is a result."""
    assert item.findings is not None
    show_flashes()
    steps(item)
    names = hand_names(item.findings)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        player(item, made)
        closer_look(item, made)
        if names:
            st.subheader(t("video.timeline"))
            st.plotly_chart(
                timeline(item.findings, names, item.open_ranges),
                config={"displayModeBar": False},
                key="video_timeline",
            )
            choose_open(item, item.findings, names)
    with right:
        verdict(item, made)
        actions(item, made)
        settings(item)


def hand_names(findings: VideoFindings) -> dict[int, str]:
    """What to call each track: by the order in which they appear."""
    names: dict[int, str] = {}
    counts = {Subject.HAND: 0, Subject.TIP: 0}
    for track in findings.tracks:
        counts[track.subject] += 1
        names[track.number] = t(f"video.{track.subject}", n=counts[track.subject])
    return names


def player(item: VideoItem, made: Rendered) -> None:
    """Original and result side by side, in step because they are one picture."""

    def moment() -> None:
        at = st.session_state.video_pair.moment
        if isinstance(at, int | float) and math.isfinite(at):
            st.session_state.video_moment = min(max(float(at), 0.0), item.clip.seconds)

    if not made.pair:
        st.info(t("video.no_player"), icon=":material/info:")
        return
    head = json.dumps(
        {
            "id": made.report.sha256,
            "before": t("review.before"),
            "after": t("review.after"),
            "look": t("video.look"),
        }
    ).encode()
    payload = struct.pack(">I", len(head)) + head + made.pair
    video_pair(payload, key="video_pair", on_moment=moment)


def closer_look(item: VideoItem, made: Rendered) -> None:
    """One moment in full size under a divider."""
    if st.session_state.get("video_moment") is None:
        return
    at = st.session_state.video_moment
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('video.moment', time=f'{at:.1f}')}**")
            st.space("stretch")
            st.button(
                t("video.close"),
                icon=":material/close:",
                type="tertiary",
                on_click=lambda: st.session_state.pop("video_moment", None),
                key="video_moment_close",
            )
        before, after = moment_pictures(item, made, at)
        compare(
            before,
            after,
            t("review.before"),
            t("review.after"),
            t("review.slider_label"),
            "video_still",
        )


def moment_pictures(item: VideoItem, made: Rendered, at: float) -> tuple[str, str]:
    """The frame at a moment before and after, as data addresses; the last pair is kept."""
    key = (made.report.sha256, at)
    kept = st.session_state.get("video_moment_pictures")
    if not kept or kept[0] != key:
        assert item.findings is not None
        frame = frame_at(item.data, item.clip, at)
        shown = Shapes(item.findings).at(frame.index)
        selection = selection_at(shown, made.plan, frame.seconds)
        covered, _ = cover(frame.pixels, selection, made.plan.look)
        kept = (key, preview(frame.pixels), preview(covered))
        st.session_state.video_moment_pictures = kept
    return kept[1], kept[2]


def choose_open(item: VideoItem, findings: VideoFindings, names: dict[int, str]) -> None:
    """Leaves a finger open for a stretch of time, only by this explicit choice."""
    with st.expander(t("video.leave_open"), icon=":material/visibility:"):
        st.caption(t("video.leave_open_text"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number_ = st.selectbox(
                t("video.which"), list(names), format_func=names.__getitem__, key="open_track"
            )
            track = next(track for track in findings.tracks if track.number == number_)
            fingers: list[Finger | None] = [None]
            if track.subject is Subject.HAND:
                fingers += list(Finger)
            finger = st.selectbox(
                t("video.finger"),
                fingers,
                format_func=lambda f: t(f"fingers.{f}") if f else t("video.all_fingers"),
                key="open_finger",
            )
        low, high = stretches(track, findings)[0][0], stretches(track, findings)[-1][1]
        start, end = st.slider(
            t("video.range"),
            0.0,
            round(item.clip.seconds, 1) + 0.1,
            (round(low, 1), round(high + 0.05, 1)),
            step=0.1,
            format="%.1f s",
            key=f"open_range-{number_}",
        )
        region = f"t{number_}" + (f"-{finger}" if finger else "")
        st.button(
            t("video.open_it"),
            icon=":material/visibility:",
            on_click=add_open,
            args=(item, OpenRange(region, start, end)),
            key="open_add",
        )
        for index, one in enumerate(item.open_ranges):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":material/visibility: {range_name(one, names)}")
                st.space("stretch")
                st.button(
                    t("video.cover_again"),
                    icon=":material/undo:",
                    type="tertiary",
                    on_click=remove_open,
                    args=(item, one),
                    key=f"open_remove-{index}",
                )


def range_name(one: OpenRange, names: dict[int, str]) -> str:
    """An open stretch in words."""
    track, _, finger = one.region.partition("-")
    what = t(f"fingers.{finger}") if finger else t("video.all_fingers")
    return f"{names[int(track[1:])]} · {what} · {one.start:.1f}–{one.end:.1f} s"


def add_open(item: VideoItem, one: OpenRange) -> None:
    """Adds a stretch that stays open."""
    if one not in item.open_ranges and one.start < one.end:
        item.open_ranges = (*item.open_ranges, one)


def remove_open(item: VideoItem, one: OpenRange) -> None:
    """Covers a stretch again."""
    item.open_ranges = tuple(other for other in item.open_ranges if other != one)


def verdict(item: VideoItem, made: Rendered) -> None:
    """Danger, or nothing found (which is no guarantee)."""
    report = made.report
    if made.verdict is Verdict.NOTHING_FOUND:
        box("nothing_found", t("verdict.nothing"), t("video.nothing_text"))
    else:
        title = t("video.danger", n=number(report.regions))
        share = report.covered_frames / max(1, report.frames)
        box("danger", title, t("video.danger_text", share=f"{share:.0%}"))
    if report.left_open:
        box("open", t("verdict.left_open", n=report.left_open), t("video.open_text"))
    assert item.findings is not None
    if not item.findings.detector:
        st.caption(f":material/info: {t('verdict.landmarks_only')}")


def box(kind: str, title: str, words: str) -> None:
    """A verdict."""
    st.html(f'<div class="verdict {kind}" role="status"><b>{title}</b>{words}</div>')


def actions(item: VideoItem, made: Rendered) -> None:
    """Apply what was changed; or approve, then download and save."""
    if not is_applied(item, made):
        st.warning(t("video.changed"), icon=":material/edit:")
        if st.button(
            t("video.apply"),
            type="primary",
            icon=":material/refresh:",
            width="stretch",
            key="video_apply",
        ):
            begin()
            st.rerun(scope="app")
        return
    if item.approval is None:
        if st.button(
            t("actions.approve"),
            type="primary",
            icon=":material/verified_user:",
            width="stretch",
            key="video_approve",
        ):
            video_desk().approve()
            st.rerun(scope="app")
        return
    approved(item)


def approved(item: VideoItem) -> None:
    """What can be done with approved bytes."""
    approval = item.approval
    assert approval is not None
    made = approval.rendered
    st.success(
        t(
            "actions.approved",
            kb=f"{made.report.bytes / 1024:,.0f}",
            hash=made.report.sha256[:12],
        ),
        icon=":material/verified_user:",
    )
    st.download_button(
        t("actions.download"),
        made.data,
        file_name=approval.file_name,
        mime=media_type(VIDEO_FORMAT),
        type="primary",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        key="video_download",
    )
    keeping.offer("video", item.saved, save)


def save() -> None:
    """Puts the approved video into the archive; a failure leaves it approved here."""
    item = video_desk().item
    assert item is not None and item.approval is not None
    approval = item.approval
    item.saved = (
        archive()
        .save(
            approval.rendered.data,
            video_receipt_of(item, approval),
            owner(),
            save_id=approval.save_id,
        )
        .id
    )
    flash(t("video.saved"), ":material/cloud_done:")
