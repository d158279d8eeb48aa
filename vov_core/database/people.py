"""The tables of people with an account: who they are, where they are signed in, and the limits.

No column holds a password or a token that opens anything: passwords are argon2id hashes, the tokens
of cookies and links are SHA-256 hashes of 256 random bits.
"""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from vov_core.database.models import MARIADB, Base


class Account(Base):
    """Somebody with an account."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index(None, "login", unique=True),
        Index(None, "email"),
        Index(None, "confirmed_email", unique=True),
        MARIADB,
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    login: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254))
    # Anybody may write down any address; only who opened its mail owns it.
    confirmed_email: Mapped[str | None] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(16))
    field_of_work: Mapped[str] = mapped_column(String(32))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    # No log-in token: it only names the photos' owner, and no cookie or link ever carries it.
    owner_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser in which somebody is signed in."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"), MARIADB)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(32))
    browser: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OneTimeLink(Base):
    """A link that was sent out and not used yet."""

    __tablename__ = "one_time_links"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"), MARIADB)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(16))
    # The address that the link was mailed to: who uses it has shown to read its mail.
    email: Mapped[str | None] = mapped_column(String(254))
    expires_at: Mapped[datetime]


class SocialIdentity(Base):
    """Somebody's identity at another service; ``key`` is a hash of its issuer and subject."""

    __tablename__ = "social_identities"
    __table_args__ = (Index(None, "account_id"), MARIADB)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(32))
    provider: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]


class Tries(Base):
    """How often something was tried lately; ``key`` is a hash of what and by whom."""

    __tablename__ = "tries"
    __table_args__ = (Index(None, "expires_at"), MARIADB)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
