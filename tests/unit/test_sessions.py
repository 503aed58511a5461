"""Sessions, wrong passwords and signatures by their rules: clock by hand, accounts in a real file."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from people_plant import OTHER, PASSWORD, add_people, cheap_hashes, roles

from hmi.client.people import SignIn
from hmi.core.commands import OperatorCommand, Signature
from hmi.core.errors import AccessRefused, StorageError
from hmi.core.principal import DEMO_OPERATOR, Principal, Role, lineage_of
from hmi.project.plant import SessionRules
from hmi.security._account_watch import look
from hmi.security._lockout import MOST_KEYS, Lockout, Whose
from hmi.security._people_audit import PeopleAudit
from hmi.security._proof import WRONG, Proof
from hmi.security._session_book import CONSOLE_DESK, Session
from hmi.security.accounts import ACCOUNTS_FILE, Accounts
from hmi.security.sessions import Sessions
from hmi.security.signatures import ObjectRights, SignatureDesk, SignRequest
from hmi.testing.clock import ManualClock
from hmi.testing.services import FakeJournal

PARENTS = {"site": "", "intake": "site", "outlet": "site"}
MINUTE = 60.0


@dataclass
class Told:
    """What the rest of the runtime hears."""

    turns: list[str] = field(default_factory=list[str])
    ends: list[str] = field(default_factory=list[str])

    def turned(self, station: str) -> None:
        self.turns.append(station)

    def began(self, session_id: str, station: str) -> None:
        pass

    def ended(self, session_id: str, station: str) -> None:
        self.ends.append(session_id)


class Desk:
    """All of it but the runtime."""

    def __init__(self, folder: Path, rules: SessionRules) -> None:
        self.accounts = Accounts(folder / ACCOUNTS_FILE)
        self.accounts.open()
        self.clock, self.journal, self.told = ManualClock(), FakeJournal(), Told()
        audit = self.audit = PeopleAudit(self.journal, self.clock)
        self.proof = Proof(self.accounts, Lockout(rules, self.clock.monotonic_ns), audit)
        self.sessions = Sessions(
            self.proof,
            audit,
            self.told,
            self.clock,
            rules=rules,
            lineage=lambda area: lineage_of(PARENTS, area),
        )
        self.signing = SignatureDesk(self.proof, self.sessions, audit, self.clock, self._rights)
        self.seen: tuple[int, int, int] | None = None

    @staticmethod
    def _rights(object_id: str) -> ObjectRights | None:
        area = {"t_in": "intake", "t_out": "outlet"}.get(object_id)
        return ObjectRights(lineage_of(PARENTS, area), Role.OPERATE) if area else None

    async def sign_in(self, user: str, station: str = "local", password: str = PASSWORD) -> Session:
        answer = await self.sessions.sign_in(station, user, password)
        found = self.sessions.of(answer.token, station)
        assert found is not None, answer
        return found

    def who(self, session: Session) -> Principal:
        return self.sessions.book.principal(session)

    def follow(self) -> None:
        """What the loop of a runtime does each second."""
        self.sessions.look()
        seen = None if self.sessions.take_unsure() else self.seen
        if (news := look(self.accounts, seen, self.sessions.people)) is not None:
            self.seen = news.version
            self.sessions.take(news)

    async def events(self, event: str) -> list[dict[str, object]]:
        await self.audit.close()
        return [dict(entry.payload) for entry in self.journal.entries if entry.event == event]


@asynccontextmanager
async def desk_in(folder: Path, rules: SessionRules = SessionRules()) -> AsyncIterator[Desk]:
    add_people(folder)
    desk = Desk(folder, rules)
    try:
        yield desk
        await desk.audit.close()
    finally:
        desk.proof.work.close()
        desk.accounts.close()


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


pytestmark = pytest.mark.asyncio


# ---------------------------------------------------------------------------- signing in


@pytest.mark.usefixtures("cheap")
async def test_cr_1_1_who_signs_in_has_his_rights_by_area_and_nobody_else_shares_them(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ian")
        who = desk.who(session)
        assert (who.user, who.name, who.station) == ("ian", "Ian Example", "local")
        assert who.has(Role.OPERATE, ("intake", "site"))
        assert not who.has(Role.OPERATE, ("outlet", "site"))
        assert not who.has(Role.OPERATE)
        (record,) = await desk.events("session.signed_in")
        assert (record["user"], record["result"]) == ("ian", "ok")


@pytest.mark.usefixtures("cheap")
async def test_cr_3_8_a_token_is_random_bound_to_its_station_and_worth_nothing_after_the_end(
    tmp_path: Path,
) -> None:
    async with desk_in(tmp_path) as desk:
        tokens = [(await desk.sessions.sign_in(f"st{n}", "ada", PASSWORD)).token for n in range(20)]
        assert len(set(tokens)) == 20
        assert all(len(token) == 43 for token in tokens)  # 256 bits in base64
        assert desk.sessions.of(tokens[0], "st1") is None
        session = desk.sessions.of(tokens[0], "st0")
        assert session is not None
        assert tokens[0] not in repr(session)
        desk.sessions.sign_out(session)
        assert desk.sessions.of(tokens[0], "st0") is None
        assert desk.sessions.of("x" * 43, "st0") is None


@pytest.mark.usefixtures("cheap")
async def test_the_next_person_at_a_station_ends_the_session_before(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        first = await desk.sign_in("ada")
        elsewhere = await desk.sign_in("ada", "st2")
        await desk.sign_in("bea")
        assert desk.told.ends == [first.id]
        assert desk.sessions.by_id(first.id) is None
        assert desk.sessions.by_id(elsewhere.id) is elsewhere
        assert (await desk.events("session.ended"))[0]["why"] == "shift change"
        assert [record["before"] for record in await desk.events("session.signed_in")] == ["", "", "ada"]


@pytest.mark.usefixtures("cheap")
async def test_at_the_command_line_nobody_ends_the_session_of_another(tmp_path: Path) -> None:
    """Each terminal of the machine of the runtime is a place of its own."""
    async with desk_in(tmp_path) as desk:
        first = await desk.sign_in("ada", CONSOLE_DESK)
        second = await desk.sign_in("bea", CONSOLE_DESK)
        assert desk.told.ends == []
        assert [desk.sessions.by_id(one.id) for one in (first, second)] == [first, second]
        assert [record["before"] for record in await desk.events("session.signed_in")] == ["", ""]
        desk.sessions.sign_out(second)
        assert desk.sessions.book.at(CONSOLE_DESK) is first
        desk.sessions.sign_out(first)
        assert desk.sessions.book.at(CONSOLE_DESK) is None


@pytest.mark.usefixtures("cheap")
async def test_a_password_that_has_to_be_changed_gives_nothing_but_its_change(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.accounts.set_password("ada", OTHER, actor="sec", must_change=True)
        without = await desk.sessions.sign_in("local", "ada", OTHER)
        assert (without.token, without.must_change) == ("", True)
        weak = await desk.sessions.sign_in("local", "ada", OTHER, "short")
        assert (weak.token, weak.must_change) == ("", True)
        assert "too short" in weak.refusal
        done = await desk.sessions.sign_in("local", "ada", OTHER, "Laterne-9-Schachtel")
        assert done.token
        desk.follow()
        assert desk.sessions.of(done.token, "local") is not None


@pytest.mark.usefixtures("cheap")
async def test_nobody_gets_rights_while_the_audit_trail_cannot_be_written(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        desk.sessions.lock(session)
        await desk.audit.close()
        desk.journal.broken = True
        refused = [
            await desk.sessions.sign_in("st2", "bea", PASSWORD), await desk.sessions.unlock(session, PASSWORD),
        ]  # fmt: skip
        assert all("audit trail cannot be written" in one.refusal and not one.token for one in refused)
        assert desk.sessions.book.at("st2") is None
        assert desk.who(session).roles == roles("view")


@pytest.mark.alone
async def test_cr_1_10_unknown_user_and_wrong_password_have_one_text_and_take_the_same_time(
    tmp_path: Path,
) -> None:
    """With the cost of a real hash, in turns, so that whatever else the machine does hits both."""
    async with desk_in(tmp_path) as desk:
        taken: dict[str, list[float]] = {"ada": [], "nobody": []}
        texts: set[str] = set()
        for number in range(9):
            for user, times in taken.items():
                desk.proof.lockout.forget(user)
                start = time.perf_counter()
                answer = await desk.sessions.sign_in(f"{user}{number}", user, "Falsches-Wort-12")
                times.append(time.perf_counter() - start)
                texts.add(answer.refusal)
        known, unknown = (statistics.median(times) for times in taken.values())
        assert texts == {WRONG}
        assert 0.8 < known / unknown < 1.25, (known, unknown)


@pytest.mark.usefixtures("cheap")
async def test_a_name_that_nobody_has_is_not_kept_it_may_be_a_password(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.sessions.sign_in("local", PASSWORD, "ada")
        await desk.sessions.sign_in("st2", "ada", "wrong")
        assert [one["user"] for one in await desk.events("session.refused")] == ["anonymous", "ada"]
        assert PASSWORD not in repr(desk.journal.entries)


# ---------------------------------------------------------------------------- wrong passwords


def rules_book(**given: float) -> tuple[Lockout, ManualClock]:
    clock = ManualClock()
    return Lockout(SessionRules(**given), clock.monotonic_ns), clock  # type: ignore[arg-type]


async def test_cr_1_11_waits_grow_and_the_account_is_locked_at_the_fifth() -> None:
    lockout, clock = rules_book()
    waits: list[int] = []
    for number in range(5):
        lockout.begin("ada", f"st{number}")
        lockout.failed("ada", f"st{number}")
        waits.append(lockout.wait_ms("ada", "elsewhere"))
        clock.advance(waits[-1] / 1000 if number < 4 else 0)
    assert waits == [1_000, 2_000, 4_000, 8_000, 600_000]
    assert (Whose.ACCOUNT, "ada") in lockout.locked()
    clock.advance(599)
    assert lockout.wait_ms("ada", "elsewhere") == 1_000
    clock.advance(1)
    assert lockout.wait_ms("ada", "elsewhere") == 0
    assert not lockout.locked()


async def test_cr_1_11_a_station_waits_up_to_a_minute_and_is_never_locked() -> None:
    lockout, clock = rules_book()
    waits: list[int] = []
    for number in range(9):
        lockout.begin(f"user{number}", "st1")
        lockout.failed(f"user{number}", "st1")
        waits.append(lockout.wait_ms("somebody", "st1"))
        clock.advance(waits[-1] / 1000)
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert lockout.wait_ms("somebody", "st1") == 0
    assert lockout.locked() == {(Whose.STATION, "st1")}


async def test_a_right_password_takes_all_of_it_back_and_one_under_way_locks_nothing() -> None:
    lockout, clock = rules_book()
    for _ in range(4):
        lockout.begin("ada", "st1")
        lockout.failed("ada", "st1")
        clock.advance(60)
    lockout.begin("ada", "st1")
    assert not lockout.locked()
    lockout.succeeded("ada", "st1")
    assert lockout.wait_ms("ada", "st1") == 0


async def test_se_03_ten_thousand_tries_stay_bounded_and_free_no_account() -> None:
    lockout, _ = rules_book()
    for number in range(5):
        lockout.begin("ada", f"s{number}")
        lockout.failed("ada", f"s{number}")
    for number in range(10_000):
        lockout.begin(f"name{number}", f"st{number % 300}")
        lockout.failed(f"name{number}", f"st{number % 300}")
    assert len(lockout._counts) <= MOST_KEYS
    assert lockout.wait_ms("ada", "elsewhere") == 600_000


@pytest.mark.usefixtures("cheap")
async def test_se_03_tries_at_the_same_time_gain_nothing(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        looked = 0
        verify = desk.accounts.verify

        def counted(user: str, password: str) -> object:
            nonlocal looked
            looked += 1
            return verify(user, password)

        desk.accounts.verify = counted  # type: ignore[method-assign, assignment]
        tries = [desk.sessions.sign_in(f"st{n}", "ada", f"Falsch-{n}-Wort-12") for n in range(200)]
        answers: list[SignIn] = await asyncio.gather(*tries)
        assert looked == 1
        assert all(answer.refusal and not answer.token for answer in answers)


@pytest.mark.usefixtures("cheap")
async def test_se_03_a_locked_account_refuses_the_right_password_and_keeps_its_open_session(
    tmp_path: Path,
) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        for number in range(5):
            await desk.sessions.sign_in(f"st{number}", "ada", "Falsches-Wort-12")
            desk.clock.advance(20)
        refused = await desk.sessions.sign_in("st9", "ada", PASSWORD)
        assert (refused.token, refused.wait_ms > 500_000) == ("", True)
        assert desk.who(session).has(Role.OPERATE)
        assert len(await desk.events("account.locked")) == 1
        assert desk.proof.locked == {(Whose.ACCOUNT, "ada")}
        desk.proof.lockout.forget("ada")
        assert (await desk.sessions.sign_in("st9", "ada", PASSWORD)).token


# ---------------------------------------------------------------------------- idle, age, lock


@pytest.mark.usefixtures("cheap")
async def test_cr_2_5_without_a_deed_rights_rest_and_viewing_goes_on(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        desk.clock.advance(14 * MINUTE)
        assert desk.sessions.book.touch(session)
        desk.clock.advance(14 * MINUTE)
        assert desk.who(session).has(Role.OPERATE)
        desk.clock.advance(MINUTE)
        assert desk.who(session).roles == roles("view")  # at that moment, before anything has looked
        assert not desk.sessions.book.touch(session)
        desk.follow()
        info = desk.sessions.info(session)
        assert (info.locked, info.roles, info.user, info.idle_left_ms) == (True, ["view"], "ada", -1)
        wrong = await desk.sessions.unlock(session, OTHER)
        assert wrong.refusal == WRONG
        desk.clock.advance(2)
        assert (await desk.sessions.unlock(session, PASSWORD)).session.locked is False
        assert desk.who(session).has(Role.OPERATE)
        assert len(await desk.events("session.locked")) == len(await desk.events("session.unlocked")) == 1


@pytest.mark.usefixtures("cheap")
async def test_cr_2_6_a_session_ends_with_its_age_and_on_another_machine_with_twice_the_idle_time(
    tmp_path: Path,
) -> None:
    async with desk_in(tmp_path, SessionRules(session_h=1, idle_min=20)) as desk:
        here, away = await desk.sign_in("ada"), await desk.sign_in("bea", "st2")
        desk.clock.advance(40 * MINUTE)
        desk.follow()
        assert (here.locked, desk.sessions.by_id(away.id)) == (True, None)
        desk.clock.advance(20 * MINUTE)
        assert desk.who(here).roles == roles("view")
        desk.follow()
        assert desk.sessions.by_id(here.id) is None
        assert desk.told.ends == [away.id, here.id]


# ---------------------------------------------------------------------------- further rights


@pytest.mark.usefixtures("cheap")
async def test_elevation_adds_rights_for_a_while_and_names_both(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ian")
        answer = await desk.sessions.elevate(session, "bea", PASSWORD, 100_000)
        assert answer.session.elevated_left_ms == 1_800_000
        who = desk.who(session)
        assert (who.user, who.elevated_by) == ("ian", "bea")
        assert who.has(Role.TUNE, ("outlet", "site"))
        assert who.has(Role.TUNE, ("intake", "site"))
        desk.clock.advance(MINUTE * 14)
        desk.sessions.book.touch(session)
        desk.clock.advance(MINUTE * 14)
        desk.sessions.book.touch(session)
        desk.clock.advance(MINUTE * 2)
        assert not desk.who(session).has_somewhere(Role.TUNE)
        desk.follow()
        assert len(await desk.events("session.elevation_ended")) == 1
        assert (await desk.events("session.elevated"))[0]["elevated_by"] == "bea"


@pytest.mark.usefixtures("cheap")
async def test_elevation_is_another_account_and_ends_with_a_lock(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        assert (await desk.sessions.elevate(session, "ada", PASSWORD, 60)).refusal
        assert not (await desk.sessions.elevate(session, "bea", PASSWORD, 60)).refusal
        desk.sessions.lock(session)
        assert (await desk.sessions.elevate(session, "bea", PASSWORD, 60)).refusal
        await desk.sessions.unlock(session, PASSWORD)
        assert desk.who(session).elevated_by == ""


# ---------------------------------------------------------------------------- changed accounts


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("act", ["revoke", "disable", "remove", "passwd", "grant"])
async def test_se_04_what_becomes_of_an_account_counts_in_its_sessions(tmp_path: Path, act: str) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        desk.follow()
        desk.told.turns.clear()
        another = Accounts(tmp_path / ACCOUNTS_FILE)  # as hmi user opens it, beside the runtime
        another.open()
        acts: dict[str, Callable[[], object]] = {
            "revoke": lambda: another.revoke("ada", [Role.OPERATE], actor="console:me"),
            "grant": lambda: another.grant("ada", [Role.TUNE], actor="console:me"),
            "disable": lambda: another.disable("ada", actor="console:me"),
            "remove": lambda: another.remove("ada", actor="console:me"),
            "passwd": lambda: another.set_password("ada", OTHER, actor="console:me", must_change=True),
        }
        acts[act]()
        another.close()
        desk.follow()
        ended = desk.sessions.by_id(session.id) is None
        assert ended == (act in {"disable", "remove", "passwd"})
        assert desk.told.turns == ["local"]
        if act == "revoke":
            assert not desk.who(session).has_somewhere(Role.OPERATE)
        if act == "grant":
            assert desk.who(session).has(Role.TUNE)


@pytest.mark.usefixtures("cheap")
async def test_se_04_an_account_changed_while_somebody_signs_in_is_looked_at_again(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.journal.answers.clear()
        signing = asyncio.create_task(desk.sessions.sign_in("local", "ada", PASSWORD))
        async with asyncio.timeout(20):
            while not desk.journal.answers._waiters:  # type: ignore[attr-defined]
                await asyncio.sleep(0.01)
        desk.accounts.disable("ada", actor="sec")
        desk.follow()  # nobody is signed in yet: nothing to take
        desk.journal.answers.set()
        token = (await signing).token
        assert desk.sessions.of(token, "local") is not None
        desk.follow()
        assert desk.sessions.of(token, "local") is None


# ---------------------------------------------------------------------------- signatures


def asked(user: str = "", password: str = PASSWORD, **given: object) -> SignRequest:
    fields = {"meaning": "Performed", "command_id": "c_1", "object_id": "t_out", "value": 50, **given}
    return SignRequest(user, password, **fields)  # type: ignore[arg-type]


def command(command_id: str = "c_1", tag_id: str = "t_out", value: object = 50.0) -> OperatorCommand:
    return OperatorCommand(command_id, tag_id, value, 1)  # type: ignore[arg-type]


@pytest.mark.usefixtures("cheap")
async def test_11_200_the_first_signature_needs_both_components_and_so_does_one_after_a_break(
    tmp_path: Path,
) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        with pytest.raises(AccessRefused, match="give user and password"):
            await desk.signing.sign(desk.who(session), asked(""))
        assert await desk.signing.sign(desk.who(session), asked("ada"))
        assert await desk.signing.sign(desk.who(session), asked(""))
        with pytest.raises(AccessRefused, match="wrong"):
            await desk.signing.sign(desk.who(session), asked("bea", OTHER))
        desk.clock.advance(2)
        desk.sessions.lock(session)
        await desk.sessions.unlock(session, PASSWORD)
        with pytest.raises(AccessRefused, match="give user and password"):
            await desk.signing.sign(desk.who(session), asked(""))


@pytest.mark.usefixtures("cheap")
async def test_11_70_a_signature_is_to_one_command_once_and_in_time(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        who = desk.who(session)

        async def signed() -> str:
            return await desk.signing.sign(who, asked("ada"))

        for wrong in (command("c_2"), command(tag_id="t_in"), command(value=51), command(value=True)):
            assert (
                await desk.signing.take(await signed(), who, wrong) == "the signature is to another command"
            )
        right = await signed()
        found = await desk.signing.take(right, who, command())
        assert isinstance(found, Signature)
        assert (found.user, found.name, found.meaning) == ("ada", "Ada Example", "Performed")
        assert "used already" in str(await desk.signing.take(right, who, command()))
        late = await signed()
        desk.clock.advance(60)
        assert "older than 60 s" in str(await desk.signing.take(late, who, command()))
        assert (await desk.events("signature.given"))[0]["digest"]


@pytest.mark.usefixtures("cheap")
async def test_11_70_a_signature_counts_in_its_own_session_alone(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        ada, bea = await desk.sign_in("ada"), await desk.sign_in("bea", "st2")
        given = await desk.signing.sign(desk.who(ada), asked("bea"))
        assert isinstance(await desk.signing.take(given, desk.who(bea), command()), str)
        found = await desk.signing.take(given, desk.who(ada), command())
        assert isinstance(found, Signature)
        assert found.user == "bea"


@pytest.mark.usefixtures("cheap")
async def test_who_signs_has_the_right_there_by_his_own_account(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        for user in ("ian", "sec"):
            with pytest.raises(AccessRefused, match="no right to sign"):
                await desk.signing.sign(desk.who(session), asked(user))
        assert await desk.signing.sign(desk.who(session), asked("ian", object_id="t_in"))
        with pytest.raises(AccessRefused, match="no such object"):
            await desk.signing.sign(desk.who(session), asked("ada", object_id="t_none"))
        await desk.sessions.elevate(session, "bea", PASSWORD, 60)
        with pytest.raises(AccessRefused, match="no right to sign"):
            await desk.signing.sign(desk.who(session), asked("ian"))


@pytest.mark.usefixtures("cheap")
async def test_a_signer_who_lost_the_right_meanwhile_does_not_count(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        given = await desk.signing.sign(desk.who(session), asked("bea"))
        desk.accounts.disable("bea", actor="sec")
        assert "may not sign any more" in str(await desk.signing.take(given, desk.who(session), command()))


@pytest.mark.usefixtures("cheap")
async def test_a_signature_that_cannot_be_recorded_is_none(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        session = await desk.sign_in("ada")
        desk.journal.broken = True
        with pytest.raises(StorageError):
            await desk.signing.sign(desk.who(session), asked("ada"))
        assert not desk.signing._given


@pytest.mark.usefixtures("cheap")
async def test_the_identities_of_the_demo_sign_without_a_password(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for user in ("demo-operator", "demo-instructor"):
            given = await desk.signing.sign(DEMO_OPERATOR, asked(user, ""))
            found = await desk.signing.take(given, DEMO_OPERATOR, command())
            assert isinstance(found, Signature)
            assert found.user == user
        for wrong in (asked("ada", ""), asked("demo-operator", "x")):
            with pytest.raises(AccessRefused, match="sign as"):
                await desk.signing.sign(DEMO_OPERATOR, wrong)
