"""The browser parts that Streamlit has no widget for: HTML, CSS and JS in ``frontend/``.

The before/after divider is img-comparison-slider 8.0.7 (MIT, by sneas), shipped in ``vendor/``
because nothing is downloaded at run time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent / "frontend"


def _read(name: str) -> str:
    path = _FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _divider() -> str:
    # Defining a custom element twice throws; two components of a page bring the same library.
    library = _read("vendor/img-comparison-slider.js")
    return f'if (!customElements.get("img-comparison-slider")) {{\n{library}\n}}\n'


@cache
def _component(name: str, divider: bool) -> Callable[..., Any]:
    library = _divider() if divider else ""
    return st.components.v2.component(
        f"vov_{name}",
        html=_read(f"{name}.html") or "<span hidden></span>",
        css=_read(f"{name}.css") or None,
        js=library + _read(f"{name}.js"),
    )


def compare(
    before: str, after: str, before_text: str, after_text: str, label: str, key: str
) -> None:
    """Two pictures (data addresses) under a divider that is dragged or moved with the arrows."""
    _component("compare", True)(
        key=key,
        data={
            "before": before,
            "after": after,
            "before_text": before_text,
            "after_text": after_text,
            "label": label,
        },
    )


def review(
    data: Mapping[str, Any],
    *,
    key: str,
    on_toggle: Callable[[], None],
    on_draw: Callable[[], None],
) -> None:
    """The review of one photo; the callbacks find what was clicked in ``st.session_state[key]``."""
    _component("review", True)(
        key=key, data=dict(data), on_toggle_change=on_toggle, on_draw_change=on_draw
    )


def pictures_to_pick(
    options: Sequence[Mapping[str, Any]],
    chosen: str,
    *,
    key: str,
    label: str,
    on_pick: Callable[[], None],
    shape: str = "grid",
) -> None:
    """Pictures of which one is chosen, as a grid or as a film strip.

    Args:
        options: ``id``, ``name``, ``picture`` (data address) and an optional ``note`` each.
        chosen: Id of the chosen one.
        key: Under which the callback finds the clicked id (``.pick``).
        label: What is chosen here, for screen readers.
        on_pick: Called after a click.
        shape: ``grid`` or ``strip``.
    """
    _component("pick", False)(
        key=key,
        data={"options": list(options), "chosen": chosen, "label": label, "shape": shape},
        on_pick_change=on_pick,
    )


def camera(data: Mapping[str, Any], *, key: str, on_shot: Callable[[], None]) -> None:
    """A camera with a countdown; the callback finds the shot in ``st.session_state[key].shot``.

    ``st.camera_input`` has no countdown, can't be told which camera to start with, and takes its
    photo from the moving picture, which has fewer pixels than the sensor gives.
    """
    _component("camera", False)(key=key, data=dict(data), on_shot_change=on_shot)


def idle(data: Mapping[str, Any], *, key: str, on_idle: Callable[[], None]) -> None:
    """Calls back when nobody has touched the page for ``seconds``; asks ``warn`` seconds before."""
    _component("idle", False)(key=key, data=dict(data), on_idle_change=on_idle)


def video_pair(payload: bytes, *, key: str, on_moment: Callable[[], None]) -> None:
    """A player that the browser fills from the session's own message: the video has no address.

    Args:
        payload: A JSON head (its length in the first 4 bytes, then ``before``, ``after``,
            ``look``), and the mp4.
        key: Under which the callback finds the time that was asked for (``.moment``).
        on_moment: Called when a person wants a closer look at a moment.
    """
    _component("video_pair", False)(key=key, data=payload, on_moment_change=on_moment)


def guest_cookie(name: str, token: str, seconds: int, *, is_new: bool = False) -> str | None:
    """Keeps a guest's token in a cookie; returns the token that was there before, if another.

    A new guest at the same browser (in a kiosk) takes the cookie over.
    """
    result = _component("guest", False)(
        key="guest_cookie",
        data={"name": name, "token": token, "seconds": seconds, "is_new": is_new},
        on_token_change=lambda: None,
    )
    found = None if is_new else result.token
    return str(found) if found else None


def member_cookie(name: str, token: str, dead: str, seconds: int, fresh: bool) -> str | None:
    """Keeps the token of a log-in in a cookie; returns another one that is there, if any.

    Args:
        name: Of the cookie.
        token: What Python knows; empty while nobody is signed in.
        dead: A token that opens nothing any more; its cookie is removed.
        seconds: Life; 0 for until the browser is closed.
        fresh: Somebody has just logged in: whatever is there is replaced.
    """
    result = _component("member", False)(
        key="member_cookie",
        data={"name": name, "token": token, "dead": dead, "seconds": seconds, "fresh": fresh},
        on_token_change=lambda: None,
    )
    found = result.token
    return str(found) if found else None


def copy_text(words: str, *, label: str, copy: str, copied: str, key: str) -> None:
    """A text (a link) with a button that copies it.

    Args:
        words: The text.
        label: What it is, for screen readers.
        copy: On the button.
        copied: On the button, for a moment after a click.
        key: Of this component.
    """
    _component("copy", False)(
        key=key, data={"text": words, "label": label, "copy": copy, "copied": copied}
    )


def choosing(choices: Mapping[str, str]) -> None:
    """Which files a device offers first.

    Args:
        choices: First part of an uploader's key -> the kinds, as HTML's ``accept`` writes them.
    """
    _component("choosing", False)(key="choosing", data={"choices": dict(choices)})


def page_language(language: str) -> None:
    """Tells the browser which language the page speaks; Streamlit always says English."""
    _component("language", False)(key="page_language", data={"language": language})
