"""A real mail server on a free port, in this process; it can be told to misbehave."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.services.servers import free_ports

USER, PASSWORD = "vov", "a-secret-mail-password"


class _Protocol(SMTP):
    """aiosmtpd, which can also hang up in the middle of a message."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 (its name)
        office: PostOffice = self.event_handler
        if not office.hang_up_in_data:
            await super().smtp_DATA(arg)
            return
        office.hang_up_in_data -= 1
        await self.push("354 Go ahead")
        await self._reader.readline()
        self.transport.abort()


class PostOffice:
    """What has arrived, and how the next letters are treated."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        """Instead of an acceptance of the next letters."""
        self.refuse: dict[str, str] = {}
        """Recipient -> answer."""
        self.hang_up_in_data = 0
        self.hang_up_after_data = 0
        self.hold = threading.Event()
        """A letter is accepted only while this is set."""
        self.hold.set()
        self.holding = threading.Event()
        self.port = 0
        self.encrypted: list[bool] = []
        self.logins: list[str] = []

    async def handle_RCPT(  # noqa: N802 (its name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (its name)
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.holding.set()
        while not self.hold.is_set():
            await asyncio.sleep(0.01)
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        self.recipients.extend(envelope.rcpt_tos)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if self.hang_up_after_data:
            self.hang_up_after_data -= 1
            server.transport.abort()
        return "250 OK"

    def log_in(self, _server: SMTP, _s: Session, _e: Envelope, _m: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=known)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Protocol(self.handler, **self.SMTP_kwargs)


def server_side(folder: Path) -> ssl.SSLContext:
    """The certificate that ``make_certificates`` has put there."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@contextmanager
def post_office(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[PostOffice]:
    """A running server: plain, with TLS from the start, or with STARTTLS and log-in required."""
    office = PostOffice()
    (office.port,) = free_ports(1)
    if tls or starttls:
        options |= {"authenticator": office.log_in, "auth_required": True}
    if tls:
        # The session is encrypted already, which aiosmtpd does not look at.
        options |= {"ssl_context": tls, "auth_require_tls": False}
    if starttls:
        options |= {"tls_context": starttls, "require_starttls": True}
    controller = _Controller(office, "127.0.0.1", office.port, ready_timeout=60, **options)
    controller.start()
    try:
        yield office
    finally:
        office.hold.set()
        controller.stop()
