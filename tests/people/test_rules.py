"""What an id, a password, a name and an address may be."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vov_core.errors import (
    AddressError,
    NameNotUsableError,
    PasswordCommonError,
    PasswordHasIdError,
    PasswordNotUsableError,
    PasswordTooLongError,
    PasswordTooShortError,
    VovError,
)
from vov_core.people import passwords
from vov_core.people.rules import (
    _common_passwords,
    check_password,
    clean_email,
    clean_id,
    clean_name,
)
from vov_core.people.sign_ins import browser_name
from vov_core.people.tokens import is_token, new_token, token_hash


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("", PasswordTooShortError),
        ("9 letters", PasswordTooShortError),
        ("x" * 257, PasswordTooLongError),
        ("Password123", PasswordCommonError),
        ("1Q2W3E4R5T", PasswordCommonError),
        ("aaaaaaaaaaaa", PasswordCommonError),
        ("abababababab", PasswordCommonError),
        ("abcdefghijkl", PasswordCommonError),
        ("234567890123", PasswordCommonError),
        ("lkjihgfedcba", PasswordCommonError),
        ("dkssudgktpdy", PasswordCommonError),
        ("i am anna.kim!", PasswordHasIdError),
        ("ANNA.KIM-2026", PasswordHasIdError),
    ],
)
def test_passwords_that_are_refused(password: str, error: type[PasswordNotUsableError]) -> None:
    with pytest.raises(error):
        check_password(password, "anna.kim")


@pytest.mark.parametrize(
    "password",
    [
        "three small boats",
        "correct pony battery",
        "고양이 세 마리가 잔다",
        "x7Jq!2mZ#p",
        "ten letter" * 20,
    ],
)
def test_passwords_that_are_taken(password: str) -> None:
    check_password(password, "anna.kim")


def test_the_list_of_common_passwords_is_usable() -> None:
    common = _common_passwords()
    assert len(common) > 400
    assert all(len(word) >= 10 and word == word.casefold() for word in common)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna  Kim ", "Anna Kim"),
        ("김민지", "김민지"),
        ("A\tB\nC", "A B C"),
        ("O'Neil <b>", "O'Neil <b>"),
    ],
)
def test_names(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "  ", "x" * 81, "a\0b", "abc\u202edef", "\ud800", "\ue000"])
def test_names_that_are_none(typed: str) -> None:
    with pytest.raises(NameNotUsableError):
        clean_name(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna@Example.ORG ", "anna@example.org"),
        ("a.b+c@mail.example.co.kr", "a.b+c@mail.example.co.kr"),
        ("kim@한국.kr", "kim@xn--3e0b707e.kr"),
    ],
)
def test_addresses(typed: str, kept: str) -> None:
    assert clean_email(typed) == kept == clean_email(kept)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "a@b",
        "a b@example.org",
        "a@example.org\nBcc: x@y.org",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a..b@example.org",
        "x" * 65 + "@example.org",
    ],
)
def test_addresses_that_are_none(typed: str) -> None:
    with pytest.raises(AddressError):
        clean_email(typed)


@given(st.text(max_size=40))
def test_any_text_is_used_as_it_is_kept_or_refused(typed: str) -> None:
    for clean in (clean_id, clean_name, clean_email):
        try:
            kept = clean(typed)
        except VovError:
            continue
        assert clean(kept) == kept and len(kept.splitlines()) == 1


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    kept = passwords.hash_password("caf\u00e9 au lait")
    assert passwords.verify("cafe\u0301 au lait", kept)
    assert not passwords.verify("cafe au lait", kept)
    assert kept != passwords.hash_password("caf\u00e9 au lait")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$broken"])
def test_without_a_hash_no_password_is_right(kept: str | None) -> None:
    assert not passwords.verify("nobody's password", kept)


def test_tokens() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100 and all(map(is_token, tokens))
    assert set("".join(tokens)) <= set(string.ascii_letters + string.digits + "-_")
    assert len({token_hash(token) for token in tokens}) == 100
    assert not any(map(is_token, ["", "a" * 42, "a" * 44, "a" * 42 + "\n", None, 7]))


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("(Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36", "Chrome · Windows"),
        ("(Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("(iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        ("(Linux; Android 15) SamsungBrowser/28.0 Chrome/130", "Samsung Internet · Android"),
        ("<script>alert(1)</script>", "?"),
        ("", "?"),
    ],
)
def test_browser_names(agent: str, name: str) -> None:
    assert browser_name(agent) == name
