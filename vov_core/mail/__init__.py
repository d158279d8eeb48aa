"""E-mail: a queue in the database, and a thread per process that hands it to an SMTP server."""

from vov_core.mail.address import check_address
from vov_core.mail.outbox import MailState, MailStatus, Outbox, forget_letters, open_outbox
from vov_core.mail.smtp import Smtp

__all__ = [
    "MailState",
    "MailStatus",
    "Outbox",
    "Smtp",
    "check_address",
    "forget_letters",
    "open_outbox",
]
