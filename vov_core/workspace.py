"""One person's photos of one session, in memory only.

A workspace lives and dies with the session: it is never shared, cached across sessions, logged or
written. It keeps the uploaded bytes (compressed) and decodes on demand, so that a hundred photos
do not hold a hundred bitmaps.
"""

import secrets
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from vov_core.errors import SessionFullError, TooManyPhotosError
from vov_core.exposure import Exposure, Tally, exposures, tally
from vov_core.finder import Finder
from vov_core.findings import Findings, Region
from vov_core.images import (
    Photo,
    ReadLimits,
    protected_name,
    read_photo,
    safe_name,
)
from vov_core.metrics import observe_stages
from vov_core.pipeline import Look, Masked, Output, Tuning, mask, output_format, timed, write
from vov_core.select import Edits, Rules, Selection, select

_DECODED_BYTES = 160 * 1024 * 1024


def _nobody(_: object) -> None:
    """Is told things and does nothing."""


class Step(StrEnum):
    """What is done with a new photo, in this order."""

    READ = "read"
    LOOK = "look"


@dataclass(frozen=True, eq=False)
class Approval:
    """What a person approved: the exact bytes and the exact settings that made them."""

    save_id: uuid.UUID
    at: datetime
    file_name: str
    output: Output
    tuning: Tuning
    edits: Edits
    selection: Selection
    exposure: Tally
    ms: float


@dataclass(eq=False)
class Item:
    """One photo of the workspace.

    Attributes:
        tuning: The settings that the person looks at this photo with; None before the first look.
    """

    id: str
    name: str
    data: bytes = field(repr=False)
    format: str
    width: int
    height: int
    metadata: tuple[str, ...]
    notices: tuple[str, ...]
    seed: int
    findings: Findings
    decode_ms: float
    edits: Edits = field(default_factory=Edits)
    tuning: Tuning | None = None
    approval: Approval | None = None
    saved: bool = False

    def look(self, tuning: Tuning) -> Look:
        """The session's look with this photo's own seed."""
        return replace(tuning.look, seed=self.seed)

    @property
    def approved(self) -> bool:
        """Whether what was approved is what this photo's settings show."""
        done = self.approval
        return done is not None and (done.tuning, done.edits) == (self.tuning, self.edits)


class Workspace:
    """The photos a person works on.

    Args:
        finder: Gives the process's finder. Asked when the first photo comes, so that opening a page
            loads no model.
        limits: For each photo.
        session_bytes: Uploaded and approved bytes that this session may hold.
        session_photos: Photos that this session may hold.
    """

    def __init__(
        self,
        finder: Callable[[], Finder],
        limits: ReadLimits,
        session_bytes: int,
        session_photos: int = 200,
    ) -> None:
        self._finder = finder
        self._limits = limits
        self._session_bytes = session_bytes
        self._session_photos = session_photos
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._decoded: OrderedDict[str, Photo] = OrderedDict()
        self._masked: tuple[tuple[str, Rules, Look, Edits], Selection, Masked] | None = None
        self._exposures: dict[str, Mapping[str, Exposure]] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        """All photos, in the order they were added."""
        return tuple(self._items.values())

    @property
    def held(self) -> int:
        """Memory held for uploads and approved outputs, in bytes."""
        return sum(
            len(item.data) + (len(item.approval.output.data) if item.approval else 0)
            for item in self._items.values()
        )

    def get(self, item_id: str) -> Item | None:
        """The photo under an id, or None."""
        return self._items.get(item_id)

    def add(self, name: str, data: bytes, begun: Callable[[Step], None] = _nobody) -> Item:
        """Reads and examines a photo; the same bytes twice are one photo.

        Args:
            name: Of the file.
            data: The file.
            begun: Is told each step when it begins.

        Raises:
            PhotoError: The bytes are no usable photo, or the session is full.
            ModelError: The models can't be used.
        """
        if self.held + len(data) > self._session_bytes:
            raise SessionFullError(limit_mb=self._session_bytes // 1024**2)
        if len(self._items) >= self._session_photos:
            raise TooManyPhotosError(limit=self._session_photos)
        begun(Step.READ)
        photo, decode_ms = timed(lambda: read_photo(data, self._limits))
        known = next((i for i in self.items if i.findings.photo_sha256 == photo.sha256), None)
        if known:
            return known
        begun(Step.LOOK)
        item = Item(
            id=uuid.uuid4().hex,
            name=safe_name(name),
            data=data,
            format=photo.format,
            width=photo.width,
            height=photo.height,
            metadata=photo.metadata,
            notices=photo.notices,
            seed=secrets.randbits(31),
            findings=self._finder().find(photo.sha256, photo.pixels),
            decode_ms=decode_ms,
        )
        self._items[item.id] = item
        self._keep_decoded(item.id, photo)
        observe_stages({"decode": decode_ms, **item.findings.ms})
        return item

    def remove(self, item_id: str) -> None:
        """Forgets a photo and everything made of it.

        The item is emptied, too: Streamlit keeps the callbacks of buttons that are long gone, and
        with them whatever they were given, until the session ends.
        """
        if item := self._items.pop(item_id, None):
            item.data, item.approval, item.edits = b"", None, Edits()
            item.findings = Findings(photo_sha256="", width=item.width, height=item.height)
        self._decoded.pop(item_id, None)
        self._exposures.pop(item_id, None)
        if self._masked and self._masked[0][0] == item_id:
            self._masked = None

    def clear(self) -> None:
        """Forgets all photos."""
        for item in self.items:
            self.remove(item.id)

    def photo(self, item: Item) -> Photo:
        """The decoded photo; the last few are kept decoded."""
        photo = self._decoded.get(item.id)
        if photo is None:
            photo = read_photo(item.data, self._limits)
        self._keep_decoded(item.id, photo)
        return photo

    def _keep_decoded(self, item_id: str, photo: Photo) -> None:
        self._decoded[item_id] = photo
        self._decoded.move_to_end(item_id)
        while (
            len(self._decoded) > 1
            and sum(p.pixels.nbytes for p in self._decoded.values()) > _DECODED_BYTES
        ):
            self._decoded.popitem(last=False)

    def exposures(self, item: Item) -> Mapping[str, Exposure]:
        """How readable each found tip is, by the region's id; measured once per photo."""
        if item.id not in self._exposures:
            self._exposures[item.id] = exposures(self.photo(item).pixels, item.findings)
        return self._exposures[item.id]

    def selection(self, item: Item, rules: Rules) -> Selection:
        """What these rules and the person's edits cover in a photo."""
        return select(item.findings, rules, item.edits)

    def masked(self, item: Item, tuning: Tuning) -> tuple[Selection, Masked]:
        """The photo as it would be approved now; the last result is kept."""
        look = item.look(tuning)
        key = (item.id, tuning.rules, look, item.edits)
        if self._masked and self._masked[0] == key:
            return self._masked[1], self._masked[2]
        selection = self.selection(item, tuning.rules)
        result = mask(self.photo(item), selection, look)
        self._masked = (key, selection, result)
        return selection, result

    def approve(self, item: Item, tuning: Tuning) -> Approval:
        """Writes the masked photo and keeps the bytes for download and save.

        Raises:
            NotCleanError: The output failed its check; nothing is approved.
            SessionFullError: There is no room for the output.
        """
        selection, masked = self.masked(item, tuning)
        photo = self.photo(item)
        format = output_format(photo, tuning.format)
        output = write(photo, masked, item.look(tuning), format, tuning.quality)
        before = len(item.approval.output.data) if item.approval else 0
        if self.held - before + len(output.data) > self._session_bytes:
            raise SessionFullError(limit_mb=self._session_bytes // 1024**2)
        item.tuning = tuning
        item.approval = Approval(
            save_id=uuid.uuid4(),
            at=datetime.now(UTC),
            file_name=protected_name(item.name, output.format),
            output=output,
            tuning=tuning,
            edits=item.edits,
            selection=selection,
            exposure=tally(self.exposures(item)[region.id] for region in selection.found),
            ms=item.decode_ms + sum(item.findings.ms.values()) + masked.ms + output.ms,
        )
        item.saved = False
        observe_stages({"mask": masked.ms, "encode": output.ms})
        return item.approval

    def toggle(self, item: Item, rules: Rules, region_id: str) -> None:
        """Leaves a covered region out, covers an open one, removes a drawn one; else nothing."""
        edits = item.edits
        if any(region.id == region_id for region in edits.drawn):
            drawn = tuple(region for region in edits.drawn if region.id != region_id)
            item.edits = replace(edits, drawn=drawn)
            return
        if all(region.id != region_id for region in item.findings.regions):
            return
        covered = {region.id for region in self.selection(item, rules).masked}
        one = frozenset({region_id})
        if region_id in covered:
            item.edits = replace(edits, left_out=edits.left_out | one, put_in=edits.put_in - one)
        else:
            item.edits = replace(edits, left_out=edits.left_out - one, put_in=edits.put_in | one)

    def draw(self, item: Item, region: Region) -> None:
        """Adds a region that the person drew."""
        item.edits = replace(item.edits, drawn=(*item.edits.drawn, region))

    def reset(self, item: Item) -> None:
        """Takes back everything the person left out, put in or drew."""
        item.edits = Edits()
