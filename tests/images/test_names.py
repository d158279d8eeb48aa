"""Names of files: whatever a person's file is called, what comes out is harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vov_core.images import protected_name, safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("holiday.HEIC", "holiday.HEIC"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\kim\사진.jpg", "사진.jpg"),
        ("a/b\\c.png", "c.png"),
        ("손가락 사진 1.jpg", "손가락 사진 1.jpg"),
        (unicodedata.normalize("NFD", "손가락.jpg"), "손가락.jpg"),
        ("✌🏽 family 👨‍👩‍👧.jpg", "✌🏽 family 👨‍👩‍👧.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\u2066b\u2069.jpg", "ab.jpg"),
        ("a\0b\r\nc\x7f.jpg", "abc.jpg"),
        ("zero\ufeffwidth\u200b.jpg", "zerowidth.jpg"),
        ('a<b>:c"|?*.jpg', "a_b__c____.jpg"),
        ("", "photo"),
        (".", "photo"),
        ("..", "photo"),
        ("...", "photo"),
        ("   ", "photo"),
        ("/", "photo"),
        ("a/", "photo"),
        (".hidden.jpg", "hidden.jpg"),
        ("trailing. .jpg", "trailing.jpg"),
        ("name.jpg. . ", "name.jpg"),
        ("CON", "_CON"),
        ("con.jpg", "_con.jpg"),
        ("nul .txt", "_nul.txt"),
        ("COM1.png", "_COM1.png"),
        ("lpt\u00b9.png", "_lpt\u00b9.png"),
        ("CON\u200d.0", "_CON.0"),
        ("console.png", "console.png"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("\ud800.jpg", "jpg"),
        ("no extension", "no extension"),
    ],
)
def test_safe_name(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("holiday.HEIC", "jpeg", "holiday_protected.jpg"),
        ("holiday.HEIC", "HEIF", "holiday_protected.jpg"),
        ("scan.tif", "png", "scan_protected.png"),
        ("a.webp", "webp", "a_protected.webp"),
        ("사진", "jpeg", "사진_protected.jpg"),
        ("", "png", "photo_protected.png"),
        ("../x.jpg", "jpeg", "x_protected.jpg"),
        ("nul.jpg", "jpeg", "_nul_protected.jpg"),
        ("v1.2 final.jpg", "jpeg", "v1.2 final_protected.jpg"),
    ],
)
def test_protected_name(name: str, format: str, expected: str) -> None:
    assert protected_name(name, format) == expected


@pytest.mark.parametrize("letter", ["a", "가", "🖐", "é"])
def test_long_names_keep_their_extension(letter: str) -> None:
    long = safe_name(letter * 300 + ".jpeg")
    assert len(long) <= 120
    assert len(long.encode()) <= 240
    assert long.endswith(letter + ".jpeg")
    covered = protected_name(letter * 300 + ".jpeg", "webp")
    assert len(covered) <= 120
    assert len(covered.encode()) <= 240
    assert covered.endswith("_protected.webp")


def is_harmless(name: str) -> bool:
    stem = name.split(".")[0].strip().upper()
    reserved = {"CON", "PRN", "AUX", "NUL", *(f"{p}{n}" for p in ("COM", "LPT") for n in range(10))}
    return (
        0 < len(name) <= 120
        and len(name.encode()) <= 240
        and not set(name) & set('/\\<>:"|?*')
        and name.strip(" .") == name
        and stem not in reserved
        and unicodedata.is_normalized("NFC", name)
        and all(
            unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp")
            and unicodedata.bidirectional(c)
            not in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI")
            for c in name
        )
    )


NAMES = st.text(max_size=200) | st.lists(
    st.sampled_from(["con", "nul", ".", "..", " ", "/", "\\", "\u202e", "\u200d", "가", "\u1100",
                     "\u1161", "a", ".jpg", "🖐", "\ufe0f", "\u0301", "\ud800", "\0", "x" * 70]),
    max_size=12,
).map("".join)  # fmt: skip


@given(NAMES)
def test_any_name_becomes_harmless(name: str) -> None:
    safe = safe_name(name)
    assert is_harmless(safe)
    assert safe_name(safe) == safe


@given(NAMES, st.sampled_from(["jpeg", "png", "webp", "HEIF", "anything"]))
def test_any_protected_name_is_harmless(name: str, format: str) -> None:
    covered = protected_name(name, format)
    assert is_harmless(covered)
    assert covered.rsplit("_", 1)[1] in ("protected.jpg", "protected.png", "protected.webp")
    assert safe_name(covered) == covered
