"""Names in Markdown, names in a zip."""

import string

from hypothesis import given
from hypothesis import strategies as st

from pages._shared.review import escape
from vov_core.images import unique_name

PUNCTUATION = set("\\`*_{}[]()#+-.!|<>~$:")


@given(st.text())
def test_escaped_words_have_no_bare_markup(words: str) -> None:
    escaped = escape(words)
    bare, at = [], 0
    while at < len(escaped):
        if escaped[at] == "\\":
            bare.append(escaped[at + 1])
            at += 2
        else:
            assert escaped[at] not in PUNCTUATION
            bare.append(escaped[at])
            at += 1
    assert "".join(bare) == words


def test_plain_words_stay() -> None:
    words = string.ascii_letters + string.digits + " 손가락 👋🏽"
    assert escape(words) == words


def test_equal_names_get_numbers() -> None:
    used: set[str] = set()
    names = ["a.jpg", "a.jpg", "a (2).jpg", "a.jpg", "noext", "noext", ".hidden", "b.tar.gz"]
    given_names = [unique_name(name, used) for name in names]
    assert given_names[:4] == ["a.jpg", "a (2).jpg", "a (2) (2).jpg", "a (3).jpg"]
    assert len(set(given_names)) == len(names) and used == set(given_names)


@given(st.lists(st.sampled_from(["a.jpg", "a (2).jpg", "a", "a.b.c", ""]), max_size=20))
def test_no_name_is_used_twice(names: list[str]) -> None:
    used: set[str] = set()
    assert len({unique_name(name, used) for name in names}) == len(names)
