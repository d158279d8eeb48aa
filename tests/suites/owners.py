"""Two or more owners do whatever they like; nobody ever reaches what is somebody else's."""

from secrets import token_bytes
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.suites.places import Place, receipt_for
from vov_core.archive import Archive, Owner, OwnerTotals
from vov_core.errors import PhotoNotFoundError
from vov_core.links import Links

PEOPLE = st.integers(0, 2)


def machine_settings(place: Place) -> settings:
    return settings(
        max_examples=place.examples,
        stateful_step_count=place.steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class OwnersNeverMeet(RuleBasedStateMachine):
    saves = Bundle("saves")
    links_made = Bundle("links_made")

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.archive = archive
        self.links = Links(archive, None, 300)
        self.owners = [Owner.new_guest() for _ in range(3)]
        self.kept: list[dict[str, bytes]] = [{} for _ in range(3)]

    @rule(target=saves, who=PEOPLE)
    def save(self, who: int) -> tuple[str, UUID, bytes]:
        output, save_id = token_bytes(20), uuid4()
        return self._save(who, output, save_id), save_id, output

    @rule(target=saves, who=PEOPLE, made=saves)
    def save_what_somebody_saved(
        self, who: int, made: tuple[str, UUID, bytes]
    ) -> tuple[str, UUID, bytes]:
        """Even with another's bytes and save_id one gets a photo of one's own."""
        _, save_id, output = made
        return self._save(who, output, save_id), save_id, output

    def _save(self, who: int, output: bytes, save_id: UUID) -> str:
        saved = self.archive.save(output, receipt_for(output), self.owners[who], save_id=save_id)
        self.kept[who][saved.id] = output
        return saved.id

    @rule(who=PEOPLE, made=saves)
    def read(self, who: int, made: tuple[str, UUID, bytes]) -> None:
        photo_id, owner = made[0], self.owners[who]
        if photo_id in self.kept[who]:
            assert self.archive.read(owner, photo_id) == self.kept[who][photo_id]
            assert self.archive.get(owner, photo_id).id == photo_id
            assert self.archive.file(owner.key, photo_id).data == self.kept[who][photo_id]
            assert self.archive.sizes(owner.key, [photo_id]) == {photo_id: 20}
            assert self.archive.thumbnails(owner, [photo_id]) == {photo_id: None}
            return
        assert self.archive.sizes(owner.key, [photo_id]) == {}
        assert self.archive.thumbnails(owner, [photo_id]) == {}
        with pytest.raises(PhotoNotFoundError):
            self.archive.file(owner.key, photo_id)
        with pytest.raises(PhotoNotFoundError):
            self.links.make(owner, photo_id)
        for reach in (self.archive.read, self.archive.get, self.archive.link):
            with pytest.raises(PhotoNotFoundError):
                reach(owner, photo_id)

    @rule(target=links_made, who=PEOPLE, made=saves)
    def make_a_link(self, who: int, made: tuple[str, UUID, bytes]) -> tuple[int, str, str]:
        photo_id = made[0]
        if photo_id not in self.kept[who]:
            return who, photo_id, "none"
        link = self.links.make(self.owners[who], photo_id)
        return who, photo_id, link.address if link.is_note else "none"

    @rule(link=links_made)
    def follow_a_link(self, link: tuple[int, str, str]) -> None:
        """It gives this photo as long as its owner keeps it, and never anything else."""
        who, photo_id, note = link
        kept = self.kept[who].get(photo_id)
        if note != "none" and kept is not None:
            assert self.links.file(note).data == kept
            return
        with pytest.raises(PhotoNotFoundError):
            self.links.file(note)

    @rule(who=PEOPLE, made=st.lists(saves, min_size=1, max_size=4))
    def delete(self, who: int, made: list[tuple[str, UUID, bytes]]) -> None:
        named = {photo_id for photo_id, _, _ in made}
        mine = named & self.kept[who].keys()
        assert self.archive.delete(self.owners[who], named) == len(mine)
        for photo_id in mine:
            del self.kept[who][photo_id]

    @invariant()
    def everybody_has_exactly_their_own(self) -> None:
        for owner, kept in zip(self.owners, self.kept, strict=True):
            listed = self.archive.list(owner, limit=1000)
            assert {photo.id for photo in listed} == set(kept)
            assert self.archive.all_sizes(owner) == dict.fromkeys(kept, 20)
            assert self.archive.totals(owner) == OwnerTotals(
                len(kept), sum(map(len, kept.values()))
            )
