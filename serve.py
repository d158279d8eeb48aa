"""Starts VOV: ``python serve.py``, with the options of ``streamlit run``.

``streamlit run streamlit_app.py`` works as well, on one's own machine. This start has everything
loaded before the first visitor comes, never shows Streamlit's bare list of the files in ``pages/``,
and serves what only VOV's own addresses can: shared links to photos in a folder, and zips of any
size. It alone has the guard: security headers, limits of uploads, media for their own browser only.
"""

import importlib
import locale
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from pages._shared import downloads, guard, session
from pages._shared.uploads import keep_in_memory
from vov_core import metrics
from vov_core.errors import VovError
from vov_core.models import check_models
from vov_core.texts import best_language, explain


@asynccontextmanager
async def resume_mail(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Sends what still waits from before this start; nobody has to visit first."""
    threading.Thread(target=_open_outbox, daemon=True).start()
    yield {}


def _open_outbox() -> None:
    with suppress(VovError):  # The first visitor is told; the outbox opens then.
        if session.settings().smtp_host:
            session.outbox()


# ``streamlit run`` finds it here, in a second copy of this module.
app = st.App(
    Path(__file__).with_name("streamlit_app.py"),
    routes=downloads.routes(),
    middleware=guard.middleware(),
    lifespan=resume_mail,
    on_script_error=session.tell_uncaught,
)
guard.keep_media_private()


def load_ahead() -> None:
    """Imports what the pages need, and the hand landmarker's library while people arrive."""
    importlib.import_module("pages._shared.review")
    importlib.import_module("pages._shared.charts")
    library = "mediapipe.tasks.python.vision"
    threading.Thread(target=importlib.import_module, args=(library,), daemon=True).start()


def prepare() -> None:
    """Keeps uploads in memory, checks settings and model files, opens the port for figures.

    Raises:
        VovError: A setting can't be used, or a model file is missing or altered: better told to
            who starts VOV than to everybody who comes.
    """
    keep_in_memory()
    chosen = session.settings()
    check_models()
    metrics.serve(chosen)


def main() -> None:
    """Runs the web server until it is stopped."""
    try:
        prepare()
    except VovError as error:
        spoken = best_language((locale.getlocale()[0] or "").replace("_", "-"))
        sys.exit(explain(spoken, error))
    # What Streamlit itself sets once an app has called st.navigation.
    PagesManager.uses_pages_directory = False
    load_ahead()
    cli.main(["run", __file__, *sys.argv[1:]])


if __name__ == "__main__":
    main()
