"""The tables. A change here needs a migration beside it; a test compares the two."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import JSON, BigInteger, Dialect, Double, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
MICROSECONDS_A_MINUTE: Final = 60_000_000
MICROSECONDS_A_DAY: Final = 24 * 60 * MICROSECONDS_A_MINUTE


def to_microseconds(time: datetime) -> int:
    """Microseconds since 1970 of a time that knows its zone.

    Raises:
        ValueError: The time has no zone.
    """
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return (time - _EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """A moment, kept as microseconds since 1970 UTC.

    A plain number sorts, compares and groups alike on every database; their own types differ in
    precision and in what they think of time zones.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class State(StrEnum):
    """Where a photo's save or delete stands. Only ``STORED`` is ever shown."""

    PENDING = "pending"
    STORED = "stored"
    DELETING = "deleting"


class Base(DeclarativeBase):
    """All tables of VOV."""

    metadata = MetaData(
        naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime,
        float: Double,
        dict[str, str]: JSON,
    }


# Keys are compared byte for byte, names hold any script and emoji.
MARIADB: Final = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}


class Identity(Base):
    """One row: the random id of this database's archive, the first part of all its object keys.

    Another database's objects in the same bucket or folder therefore are never taken for orphans.
    """

    __tablename__ = "identity"
    __table_args__ = (MARIADB,)

    archive_id: Mapped[str] = mapped_column(String(32), primary_key=True)


class Photo(Base):
    """A saved output and its receipt: what a person approved, and how it was made."""

    __tablename__ = "photos"
    __table_args__ = (
        Index(None, "owner", "state", "created_at"),
        Index(None, "state", "created_at"),
        Index(None, "state", "owner_kind", "created_at"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    owner_kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    attempt: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    approved_at: Mapped[datetime]
    output_sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    format: Mapped[str] = mapped_column(String(8))
    file_name: Mapped[str] = mapped_column(String(255))
    verdict: Mapped[str] = mapped_column(String(16))
    style: Mapped[str] = mapped_column(String(32))
    mode: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float]
    coverage: Mapped[float]
    strength: Mapped[float]
    softness: Mapped[float]
    hands: Mapped[int]
    regions_found: Mapped[int]
    fingerprints_covered: Mapped[int]
    left_out: Mapped[int]
    drawn: Mapped[int]
    models: Mapped[dict[str, str]]
    app_version: Mapped[str] = mapped_column(String(32))
    ms_total: Mapped[float]
    readable: Mapped[int | None]
    partly: Mapped[int | None]
    unreadable: Mapped[int | None]


class UsageDay(Base):
    """The numbers of one day's saves that are alike. They name neither a photo nor anyone.

    They stay when a photo is deleted. ``day`` counts from 1970 in UTC. The sums bear the names of
    the receipt's fields.
    """

    __tablename__ = "usage_days"
    # Every question reads a range of days: the rows lie in this order on SQLite, too.
    __table_args__ = ({**MARIADB, "sqlite_with_rowid": False},)

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16), primary_key=True)
    style: Mapped[str] = mapped_column(String(32), primary_key=True)
    photos: Mapped[int] = mapped_column(BigInteger)
    hands: Mapped[int] = mapped_column(BigInteger)
    regions_found: Mapped[int] = mapped_column(BigInteger)
    fingerprints_covered: Mapped[int] = mapped_column(BigInteger)
    left_out: Mapped[int] = mapped_column(BigInteger)
    drawn: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    ms_total: Mapped[float]
    readable: Mapped[int] = mapped_column(BigInteger, server_default="0")
    partly: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unreadable: Mapped[int] = mapped_column(BigInteger, server_default="0")


class UsageField(Base):
    """The numbers of one field of work, over all time.

    They are not crossed with days or styles on purpose: nearly every cell would be one person.
    """

    __tablename__ = "usage_fields"
    __table_args__ = (MARIADB,)

    field_of_work: Mapped[str] = mapped_column(String(64), primary_key=True)
    photos: Mapped[int] = mapped_column(BigInteger)
    danger: Mapped[int] = mapped_column(BigInteger)


class UsagePerson(Base):
    """Who is counted in a field of work, so that fields of few people are never shown.

    ``person`` is a hash that no other table holds.
    """

    __tablename__ = "usage_people"
    __table_args__ = (Index(None, "person"), MARIADB)

    field_of_work: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(64), primary_key=True)


class Consent(Base):
    """Somebody agreed to what saving means: which version of the words, and when."""

    __tablename__ = "consents"
    __table_args__ = (Index(None, "owner"), MARIADB)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    owner: Mapped[str] = mapped_column(String(64))
    owner_kind: Mapped[str] = mapped_column(String(8))
    version: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class AuditHead(Base):
    """Where one chain of the audit trail ends, and where it begins since old entries were purged.

    Its row is locked while an entry is added, so a chain never forks.
    """

    __tablename__ = "audit_heads"
    __table_args__ = (MARIADB,)

    chain: Mapped[str] = mapped_column(String(1), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    floor_seq: Mapped[int] = mapped_column(BigInteger)
    floor_hash: Mapped[str] = mapped_column(String(64))


class AuditEntry(Base):
    """What somebody did to an output. Triggers refuse to alter it, or to delete it above the floor.

    ``details`` is JSON as text, since the hash is taken over exactly these characters.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "owner"), MARIADB)

    chain: Mapped[str] = mapped_column(String(1), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    owner: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(16))
    output_sha256: Mapped[str] = mapped_column(String(64))
    details: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Job(Base):
    """A job that one process at a time may do: who does it until when, and when it last ran."""

    __tablename__ = "jobs"
    __table_args__ = (MARIADB,)

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(32))
    until: Mapped[datetime | None]
    ran_at: Mapped[datetime | None]


class Mail(Base):
    """A letter on its way: encrypted until its fate is known, then only that.

    It holds no picture, no readable address and, once it is over, nothing of what it said.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index(None, "state", "next_try"),
        Index(None, "owner", "created_at"),
        Index(None, "recipient", "created_at"),
        Index(None, "created_at"),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    photos: Mapped[int]
    created_at: Mapped[datetime]
    next_try: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(16))
    payload: Mapped[str | None] = mapped_column(Text)
