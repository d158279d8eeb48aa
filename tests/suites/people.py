"""What accounts do on every database: log-in, limits, links, and what a thief of it would find."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_bytes, token_hex
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from sqlalchemy import select, text, update

from tests.suites.archive import save
from tests.suites.owners import PEOPLE, OwnersNeverMeet, machine_settings
from tests.suites.places import Place
from vov_core.archive import Archive, Owner, OwnerKind
from vov_core.database import Account, Base, SignIn
from vov_core.errors import (
    IdNotUsableError,
    IdTakenError,
    LinkNotValidError,
    LogInAgainError,
    LogInFailedError,
    LogInNeededError,
    MailNotSetUpError,
    NotAllowedError,
    PasswordNotUsableError,
    PhotoNotFoundError,
    TooManyTriesError,
    WrongPasswordError,
)
from vov_core.people import (
    AccountKind,
    Details,
    FieldOfWork,
    Letters,
    Member,
    People,
    SignedIn,
    passwords,
    visitor,
)
from vov_core.people import Place as Where
from vov_core.people.limits import Limit, Limits
from vov_core.texts import Language

PASSWORD = "three small boats"
OTHER = "four large lakes!"
HOSTILE = [
    "'; DROP TABLE accounts; --",
    '" OR "1"="1',
    "admin'--",
    "%",
    "_" * 8,
    "<script>alert(1)</script>",
    "\0",
    "\ud800",
    "a" * 5000,
    "",
]
HERE = Where(address="203.0.113.7", browser="Firefox · Linux", language=Language.ENGLISH)


def details(name: str = "Anna Kim", email: str = "anna@example.org") -> Details:
    return Details(
        name=name, email=email, kind=AccountKind.PERSONAL, field_of_work=FieldOfWork.RESEARCH
    )


class Time:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, by: timedelta) -> None:
        self.now += by


class Mailbox(list[tuple[str, str, str]]):
    """Letters that were handed over."""

    def post(self, to: str, subject: str, body: str) -> None:
        self.append((to, subject, body))

    def token(self, purpose: str) -> str:
        (found,) = re.findall(rf"\?{purpose}=([\w-]{{43}})", self[-1][2])
        return str(found)


@pytest.fixture
def archive(place: Place) -> Archive:
    return place.archive()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def people(archive: Archive, time: Time, mailbox: Mailbox) -> People:
    letters = Letters(mailbox.post, "https://vov.example.org")
    return People(archive.database, admins=["boss"], letters=letters, clock=time)


@pytest.fixture
def anna(people: People) -> SignedIn:
    return people.sign_up("anna.kim", PASSWORD, details(), HERE, stay=True)


def everything(archive: Archive) -> str:
    """All that a thief of the database would read."""
    with archive.database.reading() as session:
        return "\n".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        )


def claims(time: Time, **changes: Any) -> dict[str, Any]:
    return {
        "provider": "google",
        "iss": "https://accounts.example.org",
        "sub": "1234567890",
        "iat": time.now.timestamp(),
        "nonce": "n1",
        "email": "anna@example.org",
        "email_verified": True,
        "name": "Anna Kim",
        **changes,
    }


class DatabaseSuite:
    """What depends on the database: races, counts, deletes, searches."""

    def test_sign_up_log_in_and_out(self, people: People, anna: SignedIn) -> None:
        member = people.who(anna.token)
        assert member is not None and member.login == "anna.kim"
        assert member.details == details() and not member.is_admin and member.has_password
        assert member.owner.kind is OwnerKind.MEMBER
        assert member.owner.field_of_work == "research"
        again = people.log_in(" Anna.Kim ", PASSWORD, HERE)
        assert again.token != anna.token and again.member.owner == member.owner
        people.log_out(anna.token)
        assert people.who(anna.token) is None and people.who(again.token) is not None

    def test_two_who_take_an_id_at_once(self, people: People, archive: Archive) -> None:
        hashed = passwords.hash_password(PASSWORD)

        def take(n: int) -> bool:
            try:
                people.accounts.add("wanted", details(email=f"{n}@example.org"), hashed, None)
            except IdTakenError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(take, range(4))) == 1
        with archive.database.reading() as session:
            assert len(session.scalars(select(Account)).all()) == 1

    def test_hostile_words_are_only_words(
        self, people: People, anna: SignedIn, archive: Archive, time: Time
    ) -> None:
        boss = admin(people)
        for words in HOSTILE:
            with pytest.raises(LogInFailedError):
                people.log_in("anna.kim", words, HERE)
            time.pass_(timedelta(hours=1))
            assert people.who(words) is None
            people.log_out(words)
            people.log_out_one(anna.member, words)
            for attempt in (people.whose_link, people.confirm):
                with pytest.raises(LinkNotValidError):
                    attempt(words)
            found, count = people.find(boss, words, offset=0, limit=50)
            nothing = not any(map(str.isprintable, words))
            assert count == len(found) == (2 if nothing else 0)
        assert people.who(anna.token) is not None and "anna.kim" in everything(archive)

    @pytest.mark.usefixtures("anna")
    def test_guessing_in_parallel_gains_nothing(self, people: People) -> None:
        def guess(n: int) -> type[Exception] | None:
            try:
                people.log_in("anna.kim", f"{OTHER}{n}", HERE)
            except (LogInFailedError, TooManyTriesError) as error:
                return type(error)
            return None

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(guess, range(12)))
        assert answers.count(LogInFailedError) == 5 and answers.count(TooManyTriesError) == 7

    def test_limits_are_shared_and_forgotten(self, archive: Archive, time: Time) -> None:
        limit = Limit(name="x", free=2, window=timedelta(hours=1))
        one, two = Limits(archive.database, time), Limits(archive.database, time)
        one.take(limit, "me")
        two.take(limit, "me")
        with pytest.raises(TooManyTriesError):
            one.take(limit, "me")
        two.take(limit, "you")
        time.pass_(timedelta(seconds=31))
        one.take(limit, "me")
        with pytest.raises(TooManyTriesError):
            two.take(limit, "me")
        two.forget(limit, "me")
        one.take(limit, "me")
        time.pass_(timedelta(hours=2))
        one.tidy()
        assert "me" not in everything(archive) and tries(archive) == 0

    def test_a_stolen_database_opens_nothing(
        self, people: People, anna: SignedIn, archive: Archive, mailbox: Mailbox
    ) -> None:
        people.forgot("anna.kim", HERE)
        link = mailbox.token("reset")
        stolen = everything(archive)
        for secret in (PASSWORD, anna.token, link):
            assert secret not in stolen
        words = set(re.findall(r"[\w$=,+/.-]{20,}", stolen))
        assert len(words) > 5
        for word in words:
            assert people.who(word) is None
            with pytest.raises(LinkNotValidError):
                people.whose_link(word)
            for kind in OwnerKind:
                # Only what a cookie opens counts: as a guest's token it is another owner.
                if kind is OwnerKind.GUEST:
                    assert archive.totals(Owner(kind, word)).photos == 0
        hashes = re.findall(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]+\$[\w+/]+", stolen)
        assert len(hashes) == 1

    def test_browsers_are_listed_and_signed_out(self, people: People, anna: SignedIn) -> None:
        phone = replace(HERE, browser="Chrome · Android")
        second = people.log_in("anna.kim", PASSWORD, phone)
        third = people.log_in("anna.kim", PASSWORD, phone)
        ben = people.sign_up("ben.lee", PASSWORD, details(), HERE)
        listed = people.browsers(anna.member, anna.token)
        assert len(listed) == 3 and [b.name for b in listed if b.current] == ["Firefox · Linux"]
        (foreign,) = people.browsers(ben.member, ben.token)
        people.log_out_one(anna.member, foreign.id)
        assert people.who(ben.token) is not None
        other = next(browser for browser in listed if not browser.current)
        people.log_out_one(anna.member, other.id)
        assert (people.who(second.token) is None) != (people.who(third.token) is None)
        people.log_out_others(anna.member, anna.token)
        assert len(people.browsers(anna.member, anna.token)) == 1
        assert people.who(ben.token) is not None

    def test_no_more_than_twenty_browsers(self, people: People, anna: SignedIn) -> None:
        for _ in range(25):
            people._sign_ins.begin(anna.member.id, "x", timedelta(days=1))
        assert len(people.browsers(anna.member, "")) == 20

    def test_forgotten_password(self, people: People, anna: SignedIn, mailbox: Mailbox) -> None:
        mailbox.clear()
        for asked in ("anna.kim", "ANNA@example.org "):
            people.forgot(asked, HERE)
        assert [letter[0] for letter in mailbox] == ["anna@example.org"] * 2
        token = mailbox.token("reset")
        assert people.whose_link(token).login == "anna.kim"
        with pytest.raises(PasswordNotUsableError):
            people.reset(token, "password123", HERE)
        fresh = people.reset(token, OTHER, HERE)
        assert people.who(anna.token) is None
        member = people.who(fresh.token)
        assert member is not None and member.email_confirmed
        with pytest.raises(LinkNotValidError):
            people.reset(token, PASSWORD, HERE)
        people.log_in("anna.kim", OTHER, HERE)

    def test_delete_the_account_with_everything(
        self, people: People, anna: SignedIn, archive: Archive, place: Place
    ) -> None:
        ben = people.sign_up("ben.lee", PASSWORD, details("Ben", "ben@example.org"), HERE)
        for _ in range(3):
            save(archive, anna.member.owner)
        kept = save(archive, ben.member.owner)
        with pytest.raises(WrongPasswordError):
            people.close(anna.member, OTHER, anna.token, archive)
        assert archive.totals(anna.member.owner).photos == 3
        assert people.close(anna.member, PASSWORD, anna.token, archive) == 3
        assert people.who(anna.token) is None and len(place.stored_keys()) == 1
        stolen = everything(archive)
        for trace in ("anna", "Anna", anna.member.id, anna.member.owner.token):
            assert trace not in stolen
        with archive.database.reading() as session:
            audit = "\n".join(str(row) for row in session.execute(text("SELECT * FROM audit")))
        # The trail alone keeps the hash, which nothing leads to any more.
        key = anna.member.owner.key
        assert stolen.count(key) == audit.count(key) > 0
        assert archive.list(ben.member.owner) == (kept,)
        assert people.is_free("anna.kim", HERE)

    def test_the_numbers(self, people: People, anna: SignedIn, time: Time) -> None:
        people.disable(admin(people), anna.member)
        assert people.accounts.numbers(time.now - timedelta(days=30)) == (2, 1, 1)

    def test_a_guest_s_photos_are_taken_over(self, anna: SignedIn, archive: Archive) -> None:
        guest, stranger = Owner.new_guest(), Owner.new_guest()
        mine, theirs = save(archive, guest), save(archive, stranger)
        me = anna.member.owner
        assert archive.adopt(guest, me) == 1 and archive.adopt(guest, me) == 0
        (now_mine,) = archive.list(me)
        assert now_mine.id == mine.id and now_mine.owner_kind is OwnerKind.MEMBER
        assert archive.read(me, mine.id)
        with pytest.raises(PhotoNotFoundError):
            archive.read(guest, mine.id)
        assert archive.list(stranger) == (theirs,)
        for wrong in ((me, me), (guest, guest), (me, guest)):
            with pytest.raises(ValueError, match="guest"):
                archive.adopt(*wrong)

    def test_everything_is_deleted_also_half_saved(self, archive: Archive, place: Place) -> None:
        me, other = Owner.new_guest(), Owner.new_guest()
        for _ in range(2):
            save(archive, me)
        kept = save(archive, other)
        with archive.database.writing() as session:
            session.execute(
                text("UPDATE photos SET state = 'pending' WHERE owner = :me"), {"me": me.key}
            )
        assert archive.delete_all(me) == (2, 0) and archive.delete_all(me) == (0, 0)
        assert archive.list(other) == (kept,) and len(place.stored_keys()) == 1

    def test_what_everybody_keeps(self, anna: SignedIn, archive: Archive) -> None:
        save(archive, anna.member.owner, token_bytes(100))
        for _ in range(2):
            save(archive, Owner.new_guest(), token_bytes(10))
        assert archive.everything() == {OwnerKind.MEMBER: (1, 100), OwnerKind.GUEST: (2, 20)}


class PeopleSuite(DatabaseSuite):
    """Everything."""

    @pytest.mark.parametrize("login", ["anna.kim", "ANNA.KIM", " anna.kim "])
    def test_a_taken_id_is_told(self, people: People, anna: SignedIn, login: str) -> None:
        assert anna and not people.is_free(login, HERE) and people.is_free("anna.kin", HERE)
        with pytest.raises(IdTakenError):
            people.sign_up(login, PASSWORD, details(), HERE)

    def test_an_id_is_an_id(self, people: People) -> None:
        for login in (*HOSTILE, "abc", "1abc", "a b c d", "x" * 31, "한글아이디"):
            with pytest.raises(IdNotUsableError):
                people.sign_up(login, PASSWORD, details(), HERE)
            with pytest.raises(LogInFailedError):
                people.log_in(login, PASSWORD, HERE)

    def test_nobody_signs_up_as_an_admin(self, people: People) -> None:
        assert not people.is_free("boss", HERE)
        with pytest.raises(IdTakenError):
            people.sign_up("boss", PASSWORD, details(), HERE)

    def test_one_answer_for_unknown_wrong_and_disabled(
        self, people: People, anna: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[str | None] = []
        verify = passwords.verify

        def noted(password: str, kept: str | None) -> bool:
            compared.append(kept)
            return verify(password, kept)

        monkeypatch.setattr(passwords, "verify", noted)
        people.disable(admin(people), anna.member)
        for login, password in (
            ("anna.kim", PASSWORD),
            ("anna.kim", OTHER),
            ("nobody.here", PASSWORD),
            ("<script>", PASSWORD),
        ):
            with pytest.raises(LogInFailedError) as caught:
                people.log_in(login, password, HERE)
            assert caught.value.details == {}
        # A hash was verified each time, also where there is none: all four take as long.
        assert [kept is None for kept in compared] == [False, False, True, True]

    @pytest.mark.usefixtures("anna")
    def test_wrong_passwords_make_wait_but_never_for_good(self, people: People, time: Time) -> None:
        waits = []
        for _ in range(12):
            with pytest.raises(LogInFailedError):
                people.log_in("anna.kim", OTHER, HERE)
            try:
                people.log_in("anna.kim", PASSWORD, replace(HERE, address="203.0.113.9"))
                waits.append(0)
            except TooManyTriesError as error:
                waits.append(int(error.details["minutes"]))
                time.pass_(timedelta(minutes=waits[-1]))
        assert waits[0] == 0 and max(waits) <= 15
        people.log_in("anna.kim", PASSWORD, replace(HERE, address="203.0.113.9"))

    def test_an_address_that_tries_many_ids_waits(self, people: People) -> None:
        for n in range(30):
            with pytest.raises(LogInFailedError):
                people.log_in(f"nobody{n}", PASSWORD, HERE)
        with pytest.raises(TooManyTriesError):
            people.log_in("nobody99", PASSWORD, HERE)
        with pytest.raises(LogInFailedError):
            people.log_in("nobody99", PASSWORD, replace(HERE, address="203.0.113.8"))

    @pytest.mark.usefixtures("anna")
    def test_an_address_is_never_written_down(self, people: People, archive: Archive) -> None:
        with pytest.raises(LogInFailedError):
            people.log_in("anna.kim", OTHER, HERE)
        assert tries(archive) > 0 and "203.0.113.7" not in everything(archive)

    def test_a_planted_token_never_gets_power(self, people: People) -> None:
        planted = "a" * 43
        assert people.who(planted) is None
        fresh = people.sign_up("anna.kim", PASSWORD, details(), HERE)
        again = people.log_in("anna.kim", PASSWORD, HERE)
        assert len({planted, fresh.token, again.token}) == 3 and people.who(planted) is None

    def test_a_log_in_ends_by_itself(self, people: People, anna: SignedIn, time: Time) -> None:
        short = people.log_in("anna.kim", PASSWORD, HERE)
        time.pass_(timedelta(hours=13))
        assert people.who(short.token) is None and people.who(anna.token) is not None
        time.pass_(timedelta(days=30))
        assert people.who(anna.token) is None

    def test_change_password(self, people: People, anna: SignedIn) -> None:
        second = people.log_in("anna.kim", PASSWORD, HERE)
        for old, new, error in (
            (OTHER, "another one 123", WrongPasswordError),
            (PASSWORD, "short", PasswordNotUsableError),
            (PASSWORD, "my anna.kim password", PasswordNotUsableError),
        ):
            with pytest.raises(error):
                people.change_password(anna.member, old, new, anna.token, Language.ENGLISH)
        people.change_password(anna.member, PASSWORD, OTHER, anna.token, Language.ENGLISH)
        assert people.who(anna.token) is not None and people.who(second.token) is None
        with pytest.raises(LogInFailedError):
            people.log_in("anna.kim", PASSWORD, HERE)
        people.log_in("anna.kim", OTHER, HERE)

    def test_without_a_valid_cookie_nothing_is_changed(
        self, people: People, anna: SignedIn, archive: Archive
    ) -> None:
        ben = people.sign_up("ben.lee", PASSWORD, details(), HERE)
        people.log_out(anna.token)
        for token in (anna.token, ben.token, ""):
            with pytest.raises(LogInNeededError):
                people.change_password(anna.member, PASSWORD, OTHER, token, Language.ENGLISH)
            with pytest.raises(LogInNeededError):
                people.close(anna.member, PASSWORD, token, archive)

    @pytest.mark.usefixtures("anna")
    def test_an_outdated_hash_is_made_anew(self, people: People, archive: Archive) -> None:
        from argon2 import PasswordHasher

        weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
        with archive.database.writing() as session:
            session.execute(update(Account).values(password_hash=weak))
        people.log_in("anna.kim", PASSWORD, HERE)
        _, kept = people.accounts.password_hash("anna.kim")
        assert kept is not None and not passwords.is_outdated(kept) and "m=19456" in kept

    def test_change_data(self, people: People, anna: SignedIn, mailbox: Mailbox) -> None:
        people.confirm(mailbox.token("confirm"))
        new = replace(details(name="<img src=x onerror=alert(1)>"), kind=AccountKind.COMPANY)
        changed = people.change(anna.member, new, "", anna.token, Language.ENGLISH)
        assert changed.details == new and changed.email_confirmed
        moved = replace(new, email="new@example.org")
        with pytest.raises(WrongPasswordError):
            people.change(anna.member, moved, OTHER, anna.token, Language.ENGLISH)
        mailbox.clear()
        member = people.who(anna.token)
        assert member is not None
        changed = people.change(member, moved, PASSWORD, anna.token, Language.ENGLISH)
        assert not changed.email_confirmed
        assert [letter[0] for letter in mailbox] == ["anna@example.org", "new@example.org"]
        people.confirm(mailbox.token("confirm"))
        confirmed = people.who(anna.token)
        assert confirmed is not None and confirmed.email_confirmed

    @pytest.mark.usefixtures("anna")
    def test_signing_up_with_a_known_address_tells_nothing(
        self, people: People, mailbox: Mailbox
    ) -> None:
        people.confirm(mailbox.token("confirm"))
        mailbox.clear()
        again = people.sign_up("somebody", PASSWORD, details(), HERE)
        assert people.who(again.token) is not None
        ((to, _, body),) = mailbox
        assert to == "anna@example.org" and "anna.kim" in body and "confirm=" not in body
        mailbox.clear()
        new = people.sign_up("somebody2", PASSWORD, details(email="new@example.org"), HERE)
        assert len(mailbox) == 1
        assert new.member.details.email != again.member.details.email
        assert new.member.email_confirmed == again.member.email_confirmed is False

    @pytest.mark.usefixtures("anna")
    def test_an_old_or_replaced_or_other_link_opens_nothing(
        self, people: People, mailbox: Mailbox, time: Time
    ) -> None:
        confirm = mailbox.token("confirm")
        people.forgot("anna.kim", HERE)
        first = mailbox.token("reset")
        people.forgot("anna.kim", HERE)
        second = mailbox.token("reset")
        for token in (first, confirm):
            with pytest.raises(LinkNotValidError):
                people.reset(token, OTHER, HERE)
        with pytest.raises(LinkNotValidError):
            people.confirm(second)
        time.pass_(timedelta(minutes=31))
        with pytest.raises(LinkNotValidError):
            people.reset(second, OTHER, HERE)
        people.log_in("anna.kim", PASSWORD, HERE)

    @pytest.mark.usefixtures("anna")
    def test_forgotten_by_somebody_unknown_looks_the_same(
        self, people: People, mailbox: Mailbox
    ) -> None:
        mailbox.clear()
        assert people.forgot("stranger@example.org", HERE) == people.forgot("anna.kim", HERE)
        assert people.forgot("nobody.here", HERE) is None
        assert [letter[0] for letter in mailbox] == ["stranger@example.org", "anna@example.org"]
        assert "reset=" not in mailbox[0][2]

    @pytest.mark.usefixtures("anna")
    def test_nobody_s_mailbox_is_filled(self, people: People, mailbox: Mailbox) -> None:
        for n in range(9):
            people.forgot("anna.kim", replace(HERE, address=f"203.0.113.{n}"))
        assert len(mailbox) == 3
        elsewhere = replace(HERE, address="203.0.113.200")
        for _ in range(10):
            people.forgot("nobody.here", elsewhere)
        with pytest.raises(TooManyTriesError):
            people.forgot("nobody.here", elsewhere)

    def test_an_unconfirmed_address_never_takes_over(
        self, people: People, anna: SignedIn, mailbox: Mailbox, time: Time
    ) -> None:
        """Somebody signs up with another's address and waits for its owner to come."""
        found = people.social_log_in(visitor(claims(time), time.now), HERE)
        assert found is None
        people.confirm(mailbox.token("confirm"))
        found = people.social_log_in(visitor(claims(time), time.now), HERE)
        assert found is not None and found.member.id == anna.member.id
        thief = people.sign_up("thief", PASSWORD, details(), HERE)
        mailbox.clear()
        people.forgot("anna@example.org", replace(HERE, address="203.0.113.99"))
        assert all("thief" not in body for _, _, body in mailbox)
        assert thief.member.id != anna.member.id

    def test_without_mail(self, archive: Archive, time: Time) -> None:
        people = People(archive.database, admins=["boss"], clock=time)
        anna = people.sign_up("anna.kim", PASSWORD, details(), HERE)
        assert not people.can_mail
        with pytest.raises(MailNotSetUpError):
            people.forgot("anna.kim", HERE)
        token = people.reset_link(admin(people), anna.member)
        people.reset(token, OTHER, HERE)
        member = people.accounts.by_login("anna.kim")
        assert member is not None and not member.email_confirmed

    def test_admins(self, people: People, anna: SignedIn, archive: Archive) -> None:
        boss = admin(people)
        save(archive, anna.member.owner)
        for call in (
            lambda: people.find(anna.member, "", offset=0, limit=9),
            lambda: people.disable(anna.member, boss),
            lambda: people.disable(boss, boss),
            lambda: people.remove(anna.member, boss, archive),
            lambda: people.remove(boss, boss, archive),
            lambda: people.reset_link(anna.member, anna.member),
            lambda: people.reset_link(boss, boss),
            # Whoever says so in their own process is still none in the database.
            lambda: people.disable(replace(anna.member, is_admin=True), anna.member),
        ):
            with pytest.raises(NotAllowedError):
                call()
        found, count = people.find(boss, "EXAMPLE.org", offset=0, limit=9)
        assert count == 1 and found[0].login == "anna.kim"
        people.disable(boss, anna.member)
        assert people.who(anna.token) is None
        with pytest.raises(LogInFailedError):
            people.log_in("anna.kim", PASSWORD, HERE)
        people.enable(boss, anna.member)
        people.log_in("anna.kim", PASSWORD, HERE)
        assert people.remove(boss, anna.member, archive) == 1
        assert people.accounts.by_login("anna.kim") is None

    def test_a_guest_who_knows_a_member_s_token_is_another_owner(
        self, anna: SignedIn, archive: Archive
    ) -> None:
        save(archive, anna.member.owner)
        assert archive.list(Owner(OwnerKind.GUEST, anna.member.owner.token)) == ()


class MembersNeverMeet(OwnersNeverMeet):
    """Two members and a guest; the guest's photos may be taken over, all may be deleted."""

    def __init__(self, archive: Archive, people: People) -> None:
        super().__init__(archive)
        for n in range(2):
            login = f"member-{token_hex(8)}"
            added = people.accounts.add(login, details(), "no hash", None)
            found = people.accounts.by_login(login)
            assert found is not None and found.owner == added.owner
            self.owners[n] = found.owner

    @rule(who=st.integers(0, 1))
    def take_over(self, who: int) -> None:
        assert self.archive.adopt(self.owners[2], self.owners[who]) == len(self.kept[2])
        self.kept[who].update(self.kept[2])
        self.kept[2] = {}
        # As the app does: whoever uses this browser next is another guest.
        self.owners[2] = Owner.new_guest()

    @rule(who=PEOPLE)
    def delete_all(self, who: int) -> None:
        assert self.archive.delete_all(self.owners[who]) == (len(self.kept[who]), 0)
        self.kept[who] = {}


class MembersSuite:
    def test_members_never_meet(self, place: Place, archive: Archive, people: People) -> None:
        run_state_machine_as_test(
            lambda: MembersNeverMeet(archive, people), settings=machine_settings(place)
        )


class SocialSuite:
    def test_first_log_in_and_the_next(self, people: People, time: Time) -> None:
        who = visitor(claims(time), time.now)
        assert people.social_log_in(who, HERE) is None
        first = people.social_sign_up(who, details(), HERE)
        assert first.member.login == "anna" and not first.member.has_password
        assert first.member.email_confirmed and people.who(first.token) is not None
        again = people.social_log_in(visitor(claims(time, nonce="n2"), time.now), HERE)
        assert again is not None and again.member.id == first.member.id
        assert people.identities.of(first.member.id) == ("google",)

    def test_it_counts_once(self, people: People, time: Time) -> None:
        who = visitor(claims(time), time.now)
        people.social_sign_up(who, details(), HERE)
        assert people.is_used(who)
        for use in (
            lambda: people.social_log_in(who, HERE),
            lambda: people.social_sign_up(who, details(), HERE),
        ):
            with pytest.raises(LogInFailedError):
                use()

    @pytest.mark.parametrize(
        "changes",
        [
            {"provider": "evil"},
            {"provider": None},
            {"iss": ""},
            {"sub": None},
            {"iat": None},
            {"iat": "soon"},
            {"iat": 0},
            {"iat": 1e30},
        ],
    )
    def test_what_is_no_visit(self, time: Time, changes: dict[str, Any]) -> None:
        with pytest.raises(LogInFailedError):
            visitor(claims(time, **changes), time.now)

    def test_an_old_visit_counts_no_more(self, time: Time) -> None:
        old = claims(time)
        time.pass_(timedelta(minutes=31))
        with pytest.raises(LogInFailedError):
            visitor(old, time.now)

    @pytest.mark.parametrize(
        "changes",
        [
            {"email_verified": False},
            {"email_verified": None},
            {"email_verified": "no"},
            {"email": None},
            {"email": "not an address"},
        ],
    )
    def test_only_a_verified_address_links(
        self,
        people: People,
        anna: SignedIn,
        mailbox: Mailbox,
        time: Time,
        changes: dict[str, Any],
    ) -> None:
        people.confirm(mailbox.token("confirm"))
        who = visitor(claims(time, provider="kakao", **changes), time.now)
        assert people.social_log_in(who, HERE) is None
        new = people.social_sign_up(who, details(), HERE)
        assert new.member.id != anna.member.id and not new.member.email_confirmed

    def test_an_existing_account_is_linked_by_its_password(
        self, people: People, anna: SignedIn, time: Time
    ) -> None:
        who = visitor(claims(time, provider="naver", email=None), time.now)
        with pytest.raises(LogInFailedError):
            people.social_link(who, "anna.kim", OTHER, HERE)
        assert people.social_link(who, "anna.kim", PASSWORD, HERE).member.id == anna.member.id
        later = visitor(claims(time, provider="naver", email=None, nonce="n9"), time.now)
        found = people.social_log_in(later, HERE)
        assert found is not None and found.member.id == anna.member.id
        ben = people.sign_up("ben.lee", PASSWORD, details(), HERE)
        third = visitor(claims(time, provider="naver", email=None, nonce="n10"), time.now)
        with pytest.raises(LogInFailedError):
            people.social_link(third, "ben.lee", PASSWORD, HERE)
        assert people.identities.of(ben.member.id) == ()

    def test_the_same_subject_elsewhere_is_somebody_else(self, people: People, time: Time) -> None:
        people.social_sign_up(visitor(claims(time), time.now), details(), HERE)
        other = claims(time, iss="https://elsewhere.example.org", email="x@example.org")
        assert people.social_log_in(visitor(other, time.now), HERE) is None

    def test_a_disabled_account_stays_shut(self, people: People, time: Time) -> None:
        who = visitor(claims(time), time.now)
        signed_in = people.social_sign_up(who, details(), HERE)
        people.disable(admin(people), signed_in.member)
        with pytest.raises(LogInFailedError):
            people.social_log_in(visitor(claims(time, nonce="n2"), time.now), HERE)

    def test_what_matters_needs_a_recent_log_in(
        self, people: People, time: Time, archive: Archive
    ) -> None:
        signed_in = people.social_sign_up(visitor(claims(time), time.now), details(), HERE)
        time.pass_(timedelta(minutes=16))
        with pytest.raises(LogInAgainError):
            people.close(signed_in.member, "", signed_in.token, archive)
        fresh = people.social_log_in(visitor(claims(time, nonce="n2"), time.now), HERE)
        assert fresh is not None
        people.change_password(fresh.member, "", PASSWORD, fresh.token, Language.ENGLISH)
        people.log_in("anna", PASSWORD, HERE)

    def test_a_taken_id_gets_a_suffix(self, people: People, time: Time) -> None:
        people.sign_up("anna", PASSWORD, details(email="x@example.org"), HERE)
        new = people.social_sign_up(visitor(claims(time), time.now), details(), HERE)
        assert re.fullmatch(r"anna-[0-9a-f]{4}", new.member.login)
        boss = claims(time, sub="2", email="boss@example.org", nonce="n3")
        second = people.social_sign_up(
            visitor(boss, time.now), details(email="boss@example.org"), HERE
        )
        assert not second.member.is_admin and second.member.login.startswith("boss-")


def admin(people: People) -> Member:
    """The admin whom the settings name."""
    people.operators_link("boss")
    found = people.accounts.by_login("boss")
    assert found is not None and found.is_admin
    return found


def tries(archive: Archive) -> int:
    with archive.database.reading() as session:
        return int(session.scalar(text("SELECT COUNT(*) FROM tries")) or 0)


def sign_ins(archive: Archive) -> int:
    with archive.database.reading() as session:
        return len(session.scalars(select(SignIn)).all())
