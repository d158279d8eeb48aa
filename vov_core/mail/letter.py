"""A letter before and after it has its attachments."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

from vov_core.archive import File
from vov_core.media import media_type


class Files(Protocol):
    """Where attachments come from: the archive. It hands out an owner's own photos only."""

    def sizes(self, owner_key: str, photo_ids: Sequence[str]) -> Mapping[str, int]:
        """Photo id -> bytes; what is not there, or somebody else's, is left out."""

    def file(self, owner_key: str, photo_id: str) -> File:
        """One photo.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
        """


@dataclass(frozen=True)
class Letter:
    """What the queue holds, encrypted: words and the ids of photos, never a picture.

    Attributes:
        to: Address.
        subject: One line.
        text: Plain text.
        photo_ids: Of the owner's saved photos.
    """

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    photo_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.subject.isprintable():
            raise ValueError("a subject is one printable line")

    def to_bytes(self) -> bytes:
        """For the queue."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Letter":
        """From the queue."""
        values = json.loads(data)
        return cls(values["to"], values["subject"], values["text"], tuple(values["photo_ids"]))


def compose(letter: Letter, files: Iterable[File], *, sender: str, message_id: str) -> EmailMessage:
    """The message as it travels.

    Args:
        letter: Words and address.
        files: Attachments.
        sender: The ``From`` header.
        message_id: The same at each attempt, so that a mailbox can tell a second copy.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    for file in files:
        kind, _, subtype = media_type(file.format).partition("/")
        message.add_attachment(file.data, kind, subtype, filename=file.name)
    return message
