"""How new photos get into the session's workspace, wherever they come from."""

import streamlit as st

from pages._shared.session import escape, log, say, t, workspace
from vov_core.errors import PhotoError, VovError
from vov_core.images import safe_name


def take_in(files: list[tuple[str, bytes]]) -> None:
    """Reads and examines new photos one by one; a bad one is told and the others go on."""
    space = workspace()
    problems: list[str] = []
    bar = st.progress(0.0)
    for index, (name, data) in enumerate(files):
        shown = escape(safe_name(name))
        bar.progress(
            index / len(files), t("protect.reading", name=shown, n=index + 1, of=len(files))
        )
        try:
            st.session_state.current = space.add(name, data).id
        except PhotoError as error:
            problems.append(t("protect.problem", name=shown, reason=say(error)))
        except VovError as error:
            log.warning("could not examine a photo: %s", error)
            problems.append(t("protect.problem", name=shown, reason=say(error)))
    bar.empty()
    st.session_state.problems = problems


def tell_problems() -> None:
    """Shows what ``take_in`` could not use."""
    for problem in st.session_state.get("problems", []):
        st.error(problem, icon=":material/broken_image:")
