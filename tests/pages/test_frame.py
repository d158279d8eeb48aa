"""The frame: language by browser and by choice, who is here, every page, wrong settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._shared.frame import PAGES
from tests.pages.visit import APP, Visit
from vov_core.detector import ONNX_MODEL
from vov_core.masks import STYLES
from vov_core.models import manifest, model
from vov_core.texts import Language, catalogue, text

TOKEN = "a" * 42 + "Z"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_the_person_s_language(page: str, visit: Callable[..., Visit]) -> None:
    tab = visit(page)
    other = Language.KOREAN if tab.language == Language.ENGLISH else Language.ENGLISH
    key = f"{page}.title"
    assert tab.at.title[0].value == tab.t(key) != text(other, key)
    assert tab.errors == [] and "{" not in tab.at.title[0].value
    assert tab.at.sidebar.segmented_control[0].value == tab.language
    leaked = [key for key in catalogue(tab.language) if f" {key} " in tab.words and "." in key]
    assert leaked == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ko-KR", "ko"), ("ko", "ko"), ("en-GB", "en"), ("fr-FR", "en"), (None, "en"), ("", "en")],
)
def test_the_browser_decides_the_first_language(
    locale: str | None, language: str, data_dir: Path
) -> None:
    assert data_dir
    fresh = Visit.__new__(Visit)
    fresh.at = AppTest.from_file(APP, default_timeout=60)
    fresh.at.context = {"locale": locale} if locale is not None else {}
    assert fresh.run().at.title[0].value == text(Language(language), "home.title")


def test_the_chosen_language_stays_on_every_page(english: Callable[..., Visit]) -> None:
    tab = english("home").speak(Language.KOREAN)
    for page in (*PAGES, "home"):
        tab.open(page)
        assert tab.at.title[0].value == text(Language.KOREAN, f"{page}.title")
    tab.speak(Language.ENGLISH)
    assert tab.at.title[0].value == text(Language.ENGLISH, "home.title")


def test_a_guest_is_known_by_the_cookie(
    english: Callable[..., Visit], cookies: dict[str, str]
) -> None:
    cookies["vov_guest"] = TOKEN
    assert english("home").owner.token == TOKEN


@pytest.mark.parametrize("forged", ["", "short", "x" * 500, "'; DROP TABLE photos; --", "\0" * 43])
def test_a_forged_cookie_is_replaced(
    forged: str, english: Callable[..., Visit], cookies: dict[str, str]
) -> None:
    cookies["vov_guest"] = forged
    one, two = english("about").owner.token, english("about").owner.token
    assert forged not in (one, two) and one != two and len(one) == len(two) == 43


def test_another_tab_that_was_first_wins(english: Callable[..., Visit]) -> None:
    tab = english("about")
    component = tab._component("guest_cookie")
    states = tab.at._tree.get_widget_states()
    state = states.widgets.add()
    state.id, state.json_value = component.id, f'{{"token": "{TOKEN}"}}'
    tab.at._run(states)
    assert tab.owner.token == TOKEN and not tab.at.exception


@pytest.mark.parametrize("page", ["home", "protect", "my_photos", "history"])
def test_a_wrong_setting_is_told(
    page: str, visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_MAX_UPLOAD_MB", "plenty")
    tab = visit(page)
    facts = {"name": "max_upload_mb", "reason": "not_a_number"}
    assert tab.errors == [tab.t("errors.setting_invalid", **facts)]


def test_the_demo_walks_to_the_review(visit: Callable[..., Visit]) -> None:
    tab = visit("home")
    assert tab.has_component("hero")
    tab.click("demo")
    assert tab.at.title[0].value == tab.t("protect.title")
    assert len(tab.shown("review")["tips"]) > 0 and tab.has_button("approve")
    tab.click("approve").click("save").open("home")
    assert tab.at.metric[0].value == "1" and tab.at.metric[2].value == "100%"


def test_home_leads_to_every_page(visit: Callable[..., Visit]) -> None:
    tab = visit("home")
    targets = {link.proto.page for link in tab.at.main.get("page_link")}
    assert targets == set(PAGES) - {"home", "privacy"}
    assert tab.at.metric[0].value == "0" and tab.at.metric[2].value == "–"
    assert tab.click("own").at.title[0].value == tab.t("protect.title")


def test_about_tells_models_and_styles(visit: Callable[..., Visit]) -> None:
    tab = visit("about")
    for name in STYLES:
        assert tab.t(f"styles.{name}_text") in tab.words
    table = tab.at.dataframe[0].value
    assert list(table[tab.t("about.model_name")]) == [model.name for model in manifest()]
    # Two of the four pictures of how it works are drawings; test_about.py looks at all.
    assert tab.words.count("data:image/jpeg;base64,") == len(STYLES) + 2
    scores = model(ONNX_MODEL).facts["scores"]
    assert tab.at.metric[0].value == f"{scores['covers']['safe']['covered']:.1%}"
    assert tab.at.expander[-1].label == tab.t("about.card")
    assert "Where it fails" in tab.words
