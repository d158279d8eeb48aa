"""Whoever changes what people agree to asks them again."""

from hashlib import sha256

import pytest

from vov_core.consent import TEXT_VERSION, Terms
from vov_core.texts import Language, text

# What the words of each version are. A new version gets a new entry; old ones stay as they were.
WORDS = {
    "1": "7ed9734572285aae",
}


def test_the_words_are_those_of_the_version() -> None:
    words = "".join(text(language, "consent.text", how_long="…") for language in Language)
    digest = sha256(words.encode()).hexdigest()[:16]
    assert WORDS[TEXT_VERSION] == digest, "other words need another TEXT_VERSION"


@pytest.mark.parametrize("days", [0, 7, 365])
def test_the_promise_is_part_of_the_version(days: int) -> None:
    assert Terms(days).version == f"{TEXT_VERSION}-{days}" != Terms(days + 1).version
