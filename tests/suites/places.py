"""What the suites work with: a place to keep photos, and something to keep there."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from vov_core.archive import Archive, Owner, Receipt, SavedPhoto
from vov_core.database import Database
from vov_core.findings import Verdict
from vov_core.settings import Settings
from vov_core.storage import ObjectStore, open_store


def nothing() -> None:
    """Does it."""


class AgreedArchive(Archive):
    """An archive whose owners agree to its terms whenever they save."""

    def save(self, output: bytes, receipt: Receipt, owner: Owner, *, save_id: UUID) -> SavedPhoto:
        self.agree(owner, self.terms(owner).version)
        return super().save(output, receipt, owner, save_id=save_id)


@dataclass(frozen=True)
class Place:
    """A database and a store that no other test uses, and how thoroughly to try them."""

    settings: Settings
    examples: int
    steps: int

    def store(self) -> ObjectStore:
        return open_store(self.settings)

    def database(self) -> Database:
        return Database(self.settings.database_url, tls=self.settings.database_tls)

    def archive(self, store: ObjectStore | None = None) -> Archive:
        """An archive on migrated tables whose owners agree to all; nothing is swept."""
        database = self.database()
        database.migrate()
        return AgreedArchive(store or self.store(), database)

    def stored_keys(self) -> set[str]:
        """What the store holds for this database."""
        return set(self.store().keys(f"{self.database().archive_id}/"))


class InterruptedStore(ObjectStore):
    """A real store; something happens right before or right after a put or a delete."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        before_put: Callable[[], object] = nothing,
        after_put: Callable[[], object] = nothing,
        after_delete: Callable[[], object] = nothing,
    ) -> None:
        self._store = store
        self.before_put = before_put
        self.after_put = after_put
        self.after_delete = after_delete

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.before_put()
        self._store.put(key, data, content_type)
        self.after_put()

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def delete(self, key: str) -> None:
        self._store.delete(key)
        self.after_delete()

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self._store.keys(prefix)

    def link(self, key: str, seconds: int, file_name: str) -> str | None:
        return self._store.link(key, seconds, file_name)

    def check(self) -> None:
        self._store.check()


def die() -> None:
    """Ends this process as a power cut would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def receipt_for(output: bytes, **changes: Any) -> Receipt:
    """A receipt of some output."""
    receipt = Receipt(
        approved_at=datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
        output_sha256=sha256(output).hexdigest(),
        file_name="hand_protected.jpg",
        format="jpeg",
        width=1200,
        height=800,
        verdict=Verdict.DANGER,
        style="skin_tone",
        mode="safe",
        confidence=0.25,
        coverage=1.2,
        strength=0.5,
        softness=0.1,
        hands=2,
        regions_found=10,
        fingerprints_covered=9,
        left_out=1,
        drawn=0,
        models={"hand_landmarker": "fbc2a30080c3"},
        app_version="0.1.0",
        ms_total=412.5,
        readable=4,
        partly=3,
        unreadable=3,
    )
    return replace(receipt, **changes)
