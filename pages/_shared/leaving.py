"""When somebody leaves this session: nothing that was theirs stays in its memory."""

from collections.abc import Container

import streamlit as st

from pages._shared.downloads import forget_zip

_WORK = ("intake", "workspace", "booth_guest", "video_desk", "live_stream")
"""What of a session holds pictures, and maybe threads: each of them has a ``clear``."""


def empty_session(kept: Container[str]) -> None:
    """Empties all work of this session, ends what still runs, and lets go of everything else.

    Dropping the session's own references would not be enough: Streamlit keeps the callbacks of
    buttons that are long gone, and a thread goes on until it is told.

    Args:
        kept: Names in the session's state that are nobody's.
    """
    state = st.session_state
    forget_zip()
    for name in _WORK:
        if name in state:
            state[name].clear()
    for name in [name for name in state if name not in kept]:
        del state[name]
