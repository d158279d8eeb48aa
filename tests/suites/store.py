"""What every object store does."""

from secrets import token_bytes, token_hex

import pytest

from tests.suites.places import Place
from vov_core.errors import ObjectMissingError


def new_key(archive: str | None = None) -> str:
    return f"{archive or token_hex(16)}/{token_hex(16)}-{token_hex(4)}"


class StoreSuite:
    @pytest.mark.parametrize("size", [0, 1, 4096, 3_000_001])
    def test_returns_what_was_put(self, place: Place, size: int) -> None:
        store, key, data = place.store(), new_key(), token_bytes(size)
        store.put(key, data, "image/jpeg")
        assert place.store().get(key) == data

    def test_a_second_put_replaces(self, place: Place) -> None:
        store, key = place.store(), new_key()
        store.put(key, b"first", "image/png")
        store.put(key, b"second", "image/png")
        assert store.get(key) == b"second"
        assert list(store.keys(key)) == [key]

    def test_get_of_nothing(self, place: Place) -> None:
        with pytest.raises(ObjectMissingError):
            place.store().get(new_key())

    def test_delete_twice(self, place: Place) -> None:
        store, key = place.store(), new_key()
        store.put(key, b"x", "image/png")
        store.delete(key)
        store.delete(key)
        with pytest.raises(ObjectMissingError):
            store.get(key)
        assert list(store.keys(key)) == []

    def test_keys_by_prefix(self, place: Place) -> None:
        store = place.store()
        archive, other = token_hex(16), token_hex(16)
        mine = {new_key(archive) for _ in range(12)}
        theirs = new_key(other)
        for key in (*mine, theirs):
            store.put(key, b"x", "image/png")
        assert set(store.keys(f"{archive}/")) == mine
        assert mine | {theirs} <= set(store.keys())
        assert list(store.keys(theirs)) == [theirs]
        assert list(store.keys(f"{token_hex(16)}/")) == []

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "../../etc/passwd",
            "/etc/passwd",
            f"{'a' * 32}/../../x",
            f"{'a' * 32}/{'b' * 32}-{'c' * 8}/..",
            f"{'a' * 32}/{'b' * 32}-{'c' * 8}\n",
            f"{'A' * 32}/{'b' * 32}-{'c' * 8}",
            f"{'a' * 32}\\{'b' * 32}-{'c' * 8}",
            f"{'a' * 32}/{'b' * 32}-{'c' * 7}\0",
        ],
    )
    def test_refuses_keys_of_another_shape(self, place: Place, key: str) -> None:
        store = place.store()
        with pytest.raises(ValueError, match="not a key"):
            store.put(key, b"x", "image/png")
        with pytest.raises(ValueError, match="not a key"):
            store.get(key)
        with pytest.raises(ValueError, match="not a key"):
            store.delete(key)

    def test_check_of_a_good_store(self, place: Place) -> None:
        store = place.store()
        before = set(store.keys())
        store.check()
        assert set(store.keys()) == before
