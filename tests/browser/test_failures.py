"""Programming errors where Streamlit itself catches them: in a fragment and in a callback."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.server import running
from tests.browser.tab import Tab
from tests.browser.uploads import sample
from vov_core.texts import Language

RAISING = """
import sys
import threading
from vov_core.workspace import Workspace

masked = Workspace.masked

def fail():
    raise RuntimeError("words of a thread")

def masked_or_not(self, item, tuning):
    if tuning.look.style == "noise":
        raise ValueError("words of a fragment")
    return masked(self, item, tuning)

def remove(self, item_id):
    threading.Thread(target=fail).start()
    raise KeyError("words of a callback")

Workspace.masked, Workspace.remove = masked_or_not, remove
"""
MADE = RAISING + "import serve; serve.main()"
PLAIN = RAISING + (
    "from streamlit.web import cli; cli.main(['run', 'streamlit_app.py', *sys.argv[1:]])"
)


def fail_in_a_callback(tab: Tab) -> None:
    tab.open("protect").upload(("hand.jpg", sample("00119")))
    tab.button("protect.remove").click()
    expect(
        tab.page.get_by_test_id("stAlert").or_(tab.page.get_by_test_id("stException"))
    ).to_have_count(1)
    tab.settled()


def fail_in_a_fragment(tab: Tab) -> None:
    style = tab.page.get_by_role("radiogroup", name=tab.t("controls.style"))
    style.locator('[data-id="noise"]').click()


def without_words(log: str) -> None:
    assert "words of" not in log and "raise " not in log and "Traceback" not in log
    for kind in ("KeyError", "ValueError", "RuntimeError"):
        assert log.count(f"[{kind} at ") == 1


def test_the_page_tells_it_in_the_person_s_language(
    people: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with running(tmp_path / "app", ("-c", MADE)) as server:
        tab = Tab(people(Language.KOREAN), server.url, Language.KOREAN)
        told = tab.page.get_by_text(tab.t("errors.unexpected"))
        fail_in_a_callback(tab)
        expect(told).to_have_count(1)
        # The photos are still there, and the next click works.
        fail_in_a_fragment(tab)
        expect(tab.key("canvas")).to_have_count(0)
        expect(told).to_have_count(1)
        assert len(tab.boxes_of_errors()) == 1 and tab.problems == []
        tab.page.close()
    log = server.log.read_text()
    without_words(log)
    assert "review.py:" in log


def test_streamlit_s_own_start_leaves_the_words_out_too(
    people: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with running(tmp_path / "app", ("-c", PLAIN)) as server:
        tab = Tab(people(), server.url, Language.ENGLISH)
        fail_in_a_callback(tab)
        fail_in_a_fragment(tab)
        expect(tab.key("canvas")).to_have_count(0)
        tab.page.close()
    without_words(server.log.read_text())


def test_a_fragment_that_fails_at_once_is_told_once(
    people: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with running(tmp_path / "app", ("-c", MADE.replace('== "noise"', '!= ""'))) as server:
        tab = Tab(people(Language.KOREAN), server.url, Language.KOREAN).open("protect")
        tab.page.locator('input[type="file"]').first.set_input_files(
            [{"name": "hand.jpg", "mimeType": "image/jpeg", "buffer": sample("00119")}]
        )
        told = tab.page.get_by_text(tab.t("errors.unexpected"))
        expect(told).to_have_count(1)
        tab.settled()
        expect(told).to_have_count(1)
        assert len(tab.boxes_of_errors()) == 1
        tab.page.close()
    log = server.log.read_text()
    assert "words of" not in log and "FragmentHandled" not in log
