"""About: how it works in pictures, what is active, in the person's language."""

import re
from base64 import b64decode
from collections.abc import Callable
from html import unescape

from pages._shared.workings import STEPS
from tests.pages.visit import Visit
from vov_core.models import manifest


def test_the_models_are_listed_in_the_person_s_language(visit: Callable[..., Visit]) -> None:
    tab = visit("about")
    table = tab.at.dataframe[-1].value
    assert list(table[tab.t("about.model_version")]) == [entry.version for entry in manifest()]
    origins = list(table[tab.t("about.model_origin")])
    assert tab.t("about.origin_own") in origins
    assert not any("see weights" in origin for origin in origins)


def pictures(tab: Visit) -> dict[str, str]:
    """Description -> address of the pictures of how it works."""
    shown = [element.proto.body for element in tab.at.get("html")]
    found = (re.search('vov-how"><img src="([^"]+)" alt="([^"]+)"', body) for body in shown)
    return {unescape(match[2]): match[1] for match in found if match}


def drawing(address: str) -> str:
    kind, data = address.split(";base64,")
    assert kind == "data:image/svg+xml"
    return b64decode(data).decode()


def test_each_step_has_its_picture(visit: Callable[..., Visit]) -> None:
    tab = visit("about")
    shown = pictures(tab)
    hands, prints, cover, clean = (shown[tab.t(f"about.how_{step}_alt")] for step in STEPS)
    assert drawing(hands).count("<circle") == 21
    tips = re.findall(r">(\d+)%</text>", drawing(prints))
    assert len(tips) == 5 and min(map(int, tips)) > 50
    assert drawing(prints).count("<polygon") == 2 * len(tips)
    assert cover.startswith("data:image/jpeg") and clean.startswith("data:image/jpeg")
    assert cover != clean


def test_the_last_picture_tells_what_was_read_back(visit: Callable[..., Visit]) -> None:
    tab = visit("about")
    (told,) = (e.proto.body for e in tab.at.get("html") if "<ul><li>2000 × 1500 px" in e.proto.body)
    assert tab.t("about.how_clean_free") in told and re.search("SHA-256 [0-9a-f]{12}…", told)
