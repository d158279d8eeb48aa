"""All that is kept about somebody, as one zip that they can take elsewhere."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import select

from vov_core import __version__
from vov_core.archive import Archive, Owner, SavedPhoto
from vov_core.audit import Act, AuditTrail, What
from vov_core.database import Mail
from vov_core.errors import ArchiveError

MAX_BYTES: Final = 500 * 1024**2
"""Of the pictures in one export; a page holds all of it in memory while it is handed out."""

_PAGE: Final = 200


def export(
    archive: Archive,
    owner: Owner,
    into: BinaryIO,
    *,
    account: Mapping[str, Any] | None = None,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Writes ``data.json`` (everything in words) and the saved pictures as a zip.

    A picture that the store has lost, or that is beyond the limit, is left out and named in the
    JSON. The export itself is noted in the audit trail.

    Args:
        archive: Where it is kept.
        owner: Whose.
        into: Where the zip is written to.
        account: What else is known of the owner, such as a member's account.
        max_bytes: Of the pictures together.

    Raises:
        ArchiveError: Store or database do not answer.
    """
    archive.record(owner, Act(What.EXPORTED))
    photos = _photos(archive, owner)
    left_out: list[str] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as bundle:
        room = max_bytes
        for photo in photos:
            room -= photo.bytes
            if room < 0 or not _add(bundle, archive, owner, photo):
                left_out.append(photo.id)
        data = {
            "exported_at": datetime.now(UTC),
            "app_version": __version__,
            "owner": {"kind": str(owner.kind), "hash": owner.key},
            "account": dict(account or {}),
            "photos": [{"file": _name(photo), **asdict(photo)} for photo in photos],
            "pictures_left_out": left_out,
            "consents": [asdict(agreement) for agreement in archive.agreements(owner)],
            "letters": _letters(archive, owner),
            "audit_trail": [asdict(e) for e in AuditTrail(archive.database).of(owner.key)],
        }
        text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain)
        bundle.writestr("data.json", text.encode(errors="replace"), zipfile.ZIP_DEFLATED)


def _photos(archive: Archive, owner: Owner) -> list[SavedPhoto]:
    photos: list[SavedPhoto] = []
    while page := archive.list(owner, offset=len(photos), limit=_PAGE, newest_first=False):
        photos += page
    return photos


def _letters(archive: Archive, owner: Owner) -> list[dict[str, Any]]:
    """What is known of e-mails: neither address nor words, which only wait encrypted."""
    columns = (Mail.created_at, Mail.finished_at, Mail.state, Mail.photos)
    query = select(*columns).where(Mail.owner == owner.key).order_by(Mail.created_at)
    with archive.database.reading() as session:
        return [dict(row) for row in session.execute(query).mappings()]


def _name(photo: SavedPhoto) -> str:
    """Two photos may have one name; a part of the id tells them apart."""
    return f"photos/{photo.id[:8]}_{photo.receipt.file_name}"


def _add(bundle: zipfile.ZipFile, archive: Archive, owner: Owner, photo: SavedPhoto) -> bool:
    try:
        data = archive.read(owner, photo.id)
    except ArchiveError:
        return False
    bundle.writestr(_name(photo), data)
    return True


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
