"""What a person agrees to before anything of theirs is saved.

The words are in the text catalogue (``consent.*``). Whoever changes them changes ``TEXT_VERSION``
with them (a test insists), and everybody is asked again. How long photos live is part of the
promise, so it is part of the version, too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from vov_core.audit import Act, What, append
from vov_core.database import Consent
from vov_core.errors import ConsentMissingError

TEXT_VERSION: Final = "1"


@dataclass(frozen=True)
class Terms:
    """What is agreed to.

    Attributes:
        days: How long a saved photo lives; 0 means until it is deleted.
    """

    days: int

    @property
    def version(self) -> str:
        """Changes with the words and with what they promise."""
        return f"{TEXT_VERSION}-{self.days}"


@dataclass(frozen=True)
class Agreement:
    """A consent that was given.

    Attributes:
        version: Of the terms.
        given_at: When, UTC.
        withdrawn_at: When it was taken back; None while it stands.
    """

    version: str
    given_at: datetime
    withdrawn_at: datetime | None


def agreements(session: Session, owner: str) -> tuple[Agreement, ...]:
    """All consents that an owner ever gave, oldest first."""
    query = select(Consent).where(Consent.owner == owner).order_by(Consent.id)
    return tuple(
        Agreement(row.version, row.given_at, row.withdrawn_at) for row in session.scalars(query)
    )


def require(session: Session, owner: str, terms: Terms) -> None:
    """Makes sure that the owner agreed, and can't withdraw before the transaction ends.

    Raises:
        ConsentMissingError: They did not agree to these terms, or withdrew.
    """
    query = (
        select(Consent.id)
        .where(Consent.owner == owner, Consent.version == terms.version)
        .where(Consent.withdrawn_at.is_(None))
        .limit(1)
        .with_for_update(read=True)
    )
    if session.scalar(query) is None:
        raise ConsentMissingError()


def give(session: Session, owner: str, kind: str, terms: Terms) -> None:
    """Notes that the owner agreed; once is enough."""
    try:
        require(session, owner, terms)
    except ConsentMissingError:
        now = datetime.now(UTC)
        row = Consent(owner=owner, owner_kind=kind, version=terms.version, given_at=now)
        session.add(row)
        session.flush()
        append(session, owner, [Act(What.CONSENTED, details={"version": terms.version})])


def withdraw(session: Session, owner: str) -> None:
    """Ends all consents of an owner."""
    standing = (Consent.owner == owner, Consent.withdrawn_at.is_(None))
    versions = session.scalars(select(Consent.version).where(*standing)).all()
    if versions:
        session.execute(update(Consent).where(*standing).values(withdrawn_at=datetime.now(UTC)))
        append(session, owner, [Act(What.WITHDRAWN, details={"version": versions[-1]})])


def forget(session: Session, owner: str) -> None:
    """Deletes all consents of an owner."""
    session.execute(delete(Consent).where(Consent.owner == owner))
