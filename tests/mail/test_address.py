"""Which texts are one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vov_core.errors import AddressError
from vov_core.mail import check_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("a@b.org", "a@b.org"),
        ("  Min.Su+vov@Example.ORG \n", "Min.Su+vov@example.org"),
        ("o'hara_1@mail.example.co.kr", "o'hara_1@mail.example.co.kr"),
        ("kim@한국.kr", "kim@xn--3e0b707e.kr"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    assert check_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "@b.org",
        "a@",
        "a@b",
        "a@b..org",
        "a@-b.org",
        ".a@b.org",
        "a..b@c.org",
        "a b@c.org",
        "a@b.org,c@d.org",
        "a@b.org c@d.org",
        "VOV <a@b.org>",
        "a@b.org\r\nBcc: c@d.org",
        "a@b.org\nDATA",
        "a\0@b.org",
        '"a b"@c.org',
        "a(comment)@b.org",
        "김@b.org",
        "a@b.org>",
        "a" * 65 + "@b.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "b.c" * 100,
        "a@[127.0.0.1]",
        "a@b\u3002\u202e.org",
    ],
)
def test_anything_else_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(AddressError) as caught:
        check_address(typed)
    assert caught.value.details == {}
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(st.text(max_size=80))
def test_whatever_is_typed_never_holds_a_second_line(typed: str) -> None:
    try:
        address = check_address(typed)
    except AddressError:
        return
    assert address.isascii() and address.isprintable()
    assert not set(address) & set(' <>,;:"()[]\\')
