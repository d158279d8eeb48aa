"""The queue of letters in the database, and the thread that empties it.

However many processes work on one database, no letter is sent twice: a process *claims* a letter
for a while, and right before the line that makes the mail server responsible it moves the letter to
``handing_over``, if the claim is still its own. A claim that ran out before that line is free for
anybody. One that ran out after it, in a crash, has an unknown fate: it is not sent again, and the
person is told.

What a letter says, and to whom, is encrypted in the row and erased as soon as its fate is known.
The row holds no picture: photos are read when the letter is sent.
"""

import atexit
import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from vov_core.audit import Act, What, append
from vov_core.database import Database, Mail, Photo
from vov_core.errors import (
    ArchiveError,
    MailLimitError,
    MailNotFoundError,
    MailOffError,
    MailTooLargeError,
    ObjectMissingError,
    PhotoNotFoundError,
)
from vov_core.mail.address import check_address
from vov_core.mail.letter import Files, Letter, compose
from vov_core.mail.smtp import DeliveryError, Smtp, UnknownFateError
from vov_core.seal import BrokenSealError, Seal
from vov_core.settings import Settings

_log = logging.getLogger(__name__)
BACK_OFF: Final = tuple(timedelta(seconds=s) for s in (30, 120, 480, 1920, 7200))
"""How long to wait after the first, second, ... failure; after the last one it is given up."""
LEASE: Final = timedelta(minutes=15)
"""How long a claim holds. Sending takes ten minutes at most; see ``smtp``."""
_ABANDONED: Final = timedelta(minutes=15)
_HOUR: Final = timedelta(hours=1)
_LONGEST_NAP_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0
# Attachments travel in base64 with line breaks: 78 bytes for 57.
_ENCODED: Final = 78 / 57
_MEGABYTE: Final = 1024 * 1024
_LONGEST_LETTER: Final = 40_000


class MailState(StrEnum):
    """Where a letter stands."""

    QUEUED = "queued"
    SENDING = "sending"
    HANDING_OVER = "handing_over"
    SENT = "sent"
    FAILED = "failed"
    """An attempt failed; another one follows at ``next_try``."""
    GAVE_UP = "gave_up"
    UNKNOWN = "unknown"
    """The server may or may not deliver it; it is not sent again."""


_WAITING: Final = (MailState.QUEUED, MailState.FAILED)
_OVER: Final = (MailState.SENT, MailState.GAVE_UP, MailState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class MailStatus:
    """What is known of a letter.

    Attributes:
        id: 32 hex digits, random.
        state: Where it stands.
        created_at: When it was put into the queue, UTC.
        attempts: How often it was tried.
        next_try: When it will be tried again, if it will; UTC.
        reason: Why it failed: ``server``, ``tls``, ``login``, ``refused``, ``too_large``,
            ``photo_gone``, ``key_lost``; None if it did not.
        photos: How many are attached.
    """

    id: str
    state: MailState
    created_at: datetime
    attempts: int
    next_try: datetime | None
    reason: str | None
    photos: int

    @property
    def over(self) -> bool:
        """Nothing will change any more."""
        return self.state in _OVER


class _Claim(NamedTuple):
    """A letter that is this process's to send, for a while."""

    id: str
    owner: str
    lease: str
    attempts: int
    payload: str


def forget_letters(database: Database, before: datetime) -> int:
    """Removes what is left of letters whose fate was known before a time; returns how many.

    Args:
        database: Where the queue is.
        before: UTC.
    """
    over = Mail.state.in_(_OVER), Mail.finished_at < before
    with database.writing() as session:
        return _count(session.execute(delete(Mail).where(*over)))


class Outbox:
    """Takes letters and sends them. Safe to share between threads; many processes may use one.

    Every method raises :class:`~vov_core.errors.DatabaseUnavailableError` when the database does
    not answer.

    Args:
        database: Must be migrated.
        files: Where attachments come from.
        smtp: The server; None for an operator without one.
        sender: ``From`` header.
        seal: The key.
        max_bytes: Of one letter with its attachments, as it travels.
        per_hour: Letters per owner, and per address from all owners together.
        total_per_hour: Letters of everybody together.
        back_off: Waits between attempts.
        lease: How long a claim holds.
    """

    def __init__(
        self,
        database: Database,
        files: Files,
        smtp: Smtp | None,
        *,
        sender: str,
        seal: Seal,
        max_bytes: int = 20 * _MEGABYTE,
        per_hour: int = 20,
        total_per_hour: int = 500,
        back_off: Sequence[timedelta] = BACK_OFF,
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._files = files
        self._smtp = smtp
        self._sender = sender
        self._seal = seal
        self._max_bytes = max_bytes
        self._per_hour = per_hour
        self._total_per_hour = total_per_hour
        self._back_off = tuple(back_off)
        self._lease = lease
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_on(self) -> bool:
        """Whether this VOV sends e-mail at all."""
        return self._smtp is not None

    @property
    def max_photo_bytes(self) -> int:
        """How large the photos of one letter may be together."""
        return int(self._max_bytes / _ENCODED)

    def owner_of(self, address: str) -> str:
        """An owner for VOV's own letters to an address.

        It is a hash with the key: a thief of the database can't try addresses against it.
        """
        return self._seal.hash(f"letters to {address.lower()}")

    def add(
        self, owner_key: str, to: str, subject: str, text: str, photo_ids: Sequence[str] = ()
    ) -> str:
        """Puts a letter into the queue; it is sent within moments if the server is there.

        Args:
            owner_key: Whose letter: ``Owner.key``, or :meth:`owner_of` for VOV's own letters.
            to: The recipient's address.
            subject: One line.
            text: Plain text. It may hold a one-time link: it is encrypted until it is sent, and
                erased then.
            photo_ids: Saved photos of this owner to attach.

        Returns:
            The letter's id, for :meth:`state`.

        Raises:
            MailOffError: The operator has set no mail server.
            AddressError: ``to`` is no address.
            PhotoNotFoundError: A photo is not there, or is somebody else's.
            MailTooLargeError: The photos are too large for one letter.
            MailLimitError: Too many letters in this hour.
        """
        if self._smtp is None:
            raise MailOffError()
        letter = Letter(check_address(to), " ".join(subject.split()), text, tuple(photo_ids))
        payload = letter.to_bytes()
        size = self._size(owner_key, letter) + len(payload)
        if size > self._max_bytes or len(payload) > _LONGEST_LETTER:
            raise MailTooLargeError(
                size_mb=round(size / _MEGABYTE, 1), limit_mb=round(self._max_bytes / _MEGABYTE, 1)
            )
        mail = Mail(
            id=uuid4().hex,
            owner=owner_key,
            recipient=self._seal.hash(letter.to.lower()),
            state=MailState.QUEUED,
            attempts=0,
            photos=len(letter.photo_ids),
            created_at=datetime.now(UTC),
            next_try=datetime.now(UTC),
            key_id=self._seal.id,
            payload=self._seal.close(payload),
        )
        with self._database.writing() as session:
            self._check_limits(session, mail)
            session.add(mail)
            session.flush()
            if letter.photo_ids:
                append(session, owner_key, _acts(session, owner_key, letter.photo_ids))
        self.start()
        self._wake.set()
        return mail.id

    def _size(self, owner_key: str, letter: Letter) -> int:
        wanted = set(letter.photo_ids)
        sizes = self._files.sizes(owner_key, letter.photo_ids)
        if wanted - sizes.keys():
            raise PhotoNotFoundError()
        return int(sum(sizes[photo_id] for photo_id in wanted) * _ENCODED)

    def _check_limits(self, session: Any, mail: Mail) -> None:
        since = datetime.now(UTC) - _HOUR
        for limit, condition in (
            (self._per_hour, Mail.owner == mail.owner),
            (self._per_hour, Mail.recipient == mail.recipient),
            (self._total_per_hour, Mail.id != ""),
        ):
            query = select(func.count()).select_from(Mail)
            if session.scalar(query.where(condition, Mail.created_at >= since)) >= limit:
                raise MailLimitError(limit=limit)

    def state(self, mail_id: str, owner_key: str) -> MailStatus:
        """Where a letter stands.

        Raises:
            MailNotFoundError: There is none, or it is somebody else's.
        """
        query = select(Mail).where(Mail.id == mail_id, Mail.owner == owner_key)
        with self._database.reading() as session:
            row = session.scalars(query).one_or_none()
        if row is None:
            raise MailNotFoundError()
        return _to_status(row)

    def recent(self, owner_key: str, limit: int = 5) -> tuple[MailStatus, ...]:
        """An owner's last letters with photos, newest first."""
        query = (
            select(Mail)
            .where(Mail.owner == owner_key, Mail.photos > 0)
            .order_by(Mail.created_at.desc(), Mail.id)
            .limit(limit)
        )
        with self._database.reading() as session:
            return tuple(_to_status(row) for row in session.scalars(query))

    def waiting(self) -> int:
        """How many letters are not yet sent; for the operator."""
        query = select(func.count()).select_from(Mail).where(Mail.state.not_in(_OVER))
        with self._database.reading() as session:
            return int(session.scalar(query) or 0)

    def forget(self, owner_key: str) -> int:
        """Removes an owner's letters, sent or not; returns how many."""
        with self._database.writing() as session:
            return _count(session.execute(delete(Mail).where(Mail.owner == owner_key)))

    def start(self) -> None:
        """Starts the thread, if there is a server and it does not run yet."""
        with self._starting:
            if self._smtp is None or (self._thread and self._thread.is_alive()):
                return
            self._stopping.clear()
            self._thread = threading.Thread(target=self._work, name="vov-mail", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def close(self) -> None:
        """Stops the thread; a letter that is being sent is given a few seconds."""
        self._stopping.set()
        self._wake.set()
        atexit.unregister(self.close)
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                nap = 0.0 if self.send_one() else self._nap_seconds()
            except ArchiveError as error:
                _log.warning("the outbox waits: %s", error)
                nap = _LONGEST_NAP_SECONDS
            except Exception as error:
                # The message may quote a letter, so only its kind is told.
                _log.error("unexpected %s in the outbox", type(error).__name__)
                nap = _LONGEST_NAP_SECONDS
            if nap:
                self._wake.wait(nap)

    def _nap_seconds(self) -> float:
        """Until the next letter is due; a minute at most, since other processes may add some."""
        query = select(func.min(Mail.next_try)).where(
            Mail.state.in_(_WAITING), Mail.key_id == self._seal.id
        )
        with self._database.reading() as session:
            due = session.scalar(query)
        if due is None:
            return _LONGEST_NAP_SECONDS
        seconds = (due - datetime.now(UTC)).total_seconds()
        return min(max(seconds, 0.05), _LONGEST_NAP_SECONDS)

    def send_one(self) -> bool:
        """Sends the letter that has waited longest, if one is due; what the thread does.

        Returns:
            Whether there was one.
        """
        self.tidy()
        claim = self._claim()
        if claim is None:
            return False
        try:
            self._deliver(claim)
        except UnknownFateError:
            self._finish(claim, MailState.UNKNOWN, None)
        except DeliveryError as error:
            self._failed(claim, error)
        except (PhotoNotFoundError, ObjectMissingError):
            self._failed(claim, DeliveryError("photo_gone", lasting=True))
        except BrokenSealError:
            self._failed(claim, DeliveryError("key_lost", lasting=True))
        except ArchiveError as error:
            _log.warning("a letter waits: %s", error)
            self._failed(claim, DeliveryError("server"))
        else:
            self._finish(claim, MailState.SENT, None)
        return True

    def _claim(self) -> _Claim | None:
        """Takes a letter that is due; of several processes that try, one gets it."""
        now, lease = datetime.now(UTC), secrets.token_hex(16)
        due = (Mail.state.in_(_WAITING), Mail.next_try <= now, Mail.key_id == self._seal.id)
        oldest = select(Mail.id).where(*due).order_by(Mail.next_try).limit(1)
        while True:
            with self._database.reading() as session:
                mail_id = session.scalar(oldest)
            if mail_id is None:
                return None
            with self._database.writing() as session:
                claimed = session.execute(
                    update(Mail)
                    .where(Mail.id == mail_id, *due)
                    .values(
                        state=MailState.SENDING,
                        lease=lease,
                        lease_until=now + self._lease,
                        attempts=Mail.attempts + 1,
                    )
                )
                if _count(claimed):
                    row = session.get_one(Mail, mail_id)
                    return _Claim(row.id, row.owner, lease, row.attempts, row.payload or "")

    def _deliver(self, claim: _Claim) -> None:
        assert self._smtp is not None
        letter = Letter.from_bytes(self._seal.open(claim.payload))
        files = [self._files.file(claim.owner, photo_id) for photo_id in letter.photo_ids]
        sender = parseaddr(self._sender)[1]
        message = compose(
            letter,
            files,
            sender=self._sender,
            message_id=f"<{claim.id}@{sender.rpartition('@')[2]}>",
        )
        self._smtp.send(message, sender, letter.to, last_word=lambda: self._last_word(claim))

    def _last_word(self, claim: _Claim) -> bool:
        """From here on nobody else may send this letter; False if somebody else already may."""
        return self._change(claim, MailState.SENDING, state=MailState.HANDING_OVER)

    def _failed(self, claim: _Claim, error: DeliveryError) -> None:
        if error.lasting or claim.attempts > len(self._back_off):
            self._finish(claim, MailState.GAVE_UP, error.reason)
            return
        wait = self._back_off[claim.attempts - 1]
        self._change(
            claim,
            MailState.SENDING,
            MailState.HANDING_OVER,
            state=MailState.FAILED,
            reason=error.reason,
            next_try=datetime.now(UTC) + wait,
            lease=None,
            lease_until=None,
        )
        _log.info("a letter failed: %s, attempt %d", error.reason, claim.attempts)

    def _finish(self, claim: _Claim, state: MailState, reason: str | None) -> None:
        """Notes what became of a letter, and erases what it said and to whom."""
        self._change(
            claim,
            MailState.SENDING,
            MailState.HANDING_OVER,
            state=state,
            reason=reason,
            **_erased(),
        )
        _log.info("a letter is %s after %d attempts", state, claim.attempts)

    def _change(self, claim: _Claim, *states: MailState, **values: Any) -> bool:
        mine = (Mail.id == claim.id, Mail.lease == claim.lease, Mail.state.in_(states))
        with self._database.writing() as session:
            return bool(_count(session.execute(update(Mail).where(*mine).values(**values))))

    def tidy(self) -> None:
        """Takes up what crashes left: claims that ran out, letters whose key died with its process.

        A letter of another key is given up only after it was due for a while: until then its
        process may just be busy.
        """
        now = datetime.now(UTC)
        ran_out = Mail.lease_until < now
        changes: tuple[tuple[tuple[Any, ...], Mapping[str, Any]], ...] = (
            (
                (Mail.state == MailState.HANDING_OVER, ran_out),
                {"state": MailState.UNKNOWN, **_erased()},
            ),
            (
                (Mail.state == MailState.SENDING, ran_out, Mail.attempts <= len(self._back_off)),
                {
                    "state": MailState.FAILED,
                    "reason": "server",
                    "next_try": now,
                    "lease": None,
                    "lease_until": None,
                },
            ),
            (
                (Mail.state == MailState.SENDING, ran_out, Mail.attempts > len(self._back_off)),
                {"state": MailState.GAVE_UP, "reason": "server", **_erased()},
            ),
            (
                (
                    Mail.state.in_(_WAITING),
                    Mail.key_id != self._seal.id,
                    Mail.next_try < now - _ABANDONED,
                ),
                {"state": MailState.GAVE_UP, "reason": "key_lost", **_erased()},
            ),
        )
        with self._database.reading() as session:
            query = select(Mail.id).where(or_(*(and_(*where) for where, _ in changes))).limit(1)
            if session.scalar(query) is None:
                return
        with self._database.writing() as session:
            for where, values in changes:
                session.execute(update(Mail).where(*where).values(**values))


def _to_status(row: Mail) -> MailStatus:
    state = MailState(row.state)
    return MailStatus(
        id=row.id,
        state=state,
        created_at=row.created_at,
        attempts=row.attempts,
        next_try=row.next_try if state in _WAITING else None,
        reason=row.reason,
        photos=row.photos,
    )


def _acts(session: Session, owner_key: str, photo_ids: Sequence[str]) -> list[Act]:
    """What the audit trail tells of a letter: which outputs, never to whom."""
    query = (
        select(Photo.output_sha256)
        .where(Photo.owner == owner_key, Photo.id.in_(photo_ids))
        .order_by(Photo.id)
    )
    return [Act(What.MAILED, digest) for digest in session.scalars(query)]


def _erased() -> dict[str, Any]:
    return {
        "payload": None,
        "lease": None,
        "lease_until": None,
        "finished_at": datetime.now(UTC),
    }


def _count(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def open_outbox(settings: Settings, database: Database, files: Files) -> Outbox:
    """The outbox that the settings name; its thread starts if there may be something to send."""
    smtp = Smtp.from_settings(settings) if settings.smtp_host else None
    outbox = Outbox(
        database,
        files,
        smtp,
        sender=settings.mail_from or "",
        seal=Seal(settings.secret_key, "mail"),
        max_bytes=settings.mail_max_mb * _MEGABYTE,
        per_hour=settings.mail_per_hour,
        total_per_hour=settings.mail_total_per_hour,
    )
    outbox.start()
    return outbox
