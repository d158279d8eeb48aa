"""Consent, retention, the audit trail, taking along and deleting: on every place."""

import io
import json
import multiprocessing
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from tests.suites.archive import rows, save
from tests.suites.places import InterruptedStore, Place, receipt_for
from vov_core.archive import Archive, Erased, Owner, OwnerKind
from vov_core.audit import Act, AuditTrail, What
from vov_core.consent import Terms
from vov_core.database import AuditEntry, Consent, Database, Job, Mail, Photo, UsageDay, UsagePerson
from vov_core.errors import (
    ArchiveError,
    ConsentMissingError,
    DatabaseUnavailableError,
    StoreUnavailableError,
)
from vov_core.export import export
from vov_core.mail import Outbox
from vov_core.mail.smtp import Smtp
from vov_core.purge import Janitor, Lease, Outcome, Purged, purge, would_purge
from vov_core.retention import Retention
from vov_core.seal import Seal

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def plain(place: Place, **days: int) -> Archive:
    """An archive that asks for consent, as the app's own does."""
    database = place.database()
    database.migrate()
    return Archive(place.store(), database, retention=Retention(**days))


def agree(archive: Archive, owner: Owner) -> None:
    archive.agree(owner, archive.terms(owner).version)


def count(database: Database, table: type[Any]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def set_saved(database: Database, photo_id: str, when: datetime) -> None:
    with database.writing() as session:
        session.execute(update(Photo).where(Photo.id == photo_id).values(created_at=when))


def acts(archive: Archive, owner: Owner) -> list[str]:
    return [str(entry.what) for entry in AuditTrail(archive.database).of(owner.key)]


def new_member(name: str = "", field: str | None = None) -> Owner:
    return Owner(OwnerKind.MEMBER, f"a member's secret token {name or uuid4()}", field)


@pytest.fixture
def owner() -> Owner:
    return Owner.new_guest()


class ConsentSuite:
    def test_nothing_is_saved_without_consent(self, place: Place, owner: Owner) -> None:
        archive, output = plain(place), token_bytes(50)
        assert not archive.has_agreed(owner)
        with pytest.raises(ConsentMissingError):
            archive.save(output, receipt_for(output), owner, save_id=uuid4())
        assert rows(archive.database) == len(place.stored_keys()) == 0
        agree(archive, Owner.new_guest())
        with pytest.raises(ConsentMissingError):
            archive.save(output, receipt_for(output), owner, save_id=uuid4())
        agree(archive, owner)
        assert archive.has_agreed(owner)
        assert archive.save(output, receipt_for(output), owner, save_id=uuid4())

    def test_other_terms_are_asked_for_again(self, place: Place, owner: Owner) -> None:
        agree(plain(place), owner)
        longer = plain(place, guest_days=365)
        assert not longer.has_agreed(owner)
        with pytest.raises(ConsentMissingError):
            longer.agree(owner, Terms(30).version)
        agree(longer, owner)
        assert longer.has_agreed(owner) and plain(place).has_agreed(owner)
        assert [given.version for given in longer.agreements(owner)] == ["1-30", "1-365"]

    def test_agreeing_twice_is_once(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        for _ in range(3):
            agree(archive, owner)
        assert len(archive.agreements(owner)) == 1 and acts(archive, owner) == ["consented"]

    def test_who_withdraws_keeps_nothing_and_saves_nothing(
        self, place: Place, owner: Owner
    ) -> None:
        archive, other = plain(place), new_member()
        mine = [save(archive, owner) for _ in range(3)]
        theirs = save(archive, other)
        assert archive.withdraw(owner) == Erased(3, 0)
        assert archive.list(owner) == () and archive.list(other) == (theirs,)
        assert len(place.stored_keys()) == 1
        with pytest.raises(ConsentMissingError):
            archive.save(b"x", receipt_for(b"x"), owner, save_id=uuid4())
        (given,) = archive.agreements(owner)
        assert given.withdrawn_at is not None and given.withdrawn_at >= given.given_at
        assert acts(archive, owner) == ["consented", *["saved"] * 3, "withdrawn", *["deleted"] * 3]
        assert archive.withdraw(owner) == Erased(0, 0)
        assert save(archive, owner).receipt != mine[0].receipt

    @pytest.mark.parametrize("end", ["withdraw", "delete_all"])
    def test_a_save_under_way_fails_when_consent_ends(
        self, place: Place, owner: Owner, end: str
    ) -> None:
        other = plain(place)
        agree(other, owner)
        store = InterruptedStore(place.store(), after_put=lambda: getattr(other, end)(owner))
        archive, output = Archive(store, place.database()), token_bytes(50)
        with pytest.raises(ArchiveError):
            archive.save(output, receipt_for(output), owner, save_id=uuid4())
        assert rows(other.database) == len(place.stored_keys()) == 0
        assert count(other.database, UsageDay) == 0
        assert "saved" not in acts(other, owner)

    def test_the_database_knows_only_the_hash(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        save(archive, owner, file_name="a person's name.jpg")
        with archive.database.reading() as session:
            held = [
                [str(value) for value in row]
                for table in ("consents", "audit")
                for row in session.execute(text(f"SELECT * FROM `{table}`"))
            ]
        assert len(held) == 3 and all(owner.key in row for row in held)
        assert owner.token not in json.dumps(held) and "person" not in json.dumps(held)


class ErasingSuite:
    def test_delete_all_leaves_the_trail_and_the_numbers(self, place: Place) -> None:
        archive, me, other = plain(place), new_member("me", "law"), new_member("other", "law")
        for _ in range(3):
            save(archive, me)
        theirs = save(archive, other)
        assert archive.delete_all(me) == Erased(3, 0)
        assert archive.list(me) == () and archive.agreements(me) == ()
        assert archive.list(other) == (theirs,) and archive.has_agreed(other)
        assert len(place.stored_keys()) == rows(archive.database) == 1
        assert count(archive.database, UsagePerson) == 1
        with archive.database.reading() as session:
            assert session.scalar(select(func.sum(UsageDay.photos))) == 4
        assert acts(archive, me)[-4:] == ["erased", "deleted", "deleted", "deleted"]
        assert archive.delete_all(me) == Erased(0, 0)

    def test_delete_all_while_the_store_is_down(self, place: Place, owner: Owner) -> None:
        def fail() -> None:
            raise StoreUnavailableError(reason="test")

        store = InterruptedStore(place.store())
        database = place.database()
        database.migrate()
        archive = Archive(store, database)
        for _ in range(3):
            save(archive, owner)
        store.after_delete = fail
        assert archive.delete_all(owner) == Erased(0, 3)
        assert archive.list(owner) == () and archive.totals(owner).photos == 0
        assert rows(database) == 3
        assert plain(place).finish_deletes() == 3
        assert rows(database) == len(place.stored_keys()) == 0

    def test_more_than_a_batch_is_deleted(
        self, place: Place, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vov_core.archive._BATCH", 3)
        archive = plain(place)
        for _ in range(8):
            save(archive, owner)
        assert archive.delete_all(owner) == Erased(8, 0)
        assert rows(archive.database) == len(place.stored_keys()) == 0
        assert acts(archive, owner).count("deleted") == 8

    def test_the_export_holds_everything_of_one_and_nothing_of_others(
        self, place: Place, owner: Owner
    ) -> None:
        archive, other = plain(place), new_member()
        outputs = {token_bytes(100 + n) for n in range(3)}
        for output in outputs:
            save(archive, owner, output, file_name="손.jpg")
        theirs = save(archive, other)
        buffer = io.BytesIO()
        export(archive, owner, buffer, account={"name": "Kim"})
        with zipfile.ZipFile(buffer) as bundle:
            assert bundle.testzip() is None
            data = json.loads(bundle.read("data.json"))
            pictures = {bundle.read(name) for name in bundle.namelist() if name != "data.json"}
            assert {photo["file"] for photo in data["photos"]} < set(bundle.namelist())
        assert pictures == outputs
        assert data["owner"] == {"kind": "guest", "hash": owner.key}
        assert data["account"] == {"name": "Kim"} and data["pictures_left_out"] == []
        assert [given["version"] for given in data["consents"]] == ["1-30"]
        assert [e["what"] for e in data["audit_trail"]] == ["consented", *["saved"] * 3, "exported"]
        assert data["photos"][0]["receipt"]["models"] == {"hand_landmarker": "fbc2a30080c3"}
        everything = buffer.getvalue() + json.dumps(data).encode()
        assert theirs.id.encode() not in everything and other.key.encode() not in everything
        assert owner.token.encode() not in everything

    def test_letters_are_in_the_export_and_end_with_everything(
        self, place: Place, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = plain(place)
        saved = save(archive, owner)
        monkeypatch.setattr(Outbox, "start", lambda _: None)  # Nobody sends it here.
        smtp = Smtp(host="127.0.0.1", port=1)
        seal = Seal(None, "mail")
        outbox = Outbox(archive.database, archive, smtp, sender="vov@example.org", seal=seal)
        outbox.add(owner.key, "kim@example.org", "Hi", "A photo", [saved.id])
        (entry,) = [e for e in AuditTrail(archive.database).of(owner.key) if e.what == What.MAILED]
        assert entry.output_sha256 == saved.receipt.output_sha256 and entry.details == {}
        buffer = io.BytesIO()
        export(archive, owner, buffer)
        with zipfile.ZipFile(buffer) as bundle:
            (letter,) = json.loads(bundle.read("data.json"))["letters"]
        assert letter["photos"] == 1 and letter["state"] == "queued"
        assert b"kim@example.org" not in buffer.getvalue()
        archive.delete_all(owner)
        assert count(archive.database, Mail) == 0

    def test_old_letters_are_purged(self, place: Place) -> None:
        archive = plain(place)
        with archive.database.writing() as session:
            for n, days in enumerate((31, 29, None)):
                finished = NOW - timedelta(days=days) if days else None
                session.add(
                    Mail(
                        id=f"{n:032}",
                        owner="0" * 64,
                        recipient="1" * 64,
                        state="sent" if days else "queued",
                        attempts=1,
                        photos=1,
                        created_at=NOW - timedelta(days=40),
                        next_try=NOW,
                        finished_at=finished,
                        key_id="2" * 16,
                    )
                )
        purge(archive, clock=lambda: NOW)
        assert count(archive.database, Mail) == 2

    def test_a_lost_file_and_too_many_are_named_in_the_export(
        self, place: Place, owner: Owner
    ) -> None:
        archive = plain(place)
        saved = [save(archive, owner, token_bytes(100)) for _ in range(3)]
        lost = next(key for key in place.stored_keys() if saved[0].id in key)
        place.store().delete(lost)
        buffer = io.BytesIO()
        export(archive, owner, buffer, max_bytes=250)
        with zipfile.ZipFile(buffer) as bundle:
            data = json.loads(bundle.read("data.json"))
            assert len(bundle.namelist()) == 2
        assert data["pictures_left_out"] == [saved[0].id, saved[2].id]
        assert len(data["photos"]) == 3


def hold_lease(place: Place, taken: Any, go_on: Any) -> None:
    """A process that is at the purge until it is told to go on."""
    lease = Lease(place.database(), lambda: NOW)
    taken.put(lease.take())
    go_on.wait(60)
    lease.release()


def purge_at_once(place: Place, barrier: Any, results: Any) -> None:
    """One of several processes that purge at the same moment."""
    archive = Archive(place.store(), place.database(), retention=Retention(guest_days=30))
    barrier.wait(60)
    results.put(purge(archive, clock=lambda: NOW, limit=2))


class PurgeSuite:
    def aged(self, archive: Archive, owner: Owner, *ages: float) -> list[str]:
        ids = []
        for age in ages:
            saved = save(archive, owner)
            set_saved(archive.database, saved.id, NOW - timedelta(days=age))
            ids.append(saved.id)
        return ids

    def test_each_kind_lives_as_long_as_it_should(self, place: Place, owner: Owner) -> None:
        archive, member = plain(place, guest_days=30, member_days=100), new_member()
        self.aged(archive, owner, 31, 30.01, 29.99, 1)
        self.aged(archive, member, 101, 99, 31)
        assert would_purge(archive, clock=lambda: NOW).photos == 3
        assert rows(archive.database) == 7
        assert purge(archive, clock=lambda: NOW, limit=1).photos == 3
        assert archive.totals(owner).photos == archive.totals(member).photos == 2
        assert len(place.stored_keys()) == 4
        assert purge(archive, clock=lambda: NOW) == Purged(Outcome.DONE)
        assert acts(archive, owner).count("purged") == 2
        with archive.database.reading() as session:
            assert session.scalar(select(func.sum(UsageDay.photos))) == 7

    def test_zero_days_keep_for_ever(self, place: Place, owner: Owner) -> None:
        archive = plain(place, guest_days=0, member_days=0, audit_days=0)
        self.aged(archive, owner, 30_000)
        self.aged(archive, new_member(), 30_000)
        assert purge(archive, clock=lambda: NOW) == Purged(Outcome.DONE)
        assert rows(archive.database) == 2
        assert archive.retention.until("guest", NOW) is None

    def test_consents_of_guests_who_keep_nothing_go_too(self, place: Place, owner: Owner) -> None:
        archive, member, keeper = plain(place), new_member(), Owner.new_guest()
        self.aged(archive, owner, 31)
        self.aged(archive, member, 31)
        self.aged(archive, keeper, 29)
        with archive.database.writing() as session:
            session.execute(update(Consent).values(given_at=NOW - timedelta(days=31)))
        assert purge(archive, clock=lambda: NOW) == Purged(Outcome.DONE, photos=1, consents=1)
        assert not archive.has_agreed(owner)
        assert archive.has_agreed(member) and archive.has_agreed(keeper)

    def test_a_clock_that_is_set_back_purges_nothing(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        self.aged(archive, owner, 31, 29.5)
        assert purge(archive, clock=lambda: NOW).photos == 1
        back = NOW - timedelta(days=400)
        assert purge(archive, clock=lambda: back).outcome is Outcome.POSTPONED
        assert purge(archive, clock=lambda: back) == Purged(Outcome.DONE)
        assert purge(archive, clock=lambda: NOW).outcome is Outcome.POSTPONED, "ahead again"
        assert archive.totals(owner).photos == 1
        assert purge(archive, clock=lambda: NOW + timedelta(days=1)).photos == 1

    def test_a_clock_far_ahead_is_not_believed_at_once(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        purge(archive, clock=lambda: NOW)
        self.aged(archive, owner, 1)
        ahead = NOW + timedelta(days=20_000)
        assert purge(archive, clock=lambda: ahead).outcome is Outcome.POSTPONED
        assert purge(archive, clock=lambda: NOW).outcome is Outcome.POSTPONED
        assert purge(archive, clock=lambda: NOW) == Purged(Outcome.DONE)
        assert archive.totals(owner).photos == 1

    def test_a_store_that_is_down_is_survived(self, place: Place, owner: Owner) -> None:
        def fail() -> None:
            raise StoreUnavailableError(reason="test")

        self.aged(plain(place), owner, 40, 40, 1)
        store = InterruptedStore(place.store(), after_delete=fail)
        archive = Archive(store, place.database())
        with pytest.raises(StoreUnavailableError):
            purge(archive, clock=lambda: NOW)
        assert archive.totals(owner).photos == 1, "what is due is not listed any more"
        assert rows(archive.database) == 3
        assert purge(plain(place), clock=lambda: NOW).outcome is Outcome.DONE
        assert rows(archive.database) == len(place.stored_keys()) == 1
        assert acts(archive, owner).count("purged") == 2

    def test_one_process_at_a_time(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        self.aged(archive, owner, 40)
        context = multiprocessing.get_context("spawn")
        taken, go_on = context.Queue(), context.Event()
        process = context.Process(target=hold_lease, args=(place, taken, go_on))
        process.start()
        assert taken.get(timeout=60) is True
        assert purge(archive, clock=lambda: NOW) == Purged(Outcome.BUSY)
        assert archive.totals(owner).photos == 1
        go_on.set()
        process.join(60)
        assert purge(archive, clock=lambda: NOW).photos == 1

    def test_a_dead_process_s_lease_runs_out(self, place: Place) -> None:
        archive = plain(place)
        dead = Lease(archive.database, lambda: NOW)
        assert dead.take() and not Lease(archive.database, lambda: NOW).take()
        later = NOW + timedelta(minutes=16)
        assert purge(archive, clock=lambda: later).outcome is Outcome.DONE
        assert not dead.renew()

    def test_a_lease_of_a_wrong_clock_does_not_block(self, place: Place) -> None:
        archive = plain(place)
        assert Lease(archive.database, lambda: NOW + timedelta(days=9000)).take()
        assert purge(archive, clock=lambda: NOW).outcome is Outcome.DONE

    def test_two_processes_at_once(self, place: Place) -> None:
        archive = plain(place)
        people = [Owner.new_guest() for _ in range(6)]
        for who in people:
            self.aged(archive, who, 40, 1)
        context = multiprocessing.get_context("spawn")
        barrier, results = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=purge_at_once, args=(place, barrier, results)) for _ in range(2)
        ]
        for process in processes:
            process.start()
        found: list[Purged] = [results.get(timeout=60) for _ in processes]
        for process in processes:
            process.join(60)
        assert sum(done.photos for done in found) == 6
        assert Outcome.DONE in {done.outcome for done in found}
        assert rows(archive.database) == len(place.stored_keys()) == 6
        assert AuditTrail(archive.database).verify().intact

    def test_the_janitor_purges_and_goes_on_after_a_failure(
        self, place: Place, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = plain(place)
        saved = save(archive, owner)
        set_saved(archive.database, saved.id, datetime.now(UTC) - timedelta(days=31))
        done = multiprocessing.get_context("spawn").Event()
        calls: list[int] = []

        def flaky(archive: Archive) -> Purged:
            calls.append(1)
            if len(calls) == 1:
                raise DatabaseUnavailableError(reason="test")
            if len(calls) == 2:
                raise RuntimeError("a message that quotes something")
            result = purge(archive)
            done.set()
            return result

        monkeypatch.setattr("vov_core.purge.purge", flaky)
        monkeypatch.setattr("vov_core.purge._SOON", timedelta(0))
        janitor = Janitor(archive, first=0).start()
        assert done.wait(60)
        janitor.stop()
        assert archive.totals(owner).photos == 0 and len(calls) == 3


def save_many(place: Place, number: int, barrier: Any) -> None:
    """One of several processes that save for the same owners at once."""
    archive = place.archive()
    barrier.wait(60)
    for n in range(8):
        who = Owner(OwnerKind.MEMBER, f"a shared owner {n % 2:>10}")
        archive.save(
            (output := f"{number}-{n}".encode()), receipt_for(output), who, save_id=uuid4()
        )


class AuditSuite:
    def test_what_was_done_is_told(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        saved = save(archive, owner, style="noise")
        archive.record(owner, Act(What.SHARED, saved.receipt.output_sha256, {"minutes": 5}))
        archive.delete(owner, [saved.id, saved.id, "0" * 32])
        entries = AuditTrail(archive.database).of(owner.key)
        assert [str(e.what) for e in entries] == ["consented", "saved", "shared", "deleted"]
        assert {e.output_sha256 for e in entries[1:]} == {saved.receipt.output_sha256}
        assert entries[1].details["style"] == "noise"
        assert entries[1].details["confidence"] == saved.receipt.confidence
        assert entries[1].details["models"] == {"hand_landmarker": "fbc2a30080c3"}
        assert entries[2].details == {"minutes": 5}
        found = AuditTrail(archive.database).verify()
        assert found.intact and found.entries == 4 and found.triggers

    def test_the_same_save_twice_is_one_entry(self, place: Place, owner: Owner) -> None:
        archive, output, save_id = place.archive(), token_bytes(9), uuid4()
        for _ in range(2):
            archive.save(output, receipt_for(output), owner, save_id=save_id)
        assert acts(archive, owner) == ["consented", "saved"]

    def test_a_failed_save_is_not_in_the_trail(self, place: Place, owner: Owner) -> None:
        def fail() -> None:
            raise StoreUnavailableError(reason="test")

        archive = place.archive(InterruptedStore(place.store(), after_put=fail))
        with pytest.raises(ArchiveError):
            archive.save(b"x", receipt_for(b"x"), owner, save_id=uuid4())
        assert acts(archive, owner) == ["consented"]

    def test_the_database_refuses_changes(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        save(archive, owner)
        for statement in (
            "UPDATE audit SET what = 'deleted'",
            "UPDATE audit SET at = at + 1",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE seq = 2",
        ):
            with (
                pytest.raises((IntegrityError, DatabaseUnavailableError)) as caught,
                archive.database.writing() as session,
            ):
                session.execute(text(statement))
            assert owner.key not in repr(caught.value)
        found = AuditTrail(archive.database).verify()
        assert found.intact and found.entries == 2

    def test_who_gets_past_the_triggers_is_found_out(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        for _ in range(3):
            save(archive, owner)
        trail = AuditTrail(archive.database)
        with archive.database.writing() as session:
            for trigger in ("audit_no_update", "audit_no_delete"):
                session.execute(text(f"DROP TRIGGER {trigger}"))
            query = select(*AuditEntry.__table__.columns)
            kept = [dict(row) for row in session.execute(query).mappings()]
        assert trail.verify().intact and not trail.verify().triggers
        for statement in (
            "UPDATE audit SET what = 'deleted' WHERE seq = 2",
            "UPDATE audit SET at = at - 1 WHERE seq = 1",
            "UPDATE audit SET details = '{}' WHERE seq = 3",
            "UPDATE audit SET owner = 'somebody else' WHERE seq = 2",
            "UPDATE audit SET output_sha256 = 'another' WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 1",
            "DELETE FROM audit WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 4",
            "DELETE FROM audit",
        ):
            with archive.database.writing() as session:
                session.execute(text(statement))
            found = trail.verify()
            assert found.broken, statement
            assert all(where.startswith(f"{owner.key[0]}:") for where in found.broken)
            with archive.database.writing() as session:
                session.execute(delete(AuditEntry))
                session.execute(insert(AuditEntry), kept)
            assert trail.verify().intact

    def test_the_digest_tells_of_a_trail_that_was_cut_cleverly(
        self, place: Place, owner: Owner
    ) -> None:
        archive = plain(place)
        for _ in range(2):
            save(archive, owner)
        before = AuditTrail(archive.database).verify()
        with archive.database.writing() as session:
            session.execute(text("DROP TRIGGER audit_no_delete"))
            session.execute(text("DELETE FROM audit WHERE seq = 3"))
            session.execute(
                text(
                    "UPDATE audit_heads SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)"
                    f" WHERE chain = '{owner.key[0]}'"
                )
            )
        after = AuditTrail(archive.database).verify()
        assert after.intact and after.digest != before.digest

    def test_old_entries_are_purged_by_age_only(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        trail = AuditTrail(archive.database)
        for _ in range(3):
            save(archive, owner)
        middle = trail.of(owner.key)[2].at
        digest = trail.verify().digest
        assert trail.forget(middle) == 2
        assert acts(archive, owner) == ["saved", "saved"]
        assert trail.forget(middle) == 0
        found = trail.verify()
        assert (found.intact, found.entries, found.purged, found.digest) == (True, 2, 2, digest)
        save(archive, owner)
        assert trail.verify().intact
        with (
            pytest.raises(Exception),  # noqa: B017
            archive.database.writing() as session,
        ):
            session.execute(delete(AuditEntry))
        assert trail.forget(datetime.now(UTC) + timedelta(days=1)) == 3
        assert trail.verify().intact and count(archive.database, AuditEntry) == 0

    def test_a_purge_that_was_cut_off_is_completed(self, place: Place, owner: Owner) -> None:
        archive = plain(place)
        save(archive, owner)
        with archive.database.writing() as session:
            session.execute(
                text(
                    "UPDATE audit_heads SET floor_seq = 1, floor_hash ="
                    " (SELECT hash FROM audit WHERE seq = 1)"
                    f" WHERE chain = '{owner.key[0]}'"
                )
            )
        trail = AuditTrail(archive.database)
        assert trail.verify().intact
        assert trail.forget(NOW - timedelta(days=9999)) == 1
        assert trail.verify().intact and count(archive.database, AuditEntry) == 1

    def test_processes_and_threads_that_save_at_once_make_one_chain(self, place: Place) -> None:
        place.database().migrate()
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(3)
        processes = [
            context.Process(target=save_many, args=(place, number, barrier)) for number in range(3)
        ]
        for process in processes:
            process.start()
        archive = place.archive()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: save(archive, Owner.new_guest()), range(12)))
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0, 0, 0]
        found = AuditTrail(archive.database).verify()
        people = 2 + 12
        assert found.intact and people + 24 + 12 <= found.entries <= people + 24 + 12 + 4
        with archive.database.reading() as session:
            assert session.scalar(select(func.sum(UsageDay.photos))) == 36
            assert session.scalars(select(Job.holder)).all() == [None]
