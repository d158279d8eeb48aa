"""Where people are signed in: one row per browser, opened by a token in a cookie."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from vov_core.database import Account, Database, SignIn
from vov_core.people.limits import Clock, utc_now
from vov_core.people.tokens import is_token, is_token_hash, new_token, token_hash

_MOST: Final = 20
_SEEN_EVERY: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Browser:
    """A browser in which somebody is signed in.

    Attributes:
        id: Names the row; opens nothing.
        name: Such as ``Chrome · Windows``.
        created_at: When they logged in.
        seen_at: When they were last here, to ten minutes.
        current: Whether it is the one that asks.
    """

    id: str
    name: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SignIns:
    """The table of browsers.

    Args:
        database: Must be migrated.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def begin(self, account_id: str, browser: str, life: timedelta) -> str:
        """Signs a browser in; returns the token for its cookie.

        It is always a new one: a token that somebody planted in a browser never gets any power.
        """
        token, now = new_token(), self._clock()
        oldest = (
            select(SignIn.token_hash)
            .where(SignIn.account_id == account_id)
            .order_by(SignIn.seen_at.desc(), SignIn.token_hash)
            .offset(_MOST - 1)
        )
        with self._database.writing() as session:
            extra = session.scalars(oldest.limit(1000)).all()
            session.execute(delete(SignIn).where(SignIn.token_hash.in_(extra)))
            session.execute(delete(SignIn).where(SignIn.expires_at <= now))
            session.add(
                SignIn(
                    token_hash=token_hash(token),
                    account_id=account_id,
                    browser=browser[:80],
                    created_at=now,
                    seen_at=now,
                    expires_at=now + life,
                )
            )
        return token

    def account_of(self, token: str) -> tuple[str, datetime] | None:
        """Whose browser it is and since when; None if it is not or no longer signed in."""
        if not is_token(token):
            return None
        now = self._clock()
        query = (
            select(SignIn)
            .join(Account, Account.id == SignIn.account_id)
            .where(SignIn.token_hash == token_hash(token))
            .where(SignIn.expires_at > now, Account.disabled_at.is_(None))
        )
        with self._database.reading() as session:
            row = session.scalars(query).one_or_none()
        if row is None:
            return None
        if now - row.seen_at > _SEEN_EVERY:
            with self._database.writing() as session:
                kept = session.get(SignIn, row.token_hash)
                if kept is not None:
                    kept.seen_at = now
        return row.account_id, row.created_at

    def of(self, account_id: str, token: str) -> tuple[Browser, ...]:
        """Where somebody is signed in, last seen first."""
        mine = token_hash(token)
        query = (
            select(SignIn)
            .where(SignIn.account_id == account_id, SignIn.expires_at > self._clock())
            .order_by(SignIn.seen_at.desc())
        )
        with self._database.reading() as session:
            return tuple(
                Browser(
                    id=row.token_hash,
                    name=row.browser,
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    current=row.token_hash == mine,
                )
                for row in session.scalars(query)
            )

    def end(self, token: str) -> None:
        """Signs one browser out."""
        with self._database.writing() as session:
            session.execute(delete(SignIn).where(SignIn.token_hash == token_hash(token)))

    def end_one(self, account_id: str, browser_id: str) -> None:
        """Signs one of somebody's own browsers out."""
        if not is_token_hash(browser_id):
            return
        with self._database.writing() as session:
            session.execute(
                delete(SignIn).where(
                    SignIn.account_id == account_id, SignIn.token_hash == browser_id
                )
            )

    def end_others(self, account_id: str, token: str) -> None:
        """Signs all of somebody's browsers out but the one that asks."""
        with self._database.writing() as session:
            session.execute(
                delete(SignIn)
                .where(SignIn.account_id == account_id)
                .where(SignIn.token_hash != token_hash(token))
            )


_BROWSERS: Final = (
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(", "Naver"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Whale/", "Whale"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """A short name for a browser. Nothing else of what it tells about itself is kept."""
    parts = [
        next((name for mark, name in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(part for part in parts if part) or "?"
