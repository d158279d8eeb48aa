"""What every outbox does, with a real mail server: on SQLite and on MariaDB."""

import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from sqlalchemy import select, text, update

from tests.mail.post_office import PASSWORD, USER, PostOffice, post_office, server_side
from tests.services.servers import make_certificates
from tests.suites.archive import save
from tests.suites.places import Place, die
from vov_core.archive import Archive, Owner
from vov_core.database import Mail
from vov_core.errors import (
    AddressError,
    MailLimitError,
    MailNotFoundError,
    MailOffError,
    MailTooLargeError,
    PhotoNotFoundError,
)
from vov_core.mail import MailState, MailStatus, Outbox, Smtp, forget_letters
from vov_core.mail.outbox import open_outbox
from vov_core.mail.smtp import DeliveryError
from vov_core.seal import Seal

KEY = "the key of all processes of a test"
ME = Owner.new_guest()
TO = "somebody@example.org"
SOON = (timedelta(0),) * 3


def plain(port: int) -> Smtp:
    return Smtp(host="127.0.0.1", port=port, security="none", timeout=20)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def archive(place: Place) -> Archive:
    return place.archive()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


class _ByHand(Outbox):
    """An outbox whose thread does not start: the test sends letter by letter."""

    def start(self) -> None:
        """Does not."""


def outbox_of(archive: Archive, port: int, kind: type[Outbox] = _ByHand, **options: Any) -> Outbox:
    options = {
        "sender": "VOV <vov@example.org>",
        "seal": Seal(KEY, "mail"),
        "back_off": SOON,
    } | options
    return kind(archive.database, archive, plain(port), **options)


def add(outbox: Outbox, owner: Owner = ME, photo_ids: tuple[str, ...] = ()) -> str:
    return outbox.add(owner.key, TO, "A subject", "Some words", photo_ids)


def change(archive: Archive, **values: Any) -> None:
    with archive.database.writing() as session:
        session.execute(update(Mail).values(**values))


def rows(archive: Archive) -> str:
    """All that a thief of the database would see."""
    with archive.database.reading() as session:
        return json.dumps(
            [[str(v) for v in row] for row in session.execute(text("SELECT * FROM mail"))]
        )


def until(outbox: Outbox, mail_id: str, state: MailState) -> MailStatus:
    deadline = time.monotonic() + 60
    while (status := outbox.state(mail_id, ME.key)).state is not state:
        assert time.monotonic() < deadline, status
        time.sleep(0.02)
    return status


@contextmanager
def working(archive: Archive, port: int, **options: Any) -> Iterator[Outbox]:
    outbox = outbox_of(archive, port, Outbox, **options)
    yield outbox
    outbox.close()
    assert outbox._thread is None or not outbox._thread.is_alive()


def die_while_sending(place: Place, port: int, moment: str) -> None:
    """A process that is killed before, or right after, the line that hands the letter over."""
    outbox = outbox_of(place.archive(), port)
    last_word = outbox._last_word

    def killed(claim: Any) -> bool:
        if moment == "before":
            die()
        last_word(claim)
        die()
        return True

    outbox._last_word = killed  # type: ignore[method-assign]
    outbox.send_one()


def send_all(place: Place, port: int, barrier: Any) -> None:
    """One of several processes that empty one queue."""
    outbox = outbox_of(place.archive(), port)
    barrier.wait(60)
    while outbox.send_one():
        pass


class OutboxSuite:
    def test_a_letter_with_photos_arrives(self, archive: Archive, office: PostOffice) -> None:
        output = token_bytes(200_000)
        saved = [save(archive, ME, output, file_name="손 1.jpg"), save(archive, ME)]
        with working(archive, office.port) as outbox:
            mail_id = outbox.add(ME.key, TO, "제목\r\nBcc: x@y.org", "글", [s.id for s in saved])
            status = until(outbox, mail_id, MailState.SENT)
            outbox.add(ME.key, TO, "without photos", "words")
        assert (status.attempts, status.photos, status.reason, status.over) == (1, 2, None, True)
        assert outbox.recent(ME.key) == (status,) and outbox.recent("others") == ()
        letter = office.letters[0]
        assert office.recipients[0] == TO
        assert letter["Subject"] == "제목 Bcc: x@y.org" and letter["Bcc"] is None
        assert letter["Message-ID"] == f"<{mail_id}@example.org>"
        first, _ = letter.iter_attachments()
        assert first.get_filename() == "손 1.jpg" and first.get_content() == output

    def test_the_queue_tells_a_thief_nothing(self, archive: Archive, office: PostOffice) -> None:
        photo, outbox = save(archive, ME), outbox_of(archive, office.port)
        mail_id = outbox.add(ME.key, TO, "The subject", "https://vov/once/0123456789", [photo.id])
        outbox.add(outbox.owner_of(TO), TO, "VOV's own", "words")
        hashes = {sha256(words.encode()).hexdigest() for words in (TO, f"letters to {TO}")}
        for secret in (TO, "example", "subject", "once", photo.id, *hashes):
            assert secret not in rows(archive)
        assert outbox.forget(outbox.owner_of(TO.upper())) == 1
        assert outbox.send_one() and not outbox.send_one()
        with archive.database.reading() as session:
            row = session.get_one(Mail, mail_id)
        assert (row.payload, row.lease, row.lease_until) == (None, None, None)
        assert row.finished_at is not None

    def test_letters_of_others_do_not_exist(self, archive: Archive, office: PostOffice) -> None:
        outbox, other = outbox_of(archive, office.port), Owner.new_guest()
        mail_id, theirs = add(outbox), save(archive, other)
        for wrong in ((mail_id, other.key), ("0" * 32, ME.key), ("'; --", ME.key)):
            with pytest.raises(MailNotFoundError):
                outbox.state(*wrong)
        with pytest.raises(PhotoNotFoundError):
            outbox.add(ME.key, TO, "s", "t", [theirs.id])
        assert outbox.forget(other.key) == 0 and outbox.forget(ME.key) == 1
        assert outbox.waiting() == 0

    def test_what_is_refused_at_once(self, archive: Archive, office: PostOffice) -> None:
        photo = save(archive, ME, token_bytes(30_000))
        small = outbox_of(archive, office.port, max_bytes=40_000)
        with pytest.raises(MailTooLargeError):
            add(small, photo_ids=(photo.id,))
        with pytest.raises(AddressError):
            small.add(ME.key, "a@b.org\r\nBcc: c@d.org", "s", "t")
        with pytest.raises(PhotoNotFoundError):
            add(small, photo_ids=("0" * 32,))
        off = Outbox(archive.database, archive, None, sender="", seal=Seal(None, "mail"))
        assert not off.is_on
        with pytest.raises(MailOffError):
            add(off)
        assert small.waiting() == 0

    def test_limits_per_person_per_recipient_and_of_all(
        self, archive: Archive, office: PostOffice
    ) -> None:
        outbox = outbox_of(archive, office.port, per_hour=3, total_per_hour=5)
        for _ in range(3):
            add(outbox)
        with pytest.raises(MailLimitError):
            outbox.add(ME.key, "another@example.org", "s", "t")
        with pytest.raises(MailLimitError):
            outbox.add("somebody else", TO.upper(), "s", "t")
        for n in range(2):
            outbox.add("somebody else", f"{n}@example.org", "s", "t")
        with pytest.raises(MailLimitError):
            outbox.add("a third", "third@example.org", "s", "t")
        change(archive, created_at=datetime.now(UTC) - timedelta(minutes=61))
        assert add(outbox)

    def test_a_busy_server_is_tried_again_and_given_up_in_the_end(
        self, archive: Archive, office: PostOffice
    ) -> None:
        outbox = outbox_of(archive, office.port, back_off=(timedelta(0), timedelta(hours=1)))
        mail_id = add(outbox)
        office.answers = ["451 later"] * 3
        assert outbox.send_one() and outbox.send_one() and not outbox.send_one()
        status = outbox.state(mail_id, ME.key)
        assert (status.state, status.reason, status.attempts) == (MailState.FAILED, "server", 2)
        assert status.next_try and status.next_try > datetime.now(UTC) + timedelta(minutes=50)
        assert 50 < outbox._nap_seconds() <= 60
        change(archive, next_try=datetime.now(UTC))
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).state is MailState.GAVE_UP
        assert office.letters == []

    @pytest.mark.parametrize(
        ("answer", "reason"), [("550 no such user", "refused"), ("552 too big", "too_large")]
    )
    def test_a_lasting_refusal_is_not_repeated(
        self, archive: Archive, office: PostOffice, answer: str, reason: str
    ) -> None:
        outbox = outbox_of(archive, office.port)
        office.refuse[TO] = answer
        first = add(outbox)
        office.answers = [answer]
        second = outbox.add(ME.key, "other@example.org", "s", "t")
        assert outbox.send_one() and outbox.send_one() and not outbox.send_one()
        for mail_id in (first, second):
            status = outbox.state(mail_id, ME.key)
            assert (status.state, status.reason) == (MailState.GAVE_UP, reason)

    def test_a_line_cut_in_the_middle_of_a_letter_is_no_letter(
        self, archive: Archive, office: PostOffice
    ) -> None:
        photo, outbox = save(archive, ME, token_bytes(3_000_000)), outbox_of(archive, office.port)
        mail_id = add(outbox, photo_ids=(photo.id,))
        office.hang_up_in_data = 1
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).state is MailState.FAILED
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).state is MailState.SENT
        assert len(office.letters) == 1

    def test_a_line_cut_after_the_letter_leaves_its_fate_unknown(
        self, archive: Archive, office: PostOffice
    ) -> None:
        outbox = outbox_of(archive, office.port)
        mail_id = add(outbox)
        office.hang_up_after_data = 1
        assert outbox.send_one() and not outbox.send_one()
        status = outbox.state(mail_id, ME.key)
        assert (status.state, status.over) == (MailState.UNKNOWN, True)
        assert len(office.letters) == 1 and outbox.waiting() == 0

    def test_nobody_answers(self, archive: Archive) -> None:
        outbox = outbox_of(archive, 1)
        mail_id = add(outbox)
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).reason == "server"

    def test_a_server_that_is_too_slow_to_answer(
        self, archive: Archive, office: PostOffice
    ) -> None:
        smtp = Smtp(host="127.0.0.1", port=office.port, security="none", timeout=0.5)
        outbox = _ByHand(
            archive.database, archive, smtp, sender="vov@example.org", seal=Seal(KEY, "mail")
        )
        office.hold.clear()
        mail_id = add(outbox)
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).state is MailState.UNKNOWN

    def test_a_photo_deleted_meanwhile_stops_the_letter(
        self, archive: Archive, office: PostOffice
    ) -> None:
        photos, outbox = [save(archive, ME) for _ in range(2)], outbox_of(archive, office.port)
        mail_id = add(outbox, photo_ids=tuple(photo.id for photo in photos))
        archive.delete(ME, [photos[0].id])
        assert outbox.send_one()
        status = outbox.state(mail_id, ME.key)
        assert (status.state, status.reason) == (MailState.GAVE_UP, "photo_gone")
        assert office.letters == []

    def test_a_key_that_died_with_its_process(self, archive: Archive, office: PostOffice) -> None:
        dead, alive = (outbox_of(archive, office.port, seal=Seal(None, "mail")) for _ in range(2))
        mail_id = add(dead)
        assert not alive.send_one()
        assert alive.state(mail_id, ME.key).state is MailState.QUEUED
        change(archive, next_try=datetime.now(UTC) - timedelta(minutes=16))
        assert not alive.send_one()
        status = alive.state(mail_id, ME.key)
        assert (status.state, status.reason) == (MailState.GAVE_UP, "key_lost")

    def test_a_forged_letter_is_not_sent(self, archive: Archive, office: PostOffice) -> None:
        outbox = outbox_of(archive, office.port)
        mail_id = add(outbox)
        change(archive, payload=Seal(None, "mail").close(b'{"to": "x@y.org"}'))
        assert outbox.send_one()
        assert outbox.state(mail_id, ME.key).reason == "key_lost"

    @pytest.mark.parametrize(
        ("moment", "then"), [("before", MailState.SENT), ("after", MailState.UNKNOWN)]
    )
    def test_a_process_killed_in_the_middle(
        self, place: Place, archive: Archive, office: PostOffice, moment: str, then: MailState
    ) -> None:
        outbox = outbox_of(archive, office.port)
        mail_id = add(outbox)
        process = multiprocessing.get_context("spawn").Process(
            target=die_while_sending, args=(place, office.port, moment)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert not outbox.send_one(), "the claim still holds"
        change(archive, lease_until=datetime.now(UTC) - timedelta(seconds=1))
        outbox.send_one()
        assert outbox.state(mail_id, ME.key).state is then
        assert len(office.letters) == (then is MailState.SENT)

    def test_a_claim_that_ran_out_may_not_hand_over(
        self, archive: Archive, office: PostOffice
    ) -> None:
        """The first sender is so slow that a second one takes the letter over."""
        first, second = (outbox_of(archive, office.port) for _ in range(2))
        mail_id = add(first)
        last_word = first._last_word

        def overtaken(claim: Any) -> bool:
            change(archive, lease_until=datetime.now(UTC) - timedelta(seconds=1))
            assert second.send_one()
            return last_word(claim)

        first._last_word = overtaken  # type: ignore[method-assign]
        assert first.send_one()
        status = first.state(mail_id, ME.key)
        assert (status.state, status.attempts) == (MailState.SENT, 2)
        assert len(office.letters) == 1

    def test_several_processes_never_send_one_twice(
        self, place: Place, archive: Archive, office: PostOffice
    ) -> None:
        outbox = outbox_of(archive, office.port, per_hour=100)
        wanted = {f"<{add(outbox)}@example.org>" for _ in range(12)}
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(3)
        processes = [
            context.Process(target=send_all, args=(place, office.port, barrier)) for _ in range(2)
        ]
        for process in processes:
            process.start()
        with ThreadPoolExecutor(3) as pool:
            barrier.wait(60)
            senders = [pool.submit(self._send_all, archive, office.port) for _ in range(3)]
            for sender in senders:
                sender.result()
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0, 0]
        arrived = [str(letter["Message-ID"]) for letter in office.letters]
        assert len(arrived) == 12 and set(arrived) == wanted

    def _send_all(self, archive: Archive, port: int) -> None:
        outbox = outbox_of(archive, port)
        while outbox.send_one():
            pass

    def test_the_thread_wakes_up_for_a_letter_and_ends(
        self, archive: Archive, office: PostOffice
    ) -> None:
        with working(archive, office.port) as outbox:
            assert threading.active_count() and outbox._thread is None
            first = add(outbox)
            until(outbox, first, MailState.SENT)
            thread = outbox._thread
            second = add(outbox)
            until(outbox, second, MailState.SENT)
            assert outbox._thread is thread
        add(outbox)
        until(outbox, second, MailState.SENT)
        outbox.close()

    def test_the_thread_survives_a_database_that_is_away(
        self, archive: Archive, office: PostOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from vov_core.errors import DatabaseUnavailableError

        with working(archive, office.port) as outbox:
            tidy: Callable[[], None] = outbox.tidy
            failures = iter([DatabaseUnavailableError(reason="test"), RuntimeError("a letter")])

            def fails_twice() -> None:
                for error in failures:
                    raise error
                tidy()

            monkeypatch.setattr(outbox, "tidy", fails_twice)
            mail_id = add(outbox)
            deadline = time.monotonic() + 60
            while outbox.state(mail_id, ME.key).state is not MailState.SENT:
                assert time.monotonic() < deadline
                outbox._wake.set()
                time.sleep(0.02)

    def test_old_letters_are_purged(self, archive: Archive, office: PostOffice) -> None:
        outbox = outbox_of(archive, office.port)
        add(outbox)
        outbox.send_one()
        waiting = add(outbox)
        now = datetime.now(UTC)
        assert forget_letters(archive.database, now - timedelta(days=1)) == 0
        assert forget_letters(archive.database, now + timedelta(days=1)) == 1
        with archive.database.reading() as session:
            assert session.scalars(select(Mail.id)).all() == [waiting]

    def test_opened_by_the_settings(self, place: Place, archive: Archive) -> None:
        assert not open_outbox(place.settings, archive.database, archive).is_on


class TlsSuite:
    """Encryption and log-in; the database makes no difference here."""

    def smtp(self, office: PostOffice, security: str, folder: Path, **options: Any) -> Smtp:
        options = {"user": USER, "password": PASSWORD, "authority": folder / "ca.pem"} | options
        return Smtp(host="127.0.0.1", port=office.port, security=security, timeout=20, **options)

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    def test_encrypted_and_logged_in(
        self, archive: Archive, certificates: Path, security: str
    ) -> None:
        with post_office(**{security: server_side(certificates)}) as office:
            smtp = self.smtp(office, security, certificates)
            smtp.check()
            outbox = _ByHand(
                archive.database, archive, smtp, sender="vov@example.org", seal=Seal(KEY, "mail")
            )
            mail_id = add(outbox)
            assert outbox.send_one()
            assert outbox.state(mail_id, ME.key).state is MailState.SENT
            assert office.encrypted == [True] and set(office.logins) == {USER}

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    def test_a_certificate_nobody_knows_is_refused(self, certificates: Path, security: str) -> None:
        with post_office(**{security: server_side(certificates)}) as office:
            with pytest.raises(DeliveryError) as caught:
                self.smtp(office, security, certificates, authority=None).check()
            assert caught.value.reason == "tls" and office.logins == []

    def test_a_server_without_starttls_gets_no_password(self, certificates: Path) -> None:
        with post_office() as office:
            with pytest.raises(DeliveryError) as caught:
                self.smtp(office, "starttls", certificates).check()
            assert caught.value.reason == "tls"

    def test_a_wrong_password(self, certificates: Path) -> None:
        with post_office(starttls=server_side(certificates)) as office:
            with pytest.raises(DeliveryError) as caught:
                self.smtp(office, "starttls", certificates, password="wrong").check()
            assert caught.value.reason == "login" and not caught.value.lasting
            assert "wrong" not in repr(caught.value)

    def test_a_server_that_takes_only_small_letters(self, archive: Archive) -> None:
        with post_office(data_size_limit=10_000) as office:
            photo, outbox = save(archive, ME, token_bytes(20_000)), outbox_of(archive, office.port)
            mail_id = add(outbox, photo_ids=(photo.id,))
            assert outbox.send_one()
            assert outbox.state(mail_id, ME.key).reason == "too_large"
