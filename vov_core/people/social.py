"""Logging in through another service (OpenID Connect): whose identity it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from vov_core.database import Database, SocialIdentity
from vov_core.errors import AddressError, LogInFailedError, NameNotUsableError
from vov_core.people.limits import Clock, utc_now
from vov_core.people.rules import clean_email, clean_name

PROVIDERS: Final = ("google", "kakao", "naver")
HAND_OVER_LIFE: Final = timedelta(minutes=30)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody whom another service has just vouched for.

    Attributes:
        provider: Which service, as the operator calls it.
        key: Hash of issuer and subject: who they are there.
        use: Hash of this one log-in there, which counts once.
        email: Their address, if the service tells it.
        email_verified: Whether the service says that it is really theirs.
        name: How they are called there; may be empty.
    """

    provider: str
    key: str
    use: str
    email: str | None = field(repr=False)
    email_verified: bool
    name: str = field(repr=False)


def visitor(claims: Mapping[str, Any], now: datetime | None = None) -> Visitor:
    """Reads the claims of an ID token that Streamlit has checked (signature, audience, nonce).

    Streamlit keeps them in a cookie for 30 days. Here they count for a short while only, and once:
    they begin a log-in of VOV's own, which can be listed and revoked.

    Raises:
        LogInFailedError: Something essential is missing, or the log-in there was too long ago.
    """
    provider, issuer, subject = (str(claims.get(name) or "") for name in ("provider", "iss", "sub"))
    if provider not in PROVIDERS or not issuer or not subject:
        raise LogInFailedError()
    issued = _issued(claims)
    age = (now or datetime.now(UTC)) - issued
    if not -_CLOCKS_DIFFER < age < HAND_OVER_LIFE:
        raise LogInFailedError()
    key = _hash(issuer, subject)
    return Visitor(
        provider=provider,
        key=key,
        use=_hash(key, str(claims.get("nonce") or ""), str(issued.timestamp())),
        email=_email(claims),
        # Kakao's and Naver's ID tokens do not say so; then nobody else does.
        email_verified=claims.get("email_verified") in (True, "true"),
        name=_name(claims),
    )


def _issued(claims: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(float(claims["iat"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise LogInFailedError() from None


def _email(claims: Mapping[str, Any]) -> str | None:
    try:
        return clean_email(str(claims.get("email") or ""))
    except AddressError:
        return None


def _name(claims: Mapping[str, Any]) -> str:
    try:
        return clean_name(str(claims.get("name") or claims.get("nickname") or ""))
    except NameNotUsableError:
        return ""


def _hash(*parts: str) -> str:
    return sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()


class SocialIdentities:
    """The table of identities at other services.

    Args:
        database: Must be migrated.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def account_of(self, who: Visitor) -> str | None:
        """The account that an identity opens."""
        query = select(SocialIdentity.account_id).where(SocialIdentity.key == who.key)
        with self._database.reading() as session:
            return session.scalar(query)

    def add(self, who: Visitor, account_id: str) -> None:
        """Lets an identity open an account.

        Raises:
            LogInFailedError: It opens another one already.
        """
        row = SocialIdentity(
            key=who.key, account_id=account_id, provider=who.provider, created_at=self._clock()
        )
        try:
            with self._database.writing() as session:
                session.add(row)
        except IntegrityError:
            if self.account_of(who) != account_id:
                raise LogInFailedError() from None

    def of(self, account_id: str) -> tuple[str, ...]:
        """The services that open an account."""
        query = (
            select(SocialIdentity.provider)
            .where(SocialIdentity.account_id == account_id)
            .order_by(SocialIdentity.provider)
        )
        with self._database.reading() as session:
            return tuple(session.scalars(query))

    def remove(self, account_id: str, provider: str) -> None:
        """No longer lets a service open an account."""
        with self._database.writing() as session:
            session.execute(
                delete(SocialIdentity).where(
                    SocialIdentity.account_id == account_id, SocialIdentity.provider == provider
                )
            )
