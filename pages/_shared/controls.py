"""The sliders and switches of a review, and the rules and look they stand for."""

from dataclasses import replace
from typing import Any

import streamlit as st

from pages._shared.components import pictures_to_pick
from pages._shared.pictures import crop, data_url, fit, jpeg, square_around
from pages._shared.proven import verdict
from pages._shared.session import t
from vov_core.findings import Findings, Point, Region, Source
from vov_core.images import OutputFormat, Photo
from vov_core.masks import STYLES, make_style
from vov_core.pipeline import DEFAULT_QUALITY, Look, Tuning
from vov_core.select import Mode, Rules

_LOOK = Look()
_RULES = Rules()
DEFAULTS: dict[str, Any] = {
    "mode": _RULES.mode.value,
    "confidence": round(_RULES.confidence * 100),
    "coverage": round(_LOOK.coverage * 100),
    "strength": round(_LOOK.strength * 100),
    "softness": round(_LOOK.softness * 100),
    "style": _LOOK.style,
    "format": "auto",
    "quality": DEFAULT_QUALITY,
}


def prepare() -> None:
    """Puts the defaults into the session once, before any widget reads them."""
    for name, value in DEFAULTS.items():
        st.session_state.setdefault(name, value)


def start_from(rules: Rules, look: Look) -> None:
    """Makes settings this session's own defaults, and uses them now."""
    st.session_state.own_defaults = _shown(rules, look)
    reset()


def _shown(rules: Rules, look: Look) -> dict[str, Any]:
    """Rules and look as the controls show them."""
    return {
        "mode": rules.mode.value,
        "confidence": round(rules.confidence * 100),
        "coverage": round(look.coverage * 100),
        "strength": round(look.strength * 100),
        "softness": round(look.softness * 100),
        "style": look.style,
    }


def reset() -> None:
    """Back to the defaults: this session's own where it has some."""
    st.session_state.update({**DEFAULTS, **st.session_state.get("own_defaults", {})})


def load(tuning: Tuning) -> None:
    """Shows these settings."""
    format = tuning.format.value if tuning.format else "auto"
    shown = _shown(tuning.rules, tuning.look)
    st.session_state.update(shown | {"format": format, "quality": tuning.quality})


def tuning() -> Tuning:
    """The settings as they stand now."""
    state = st.session_state
    return Tuning(
        rules=Rules(mode=Mode(state["mode"]), confidence=state["confidence"] / 100),
        look=Look(
            style=state["style"],
            coverage=state["coverage"] / 100,
            strength=state["strength"] / 100,
            softness=state["softness"] / 100,
        ),
        format=None if state["format"] == "auto" else OutputFormat(state["format"]),
        quality=state["quality"],
    )


def _slider(name: str, low: int, high: int, *, step: int = 5, disabled: bool = False) -> None:
    st.slider(
        t(f"controls.{name}"),
        low,
        high,
        step=step,
        key=name,
        format="%d%%",
        help=t(f"controls.{name}_help"),
        disabled=disabled,
        persist_state="session",
    )


def _pick_style() -> None:
    picked = st.session_state.styles.pick
    if picked in STYLES:
        st.session_state.style = picked


def styles(photo: Photo, region: Region | None, look: Look) -> None:
    """Every style on the person's own finger tip, as pictures to pick from."""
    options = [
        {
            "id": name,
            "name": t(f"styles.{name}"),
            "picture": _style_picture(photo, region, name, look),
            **verdict(name),
        }
        for name in STYLES
    ]
    pictures_to_pick(
        options,
        st.session_state["style"],
        key="styles",
        label=t("controls.style"),
        on_pick=_pick_style,
    )


def _style_picture(photo: Photo, region: Region | None, name: str, look: Look) -> str:
    if region is None:
        side = min(photo.width, photo.height) * 0.2
        x, y = photo.width / 2, photo.height / 2
        region = Region(
            id="example",
            polygon=(
                (x - side, y - side),
                (x + side, y - side),
                (x + side, y + side),
                (x - side, y + side),
            ),
            width=side,
            source=Source.PERSON,
        )
    box = square_around(region.box, photo.width, photo.height, margin=0.4)
    part = fit(crop(photo.pixels, box), 180)
    scale = part.shape[1] / (box[2] - box[0])
    moved = replace(
        region,
        polygon=tuple(_into(point, box, scale) for point in region.polygon),
        width=region.width * scale,
        base=region.base and _into(region.base, box, scale),
    )
    style = make_style(name, strength=look.strength, softness=look.softness, seed=look.seed)
    return data_url(jpeg(style.apply(part, (moved,)), 82))


def _into(point: Point, box: tuple[float, ...], scale: float) -> Point:
    """A photo's point in a reduced crop of it."""
    return (point[0] - box[0]) * scale, (point[1] - box[1]) * scale


def sliders(findings: Findings) -> None:
    """Mode, confidence, coverage, strength, soft edge."""
    style = STYLES[st.session_state["style"]]
    _slider("coverage", 80, 200)
    _slider("strength", 0, 100, disabled=not style.uses_strength)
    _slider("softness", 0, 100, disabled=not style.uses_softness)
    st.segmented_control(
        t("controls.mode"),
        [mode.value for mode in Mode],
        format_func=lambda mode: t(f"controls.mode_{mode}"),
        key="mode",
        required=True,
        help=t("controls.mode_help"),
        width="stretch",
        disabled=not findings.detector,
        persist_state="session",
    )
    _slider("confidence", 5, 95, disabled=not findings.detector)
    if not findings.detector:
        st.caption(t("controls.needs_detector"))


def output() -> None:
    """File format and quality of the output."""
    st.segmented_control(
        t("controls.format"),
        ["auto", *(format.value for format in OutputFormat)],
        format_func=lambda name: t("controls.format_auto") if name == "auto" else name.upper(),
        key="format",
        required=True,
        width="stretch",
        persist_state="session",
    )
    _slider("quality", 60, 100, step=1)
