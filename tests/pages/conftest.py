"""A process with a fresh place to keep photos, and visits to it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.testing.v1 import app_test

from pages._shared import session
from tests.pages.visit import LOCALES, Visit
from vov_core.archive import Archive
from vov_core.texts import Language


@pytest.fixture(params=list(Language), ids=str)
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


@pytest.fixture(autouse=True)
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the browser sends along. AppTest itself has no browser, so no cookies either."""
    sent: dict[str, str] = {}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: sent))
    return sent


class _NavigatedPagesManager(PagesManager):
    """That of a process that has called ``st.navigation`` before.

    AppTest forgets this at each run, so Streamlit would run a file of ``pages/`` without its frame.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        PagesManager.uses_pages_directory = False
        super().__init__(*arguments, **options)


@pytest.fixture(autouse=True)
def _through_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_test, "PagesManager", _NavigatedPagesManager)


@pytest.fixture(autouse=True)
def _language_outside_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    read = ContextProxy.locale.fget

    def locale(context: ContextProxy) -> str | None:
        running = get_script_run_ctx(suppress_warning=True) is not None
        return read(context) if running else LOCALES[Visit.spoken]

    monkeypatch.setattr(ContextProxy, "locale", property(locale))


def _forget_services() -> None:
    session.settings.clear()
    session.archive.clear()
    session.outbox.clear()
    session.links.clear()


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's process keeps photos."""
    folder = tmp_path / "data"
    monkeypatch.setenv("VOV_DATA_DIR", str(folder))
    _forget_services()
    yield folder
    _forget_services()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on a real file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    monkeypatch.setenv("VOV_DATA_DIR", str(folder))
    _forget_services()
    yield folder
    _forget_services()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def archive(data_dir: Path) -> Archive:
    """The process's own archive."""
    assert data_dir
    opened: Archive = session.archive()
    return opened


@pytest.fixture
def visit(data_dir: Path, language: Language) -> Callable[..., Visit]:
    """Opens a tab: ``visit("protect")``; runs in both languages."""
    assert data_dir
    return partial(Visit, language)


@pytest.fixture
def english(data_dir: Path) -> Callable[..., Visit]:
    """Opens a tab in English, where the language makes no difference."""
    assert data_dir
    return partial(Visit, Language.ENGLISH)


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives ``__main__`` back: a tab puts the app there, and later child processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def _no_media_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest's runtime knows no sessions; streamlit-webrtc does without when it is told so."""
    monkeypatch.setattr("streamlit_webrtc.component.get_this_session_info", lambda: None)
