"""The camera page: what the browser's camera sends is reviewed like an upload."""

from base64 import b64encode
from collections.abc import Callable

import pytest

from pages._shared.shots import shot_of
from tests.pages.files import distinct, sample
from tests.pages.visit import Visit
from vov_core.errors import NotAPhotoError
from vov_core.texts import explain


def sent(data: bytes, number: str = "a") -> dict[str, str]:
    return {"id": number, "data": b64encode(data).decode()}


def test_a_photo_goes_to_the_review(visit: Callable[..., Visit]) -> None:
    tab = visit("camera")
    assert tab.has_component("camera") and not tab.has_component("review")
    words = tab.shown("camera")["texts"]
    assert all(words.values()) and words["refused_text"] == tab.t("camera.refused_text")
    tab.fire("camera", "shot", sent(sample("00119")))
    assert tab.names == ["camera_1.jpg"] and tab.has_component("review")
    # The camera is off while a photo is reviewed.
    assert not tab.has_component("camera") and "camera_shot" not in tab.at.session_state
    tab.click("approve")
    assert tab.has_download("download") and tab.errors == []


def test_another_photo(english: Callable[..., Visit]) -> None:
    tab = english("camera").fire("camera", "shot", sent(distinct(1)))
    tab.click("camera_again").fire("camera", "shot", sent(distinct(2)))
    assert tab.names == ["camera_1.jpg", "camera_2.jpg"] and tab.item.name == "camera_2.jpg"
    tab.open("protect")
    assert tab.has_component("review")


def test_a_broken_photo_is_told(visit: Callable[..., Visit]) -> None:
    tab = visit("camera").fire("camera", "shot", sent(b"no picture"))
    (error,) = tab.errors
    assert explain(tab.language, NotAPhotoError()) in error
    assert tab.has_component("camera") and not tab.workspace.items


@pytest.mark.parametrize(
    "value",
    [None, 7, "x", [], {}, {"id": "a"}, {"id": 1, "data": ""}, {"id": "a" * 99, "data": ""}],
)
def test_what_a_browser_sends_may_be_anything(value: object) -> None:
    assert shot_of(value) is None


def test_what_is_no_base64_is_an_empty_photo() -> None:
    shot = shot_of({"id": "a", "data": "%%%"})
    assert shot is not None and shot.data == b""
    assert "data" not in repr(shot_of(sent(b"secret"))) and "secret" not in repr(shot)
