"""How new photos get into the session's workspace, wherever they come from."""

from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._shared.session import escape, log, model_turn, say, t, workspace
from vov_core.errors import PhotoError, VovError
from vov_core.images import safe_name


def take_in(files: list[tuple[str, bytes]]) -> None:
    """Reads and examines new photos one by one; a bad one is told and the others go on."""
    space = workspace()
    problems: list[str] = []
    bar = st.progress(0.0)
    for index, (name, data) in enumerate(files):
        shown = escape(safe_name(name))
        facts = {"name": shown, "n": index + 1, "of": len(files)}
        wait = partial(waiting, bar, index / len(files), facts)
        try:
            with model_turn(wait):
                bar.progress(index / len(files), t("protect.reading", **facts))
                st.session_state.current = space.add(name, data).id
        except PhotoError as error:
            problems.append(t("protect.problem", name=shown, reason=say(error)))
        except VovError as error:
            log.warning("could not examine a photo: %s", error)
            problems.append(t("protect.problem", name=shown, reason=say(error)))
    bar.empty()
    st.session_state.problems = problems


def waiting(bar: DeltaGenerator, part: float, facts: dict[str, Any], place: int) -> None:
    """Shows the place in the queue."""
    bar.progress(part, t("protect.waiting", place=place, **facts))


def tell_problems() -> None:
    """Shows what ``take_in`` could not use."""
    for problem in st.session_state.get("problems", []):
        st.error(problem, icon=":material/broken_image:")
