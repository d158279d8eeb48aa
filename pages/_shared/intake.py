"""How new photos get into the session's workspace, wherever they come from."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from pages._shared.guard import refused_uploads
from pages._shared.session import escape, model_turn, noted, settings, t, workspace
from pages._shared.thumbnails import thumbnail
from vov_core.images import safe_name
from vov_core.workspace import Step

_DONE_BEFORE = {Step.READ: 0.05, Step.LOOK: 0.3}
"""How much of a photo's bar is full when a step begins."""


@dataclass
class Intake:
    """Files that wait to be examined. They outlast a look at another page."""

    waiting: deque[tuple[str, bytes]] = field(default_factory=deque)
    total: int = 0

    def put(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Adds files to those that wait."""
        self.total = len(files) + (self.total if self.waiting else 0)
        self.waiting.extend(files)

    def clear(self) -> None:
        """Forgets all files."""
        self.waiting.clear()


def intake() -> Intake:
    """This session's."""
    kept: Intake = st.session_state.setdefault("intake", Intake())
    return kept


def put(files: Sequence[tuple[str, bytes]]) -> None:
    """Lets files wait for :func:`examine`; what was told of earlier ones is forgotten."""
    if not intake().waiting:
        st.session_state.problems = []
    intake().put(files)


def take_in(files: Sequence[tuple[str, bytes]]) -> None:
    """Examines files at once."""
    put(files)
    examine()


def examine() -> None:
    """Examines what waits, one photo after the other; a bad one is told and the others go on.

    A file leaves the queue when it is done: a click that ends this run, or a look at another page,
    loses none.
    """
    files = intake()
    if not files.waiting:
        return
    bar = st.progress(0.0)
    while files.waiting:
        name, data = files.waiting[0]
        done = files.total - len(files.waiting)
        facts = {"name": escape(safe_name(name)), "n": done + 1, "of": files.total}

        def waits(place: int, facts: dict[str, object] = facts) -> None:
            bar.progress(0.0, t("protect.waiting", place=place, **facts))

        def steps(step: Step, facts: dict[str, object] = facts) -> None:
            bar.progress(_DONE_BEFORE[step], t(f"protect.step_{step}", **facts))

        _examine(name, data, waits, steps)
        files.waiting.popleft()
    bar.empty()


def _examine(
    name: str, data: bytes, waits: Callable[[int], None], steps: Callable[[Step], None]
) -> None:
    """One photo; what is wrong with it is kept to be told."""
    try:
        with model_turn(waits):
            item = workspace().add(name, data, steps)
        st.session_state.current = item.id
        thumbnail(item)
    except Exception as error:
        # Whatever it was, the other photos of the batch must go on.
        words = t("protect.problem", name=escape(safe_name(name)), reason=noted(error))
        st.session_state.setdefault("problems", []).append(words)


def tell_problems() -> None:
    """Shows what could not be used, and what did not even find room on its way here."""
    if refused := refused_uploads():
        words = t("protect.refused", n=refused, mb=settings().session_mb)
        st.session_state.setdefault("problems", []).append(words)
    for problem in st.session_state.get("problems", []):
        st.error(problem, icon=":material/broken_image:")
