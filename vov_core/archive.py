"""Keeps approved outputs and their receipts: the object store and the database as one.

A save is a row ``pending``, then the object, then the row ``stored``. Only ``stored`` rows are ever
listed, so a crash at any point leaves nothing half-saved; :meth:`Archive.sweep` removes what it
left behind. Whose photo it is, is part of every query here, not a check that a caller might forget.
"""

import logging
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from math import ceil, log
from typing import Final, NamedTuple, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from vov_core import consent, usage
from vov_core.audit import Act, What, append
from vov_core.consent import Agreement, Terms
from vov_core.database import Consent, Database, Mail, Photo, State
from vov_core.errors import (
    ArchiveError,
    ConsentMissingError,
    DatabaseUnavailableError,
    NotCleanError,
    ObjectMissingError,
    PhotoNotFoundError,
    StoreUnavailableError,
)
from vov_core.findings import Verdict
from vov_core.images.thumbnail import FORMAT as THUMBNAIL_FORMAT
from vov_core.media import media_type, small_picture
from vov_core.retention import Retention
from vov_core.settings import Settings
from vov_core.storage import THUMBNAIL, ObjectStore, open_store

T = TypeVar("T")

_log = logging.getLogger(__name__)
_ID: Final = re.compile(r"[0-9a-f]{32}")
_MIN_TOKEN: Final = 16
_BATCH: Final = 500
_TRIES: Final = 3
_READERS: Final = 6
SWEEP_AGE: Final = timedelta(minutes=15)
"""A save that is older is dead: no put takes that long, the stores give up much sooner."""
SWEEP_LISTED: Final = 20_000
"""About so many objects one sweep looks at; an S3 server lists them in 20 answers."""


class OwnerKind(StrEnum):
    """Who saves: somebody of this session only, or somebody with an account."""

    GUEST = "guest"
    MEMBER = "member"


@dataclass(frozen=True)
class Owner:
    """Somebody who may reach exactly their own photos.

    Attributes:
        kind: Guest or member.
        token: What proves it. It must be random and secret (or come from a verified log-in); the
            database only ever sees its hash.
        field_of_work: A member's, for the usage figures only.
    """

    kind: OwnerKind
    token: str = field(repr=False)
    field_of_work: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if len(self.token) < _MIN_TOKEN:
            raise ValueError("a token that short can be guessed")

    @classmethod
    def new_guest(cls) -> "Owner":
        """A guest nobody has been before (256 random bits)."""
        return cls(OwnerKind.GUEST, secrets.token_urlsafe(32))

    @property
    def key(self) -> str:
        """SHA-256 of kind and token, hex: what the database knows."""
        return sha256(f"{self.kind}:{self.token}".encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """How an output came to be. No field tells what the photo shows.

    Attributes:
        approved_at: When the person approved it; must know its zone.
        output_sha256: SHA-256 of the output bytes, hex.
        file_name: As the person will download it; harmless already (``images.protected_name``).
        format: Of the output: ``jpeg``, ``png``, ``webp``; ``mp4`` for a video.
        width: Of the output, pixels.
        height: Likewise.
        verdict: What was found.
        style: Name of the mask style.
        mode: ``safe`` or ``precise``.
        confidence: Threshold, 0..1.
        coverage: Scale of the regions.
        strength: Of the style, 0..1.
        softness: Of the edge, 0..1.
        hands: Hands found.
        regions_found: Finger tips found.
        fingerprints_covered: Regions covered in the output.
        left_out: Regions that the person left open.
        drawn: Regions that the person drew.
        models: Model name -> version.
        app_version: VOV's version.
        ms_total: Milliseconds from bytes to approved bytes, without the person's time.
        readable: Finger tips whose print could be read before they were covered; None where
            nobody measured (videos, saves of older versions).
        partly: Those whose print could be read in part; likewise.
        unreadable: Those whose print could not be read; likewise.
    """

    approved_at: datetime
    output_sha256: str
    file_name: str
    format: str
    width: int
    height: int
    verdict: Verdict
    style: str
    mode: str
    confidence: float
    coverage: float
    strength: float
    softness: float
    hands: int
    regions_found: int
    fingerprints_covered: int
    left_out: int
    drawn: int
    models: Mapping[str, str]
    app_version: str
    ms_total: float
    readable: int | None = None
    partly: int | None = None
    unreadable: int | None = None


@dataclass(frozen=True, kw_only=True)
class SavedPhoto:
    """A photo of the archive.

    Attributes:
        id: 32 hex digits, random.
        owner_kind: Who saved it.
        saved_at: When, UTC.
        bytes: Size of the output.
        receipt: How it came to be.
    """

    id: str
    owner_kind: OwnerKind
    saved_at: datetime
    bytes: int
    receipt: Receipt


class File(NamedTuple):
    """A saved output as it is handed out."""

    name: str
    format: str
    data: bytes


class OwnerTotals(NamedTuple):
    """How much somebody keeps."""

    photos: int
    bytes: int


class Swept(NamedTuple):
    """What a sweep removed."""

    rows: int
    objects: int


class Erased(NamedTuple):
    """What became of somebody's photos: none of them is listed or readable any more.

    Attributes:
        photos: How many are gone for good.
        pending: How many objects the store did not let go of yet; the next purge or sweep does it.
    """

    photos: int
    pending: int


class Archive:
    """All saved photos. Safe to share between threads; many processes may use the same one.

    Every method raises an :class:`~vov_core.errors.ArchiveError` when store or database do not
    answer or refuse.

    Args:
        store: Where the outputs are.
        database: Where the receipts are; must be migrated.
        link_seconds: Life of a download link.
        retention: How long things live.
    """

    def __init__(
        self,
        store: ObjectStore,
        database: Database,
        *,
        link_seconds: int = 300,
        retention: Retention = Retention(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._database = database
        self._link_seconds = link_seconds
        self._retention = retention

    @property
    def database(self) -> Database:
        """For the history, which reads the same database."""
        return self._database

    @property
    def retention(self) -> Retention:
        """How long things live."""
        return self._retention

    def save(self, output: bytes, receipt: Receipt, owner: Owner, *, save_id: UUID) -> SavedPhoto:
        """Keeps an approved output.

        The same output saved by the same owner under the same ``save_id`` is one photo, however
        often and from wherever it is tried: after a double click, or after an error that left open
        whether it had worked.

        Args:
            output: The approved bytes.
            receipt: How they came to be; its SHA-256 must be that of ``output``.
            owner: Whose it will be.
            save_id: A random UUID (version 4) made once per approval.

        Raises:
            NotCleanError: ``output`` is not what the receipt says; nothing was kept.
            ConsentMissingError: The owner did not agree to the terms, or withdrew; nothing was
                kept.
            ArchiveError: Store or database failed; nothing is listed, saving may be tried again.
        """
        if sha256(output).hexdigest() != receipt.output_sha256:
            raise NotCleanError(reason="sha256")
        photo_id = uuid5(save_id, f"{owner.key}:{receipt.output_sha256}").hex
        attempt = secrets.token_hex(4)
        kept = self._begin(photo_id, attempt, owner, receipt, len(output))
        if kept:
            return kept
        key = self._key(photo_id, attempt)
        try:
            self._store.put(key, output, media_type(receipt.format))
            small = small_picture(output, receipt.format, receipt.width, receipt.height)
            self._keep_thumbnail(key, small)
            saved, winner = self._finish(photo_id, attempt, owner)
        except BaseException:
            self._abandon(photo_id, attempt)
            raise
        if winner != attempt:
            with suppress(ArchiveError):
                self._remove(key)
        return saved

    def _key(self, photo_id: str, attempt: str) -> str:
        return f"{self._database.archive_id}/{photo_id}-{attempt}"

    def _keep_thumbnail(self, key: str, small: bytes | None) -> None:
        """Puts it beside its output. It can be made anew, so its failure is not the save's."""
        if small is not None:
            with suppress(ArchiveError):
                self._store.put(key + THUMBNAIL, small, f"image/{THUMBNAIL_FORMAT}")

    def _remove(self, key: str) -> None:
        """Removes an output and its thumbnail."""
        self._store.delete(key + THUMBNAIL)
        self._store.delete(key)

    def _begin(
        self, photo_id: str, attempt: str, owner: Owner, receipt: Receipt, size: int
    ) -> SavedPhoto | None:
        """Makes the row ``pending``, or takes over the one of an earlier attempt.

        Each attempt has an object of its own, so two at the same time can't hurt each other.
        """
        for _ in range(_TRIES):
            now = datetime.now(UTC)
            # Two that begin at the same moment: the loser finds the winner's row the next time.
            with suppress(IntegrityError), self._database.writing() as session:
                row = session.get(Photo, photo_id, with_for_update=True)
                consent.require(session, owner.key, self.terms(owner))
                if row is None:
                    session.add(_to_row(photo_id, attempt, now, owner, receipt, size))
                    return None
                if row.state == State.STORED:
                    return _to_saved(row)
                if row.state == State.PENDING:
                    row.attempt, row.created_at = attempt, now
                    return None
            self._erase([photo_id])
        raise DatabaseUnavailableError(reason="busy")

    def _finish(self, photo_id: str, attempt: str, owner: Owner) -> tuple[SavedPhoto, str]:
        """Makes the row ``stored``, unless another attempt was faster; also tells which one won."""
        archive_id = self._database.archive_id
        with self._database.writing() as session:
            row = session.get(Photo, photo_id, with_for_update=True)
            if row is None or row.state == State.DELETING:
                raise ArchiveError(reason="superseded")
            if row.state == State.PENDING:
                consent.require(session, owner.key, self.terms(owner))
                row.state, row.attempt, row.stored_at = State.STORED, attempt, datetime.now(UTC)
                append(session, owner.key, [Act(What.SAVED, row.output_sha256, _details(row))])
                usage.count(session, row, owner.field_of_work, archive_id)
            return _to_saved(row), row.attempt

    def _abandon(self, photo_id: str, attempt: str) -> None:
        """Removes what a failed attempt left, as far as store and database still answer."""
        try:
            with self._database.writing() as session:
                row = session.get(Photo, photo_id, with_for_update=True)
                if row is not None and row.attempt == attempt:
                    if row.state == State.STORED:
                        return  # The save had worked; only the answer was lost.
                    row.state = State.DELETING
            self._remove(self._key(photo_id, attempt))
            self._erase([photo_id])
        except ArchiveError as error:
            _log.warning("a failed save is left to the sweep: %s", error)

    def list(
        self,
        owner: Owner,
        *,
        offset: int = 0,
        limit: int = 24,
        verdict: Verdict | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
    ) -> tuple[SavedPhoto, ...]:
        """One page of an owner's photos.

        Args:
            owner: Whose.
            offset: How many to skip.
            limit: How many at most.
            verdict: Only these; None for all.
            since: Only those saved at or after this time.
            until: Only those saved before this time.
            newest_first: Or oldest first.
        """
        columns = (Photo.created_at, Photo.id)
        order = [column.desc() for column in columns] if newest_first else columns
        query = (
            select(Photo)
            .where(*_shown(owner.key, verdict, since, until))
            .order_by(*order)
            .offset(offset)
            .limit(limit)
        )
        with self._database.reading() as session:
            return tuple(_to_saved(row) for row in session.scalars(query))

    def totals(
        self,
        owner: Owner,
        *,
        verdict: Verdict | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> OwnerTotals:
        """Number and bytes of an owner's photos; the filters are those of :meth:`list`."""
        query = select(func.count(), func.coalesce(func.sum(Photo.bytes), 0)).where(
            *_shown(owner.key, verdict, since, until)
        )
        with self._database.reading() as session:
            count, size = session.execute(query).one()
            return OwnerTotals(int(count), int(size))

    def everything(self) -> Mapping[OwnerKind, OwnerTotals]:
        """How much guests and members keep in all; numbers only."""
        query = (
            select(Photo.owner_kind, func.count(), func.coalesce(func.sum(Photo.bytes), 0))
            .where(Photo.state == State.STORED)
            .group_by(Photo.owner_kind)
        )
        with self._database.reading() as session:
            rows = session.execute(query).all()
        return {OwnerKind(kind): OwnerTotals(int(n), int(size)) for kind, n, size in rows}

    def check(self) -> None:
        """Tries whether the object store answers.

        Raises:
            ArchiveError: It does not.
        """
        self._store.check()

    def all_sizes(
        self,
        owner: Owner,
        *,
        verdict: Verdict | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[str, int]:
        """Photo id -> bytes of all of an owner's photos; the filters are those of :meth:`list`."""
        query = (
            select(Photo.id, Photo.bytes)
            .where(*_shown(owner.key, verdict, since, until))
            .order_by(Photo.created_at.desc(), Photo.id.desc())
        )
        with self._database.reading() as session:
            return {photo_id: int(size) for photo_id, size in session.execute(query)}

    def get(self, owner: Owner, photo_id: str) -> SavedPhoto:
        """One photo.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
        """
        return _to_saved(self._row(owner.key, photo_id))

    def _row(self, owner_key: str, photo_id: str) -> Photo:
        row = None
        if _ID.fullmatch(photo_id):
            query = select(Photo).where(*_shown(owner_key), Photo.id == photo_id)
            with self._database.reading() as session:
                row = session.scalars(query).one_or_none()
        if row is None:
            raise PhotoNotFoundError()
        return row

    def read(self, owner: Owner, photo_id: str) -> bytes:
        """A photo's bytes, exactly as they were approved.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
            ObjectMissingError: The store has lost or altered it (``reason`` is ``altered``).
        """
        return self._read(self._row(owner.key, photo_id))

    def _read(self, row: Photo) -> bytes:
        data = self._store.get(self._key(row.id, row.attempt))
        if sha256(data).hexdigest() != row.output_sha256:
            raise ObjectMissingError(reason="altered")
        return data

    def thumbnails(self, owner: Owner, photo_ids: Sequence[str]) -> dict[str, bytes | None]:
        """Small pictures (WebP) of an owner's photos.

        One that was saved without is made from its output and kept.

        Returns:
            Photo id -> picture; None where the output is lost or is no picture. What is not
            there, or somebody else's, is left out.
        """
        query = select(Photo).where(*_shown(owner.key), Photo.id.in_(photo_ids))
        with self._database.reading() as session:
            rows = session.scalars(query).all()
        with ThreadPoolExecutor(_READERS) as pool:
            return dict(zip((r.id for r in rows), pool.map(self._thumbnail, rows), strict=True))

    def _thumbnail(self, row: Photo) -> bytes | None:
        key = self._key(row.id, row.attempt)
        try:
            with suppress(ObjectMissingError):
                return self._store.get(key + THUMBNAIL)
            small = small_picture(self._read(row), row.format, row.width, row.height)
        except ArchiveError as error:
            _log.warning("no thumbnail: %s", error)
            return None
        self._keep_thumbnail(key, small)
        return small

    def sizes(self, owner_key: str, photo_ids: Sequence[str]) -> Mapping[str, int]:
        """Photo id -> bytes, for the mail queue, which knows an owner by key only.

        What is not there, or somebody else's, is left out.
        """
        query = select(Photo.id, Photo.bytes).where(
            Photo.owner == owner_key, Photo.state == State.STORED
        )
        found: dict[str, int] = {}
        for chunk in _chunks(filter(_ID.fullmatch, photo_ids)):
            with self._database.reading() as session:
                rows = session.execute(query.where(Photo.id.in_(chunk)))
                found.update((photo_id, int(size)) for photo_id, size in rows)
        return found

    def file(self, owner_key: str, photo_id: str) -> File:
        """A photo as an attachment, for the mail queue.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
            ObjectMissingError: The store has lost or altered it.
        """
        row = self._row(owner_key, photo_id)
        return File(row.file_name, row.format, self._read(row))

    def link(self, owner: Owner, photo_id: str) -> str | None:
        """A URL that downloads the photo and expires; None if the store has none.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
        """
        row = self._row(owner.key, photo_id)
        return self._store.link(self._key(row.id, row.attempt), self._link_seconds, row.file_name)

    def delete(self, owner: Owner, photo_ids: Iterable[str]) -> int:
        """Deletes photos: object and row; the numbers of the history stay.

        If the store fails on the way, nothing of what was named is listed any more, and the sweep
        finishes the work.

        Args:
            owner: Whose.
            photo_ids: Which; unknown ones and those of others are passed over.

        Returns:
            How many were deleted.
        """
        deleted = 0
        for chunk in _chunks(filter(_ID.fullmatch, photo_ids)):
            deleted += self._erase(self._mark(owner.key, What.DELETED, Photo.id.in_(chunk)))
        return deleted

    def adopt(self, guest: Owner, member: Owner) -> int:
        """Makes a guest's saved photos a member's. Who calls it has shown to be both.

        A save that is under way stays the guest's. The trail tells it under the member's hash.

        Returns:
            How many were taken over.

        Raises:
            ValueError: Not from a guest to a member.
        """
        if (guest.kind, member.kind) != (OwnerKind.GUEST, OwnerKind.MEMBER):
            raise ValueError("photos go from a guest to a member only")
        with self._database.writing() as session:
            mine = select(Photo.id, Photo.output_sha256).where(*_shown(guest.key))
            taken = session.execute(mine.with_for_update()).all()
            for chunk in _chunks(taken):
                session.execute(
                    update(Photo)
                    .where(Photo.id.in_([photo_id for photo_id, _ in chunk]))
                    .values(owner=member.key, owner_kind=str(member.kind))
                )
            append(session, member.key, [Act(What.ADOPTED, digest) for _, digest in taken])
        return len(taken)

    def _mark(self, owner: str, why: What, which: ColumnElement[bool]) -> Sequence[str]:
        """Makes an owner's rows ``deleting``; returns the ids of these and of earlier ones."""
        with self._database.writing() as session:
            marked = session.scalars(
                select(Photo)
                .where(Photo.owner == owner, Photo.state == State.STORED, which)
                .order_by(Photo.id)
                .limit(_BATCH)
                .with_for_update()
            ).all()
            for row in marked:
                row.state = State.DELETING
            session.flush()
            append(session, owner, [Act(why, row.output_sha256) for row in marked])
            return session.scalars(
                select(Photo.id).where(Photo.owner == owner, Photo.state == State.DELETING, which)
            ).all()

    def _erase(self, photo_ids: Sequence[str]) -> int:
        """Finishes rows ``deleting``: first the object, then the row that knows of it."""
        erased = 0
        query = select(Photo.id, Photo.attempt).where(
            Photo.id.in_(photo_ids), Photo.state == State.DELETING
        )
        with self._database.reading() as session:
            rows = session.execute(query).all()
        for photo_id, attempt in rows:
            self._remove(self._key(photo_id, attempt))
            with self._database.writing() as session:
                gone = session.execute(
                    delete(Photo)
                    .where(Photo.id == photo_id, Photo.attempt == attempt)
                    .where(Photo.state == State.DELETING)
                    .returning(Photo.id)
                )
                erased += len(gone.all())
        return erased

    def sweep(self, *, older_than: timedelta = SWEEP_AGE, listed: int = SWEEP_LISTED) -> Swept:
        """Removes what crashes left: dead saves, unfinished deletes, objects without a row.

        A save that is under way, here or in another process, is left alone: its row is there
        before its object, and it is young.

        Objects without a row are looked for in a random part of the store, small enough to be
        listed soon however much is kept; over many sweeps every part has its turn.

        Args:
            older_than: Age from which a save that is still pending counts as dead.
            listed: About how many objects are listed at most.
        """
        with self._database.writing() as session:
            session.execute(
                update(Photo)
                .where(Photo.state == State.PENDING)
                .where(Photo.created_at < datetime.now(UTC) - older_than)
                .values(state=State.DELETING)
            )
        rows = self.finish_deletes()
        objects = 0
        for chunk in _chunks(self._store.keys(self._random_part(listed))):
            for key in self._orphans(chunk):
                self._store.delete(key)
                objects += 1
        return Swept(rows, objects)

    def finish_deletes(self) -> int:
        """Finishes deletes that a crash or a store that was down cut off; returns how many."""
        with self._database.reading() as session:
            unfinished = session.scalars(
                select(Photo.id).where(Photo.state == State.DELETING)
            ).all()
        return sum(self._erase(chunk) for chunk in _chunks(unfinished))

    def _random_part(self, size: int) -> str:
        """A prefix of keys that about so many objects or fewer have.

        Ids are hashes, spread evenly: how far the first ``size`` of them reach tells how many there
        are, without counting them all.
        """
        query = select(Photo.id).order_by(Photo.id).offset(size).limit(1)
        with self._database.reading() as session:
            reached = session.scalar(query)
        digits = 0
        if reached is not None:
            share = (int(reached[:8], 16) + 1) / 16**8
            digits = min(8, ceil(log(1 / share, 16)))
        return f"{self._database.archive_id}/{secrets.token_hex(4)[:digits]}"

    def _orphans(self, keys: Sequence[str]) -> Sequence[str]:
        """Those keys that no row knows. The rows are read after the keys were listed."""
        names = {key: key.removesuffix(THUMBNAIL).rpartition("/")[2].split("-") for key in keys}
        query = select(Photo.id, Photo.attempt, Photo.state).where(
            Photo.id.in_([photo_id for photo_id, _ in names.values()])
        )
        with self._database.reading() as session:
            rows = session.execute(query)
            known = {photo_id: (attempt, state) for photo_id, attempt, state in rows}

        def is_known(photo_id: str, attempt: str) -> bool:
            # While a save is under way, any of its attempts may still win.
            kept, state = known.get(photo_id, ("", ""))
            return kept == attempt or state == State.PENDING

        return [key for key, name in names.items() if not is_known(*name)]

    def terms(self, owner: Owner) -> Terms:
        """What an owner agrees to before anything of theirs is saved."""
        return Terms(self._retention.days(owner.kind))

    def has_agreed(self, owner: Owner) -> bool:
        """Whether an owner agreed to today's terms and did not withdraw."""
        try:
            with self._database.reading() as session:
                consent.require(session, owner.key, self.terms(owner))
        except ConsentMissingError:
            return False
        return True

    def agreements(self, owner: Owner) -> tuple[Agreement, ...]:
        """All consents that an owner gave, oldest first."""
        with self._database.reading() as session:
            return consent.agreements(session, owner.key)

    def agree(self, owner: Owner, version: str) -> None:
        """Notes that an owner agreed.

        Args:
            owner: Who.
            version: Of the terms that the person read.

        Raises:
            ConsentMissingError: Others hold by now; they must be shown first.
        """
        terms = self.terms(owner)
        if version != terms.version:
            raise ConsentMissingError()
        with self._database.writing() as session:
            consent.give(session, owner.key, str(owner.kind), terms)

    def withdraw(self, owner: Owner) -> Erased:
        """Takes an owner's consent back and deletes their photos. A save under way fails."""
        with self._database.writing() as session:
            consent.withdraw(session, owner.key)
        return self._erase_all(owner)

    def delete_all(self, owner: Owner) -> Erased:
        """Deletes all that is kept about an owner: photos, consents, letters; not the audit trail.

        That trail holds no more than the owner's hash, and is purged by age.
        """
        archive_id = self._database.archive_id
        with self._database.writing() as session:
            consent.forget(session, owner.key)
            session.execute(delete(Mail).where(Mail.owner == owner.key))
            append(session, owner.key, [Act(What.ERASED)])
            usage.forget(session, owner.key, archive_id)
        return self._erase_all(owner)

    def _erase_all(self, owner: Owner) -> Erased:
        """First nothing is listed any more, then the objects go as far as the store answers."""
        query = select(func.count()).where(Photo.owner == owner.key, Photo.state == State.STORED)
        anything = Photo.id != ""
        with self._database.writing() as session:
            session.execute(
                update(Photo)
                .where(Photo.owner == owner.key, Photo.state == State.PENDING)
                .values(state=State.DELETING)
            )
        listed = 1
        while listed:
            marked = self._mark(owner.key, What.DELETED, anything)
            with self._database.reading() as session:
                listed = session.scalar(query) or 0
        gone = 0
        try:
            for chunk in _chunks(marked):
                gone += self._erase(chunk)
        except StoreUnavailableError as error:
            _log.warning("deleted objects are left to the purge: %s", error)
        return Erased(gone, len(marked) - gone)

    def record(self, owner: Owner, *acts: Act) -> None:
        """Enters into the audit trail what an owner did otherwise: shared, mailed, exported.

        Args:
            owner: Who.
            *acts: What. Never with a name, an address or a link.
        """
        with self._database.writing() as session:
            append(session, owner.key, acts)

    def count_expired(self, kind: OwnerKind, before: datetime) -> int:
        """How many photos :meth:`purge` would delete."""
        query = select(func.count()).where(*_expired(kind, before))
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def purge(self, kind: OwnerKind, before: datetime, *, limit: int = _BATCH) -> int:
        """Deletes photos that were saved earlier, owner by owner; 0 when none is left.

        If the store fails on the way, what was chosen is not listed any more, and the next purge
        or sweep finishes the work.

        Args:
            kind: Whose.
            before: Only those saved before this time.
            limit: Of how many photos the owners are taken; each loses all that are due.
        """
        query = select(Photo.owner).where(*_expired(kind, before)).limit(limit)
        with self._database.reading() as session:
            owners = sorted(set(session.scalars(query)))
        old = Photo.created_at < before
        gone = 0
        for owner in owners:
            for chunk in _chunks(self._mark(owner, What.PURGED, old)):
                gone += self._erase(chunk)
        return gone

    def forget_guests(self, before: datetime) -> int:
        """Deletes consents given earlier by guests who keep no photo; returns how many."""
        photos = select(Photo.id).where(Photo.owner == Consent.owner).exists()
        query = delete(Consent).where(
            Consent.owner_kind == OwnerKind.GUEST, Consent.given_at < before, ~photos
        )
        with self._database.writing() as session:
            return len(session.execute(query.returning(Consent.id)).all())


def open_archive(settings: Settings) -> Archive:
    """The archive that the settings name, ready to use: migrated, checked and swept.

    Raises:
        ArchiveError: Store or database do not answer or refuse; may be tried again later.
        SettingsError: A setting can't be used.
    """
    store = open_store(settings)
    store.check()
    database = Database(settings.database_url, tls=settings.database_tls)
    database.migrate()
    archive = Archive(
        store,
        database,
        link_seconds=settings.link_seconds,
        retention=Retention.of(settings),
    )
    swept = archive.sweep()
    _log.info("archive open, swept %d rows and %d objects", *swept)
    return archive


def _shown(
    owner_key: str,
    verdict: Verdict | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[ColumnElement[bool]]:
    conditions = [Photo.owner == owner_key, Photo.state == State.STORED]
    if verdict is not None:
        conditions.append(Photo.verdict == verdict)
    if since is not None:
        conditions.append(Photo.created_at >= since)
    if until is not None:
        conditions.append(Photo.created_at < until)
    return conditions


# The fields of a receipt that the row holds under the same name.
_SAME: Final = (
    "approved_at",
    "output_sha256",
    "file_name",
    "format",
    "width",
    "height",
    "style",
    "mode",
    "confidence",
    "coverage",
    "strength",
    "softness",
    "hands",
    "regions_found",
    "fingerprints_covered",
    "left_out",
    "drawn",
    "app_version",
    "ms_total",
    "readable",
    "partly",
    "unreadable",
)
# What the audit trail tells of a save: settings, counts and versions.
_TOLD: Final = (
    "verdict",
    "style",
    "mode",
    "confidence",
    "coverage",
    "strength",
    "softness",
    "regions_found",
    "fingerprints_covered",
    "left_out",
    "drawn",
    "models",
    "app_version",
)


def _to_row(
    photo_id: str, attempt: str, now: datetime, owner: Owner, receipt: Receipt, size: int
) -> Photo:
    return Photo(
        id=photo_id,
        owner=owner.key,
        owner_kind=str(owner.kind),
        state=State.PENDING,
        attempt=attempt,
        created_at=now,
        bytes=size,
        verdict=str(receipt.verdict),
        models=dict(receipt.models),
        **{name: getattr(receipt, name) for name in _SAME},
    )


def _details(row: Photo) -> dict[str, object]:
    return {name: getattr(row, name) for name in _TOLD}


def _expired(kind: OwnerKind, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Photo.state == State.STORED,
        Photo.owner_kind == str(kind),
        Photo.created_at < before,
    )


def _to_saved(row: Photo) -> SavedPhoto:
    return SavedPhoto(
        id=row.id,
        owner_kind=OwnerKind(row.owner_kind),
        saved_at=row.created_at,
        bytes=row.bytes,
        receipt=Receipt(
            verdict=Verdict(row.verdict),
            models=row.models,
            **{name: getattr(row, name) for name in _SAME},
        ),
    )


def _chunks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    iterator = iter(items)
    while chunk := tuple(islice(iterator, _BATCH)):
        yield chunk
