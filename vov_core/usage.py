"""Counts saves, per day and per field of work, within the transaction of the save.

The numbers belong to nobody: they stay when a photo is deleted. What a person counts for in a
field of work is known by a hash that no other table holds, and only to leave out small fields.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, inspect
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.orm import Session

from vov_core.database import Photo, UsageDay, UsageField, UsagePerson
from vov_core.database.models import MICROSECONDS_A_DAY, Base, to_microseconds
from vov_core.findings import Verdict

_GROUP: Final = ("owner_kind", "verdict", "style")
_SUMS: Final = (
    "hands",
    "regions_found",
    "fingerprints_covered",
    "left_out",
    "drawn",
    "bytes",
    "ms_total",
    "readable",
    "partly",
    "unreadable",
)


def count(session: Session, photo: Photo, field_of_work: str | None, archive_id: str) -> None:
    """Counts one save.

    Args:
        session: A writing one. The rows of today are wanted by every save, so this comes last in
            a transaction.
        photo: What was saved; has its ``stored_at``.
        field_of_work: The owner's, if they told one.
        archive_id: Of the database; part of the hash that a person is counted by.
    """
    assert photo.stored_at is not None
    day = to_microseconds(photo.stored_at) // MICROSECONDS_A_DAY
    group = {name: getattr(photo, name) for name in _GROUP}
    # What was not measured adds nothing.
    sums = {name: getattr(photo, name) or 0 for name in _SUMS}
    _add(session, UsageDay, {"day": day, **group}, {"photos": 1, **sums})
    if field_of_work:
        danger = int(photo.verdict == Verdict.DANGER)
        key = {"field_of_work": field_of_work}
        _add(session, UsageField, key, {"photos": 1, "danger": danger})
        _add(session, UsagePerson, {**key, "person": _person(photo.owner, archive_id)}, {})


def forget(session: Session, owner: str, archive_id: str) -> None:
    """Forgets that an owner was among those who are counted; the numbers stay."""
    person = _person(owner, archive_id)
    session.execute(delete(UsagePerson).where(UsagePerson.person == person))


def _person(owner: str, archive_id: str) -> str:
    return sha256(f"{archive_id}:{owner}".encode()).hexdigest()


def _add(
    session: Session, table: type[Base], key: Mapping[str, Any], sums: Mapping[str, Any]
) -> None:
    """Adds to the row with this key, or makes it; in one statement, so that nobody is in between.

    Adding nothing leaves a row as it is.
    """
    columns = inspect(table).columns
    names: Sequence[str] = tuple(sums) or tuple(key)[:1]
    if session.get_bind().dialect.name == "sqlite":
        lite = sqlite.insert(table).values(**key, **sums)
        if not sums:
            session.execute(lite.on_conflict_do_nothing())
            return
        grown = {name: columns[name] + lite.excluded[name] for name in names}
        session.execute(lite.on_conflict_do_update(index_elements=list(key), set_=grown))
        return
    maria = mysql.insert(table).values(**key, **sums)
    more = {name: columns[name] + maria.inserted[name] if sums else columns[name] for name in names}
    session.execute(maria.on_duplicate_key_update(more))
