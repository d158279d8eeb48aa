"""Hands one message to an SMTP server, and knows up to when nothing has been handed over."""

import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from vov_core.errors import SettingsError
from vov_core.settings import Settings

_ANSWER_SECONDS: Final = 30
_LONGEST_SECONDS: Final = 600
_PIECE: Final = 64 * 1024
_GO_ON: Final = 354
_OK: Final = 250
_WILL_FORWARD: Final = 251
_TOO_LARGE: Final = 552


class DeliveryError(Exception):
    """The message was not handed over.

    Args:
        reason: ``server`` (not reached, or not now), ``tls``, ``login``, ``refused``,
            ``too_large``. Never the server's words: they may quote the address.
        lasting: Trying again would be no use.
    """

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


class UnknownFateError(Exception):
    """The server had the whole message and then did not answer: it may or may not deliver it."""


class Smtp:
    """A server and how to talk to it. A new connection for each message.

    Args:
        host: Name; with TLS the certificate must be for it.
        port: Usually 587 for ``starttls``, 465 for ``tls``, 25 for ``none``.
        security: ``starttls`` insists on encryption after the greeting, ``tls`` starts with it.
        user: For log-in; None for none.
        password: Likewise.
        authority: File of the authority that signed the certificate; None takes the system's.
        timeout: Seconds to wait for each answer.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: str = "starttls",
        user: str | None = None,
        password: str | None = None,
        authority: Path | None = None,
        timeout: float = _ANSWER_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._timeout = timeout
        try:
            self._context = ssl.create_default_context(cafile=authority)
        except OSError:
            raise SettingsError(name="smtp_ca", reason="not_usable") from None

    @classmethod
    def from_settings(cls, settings: Settings) -> "Smtp":
        """The server that the settings name (``smtp_host`` must be set)."""
        return cls(
            host=settings.smtp_host or "",
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            password=settings.smtp_password,
            authority=settings.smtp_ca,
        )

    def check(self) -> None:
        """Tries whether the server can be reached and takes the log-in.

        Raises:
            DeliveryError: It can't, or does not.
        """
        with self._session():
            pass

    def send(
        self, message: EmailMessage, sender: str, to: str, *, last_word: Callable[[], bool]
    ) -> None:
        """Hands a message over.

        Args:
            message: What the recipient sees.
            sender: Address that gets the complaints.
            to: The recipient.
            last_word: Asked right before the line that makes the server responsible. False stops
                there, and nothing is delivered; the caller can so make sure that nobody else sends
                the same message.

        Raises:
            DeliveryError: Nothing is delivered.
            UnknownFateError: The server was asked to deliver and did not say whether it does.
        """
        body = message.as_bytes(policy=SMTP)
        with self._session() as session:
            options = []
            if session.has_extn("size"):
                limit = session.esmtp_features["size"]
                if limit.isdigit() and 0 < int(limit) < len(body):
                    raise DeliveryError("too_large", lasting=True)
                options.append(f"size={len(body)}")
            _accepted(session.mail(sender, options))
            _accepted(session.rcpt(to))
            _accepted(session.docmd("DATA"), _GO_ON)
            _send(session, _stuffed(body))
            if not last_word():
                raise DeliveryError("superseded")
            session.send(b".\r\n")
            _accepted(_final_answer(session))
            session.putcmd("quit")

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A greeted, encrypted, logged-in connection; its errors are told as ours."""
        session = None
        try:
            session = self._connect()
            if self._user and self._password:
                session.login(self._user, self._password)
            yield session
        except smtplib.SMTPAuthenticationError:
            raise DeliveryError("login") from None
        except (ssl.SSLError, smtplib.SMTPNotSupportedError):
            raise DeliveryError("tls" if session is None else "login") from None
        except (OSError, smtplib.SMTPException, UnicodeError):
            raise DeliveryError("server") from None
        finally:
            if session is not None:
                session.close()

    def _connect(self) -> smtplib.SMTP:
        if self._security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
            session.ehlo_or_helo_if_needed()
            return session
        session = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                session.starttls(context=self._context)
            session.ehlo_or_helo_if_needed()
        except BaseException:
            session.close()
            raise
        return session


def _send(session: smtplib.SMTP, body: bytes) -> None:
    """In pieces: a time-out is for one piece, so a slow line may take its time, but not forever."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    for start in range(0, len(body), _PIECE):
        if time.monotonic() > deadline:
            raise DeliveryError("server")
        session.send(body[start : start + _PIECE])


def _final_answer(session: smtplib.SMTP) -> tuple[int, bytes]:
    try:
        answer = session.getreply()
    except (OSError, smtplib.SMTPException):
        raise UnknownFateError from None
    if not 200 <= answer[0] < 600:
        raise UnknownFateError
    return answer


def _accepted(answer: tuple[int, bytes], wanted: int = _OK) -> None:
    code = answer[0]
    if code == wanted or (wanted == _OK and code == _WILL_FORWARD):
        return
    if code == _TOO_LARGE:
        raise DeliveryError("too_large", lasting=True)
    lasting = 500 <= code < 600
    raise DeliveryError("refused" if lasting else "server", lasting=lasting)


def _stuffed(body: bytes) -> bytes:
    """The message with a dot before each leading dot, ending with a line break (RFC 5321)."""
    ended = body if body.endswith(b"\r\n") else body + b"\r\n"
    stuffed = ended.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
