"""One guest of the booth: four shots, each covered at once, and the print made of them."""

import uuid
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vov_core.booth.frames import Design, Layout, compose, fitted
from vov_core.booth.printing import print_file
from vov_core.exposure import Tally, tally
from vov_core.findings import Verdict
from vov_core.images import OutputFormat
from vov_core.pipeline import Output, Tuning
from vov_core.select import Selection
from vov_core.workspace import Item, Workspace

Pixels = NDArray[np.uint8]

SHOTS = 4


@dataclass(frozen=True, eq=False)
class Print:
    """What a guest approved.

    Attributes:
        save_id: Makes saving twice harmless.
        output: The file and its proof.
        design: Of the frame.
        tuning: How the shots were covered.
        items: The four shots.
        selections: What was covered in each.
        exposure: How readable the finger tips of all four were before.
    """

    save_id: uuid.UUID
    output: Output
    design: Design
    tuning: Tuning
    items: tuple[Item, ...]
    selections: tuple[Selection, ...]
    exposure: Tally

    @property
    def verdict(self) -> Verdict:
        """Danger if any shot showed a finger tip."""
        danger = any(s.verdict is Verdict.DANGER for s in self.selections)
        return Verdict.DANGER if danger else Verdict.NOTHING_FOUND

    @property
    def covered(self) -> int:
        """Finger tips covered in all four shots."""
        return sum(len(selection.masked) for selection in self.selections)


class Guest:
    """The shots of one guest, in memory only; the booth makes a new one for the next guest.

    Args:
        workspace: Empty, and this guest's alone.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._slots: list[str | None] = [None] * SHOTS
        self._covered: dict[tuple[str, Tuning, Layout], Pixels] = {}

    @property
    def items(self) -> tuple[Item | None, ...]:
        """The four shots in order, None where one is missing."""
        return tuple(self.workspace.get(slot) if slot else None for slot in self._slots)

    @property
    def next_slot(self) -> int | None:
        """The first empty place, or None."""
        return next((number for number, slot in enumerate(self._slots) if slot is None), None)

    @property
    def complete(self) -> bool:
        """Whether all four shots are there."""
        return self.next_slot is None

    def take(self, data: bytes) -> int | None:
        """Reads and examines a shot for the first empty place.

        Returns:
            The place, or None where all are taken.

        Raises:
            PhotoError: The bytes are no usable photo.
            ModelError: The models can't be used.
        """
        slot = self.next_slot
        if slot is not None:
            self._slots[slot] = self.workspace.add(f"shot_{slot + 1}.jpg", data).id
        return slot

    def retake(self, slot: int) -> None:
        """Forgets one shot, so that the next one takes its place."""
        item_id = self._slots[slot]
        self._slots[slot] = None
        # The same file may stand in two places.
        if item_id and item_id not in self._slots:
            self.workspace.remove(item_id)
            self._covered = {key: cell for key, cell in self._covered.items() if key[0] != item_id}

    def clear(self) -> None:
        """Forgets everything of this guest."""
        self._slots = [None] * SHOTS
        self._covered.clear()
        self.workspace.clear()

    def cell(self, slot: int, tuning: Tuning, layout: Layout) -> Pixels | None:
        """One covered shot at the size it is printed in, or None."""
        item = self.items[slot]
        if item is None:
            return None
        key = (item.id, tuning, layout)
        if key not in self._covered:
            _, masked = self.workspace.masked(item, tuning)
            self._covered[key] = fitted(masked.pixels, layout)
            while len(self._covered) > 2 * SHOTS:
                self._covered.pop(next(iter(self._covered)))
        return self._covered[key]

    def selection(self, slot: int, tuning: Tuning) -> Selection | None:
        """What is covered in one shot, or None."""
        item = self.items[slot]
        return self.workspace.selection(item, tuning.rules) if item else None

    def frame(self, design: Design, tuning: Tuning) -> Pixels:
        """The frame as it would be printed now; it is made of covered shots only."""
        return compose([self.cell(n, tuning, design.layout) for n in range(SHOTS)], design)

    def approve(self, design: Design, tuning: Tuning, format: OutputFormat) -> Print:
        """Writes the print.

        Raises:
            ValueError: A shot is missing.
            NotCleanError: The output failed its check; nothing is approved.
        """
        items = tuple(item for item in self.items if item)
        if len(items) != SHOTS:
            raise ValueError("four shots are needed")
        chosen = tuple(self.workspace.selection(i, tuning.rules) for i in items)
        return Print(
            save_id=uuid.uuid4(),
            output=print_file(self.frame(design, tuning), format),
            design=design,
            tuning=tuning,
            items=items,
            selections=chosen,
            exposure=tally(
                self.workspace.exposures(item)[region.id]
                for item, selection in zip(items, chosen, strict=True)
                for region in selection.found
            ),
        )
