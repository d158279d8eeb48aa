"""Bad files: each gets its sentence in the person's language, and the others go on."""

from collections.abc import Callable

import pytest

from pages._shared.review import escape
from tests.pages.files import BAD, ODD, Bad, Odd, distinct, sample
from tests.pages.visit import Visit
from vov_core.images import safe_name
from vov_core.images.reader import NOTICES
from vov_core.texts import explain

HOSTILE = {
    "../../etc/passwd.jpg": "passwd.jpg",
    "C:\\Users\\me\\hand.jpg": "hand.jpg",
    "👋🏽 hand 손.jpg": "👋🏽 hand 손.jpg",
    "x" * 296 + ".jpg": "x" * 116 + ".jpg",
    "**bold** [link](https://example.org) <b> `code` $x$ :smile:.jpg": None,
}


def problem(visit: Visit, name: str, bad: Bad) -> str:
    return visit.t(
        "protect.problem", name=escape(safe_name(name)), reason=explain(visit.language, bad.error)
    )


def test_each_bad_file_gets_its_sentence_and_the_others_go_on(
    visit: Callable[..., Visit],
) -> None:
    tab = visit("protect")
    files = [(bad.name, bad.make()) for bad in BAD]
    tab.upload(*files[:3], ("good.jpg", sample("00119")), *files[3:], ("last.png", distinct(9)))
    assert tab.errors == [problem(tab, bad.name, bad) for bad in BAD]
    assert tab.names == ["good.jpg", "last.png"]
    assert tab.has_button("approve")
    tab.click("approve_all")
    assert all(item.approval for item in tab.workspace.items)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_file_alone(bad: Bad, english: Callable[..., Visit]) -> None:
    tab = english("protect").upload((bad.name, bad.make()))
    assert tab.errors == [problem(tab, bad.name, bad)]
    assert not tab.has_button("approve") and not tab.has_component("review")
    tab.upload(("good.png", distinct(1)))
    assert tab.errors == [] and tab.names == ["good.png"]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_an_odd_file_is_used_and_told_about(odd: Odd, visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload((odd.name, odd.make()))
    assert tab.errors == [] and tab.names == [odd.name]
    told = {notice for notice in NOTICES if tab.t(f"notices.{notice}") in tab.words}
    assert told == set(odd.notices)
    tab.click("approve")
    assert tab.errors == [] and tab.has_download("download")


@pytest.mark.parametrize("name", HOSTILE, ids=["path", "windows", "emoji", "long", "markdown"])
def test_names_are_harmless(name: str, english: Callable[..., Visit]) -> None:
    tab = english("protect").upload((name, distinct(40)), (name, b"no picture"))
    expected = HOSTILE[name] or safe_name(name)
    assert tab.names == [expected]
    assert f"**{escape(expected)}**" in tab.words
    (error,) = tab.errors
    assert error.startswith(f"**{escape(expected)}**")
    tab.click("approve")
    approval = tab.item.approval
    assert approval is not None and "/" not in approval.file_name
    assert approval.file_name.endswith("_protected.png") and len(approval.file_name) <= 120


def test_two_files_of_one_name_are_two_photos(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("hand.png", distinct(1)), ("hand.png", distinct(2)))
    assert tab.names == ["hand.png", "hand.png"] and tab.errors == []
    tab.click("approve_all").click("save_all")
    assert [item.saved for item in tab.workspace.items] == [True, True]


def test_the_same_file_twice_is_one_photo(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(("one.png", distinct(1)), ("two.png", distinct(1)))
    assert tab.names == ["one.png"] and tab.errors == []


def test_a_full_session_is_told(
    visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_SESSION_MB", "1")
    tab = visit("protect")
    big = sample("00119")
    files = [(f"{n}.jpg", big.ljust(len(big) + 500_000 + n, b"\0")) for n in range(3)]
    tab.upload(*files)
    assert len(tab.names) == 1 and len(tab.errors) == 2
    assert tab.t("errors.session_full", limit_mb=1) in tab.errors[0]
