"""What VOV writes to people about their accounts."""

import logging
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from vov_core.errors import MailError
from vov_core.mail import Outbox
from vov_core.people.accounts import Member
from vov_core.texts import Language, text

Post = Callable[[str, str, str], None]
"""Takes a letter (address, subject, text) and delivers it later."""

_log = logging.getLogger(__name__)


def post_by(outbox: Outbox) -> Post:
    """Lets the queue deliver. What it refuses is only logged: it would tell who is known."""

    def post(to: str, subject: str, body: str) -> None:
        # The queue limits letters by owner; these have one per recipient.
        owner = outbox.owner_of(to)
        try:
            outbox.add(owner, to, subject, body)
        except MailError as error:
            _log.warning("a letter was not taken: %s", error)

    return post


class Letters:
    """Writes letters and hands them over.

    Args:
        post: Takes them.
        public_url: Where VOV is. It comes from the settings, never from a visitor's request: else
            anybody could have others mailed links that lead to a server of their own.
    """

    def __init__(self, post: Post, public_url: str) -> None:
        self._post = post
        self._public_url = public_url

    def link(self, purpose: str, token: str) -> str:
        """The address that a token is used at."""
        return account_link(self._public_url, purpose, token)

    def welcome(self, member: Member, language: Language, token: str) -> None:
        """To somebody who signed up or wrote down another address: is it really theirs?"""
        facts = {"login": member.login, "link": self.link("confirm", token)}
        self._send(member.details.email, "welcome", language, **facts)

    def already_known(self, to: str, language: Language, known: Member, tried: str) -> None:
        """To somebody whose address another account was given, too."""
        facts = {"login": known.login, "tried": tried, "link": f"{self._public_url}/account"}
        self._send(to, "known", language, **facts)

    def reset(self, to: str, language: Language, links: Sequence[tuple[str, str]]) -> None:
        """To somebody who forgot: a one-time link for each id of theirs."""
        lines = "\n".join(f"{login}: {self.link('reset', token)}" for login, token in links)
        self._send(to, "reset", language, links=lines)

    def no_account(self, to: str, language: Language) -> None:
        """To somebody who forgot that they have no account under this address."""
        self._send(to, "none", language, link=f"{self._public_url}/account")

    def changed(self, to: str, language: Language, login: str) -> None:
        """To the owner of an account: its password or address was changed."""
        self._send(to, "changed", language, login=login, link=f"{self._public_url}/account")

    def _send(self, to: str, letter: str, language: Language, **facts: str) -> None:
        subject = text(language, f"letters.{letter}_subject")
        self._post(to, subject, text(language, f"letters.{letter}", **facts))


def account_link(public_url: str, purpose: str, token: str) -> str:
    """The address of the account page that a one-time token is used at."""
    return f"{public_url}/account?{urlencode({purpose: token})}"
