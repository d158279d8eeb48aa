"""Everything that people do with their accounts, in the order in which it must be checked."""

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vov_core.archive import Archive
from vov_core.database import Database
from vov_core.errors import (
    IdNotUsableError,
    IdTakenError,
    LinkNotValidError,
    LogInAgainError,
    LogInFailedError,
    LogInNeededError,
    MailNotSetUpError,
    NotAllowedError,
    PersonError,
    TooManyTriesError,
    WrongPasswordError,
)
from vov_core.people import passwords
from vov_core.people.accounts import Accounts, Details, Member
from vov_core.people.letters import Letters
from vov_core.people.limits import Clock, Limit, Limits, utc_now
from vov_core.people.links import OneTimeLinks, Purpose
from vov_core.people.rules import check_password, clean_email, clean_id
from vov_core.people.sign_ins import Browser, SignIns
from vov_core.people.social import HAND_OVER_LIFE, SocialIdentities, Visitor
from vov_core.texts import Language

_log = logging.getLogger(__name__)

_HOUR: Final = timedelta(hours=1)
PASSWORD_BY_ACCOUNT: Final = Limit(name="password", free=5, window=_HOUR)
PASSWORD_BY_ADDRESS: Final = Limit(name="password from", free=30, window=_HOUR)
SIGN_UP_BY_ADDRESS: Final = Limit(
    name="sign up from", free=10, window=_HOUR, first_wait=timedelta(minutes=5)
)
ASK_BY_ADDRESS: Final = Limit(name="ask from", free=120, window=_HOUR)
FORGOT_BY_ADDRESS: Final = Limit(
    name="forgot from", free=10, window=_HOUR, first_wait=timedelta(minutes=5)
)
MAIL_TO: Final = Limit(
    name="mail to",
    free=3,
    window=_HOUR,
    first_wait=timedelta(minutes=10),
    longest_wait=timedelta(hours=6),
)
_ONCE: Final = Limit(
    name="once", free=1, window=HAND_OVER_LIFE, first_wait=2 * HAND_OVER_LIFE,
    longest_wait=2 * HAND_OVER_LIFE,
)  # fmt: skip

SHORT_STAY: Final = timedelta(hours=12)
_RECENTLY: Final = timedelta(minutes=15)
_MOST_RESETS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where somebody is.

    Attributes:
        address: IP address; None if the server can't tell it, then it limits nothing.
        browser: Short name of the browser.
        language: What they read.
    """

    address: str | None
    browser: str
    language: Language


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has just logged in, and the token for their cookie."""

    member: Member
    token: str


class People:
    """Accounts and log-in. Safe to share between threads and processes.

    Args:
        database: Must be migrated.
        admins: Ids of the admins.
        stay: How long "stay signed in" lasts.
        letters: Writes to people; None if the operator has set up no mail.
        clock: Tells the time.
    """

    def __init__(
        self,
        database: Database,
        *,
        admins: Collection[str] = (),
        stay: timedelta = timedelta(days=30),
        letters: Letters | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._stay = stay
        self._letters = letters
        self._clock = clock
        self.accounts = Accounts(database, admins, clock)
        self.identities = SocialIdentities(database, clock)
        self._sign_ins = SignIns(database, clock)
        self._links = OneTimeLinks(database, clock)
        self._limits = Limits(database, clock)

    @property
    def can_mail(self) -> bool:
        """Whether forgotten passwords can be mailed."""
        return self._letters is not None

    # Signing up and logging in.

    def is_free(self, login: str, place: Place) -> bool:
        """Whether somebody may sign up with an id.

        Raises:
            IdNotUsableError: Nobody may, whoever they are.
            TooManyTriesError: Somebody tries out who has an account here.
        """
        cleaned = clean_id(login)
        self._take(ASK_BY_ADDRESS, place)
        return self.accounts.is_free(cleaned)

    def sign_up(
        self, login: str, password: str, details: Details, place: Place, *, stay: bool = False
    ) -> SignedIn:
        """Makes an account and logs in to it.

        Whether the e-mail address is known already makes no difference here; its owner is told by
        mail.

        Raises:
            IdNotUsableError: The id is none.
            IdTakenError: Somebody else has it.
            PasswordNotUsableError: The password is guessed too easily.
            TooManyTriesError: Too many new accounts from there.
        """
        cleaned = clean_id(login)
        check_password(password, cleaned)
        if not self.accounts.is_free(cleaned):
            raise IdTakenError()
        self._take(SIGN_UP_BY_ADDRESS, place)
        member = self.accounts.add(cleaned, details, passwords.hash_password(password), None)
        self._ask_to_confirm(member, place.language)
        return self._begin(member, place, stay=stay)

    def _ask_to_confirm(self, member: Member, language: Language) -> None:
        email = member.details.email
        if self._letters is None or not self._may_mail(email):
            return
        known = self.accounts.by_confirmed_email(email)
        if known is not None and known.id != member.id:
            self._letters.already_known(email, language, known, member.login)
            return
        token = self._links.make(member.id, Purpose.CONFIRM, email)
        self._letters.welcome(member, language, token)

    def _may_mail(self, email: str) -> bool:
        """So that nobody's mailbox is filled. It is not told: that would tell who is known."""
        try:
            self._limits.take(MAIL_TO, email)
        except TooManyTriesError:
            return False
        return True

    def log_in(self, login: str, password: str, place: Place, *, stay: bool = False) -> SignedIn:
        """Logs in with id and password.

        Raises:
            LogInFailedError: No such id, not its password, or disabled: one answer for all, and it
                takes as long.
            TooManyTriesError: Tried too often from there, or for this id.
        """
        cleaned = _id_or_none(login)
        self._take(PASSWORD_BY_ADDRESS, place)
        self._limits.take(PASSWORD_BY_ACCOUNT, cleaned or login[:100])
        member, kept = self.accounts.password_hash(cleaned) if cleaned else (None, None)
        right = passwords.verify(password, kept)
        if not right or member is None or member.disabled:
            raise LogInFailedError()
        self._limits.forget(PASSWORD_BY_ACCOUNT, member.login)
        self._give_back(PASSWORD_BY_ADDRESS, place)
        if kept is not None and passwords.is_outdated(kept):
            self.accounts.set_password(member.id, passwords.hash_password(password))
        return self._begin(member, place, stay=stay)

    def _begin(self, member: Member, place: Place, *, stay: bool) -> SignedIn:
        self.accounts.seen(member.id)
        self._limits.tidy()
        life = self._stay if stay else min(SHORT_STAY, self._stay)
        return SignedIn(member, self._sign_ins.begin(member.id, place.browser, life))

    def _take(self, limit: Limit, place: Place) -> None:
        if place.address is not None:
            self._limits.take(limit, place.address)

    def _give_back(self, limit: Limit, place: Place) -> None:
        if place.address is not None:
            self._limits.give_back(limit, place.address)

    # While signed in.

    def who(self, token: str) -> Member | None:
        """Whose cookie it is; None if it opens nothing (any more)."""
        found = self._sign_ins.account_of(token)
        return None if found is None else self.accounts.by_id(found[0])

    def log_out(self, token: str) -> None:
        """Ends a browser's log-in; its cookie opens nothing any more."""
        self._sign_ins.end(token)

    def browsers(self, member: Member, token: str) -> tuple[Browser, ...]:
        """Where somebody is signed in."""
        return self._sign_ins.of(member.id, token)

    def log_out_one(self, member: Member, browser_id: str) -> None:
        """Ends one of somebody's own log-ins."""
        self._sign_ins.end_one(member.id, browser_id)

    def log_out_others(self, member: Member, token: str) -> None:
        """Ends all of somebody's log-ins but this one."""
        self._sign_ins.end_others(member.id, token)

    def change(
        self, member: Member, details: Details, password: str, token: str, language: Language
    ) -> Member:
        """Replaces what somebody told about themselves.

        Another address needs proof, since a forgotten password is mailed there.

        Raises:
            WrongPasswordError: The address is another one, and the password is not theirs.
            LogInAgainError: They have no password, and logged in too long ago.
        """
        old = member.details.email
        if details.email == old:
            return self.accounts.change(member.id, details)
        self._prove(member, password, token)
        changed = self.accounts.change(member.id, details)
        if self._letters is not None and member.email_confirmed:
            self._letters.changed(old, language, member.login)
        self._ask_to_confirm(changed, language)
        return changed

    def confirm_again(self, member: Member, language: Language) -> None:
        """Mails the link that confirms the address once more (not too often)."""
        self._ask_to_confirm(member, language)

    def change_password(
        self, member: Member, old: str, new: str, token: str, language: Language
    ) -> None:
        """Replaces the password and signs all other browsers out.

        Raises:
            PasswordNotUsableError: The new one is guessed too easily.
            WrongPasswordError: The old one is not theirs.
            LogInAgainError: They have none yet, and logged in too long ago.
        """
        check_password(new, member.login)
        self._prove(member, old, token)
        self.accounts.set_password(member.id, passwords.hash_password(new))
        self._sign_ins.end_others(member.id, token)
        if self._letters is not None and member.email_confirmed:
            self._letters.changed(member.details.email, language, member.login)

    def _prove(self, member: Member, password: str, token: str) -> None:
        """What matters needs the password; without one, a log-in of a moment ago."""
        found = self._sign_ins.account_of(token)
        if found is None or found[0] != member.id:
            raise LogInNeededError()
        if not member.has_password:
            if self._clock() - found[1] > _RECENTLY:
                raise LogInAgainError()
            return
        self._limits.take(PASSWORD_BY_ACCOUNT, member.login)
        _, kept = self.accounts.password_hash(member.login)
        if not passwords.verify(password, kept):
            raise WrongPasswordError()
        self._limits.forget(PASSWORD_BY_ACCOUNT, member.login)

    def close(self, member: Member, password: str, token: str, archive: Archive) -> int:
        """Deletes an account with all its photos; returns how many those were.

        Raises:
            WrongPasswordError: Not their password.
            LogInAgainError: They have none, and logged in too long ago.
        """
        self._prove(member, password, token)
        return self._remove(member, archive)

    def _remove(self, member: Member, archive: Archive) -> int:
        first = archive.delete_all(member.owner)
        self.accounts.remove(member.id)
        # What another browser saved in between: nobody could ever reach it.
        return sum(first + archive.delete_all(member.owner))

    # Forgotten passwords and addresses.

    def forgot(self, login_or_email: str, place: Place) -> None:
        """Mails one-time links; what is known here makes no difference to who asks.

        Raises:
            MailNotSetUpError: The operator has set up no mail.
            TooManyTriesError: Asked too often from there.
        """
        if self._letters is None:
            raise MailNotSetUpError()
        self._take(FORGOT_BY_ADDRESS, place)
        is_email = "@" in login_or_email
        asked = clean_email(login_or_email) if is_email else _id_or_none(login_or_email)
        if asked is None:
            return
        found = [m for m in self.accounts.named(asked, _MOST_RESETS) if not m.disabled]
        if any(member.email_confirmed for member in found):
            found = [member for member in found if member.email_confirmed]
        to = next((m.details.email for m in found if m.details.email), None)
        to = asked if to is None and is_email else to
        if to is None or not self._may_mail(to):
            return
        if not found:
            self._letters.no_account(to, place.language)
            return
        links = [
            (member.login, self._links.make(member.id, Purpose.RESET, member.details.email))
            for member in found
        ]
        self._letters.reset(to, place.language, links)

    def whose_link(self, token: str) -> Member:
        """Whose password a link resets.

        Raises:
            LinkNotValidError: It was used, is too old, or never was one.
        """
        member = self.accounts.by_id(self._links.peek(token, Purpose.RESET).account_id)
        if member is None:
            raise LinkNotValidError()
        return member

    def reset(self, token: str, password: str, place: Place) -> SignedIn:
        """Sets a new password by a link, signs all browsers out and this one in.

        Raises:
            LinkNotValidError: It was used, is too old, or never was one.
            PasswordNotUsableError: The password is guessed too easily; the link still works.
        """
        check_password(password, self.whose_link(token).login)
        used = self._links.use(token, Purpose.RESET)
        self.accounts.set_password(used.account_id, passwords.hash_password(password))
        if used.email:
            self.accounts.confirm_email(used.account_id, used.email)
        member = self.accounts.by_id(used.account_id)
        if member is None or member.disabled:
            raise LogInFailedError()
        self._limits.forget(PASSWORD_BY_ACCOUNT, member.login)
        signed_in = self._begin(member, place, stay=False)
        self._sign_ins.end_others(member.id, signed_in.token)
        return signed_in

    def confirm(self, token: str) -> None:
        """Notes by a link that an address is its account's.

        Raises:
            LinkNotValidError: It was used, is too old, or the address is another one by now.
        """
        used = self._links.use(token, Purpose.CONFIRM)
        if used.email is None or not self.accounts.confirm_email(used.account_id, used.email):
            raise LinkNotValidError()

    # Through another service.

    def social_log_in(self, who: Visitor, place: Place) -> SignedIn | None:
        """Logs in through another service.

        An identity seen for the first time opens the account whose owner confirmed the address that
        the service has verified. Both matter: else whoever signs up first with somebody's address
        would share their account.

        Returns:
            None if no account belongs to it yet; nothing was used up then.

        Raises:
            LogInFailedError: This log-in there has been used already, or the account is disabled.
        """
        account_id = self.identities.account_of(who)
        member = None if account_id is None else self.accounts.by_id(account_id)
        if member is None and who.email is not None and who.email_verified:
            member = self.accounts.by_confirmed_email(who.email)
        if member is None:
            return None
        self._use_once(who)
        if member.disabled:
            raise LogInFailedError()
        self.identities.add(who, member.id)
        return self._begin(member, place, stay=True)

    def social_sign_up(self, who: Visitor, details: Details, place: Place) -> SignedIn:
        """Makes an account for somebody whom another service vouches for, and logs in.

        Raises:
            LogInFailedError: This log-in there has been used already.
            TooManyTriesError: Too many new accounts from there.
        """
        self._take(SIGN_UP_BY_ADDRESS, place)
        self._use_once(who)
        verified = who.email if who.email_verified and who.email == details.email else None
        member = self.accounts.add_with_any_id(_wish(who, details), details, verified)
        self.identities.add(who, member.id)
        if not member.email_confirmed:
            self._ask_to_confirm(member, place.language)
        return self._begin(member, place, stay=True)

    def social_link(self, who: Visitor, login: str, password: str, place: Place) -> SignedIn:
        """Lets another service open an account that exists already; needs its password.

        Raises:
            LogInFailedError: No such id or not its password, or this log-in was used already.
            TooManyTriesError: Tried too often.
        """
        signed_in = self.log_in(login, password, place, stay=True)
        self._use_once(who)
        self.identities.add(who, signed_in.member.id)
        return signed_in

    def _use_once(self, who: Visitor) -> None:
        try:
            self._limits.take(_ONCE, who.use)
        except TooManyTriesError:
            raise LogInFailedError() from None

    def is_used(self, who: Visitor) -> bool:
        """Whether a log-in at another service has been used already."""
        return self._limits.is_blocked(_ONCE, who.use)

    # For admins. Nothing here reaches a photo.

    def find(
        self, admin: Member, words: str, *, offset: int, limit: int
    ) -> tuple[tuple[Member, ...], int]:
        """One page of all accounts, and how many there are.

        Raises:
            NotAllowedError: Not an admin.
        """
        self._check_admin(admin)
        plain = "".join(filter(str.isprintable, words)).strip()
        return self.accounts.find(plain, offset=offset, limit=limit)

    def disable(self, admin: Member, member: Member) -> None:
        """Shuts an account and signs it out everywhere.

        Raises:
            NotAllowedError: Not an admin, or an admin's account.
        """
        self._check_admin(admin, member)
        self.accounts.disable(member.id)

    def enable(self, admin: Member, member: Member) -> None:
        """Opens it again.

        Raises:
            NotAllowedError: Not an admin.
        """
        self._check_admin(admin, member)
        self.accounts.enable(member.id)

    def remove(self, admin: Member, member: Member, archive: Archive) -> int:
        """Deletes an account with all its photos; returns how many those were.

        Raises:
            NotAllowedError: Not an admin, or an admin's account.
        """
        self._check_admin(admin, member)
        return self._remove(member, archive)

    def reset_link(self, admin: Member, member: Member) -> str:
        """The token of a one-time link that sets somebody's password, for the admin to hand over.

        Raises:
            NotAllowedError: Not an admin, or an admin's account.
        """
        self._check_admin(admin, member)
        _log.info("an admin made a link for account %s", member.id)
        return self._links.make(member.id, Purpose.RESET, None)

    def _check_admin(self, admin: Member, member: Member | None = None) -> None:
        now = self.accounts.by_id(admin.id)
        if now is None or not now.is_admin or now.disabled:
            raise NotAllowedError()
        if member is not None and member.is_admin:
            raise NotAllowedError()

    def operators_link(self, login: str) -> str:
        """The token of a one-time link for any account, for whoever can run VOV's commands.

        It makes the account of an admin whom the settings name.

        Raises:
            LogInFailedError: No such account.
        """
        cleaned = clean_id(login)
        member = self.accounts.by_login(cleaned)
        if member is None and self.accounts.is_admin(cleaned):
            member = self.accounts.add_admin(cleaned)
        if member is None:
            raise LogInFailedError()
        return self._links.make(member.id, Purpose.RESET, None)


def _id_or_none(text: str) -> str | None:
    try:
        return clean_id(text)
    except IdNotUsableError:
        return None


def _wish(who: Visitor, details: Details) -> str:
    """An id made from the address; from nothing if that is none."""
    try:
        return clean_id(details.email.partition("@")[0][:24])
    except PersonError:
        return f"{who.provider}-{secrets.token_hex(3)}"
