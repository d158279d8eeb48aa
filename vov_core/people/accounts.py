"""Accounts in the database: made, found, changed, deleted. Who may do so is decided elsewhere."""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from vov_core.archive import Owner, OwnerKind
from vov_core.database import Account, Database, OneTimeLink, SignIn, SocialIdentity
from vov_core.errors import IdTakenError, LogInNeededError
from vov_core.people.limits import Clock, utc_now
from vov_core.people.rules import AccountKind, FieldOfWork

_TRIES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Details:
    """What somebody tells about themselves; clean already (``people.rules``).

    Attributes:
        name: Any.
        email: Where mail reaches them.
        kind: For whom they use VOV.
        field_of_work: What they work in.
    """

    name: str
    email: str
    kind: AccountKind
    field_of_work: FieldOfWork


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody with an account.

    Attributes:
        id: 32 hex digits, random; never changes.
        login: The id that they chose.
        details: What they told.
        email_confirmed: They have shown to read the mail of their address.
        has_password: False for those who only ever came through another service.
        is_admin: The settings name them.
        created_at: When they signed up.
        seen_at: When they last logged in.
        disabled: An admin has shut the account.
        owner: Who their photos belong to.
    """

    id: str
    login: str
    details: Details = field(repr=False)
    email_confirmed: bool
    has_password: bool
    is_admin: bool
    created_at: datetime
    seen_at: datetime | None
    disabled: bool
    owner: Owner = field(repr=False)


class Accounts:
    """The table of accounts.

    Args:
        database: Must be migrated.
        admins: Ids of the admins.
        clock: Tells the time.
    """

    def __init__(
        self, database: Database, admins: Collection[str] = (), clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._admins = frozenset(admins)
        self._clock = clock

    def is_free(self, login: str) -> bool:
        """Whether somebody may sign up with a clean id.

        An admin's id is free for nobody: who came first would be the admin.
        """
        if login in self._admins:
            return False
        query = select(func.count()).select_from(Account).where(Account.login == login)
        with self._database.reading() as session:
            return not session.scalar(query)

    def is_admin(self, login: str) -> bool:
        """Whether the settings name this id."""
        return login in self._admins

    def add(
        self, login: str, details: Details, password_hash: str | None, confirmed_email: str | None
    ) -> Member:
        """Makes an account.

        Raises:
            IdTakenError: Somebody else was first, or it is an admin's id.
        """
        if not self.is_free(login):
            raise IdTakenError()
        return self._add(login, details, password_hash, confirmed_email)

    def _add(
        self, login: str, details: Details, password_hash: str | None, confirmed_email: str | None
    ) -> Member:
        account = Account(
            id=uuid.uuid4().hex,
            login=login,
            name=details.name,
            email=details.email,
            confirmed_email=confirmed_email,
            kind=str(details.kind),
            field_of_work=str(details.field_of_work),
            password_hash=password_hash,
            owner_token=secrets.token_urlsafe(32),
            created_at=self._clock(),
        )
        try:
            with self._database.writing() as session:
                session.add(account)
        except IntegrityError:
            # Somebody took the id or confirmed the address in the meantime.
            if self.by_login(login) is None and confirmed_email is not None:
                return self._add(login, details, password_hash, None)
            raise IdTakenError() from None
        return self._to_member(account)

    def add_admin(self, login: str) -> Member:
        """Makes the account of an admin whom the settings name, without a password.

        Only the operator may do so, at the command line.
        """
        nobody = Details(
            name=login, email="", kind=AccountKind.COMPANY, field_of_work=FieldOfWork.OTHER
        )
        return self._add(login, nobody, None, None)

    def add_with_any_id(self, wish: str, details: Details, confirmed_email: str | None) -> Member:
        """Makes an account without a password; its id is the wish or something like it.

        Raises:
            IdTakenError: Everything like it is taken.
        """
        for attempt in range(_TRIES):
            login = wish if not attempt else f"{wish[:24]}-{secrets.token_hex(2)}"
            try:
                return self.add(login, details, None, confirmed_email)
            except IdTakenError:
                continue
        raise IdTakenError()

    def by_login(self, login: str) -> Member | None:
        """Who has a clean id."""
        return self._one(Account.login == login)

    def by_id(self, account_id: str) -> Member | None:
        """Who has this account."""
        return self._one(Account.id == account_id)

    def by_confirmed_email(self, email: str) -> Member | None:
        """Who has shown to read the mail of a clean address."""
        return self._one(Account.confirmed_email == email)

    def named(self, login_or_email: str, most: int) -> tuple[Member, ...]:
        """Whoever has this clean id or address; those who confirmed it first."""
        query = (
            select(Account)
            .where(or_(Account.login == login_or_email, Account.email == login_or_email))
            .order_by(Account.confirmed_email.is_(None), Account.created_at)
            .limit(most)
        )
        with self._database.reading() as session:
            return tuple(self._to_member(row) for row in session.scalars(query))

    def _one(self, condition: ColumnElement[bool]) -> Member | None:
        with self._database.reading() as session:
            row = session.scalars(select(Account).where(condition)).one_or_none()
        return None if row is None else self._to_member(row)

    def password_hash(self, login: str) -> tuple[Member | None, str | None]:
        """An account and the hash of its password, for the log-in alone."""
        with self._database.reading() as session:
            row = session.scalars(select(Account).where(Account.login == login)).one_or_none()
        return (None, None) if row is None else (self._to_member(row), row.password_hash)

    def set_password(self, account_id: str, password_hash: str) -> None:
        """Replaces the hash."""
        with self._database.writing() as session:
            self._get(account_id, session.get(Account, account_id)).password_hash = password_hash

    def seen(self, account_id: str) -> None:
        """Notes a log-in."""
        with self._database.writing() as session:
            self._get(account_id, session.get(Account, account_id)).seen_at = self._clock()

    def change(self, account_id: str, details: Details) -> Member:
        """Replaces what somebody told about themselves; a new address is not confirmed."""
        with self._database.writing() as session:
            row = self._get(account_id, session.get(Account, account_id))
            row.name, row.email = details.name, details.email
            row.kind, row.field_of_work = str(details.kind), str(details.field_of_work)
            if row.confirmed_email != details.email:
                row.confirmed_email = None
            return self._to_member(row)

    def confirm_email(self, account_id: str, email: str) -> bool:
        """Notes that somebody reads the mail of an address, if it is still theirs.

        Returns:
            False if the address is another one by now, or another account confirmed it first.
        """
        try:
            with self._database.writing() as session:
                row = self._get(account_id, session.get(Account, account_id))
                if row.email != email:
                    return False
                row.confirmed_email = email
        except IntegrityError:
            return False
        return True

    def disable(self, account_id: str) -> None:
        """Shuts an account: nobody can log in to it, and whoever is signed in is no longer."""
        with self._database.writing() as session:
            row = self._get(account_id, session.get(Account, account_id))
            row.disabled_at = self._clock()
            for table in (SignIn, OneTimeLink):
                session.execute(delete(table).where(table.account_id == account_id))

    def enable(self, account_id: str) -> None:
        """Opens it again."""
        with self._database.writing() as session:
            self._get(account_id, session.get(Account, account_id)).disabled_at = None

    def remove(self, account_id: str) -> None:
        """Deletes an account and all that hangs on it; its photos are the archive's business."""
        with self._database.writing() as session:
            for table in (SignIn, OneTimeLink, SocialIdentity):
                session.execute(delete(table).where(table.account_id == account_id))
            session.execute(delete(Account).where(Account.id == account_id))

    def find(self, words: str, *, offset: int, limit: int) -> tuple[tuple[Member, ...], int]:
        """One page of accounts by id, and how many there are in all; for admins.

        Args:
            words: Part of an id, a name or an address; empty for all.
            offset: How many to skip.
            limit: How many at most.
        """
        condition: ColumnElement[bool] = or_(
            *(
                column.icontains(words, autoescape=True)
                for column in (Account.login, Account.name, Account.email)
            )
        )
        query = select(Account).where(condition).order_by(Account.login)
        count = select(func.count()).select_from(Account).where(condition)
        with self._database.reading() as session:
            rows = session.scalars(query.offset(offset).limit(limit))
            return tuple(map(self._to_member, rows)), session.scalar(count) or 0

    def numbers(self, since: datetime) -> tuple[int, int, int]:
        """How many accounts there are, were seen since, and are disabled."""
        query = select(
            func.count(),
            func.count(case((Account.seen_at >= since, 1))),
            func.count(Account.disabled_at),
        ).select_from(Account)
        with self._database.reading() as session:
            total, seen, disabled = session.execute(query).one()
            return int(total), int(seen), int(disabled)

    @staticmethod
    def _get(account_id: str, row: Account | None) -> Account:
        if row is None or row.id != account_id:
            # Deleted in another browser in the meantime.
            raise LogInNeededError()
        return row

    def _to_member(self, row: Account) -> Member:
        field_of_work = FieldOfWork(row.field_of_work)
        return Member(
            id=row.id,
            login=row.login,
            details=Details(
                name=row.name,
                email=row.email,
                kind=AccountKind(row.kind),
                field_of_work=field_of_work,
            ),
            email_confirmed=row.confirmed_email is not None and row.confirmed_email == row.email,
            has_password=row.password_hash is not None,
            is_admin=row.login in self._admins,
            created_at=row.created_at,
            seen_at=row.seen_at,
            disabled=row.disabled_at is not None,
            owner=Owner(OwnerKind.MEMBER, row.owner_token, field_of_work=str(field_of_work)),
        )
