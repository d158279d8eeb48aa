"""What every archive does, on a good day and when it is interrupted."""

import json
import multiprocessing
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from secrets import token_bytes, token_hex
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis.stateful import run_state_machine_as_test
from PIL import Image
from sqlalchemy import func, select, text, update

from tests.suites.owners import OwnersNeverMeet, machine_settings
from tests.suites.places import InterruptedStore, Place, die, receipt_for
from vov_core.archive import Archive, Owner, OwnerKind, OwnerTotals, SavedPhoto, Swept
from vov_core.database import Database, Photo, State, UsageDay
from vov_core.errors import (
    ArchiveError,
    DatabaseUnavailableError,
    NotCleanError,
    ObjectMissingError,
    PhotoNotFoundError,
    StoreUnavailableError,
)
from vov_core.findings import Verdict
from vov_core.history import History

NOW = timedelta(0)
HOSTILE = [
    "'; DROP TABLE photos; --.jpg",
    '" OR "1"="1.jpg',
    "100%_\\.jpg",
    "<script>alert(1)</script>.png",
    "손가락 👆🏽 “quoted”.webp",
    ":name %(name)s ? {0}.jpg",
    "é" * 240,
]


def save(
    archive: Archive, owner: Owner, output: bytes | None = None, **changes: object
) -> SavedPhoto:
    output = token_bytes(200) if output is None else output
    archive.agree(owner, archive.terms(owner).version)
    return archive.save(output, receipt_for(output, **changes), owner, save_id=uuid4())


def picture(width: int, height: int) -> bytes:
    """A drawn picture without a hand."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(0, 255, width).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def rows(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Photo)) or 0


def age(database: Database, by: timedelta) -> None:
    """Lets time pass for every row."""
    with database.writing() as session:
        for photo in session.scalars(select(Photo)):
            photo.created_at -= by


def die_in_save(place: Place, moment: str, output: bytes, owner: Owner, save_id: UUID) -> None:
    """A process that is killed in the middle of a save (or of a delete)."""
    store = InterruptedStore(place.store())
    archive = place.archive(store)
    if moment == "after_delete":
        store.after_delete = die
        saved = archive.save(output, receipt_for(output), owner, save_id=save_id)
        archive.delete(owner, [saved.id])
    setattr(store, moment, die)
    archive.save(output, receipt_for(output), owner, save_id=save_id)


@pytest.fixture
def archive(place: Place) -> Archive:
    return place.archive()


@pytest.fixture
def owner() -> Owner:
    return Owner.new_guest()


class ArchiveSuite:
    def test_a_saved_photo_comes_back_as_it_was(self, archive: Archive, owner: Owner) -> None:
        output = token_bytes(100_000)
        receipt = receipt_for(output, confidence=0.1 + 0.2, models={"a": "1", "손": "2"})
        saved = archive.save(output, receipt, owner, save_id=uuid4())
        assert saved.receipt == receipt
        assert saved.bytes == len(output)
        assert saved.owner_kind is OwnerKind.GUEST
        assert abs(datetime.now(UTC) - saved.saved_at) < timedelta(minutes=1)
        assert archive.list(owner) == (saved,)
        assert archive.get(owner, saved.id) == saved
        assert archive.read(owner, saved.id) == output

    def test_bytes_that_were_not_approved_are_refused(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        with pytest.raises(NotCleanError):
            archive.save(b"others", receipt_for(b"approved"), owner, save_id=uuid4())
        assert rows(archive.database) == 0
        assert place.stored_keys() == set()

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_name_is_only_a_name(self, archive: Archive, owner: Owner, name: str) -> None:
        saved = save(archive, owner, file_name=name, style=name[:32], models={name: name})
        assert archive.get(owner, saved.id) == saved
        assert saved.receipt.file_name == name
        assert archive.totals(owner).photos == 1

    @pytest.mark.parametrize("photo_id", [*HOSTILE, "", "\0", "\ud800", "0" * 32, "%"])
    def test_any_id_is_only_an_id(self, archive: Archive, owner: Owner, photo_id: str) -> None:
        saved = save(archive, owner)
        for call in (archive.get, archive.read, archive.link):
            with pytest.raises(PhotoNotFoundError):
                call(owner, photo_id)
        assert archive.delete(owner, [photo_id]) == 0
        assert archive.list(owner) == (saved,)

    def test_pages_filters_and_totals(self, archive: Archive, owner: Owner) -> None:
        saved = [
            save(
                archive,
                owner,
                token_bytes(10 + number),
                verdict=Verdict.NOTHING_FOUND if number % 3 else Verdict.DANGER,
            )
            for number in range(7)
        ]
        save(archive, Owner.new_guest())
        assert archive.list(owner, newest_first=False) == tuple(saved)
        assert archive.list(owner) == tuple(saved[::-1])
        assert archive.list(owner, limit=3) == tuple(saved[:3:-1])
        assert archive.list(owner, offset=5, limit=10) == tuple(saved[1::-1])
        assert archive.list(owner, offset=7) == ()
        danger = archive.list(owner, verdict=Verdict.DANGER, newest_first=False)
        assert danger == tuple(saved[::3])
        middle = {"since": saved[2].saved_at, "until": saved[5].saved_at}
        assert archive.list(owner, newest_first=False, **middle) == tuple(saved[2:5])
        assert archive.totals(owner) == OwnerTotals(7, sum(range(10, 17)))
        assert archive.totals(owner, **middle) == OwnerTotals(3, 12 + 13 + 14)
        assert archive.totals(owner, verdict=Verdict.DANGER).photos == 3
        assert archive.totals(Owner.new_guest()) == OwnerTotals(0, 0)

    def test_deleted_photos_are_gone_and_their_numbers_stay(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        saved = [save(archive, owner) for _ in range(3)]
        before = History(archive.database).totals()
        assert before.photos == 3
        named = [photo.id for photo in saved[:2]]
        assert archive.delete(owner, [*named, "0" * 32, named[0]]) == 2
        assert archive.delete(owner, named) == 0
        assert archive.list(owner) == (saved[2],)
        assert rows(archive.database) == len(place.stored_keys()) == 1
        with pytest.raises(PhotoNotFoundError):
            archive.read(owner, saved[0].id)
        assert History(archive.database).totals() == before

    def test_many_are_deleted_at_once(self, archive: Archive, owner: Owner) -> None:
        saved = save(archive, owner)
        unknown = [uuid4().hex for _ in range(1200)]
        assert archive.delete(owner, [*unknown, saved.id]) == 1

    def test_the_same_save_twice_is_one_photo(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        output, save_id = token_bytes(50), uuid4()
        first = archive.save(output, receipt_for(output), owner, save_id=save_id)
        second = archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert first == second
        assert len(place.stored_keys()) == 1
        assert History(archive.database).totals().photos == 1

    def test_a_double_click_is_one_photo(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        output, save_id = token_bytes(50_000), uuid4()
        receipt = receipt_for(output)
        with ThreadPoolExecutor(6) as pool:
            tries = [
                pool.submit(archive.save, output, receipt, owner, save_id=save_id) for _ in range(6)
            ]
        assert len({attempt.result().id for attempt in tries}) == 1
        assert len(archive.list(owner)) == 1
        assert len(place.stored_keys()) == 1
        assert History(archive.database).totals().photos == 1
        assert archive.read(owner, archive.list(owner)[0].id) == output

    def test_saving_again_after_a_delete(self, archive: Archive, owner: Owner) -> None:
        output, save_id = token_bytes(50), uuid4()
        first = archive.save(output, receipt_for(output), owner, save_id=save_id)
        archive.delete(owner, [first.id])
        archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert archive.read(owner, archive.list(owner)[0].id) == output

    def test_thumbnails_lie_beside_their_outputs(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        output = picture(1600, 1200)
        saved = save(archive, owner, output, width=1600, height=1200)
        plain, other = save(archive, owner), save(archive, Owner.new_guest())
        (key,) = (key for key in place.stored_keys() if key.endswith(".thumb"))
        assert saved.id in key
        found = archive.thumbnails(owner, [saved.id, plain.id, other.id, "'; --"])
        assert found.keys() == {saved.id, plain.id} and found[plain.id] is None
        small = found[saved.id]
        assert small == place.store().get(key)
        with Image.open(BytesIO(small)) as shown:
            assert (shown.format, shown.size) == ("WEBP", (440, 330))
        place.store().delete(key)
        assert archive.thumbnails(owner, [saved.id]) == {saved.id: small}
        assert key in place.stored_keys(), "made anew and kept"
        assert archive.sweep() == Swept(0, 0)
        assert archive.read(owner, saved.id) == output
        archive.delete(owner, [saved.id, plain.id])
        assert len(place.stored_keys()) == 1
        place.store().put(key, small, "image/webp")
        assert archive.sweep() == Swept(0, 1)

    def test_a_failing_thumbnail_is_no_failing_save(self, place: Place, owner: Owner) -> None:
        puts = []

        def fail() -> None:
            puts.append(1)
            if len(puts) == 2:
                raise StoreUnavailableError(reason="test")

        archive = place.archive(InterruptedStore(place.store(), before_put=fail))
        saved = save(archive, owner, picture(900, 600), width=900, height=600)
        assert len(place.stored_keys()) == 1
        assert archive.thumbnails(owner, [saved.id])[saved.id]
        assert len(place.stored_keys()) == 2

    def test_what_the_mail_queue_and_links_may_read(self, archive: Archive, owner: Owner) -> None:
        output = token_bytes(300)
        mine = save(archive, owner, output, file_name="손.webp", format="webp")
        theirs = save(archive, Owner.new_guest())
        assert archive.file(owner.key, mine.id) == ("손.webp", "webp", output)
        assert archive.sizes(owner.key, [mine.id, theirs.id, "%"]) == {mine.id: 300}
        assert archive.all_sizes(owner) == {mine.id: 300}
        assert archive.all_sizes(owner, verdict=Verdict.NOTHING_FOUND) == {}
        for wrong in ((owner.key, theirs.id), ("0" * 64, mine.id), (owner.key, "%")):
            with pytest.raises(PhotoNotFoundError):
                archive.file(*wrong)

    def test_the_database_knows_no_token(self, archive: Archive) -> None:
        owner = Owner(OwnerKind.MEMBER, "a-very-secret-token-of-a-member", "law")
        save(archive, owner)
        with archive.database.reading() as session:
            held = [
                [str(value) for value in row]
                for table in ("photos", "usage_days", "usage_fields", "usage_people")
                for row in session.execute(text(f"SELECT * FROM `{table}`"))
            ]
        assert owner.token not in json.dumps(held)
        assert owner.key in json.dumps(held[0])
        assert len(held) == 4 and owner.key not in json.dumps(held[1:])

    def test_an_altered_or_lost_object_is_told(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        saved = save(archive, owner)
        (key,) = place.stored_keys()
        place.store().put(key, b"something else", "image/jpeg")
        with pytest.raises(ObjectMissingError) as caught:
            archive.read(owner, saved.id)
        assert caught.value.details == {"reason": "altered"}
        place.store().delete(key)
        with pytest.raises(ObjectMissingError):
            archive.read(owner, saved.id)
        assert archive.delete(owner, [saved.id]) == 1

    @pytest.mark.parametrize("moment", ["before_put", "after_put"])
    def test_a_failure_in_the_middle_leaves_nothing(
        self, place: Place, owner: Owner, moment: str
    ) -> None:
        def fail() -> None:
            raise StoreUnavailableError(reason="test")

        store = InterruptedStore(place.store(), **{moment: fail})
        archive = place.archive(store)
        output, save_id = token_bytes(50), uuid4()
        with pytest.raises(StoreUnavailableError):
            archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert archive.list(owner) == ()
        assert rows(archive.database) == len(place.stored_keys()) == 0
        assert place.archive().save(output, receipt_for(output), owner, save_id=save_id)
        assert len(archive.list(owner)) == 1

    @pytest.mark.parametrize("moment", ["before_put", "after_put"])
    def test_a_killed_save_is_not_listed_and_swept(
        self, place: Place, owner: Owner, moment: str
    ) -> None:
        place.database().migrate()
        output, save_id = token_bytes(50), uuid4()
        process = multiprocessing.get_context("spawn").Process(
            target=die_in_save, args=(place, moment, output, owner, save_id)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        archive = place.archive()
        assert archive.list(owner) == ()
        assert rows(archive.database) == 1
        assert len(place.stored_keys()) == (moment == "after_put")
        assert archive.sweep() == Swept(0, 0)
        age(archive.database, timedelta(minutes=16))
        assert archive.sweep().rows == 1
        assert rows(archive.database) == len(place.stored_keys()) == 0
        archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert len(archive.list(owner)) == 1

    def test_a_killed_save_can_be_repeated_at_once(self, place: Place, owner: Owner) -> None:
        place.database().migrate()
        output, save_id = token_bytes(50), uuid4()
        process = multiprocessing.get_context("spawn").Process(
            target=die_in_save, args=(place, "after_put", output, owner, save_id)
        )
        process.start()
        process.join(60)
        archive = place.archive()
        saved = archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert archive.list(owner) == (saved,)
        assert len(place.stored_keys()) == 2
        assert archive.sweep() == Swept(0, 1)
        assert archive.read(owner, saved.id) == output

    def test_a_killed_delete_is_finished_by_the_sweep(self, place: Place, owner: Owner) -> None:
        place.database().migrate()
        output = token_bytes(50)
        process = multiprocessing.get_context("spawn").Process(
            target=die_in_save, args=(place, "after_delete", output, owner, uuid4())
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        archive = place.archive()
        assert archive.list(owner) == ()
        assert rows(archive.database) == 1
        assert archive.sweep() == Swept(1, 0)
        assert rows(archive.database) == len(place.stored_keys()) == 0

    def test_a_sweep_lists_a_part_and_many_sweeps_list_all(
        self, place: Place, owner: Owner
    ) -> None:
        store = place.store()
        archive = place.archive(store)
        for _ in range(24):
            save(archive, owner)
        archive_id = archive.database.archive_id
        orphans = {f"{archive_id}/{token_hex(16)}-{token_hex(4)}" for _ in range(3)}
        for key in orphans:
            store.put(key, b"nobody's", "image/png")
        parts = {archive._random_part(4) for _ in range(50)}
        assert all(prefix.startswith(f"{archive_id}/") for prefix in parts)
        assert len(parts) > 5, "another part each time"
        assert archive._random_part(1000) == f"{archive_id}/"
        for _ in range(2000):
            archive.sweep(listed=4)
            if not orphans & place.stored_keys():
                break
        assert len(place.stored_keys()) == rows(archive.database) == 24

    def test_a_save_under_way_survives_a_sweep(self, place: Place, owner: Owner) -> None:
        sweeper = place.archive()
        swept = []

        def sweep() -> None:
            swept.append(sweeper.sweep())

        store = InterruptedStore(place.store(), before_put=sweep, after_put=sweep)
        output = token_bytes(50)
        saved = save(place.archive(store), owner, output)
        assert swept == [Swept(0, 0)] * 2
        assert sweeper.read(owner, saved.id) == output

    def test_a_save_swept_as_dead_fails_cleanly(self, place: Place, owner: Owner) -> None:
        sweeper = place.archive()

        def sweep() -> None:
            age(sweeper.database, timedelta(hours=1))
            assert sweeper.sweep().rows == 1

        store = InterruptedStore(place.store(), before_put=sweep)
        with pytest.raises(ArchiveError) as caught:
            save(place.archive(store), owner)
        assert caught.value.details == {"reason": "superseded"}
        assert rows(sweeper.database) == len(place.stored_keys()) == 0

    def test_a_second_attempt_that_is_faster_wins(self, place: Place, owner: Owner) -> None:
        output, save_id = token_bytes(50), uuid4()
        receipt = receipt_for(output)
        other = place.archive()
        done = []

        def overtake() -> None:
            done.append(other.save(output, receipt, owner, save_id=save_id))

        store = InterruptedStore(place.store(), before_put=overtake)
        saved = place.archive(store).save(output, receipt, owner, save_id=save_id)
        assert [saved] == done
        assert len(place.stored_keys()) == 1
        assert other.read(owner, saved.id) == output

    def test_a_failed_attempt_does_not_hurt_the_one_that_overtook_it(
        self, place: Place, owner: Owner
    ) -> None:
        output, save_id = token_bytes(50), uuid4()
        receipt = receipt_for(output)
        other = place.archive()

        def overtake_and_fail() -> None:
            other.save(output, receipt, owner, save_id=save_id)
            raise StoreUnavailableError(reason="test")

        store = InterruptedStore(place.store(), after_put=overtake_and_fail)
        with pytest.raises(StoreUnavailableError):
            place.archive(store).save(output, receipt, owner, save_id=save_id)
        (saved,) = other.list(owner)
        assert other.read(owner, saved.id) == output
        assert len(place.stored_keys()) == 1

    def test_an_error_after_the_save_had_worked(self, place: Place, owner: Owner) -> None:
        archive = place.archive()
        finish = archive._finish

        def lose_the_answer(*arguments: Any) -> tuple[SavedPhoto, str]:
            finish(*arguments)
            raise DatabaseUnavailableError(reason="test")

        archive._finish = lose_the_answer
        output, save_id = token_bytes(50), uuid4()
        with pytest.raises(DatabaseUnavailableError):
            archive.save(output, receipt_for(output), owner, save_id=save_id)
        again = place.archive()
        saved = again.save(output, receipt_for(output), owner, save_id=save_id)
        assert again.list(owner) == (saved,)
        assert again.read(owner, saved.id) == output
        assert History(again.database).totals().photos == 1

    def test_an_unfinished_delete_does_not_block_a_new_save(
        self, place: Place, archive: Archive, owner: Owner
    ) -> None:
        output, save_id = token_bytes(50), uuid4()
        archive.save(output, receipt_for(output), owner, save_id=save_id)
        with archive.database.writing() as session:
            session.execute(update(Photo).values(state=State.DELETING))
        assert archive.list(owner) == ()
        saved = archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert archive.list(owner) == (saved,)
        assert len(place.stored_keys()) == rows(archive.database) == 1

    def test_a_delete_the_store_refuses_is_finished_later(self, place: Place, owner: Owner) -> None:
        def fail() -> None:
            raise StoreUnavailableError(reason="test")

        store = InterruptedStore(place.store())
        archive = place.archive(store)
        saved = save(archive, owner)
        store.after_delete = fail
        with pytest.raises(StoreUnavailableError):
            archive.delete(owner, [saved.id])
        assert archive.list(owner) == ()
        assert place.archive().sweep() == Swept(1, 0)
        assert rows(archive.database) == 0

    def test_objects_of_another_database_are_left_alone(
        self, place: Place, archive: Archive
    ) -> None:
        foreign = f"{'0' * 32}/{'1' * 32}-{'2' * 8}"
        orphan = f"{archive.database.archive_id}/{'1' * 32}-{'2' * 8}"
        for key in (foreign, orphan):
            place.store().put(key, b"x", "image/png")
        assert archive.sweep(older_than=NOW) == Swept(0, 1)
        assert place.stored_keys() == set()
        assert place.store().get(foreign) == b"x"

    def test_usage_holds_numbers_only(self, archive: Archive, owner: Owner) -> None:
        saved = save(archive, owner, file_name="a-persons-name.jpg")
        with archive.database.reading() as session:
            usage = session.scalars(select(UsageDay)).one()
            values = {c.name: getattr(usage, c.name) for c in UsageDay.__table__.columns}
        assert values["fingerprints_covered"] == saved.receipt.fingerprints_covered
        assert values["bytes"] == saved.bytes
        held = repr(values)
        for secret in (owner.key, saved.id, saved.receipt.output_sha256, "a-persons-name"):
            assert secret not in held

    def test_owners_never_meet(self, place: Place) -> None:
        archive = place.archive()
        run_state_machine_as_test(
            lambda: OwnersNeverMeet(archive), settings=machine_settings(place)
        )

    def test_members_and_guests_of_one_token_are_two(self, archive: Archive) -> None:
        guest = Owner(OwnerKind.GUEST, "one token for the two of us")
        member = replace(guest, kind=OwnerKind.MEMBER)
        saved = save(archive, guest)
        assert archive.list(member) == ()
        with pytest.raises(PhotoNotFoundError):
            archive.read(member, saved.id)
