"""Links that work once and not for long."""

from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import delete, select

from vov_core.database import Database, OneTimeLink
from vov_core.errors import LinkNotValidError
from vov_core.people.limits import Clock, utc_now
from vov_core.people.tokens import is_token, new_token, token_hash


class Purpose(StrEnum):
    """What a link is for; one for something else does not work."""

    RESET = "reset"
    CONFIRM = "confirm"


LIFE: Final = {Purpose.RESET: timedelta(minutes=30), Purpose.CONFIRM: timedelta(days=3)}


class Used(NamedTuple):
    """Who used a link, and the address it was mailed to, if it was."""

    account_id: str
    email: str | None


class OneTimeLinks:
    """The table of links.

    Args:
        database: Must be migrated.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def make(self, account_id: str, purpose: Purpose, email: str | None) -> str:
        """The token of a new link; an older one for the same no longer works."""
        token, now = new_token(), self._clock()
        with self._database.writing() as session:
            session.execute(
                delete(OneTimeLink)
                .where(OneTimeLink.account_id == account_id)
                .where(OneTimeLink.purpose == str(purpose))
            )
            session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at <= now))
            session.add(
                OneTimeLink(
                    token_hash=token_hash(token),
                    account_id=account_id,
                    purpose=str(purpose),
                    email=email,
                    expires_at=now + LIFE[purpose],
                )
            )
        return token

    def peek(self, token: str, purpose: Purpose) -> Used:
        """Whose link it is, without using it.

        Raises:
            LinkNotValidError: It was used, is too old, or never was one.
        """
        query = select(OneTimeLink).where(
            OneTimeLink.token_hash == token_hash(token if is_token(token) else ""),
            OneTimeLink.purpose == str(purpose),
            OneTimeLink.expires_at > self._clock(),
        )
        with self._database.reading() as session:
            row = session.scalars(query).one_or_none()
        if row is None:
            raise LinkNotValidError()
        return Used(row.account_id, row.email)

    def use(self, token: str, purpose: Purpose) -> Used:
        """Uses a link up. Of two who try at the same moment only one succeeds.

        Raises:
            LinkNotValidError: It was used, is too old, or never was one.
        """
        used = self.peek(token, purpose)
        with self._database.writing() as session:
            gone = session.execute(
                delete(OneTimeLink)
                .where(OneTimeLink.token_hash == token_hash(token))
                .returning(OneTimeLink.token_hash)
            )
            if not gone.all():
                raise LinkNotValidError()
        return used
