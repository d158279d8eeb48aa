"""What is closed with a key opens with this key only."""

import pytest

from vov_core.seal import BrokenSealError, Seal


def test_a_seal() -> None:
    seal, same = Seal("k" * 40, "mail"), Seal("k" * 40, "mail")
    others = (Seal("k" * 40, "links"), Seal("l" * 40, "mail"), Seal(None, "mail"))
    sealed = seal.close(b"a secret letter")
    assert "secret" not in sealed and same.open(sealed) == b"a secret letter"
    assert (same.id, same.hash("a")) == (seal.id, seal.hash("a"))
    for other in others:
        assert other.id != seal.id and other.hash("a") != seal.hash("a")
        with pytest.raises(BrokenSealError):
            other.open(sealed)


@pytest.mark.parametrize("broken", ["", "gAAAA", "손", "\0", "a" * 5000])
def test_what_is_broken(broken: str) -> None:
    with pytest.raises(BrokenSealError):
        Seal(None, "mail").open(broken)


def test_a_single_letter_changed() -> None:
    seal = Seal(None, "mail")
    sealed = seal.close(b"text")
    for place in (0, 12, len(sealed) // 2, len(sealed) - 6):
        changed = "A" if sealed[place] != "A" else "B"
        with pytest.raises(BrokenSealError):
            seal.open(sealed[:place] + changed + sealed[place + 1 :])
