"""Links that let anybody download one photo, for minutes.

Where the object store has links of its own (S3), those are used. A folder has none: then a link
holds a sealed note of whose photo it is and until when, and the web server answers it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vov_core.archive import Archive, File, Owner
from vov_core.audit import Act, What
from vov_core.errors import PhotoNotFoundError
from vov_core.seal import BrokenSealError, Seal


@dataclass(frozen=True)
class Link:
    """A way to download one photo.

    Attributes:
        address: A whole URL of the object store, or a sealed note for this app's own server.
        until: When it ends, UTC.
        is_note: Which of the two.
    """

    address: str
    until: datetime
    is_note: bool


class Links:
    """Makes and opens links.

    Args:
        archive: Where the photos are.
        secret: The operator's; None makes one that dies with this object, and its links with it.
        seconds: Life of a link.
    """

    def __init__(self, archive: Archive, secret: str | None, seconds: int) -> None:
        self._archive = archive
        self._seal = Seal(secret, "links")
        self._life = timedelta(seconds=seconds)

    def make(self, owner: Owner, photo_id: str) -> Link:
        """A link to an owner's photo. It can't be taken back, but it ends with the photo.

        Raises:
            PhotoNotFoundError: There is none, or it is somebody else's.
        """
        until = datetime.now(UTC) + self._life
        photo = self._archive.get(owner, photo_id)
        digest, life = photo.receipt.output_sha256, int(self._life.total_seconds())
        self._archive.record(owner, Act(What.SHARED, digest, {"seconds": life}))
        address = self._archive.link(owner, photo_id)
        if address is not None:
            return Link(address, until, is_note=False)
        note = json.dumps([owner.key, photo_id, until.timestamp()])
        return Link(self._seal.close(note.encode()), until, is_note=True)

    def file(self, note: str) -> File:
        """The photo that a note is about.

        Raises:
            PhotoNotFoundError: The note is forged or too old, or the photo is deleted (one answer
                for all, on purpose).
        """
        try:
            owner_key, photo_id, until = json.loads(self._seal.open(note))
        except BrokenSealError:
            raise PhotoNotFoundError() from None
        if datetime.now(UTC).timestamp() >= until:
            raise PhotoNotFoundError()
        return self._archive.file(owner_key, photo_id)
