"""The audit trail: who did what to an output, in chains that show every later change.

An entry holds hashes, settings and times: no picture, no name, no address. Entries are only ever
added; each one holds the hash of the one before. The owner's hash decides which of sixteen chains
an entry joins, so that saves of different people rarely wait for each other, and still nobody's
whole trail can vanish unseen. A chain's head is a row that is locked until the transaction ends:
two processes can't add to the same chain at once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from vov_core.database import AuditEntry, AuditHead, Database
from vov_core.database.models import to_microseconds

_BATCH: Final = 500
_TRIGGERS: Final = {"audit_no_update", "audit_no_delete"}


class What(StrEnum):
    """What was done."""

    SAVED = "saved"
    DELETED = "deleted"
    PURGED = "purged"
    SHARED = "shared"
    MAILED = "mailed"
    EXPORTED = "exported"
    CONSENTED = "consented"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    ADOPTED = "adopted"


@dataclass(frozen=True)
class Act:
    """Something to be entered.

    Attributes:
        what: What was done.
        output_sha256: To which output; empty if to none in particular.
        details: Settings, versions and counts. Never a name, an address or a token.
    """

    what: What
    output_sha256: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """An entry of the trail.

    Attributes:
        at: When, UTC.
        what: What was done.
        output_sha256: To which output; empty if to none in particular.
        details: Settings, versions and counts.
        hash: Its own.
    """

    at: datetime
    what: What
    output_sha256: str
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True)
class Verified:
    """What a check of all chains found.

    Attributes:
        entries: How many entries were checked.
        purged: How many older ones had been purged by age.
        broken: Where a chain is not what it was: ``chain:seq`` each.
        triggers: Whether the database itself refuses changes.
        digest: Hash over the ends of all chains. Whoever notes it elsewhere can later prove that
            the trail was not cut.
    """

    entries: int
    purged: int
    broken: tuple[str, ...]
    triggers: bool
    digest: str

    @property
    def intact(self) -> bool:
        """Whether every chain is what it was."""
        return not self.broken


def append(session: Session, owner: str, acts: Sequence[Act]) -> None:
    """Adds entries of one owner within the caller's transaction.

    To be called once per transaction and after other rows were locked: transactions that lock
    several chains in different orders would wait for each other for ever.

    Args:
        session: A writing one.
        owner: The owner's key.
        acts: What was done, in this order.
    """
    if not acts:
        return
    head = session.get_one(AuditHead, owner[0], with_for_update=True)
    now = datetime.now(UTC)
    rows = []
    for act in acts:
        row: dict[str, Any] = {
            "chain": head.chain,
            "seq": head.seq + 1,
            "at": now,
            "owner": owner,
            "what": str(act.what),
            "output_sha256": act.output_sha256,
            "details": json.dumps(dict(act.details), sort_keys=True, separators=(",", ":")),
            "previous": head.hash,
        }
        row["hash"] = _hash(row)
        head.seq, head.hash = row["seq"], row["hash"]
        rows.append(row)
    session.execute(insert(AuditEntry), rows)


def _hash(row: Mapping[str, Any]) -> str:
    values = [
        row["chain"],
        row["seq"],
        to_microseconds(row["at"]),
        row["owner"],
        row["what"],
        row["output_sha256"],
        row["details"],
        row["previous"],
    ]
    return sha256(json.dumps(values).encode()).hexdigest()


class AuditTrail:
    """Reads, checks and shortens the trail.

    Every method raises :class:`~vov_core.errors.DatabaseUnavailableError` when the database does
    not answer.

    Args:
        database: Must be migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, owner: str) -> tuple[Entry, ...]:
        """All entries about one owner's key, oldest first."""
        query = select(AuditEntry).where(AuditEntry.owner == owner).order_by(AuditEntry.seq)
        with self._database.reading() as session:
            return tuple(
                Entry(row.at, What(row.what), row.output_sha256, json.loads(row.details), row.hash)
                for row in session.scalars(query)
            )

    def verify(self) -> Verified:
        """Checks every entry of every chain."""
        with self._database.reading() as session:
            chains = session.scalars(select(AuditHead.chain).order_by(AuditHead.chain)).all()
            triggers = _has_triggers(session)
        broken: list[str] = []
        entries = purged = 0
        ends = sha256()
        for chain in chains:
            head, found = self._check(chain)
            broken += found
            entries += head.seq - head.floor_seq
            purged += head.floor_seq
            ends.update(f"{chain}:{head.seq}:{head.hash};".encode())
        return Verified(entries, purged, tuple(broken), triggers, ends.hexdigest())

    def _check(self, chain: str) -> tuple[AuditHead, list[str]]:
        """One chain up to the end that it has now; anew if a purge shortened it meanwhile."""
        while True:
            head = self._head(chain)
            broken = list(self._breaks(head))
            if self._head(chain).floor_seq == head.floor_seq:
                return head, broken

    def _head(self, chain: str) -> AuditHead:
        with self._database.reading() as session:
            return session.get_one(AuditHead, chain)

    def _breaks(self, head: AuditHead) -> Iterator[str]:
        columns = AuditEntry.__table__.columns
        query = (
            select(*columns)
            .where(AuditEntry.chain == head.chain, AuditEntry.seq <= head.seq)
            .order_by(AuditEntry.seq)
            .execution_options(yield_per=_BATCH)
        )
        seq, previous = head.floor_seq, head.floor_hash
        with self._database.reading() as session:
            for row in map(dict, session.execute(query).mappings()):
                if row["seq"] <= head.floor_seq:
                    continue  # A purge that was cut off has yet to delete it.
                good = row["seq"] == seq + 1 and row["previous"] == previous
                if not good or row["hash"] != _hash(row):
                    yield f"{head.chain}:{row['seq']}"
                seq, previous = row["seq"], row["hash"]
        if (seq, previous) != (head.seq, head.hash):
            yield f"{head.chain}:{head.seq}"

    def count_before(self, time: datetime) -> int:
        """How many entries :meth:`forget` would delete at most."""
        query = select(func.count()).select_from(AuditEntry).where(AuditEntry.at < time)
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def forget(self, before: datetime) -> int:
        """Deletes entries that are older, from the beginning of each chain.

        The chain's floor is raised first; the triggers let go of nothing above it, and a check
        begins there.

        Returns:
            How many were deleted.
        """
        with self._database.reading() as session:
            chains = session.scalars(select(AuditHead.chain).order_by(AuditHead.chain)).all()
        forgotten = 0
        for chain in chains:
            while count := self._forget_some(chain, before):
                forgotten += count
        return forgotten

    def _forget_some(self, chain: str, before: datetime) -> int:
        with self._database.writing() as session:
            head = session.get_one(AuditHead, chain, with_for_update=True)
            rows = session.execute(
                select(AuditEntry.seq, AuditEntry.at, AuditEntry.hash)
                .where(AuditEntry.chain == chain)
                .order_by(AuditEntry.seq)
                .limit(_BATCH)
            ).all()
            old = 0
            for row in rows:
                if row.seq > head.floor_seq and row.at >= before:
                    break  # A clock that was set back makes no later entry old.
                old += 1
            if not old:
                return 0
            last = rows[old - 1]
            if last.seq > head.floor_seq:
                head.floor_seq, head.floor_hash = last.seq, last.hash
                session.flush()
            session.execute(
                delete(AuditEntry).where(AuditEntry.chain == chain, AuditEntry.seq <= last.seq)
            )
            return old


def _has_triggers(session: Session) -> bool:
    embedded = session.get_bind().dialect.name == "sqlite"
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if embedded
        else "SELECT trigger_name FROM information_schema.triggers"
        " WHERE trigger_schema = DATABASE() AND event_object_table = 'audit'"
    )
    return set(session.scalars(text(query))) >= _TRIGGERS
