"""People of a runtime: who asks, what sessions and accounts do to the other services, and the audit of both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from hmi.client.people import SessionInfo
from hmi.commands import PERSON
from hmi.core.clock import monotonic_ns
from hmi.core.errors import AccessRefused, StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_INSTRUCTOR, DEMO_OPERATOR, Mode, Principal, Role
from hmi.core.texts import tr
from hmi.project.plant import Plant
from hmi.security._account_watch import look
from hmi.security._lockout import Key, Lockout
from hmi.security._people_audit import USER, PeopleAudit
from hmi.security._proof import Proof
from hmi.security._session_book import LOCAL, Session
from hmi.security.accounts import UNLOCK, AccountChange, Version
from hmi.security.sessions import Sessions, viewer_at
from hmi.security.signatures import ObjectRights, SignatureDesk

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
TOKEN_LIMIT: Final = 200
_AT_ONCE: Final = 500
_STATION_MARK: Final = "@"
CONSOLE: Final = "console:"
"""Before the name of a user of the operating system that changed an account at the command line."""


class People:
    """One for a runtime, on its loop. Accounts that ``hmi user`` changes count within two looks."""

    def __init__(self, runtime: Runtime) -> None:
        s = runtime.services
        self._runtime = runtime
        self._accounts = s.accounts
        self.audit = PeopleAudit(s.journal, s.clock)
        lockout = Lockout(s.plant.sessions, s.clock.monotonic_ns)
        self.proof = Proof(s.accounts, lockout, self.audit, fault=s.accounts_fault)
        self.sessions = Sessions(
            self.proof, self.audit, self, s.clock, rules=s.plant.sessions, lineage=self._lineage
        )
        self.signatures = SignatureDesk(self.proof, self.sessions, self.audit, s.clock, self._rights_of)
        self.exist = s.accounts is not None and s.accounts.exists()
        self._seen: Version | None = None
        self._taking = asyncio.Lock()
        self._told_locked: frozenset[Key] | None = None
        self._fault = ""
        self.apply(s.plant)

    def apply(self, plant: Plant) -> None:
        """Another revision of the plant has its own rules."""
        self.sessions.book.rules = self.proof.lockout.rules = plant.sessions
        if self._accounts is not None:
            self._accounts.max_age_days = plant.sessions.password_days

    # ------------------------------------------------------------------ who asks

    def principal_of(self, token: str, station: str, *, acts: bool = False) -> Principal:
        """The rights of a request at this moment. With a bad token nobody is signed in, and ``session`` says so.

        ``acts``: a person does something, the idle time begins again.
        """
        if token:
            session = self.sessions.of(token[:TOKEN_LIMIT], station)
            if session is None:
                return viewer_at(station)
            if acts:
                self.sessions.book.touch(session)
            return self.sessions.book.principal(session)
        if station == LOCAL and self.sessions.book.at(station) is None:
            return local_principal(self._runtime.services.mode)
        return viewer_at(station)

    def session_of(self, principal: Principal) -> Session:
        """Of a person who is signed in; AccessRefused for anybody else."""
        session = self.sessions.by_id(principal.session)
        if session is None:
            raise AccessRefused(tr("nobody is signed in at this station"))
        return session

    def info(self, principal: Principal) -> SessionInfo:
        """What the station shows of its session."""
        session = self.sessions.by_id(principal.session)
        notice = self._runtime.plant.sessions.notice
        if session is not None:
            found = self.sessions.info(session)
            return replace(found, accounts=self.exist, notice=notice)
        demo = principal.session == DEMO_OPERATOR.session
        return SessionInfo(
            user=principal.user if demo else "",
            name=principal.name if demo else "",
            station=principal.station,
            roles=[role.value for role in Role if role in principal.roles],
            accounts=self.exist,
            demo=demo,
            notice=notice,
        )

    @property
    def blocked(self) -> str:
        """Why nobody could ever give a command here; empty when somebody could."""
        if self._runtime.services.mode is Mode.SIMULATOR or self.exist:
            return ""
        if self._runtime.services.accounts_fault:
            return self._runtime.services.accounts_fault
        return tr(
            "no accounts exist: this runtime is for viewing only; make the first one with: "
            'hmi user PLANT add USER --name "FULL NAME" --role security'
        )

    # ------------------------------------------------------------------ what goes on by itself

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except Exception:
                    # The border to the file of accounts: a fault in it must not end the runtime.
                    log.exception("The accounts cannot be looked after.")
                await asyncio.sleep(LOOK_S)
        finally:
            self.proof.work.close()

    async def close(self) -> None:
        """Wait for what is being noted in the journal."""
        await self.audit.close()

    async def _look(self) -> None:
        self.sessions.look()
        self.audit.sum_up()
        self._judge_locks()
        try:
            await self.take_changes()
            self._fault = ""
        except StorageError as error:
            if str(error) != self._fault:
                log.error("Changes of accounts are not taken: %s", error)
            self._fault = str(error)

    def _judge_locks(self) -> None:
        """One alarm for each locked account, and for each station where passwords are guessed."""
        locked = self.proof.locked
        if locked == self._told_locked:
            return
        self._told_locked = locked
        runtime = self._runtime
        current = [(whose.value, name) for whose, name in locked]
        changes = runtime.services.alarms.lockouts_are(current, runtime.services.clock.now_ns())
        runtime.alarms.service.put(changes)

    async def take_changes(self) -> None:
        """What the file of accounts says now, into the sessions and the journal; StorageError when it cannot be."""
        accounts = self._accounts
        if accounts is None:
            return
        async with self._taking:
            seen = None if self.sessions.take_unsure() else self._seen
            news = await asyncio.to_thread(look, accounts, seen, self.sessions.people)
            if news is None:
                return
            if news.exist != self.exist:
                self.exist = news.exist
                self.turned("")
            self.sessions.take(news)
            for change in news.changes:
                if change.what == UNLOCK:
                    self.proof.lockout.forget(change.user)
            for start in range(0, len(news.changes), _AT_ONCE):
                changes = news.changes[start : start + _AT_ONCE]
                await self.audit.keep(*(self._entry(change) for change in changes))
                await asyncio.to_thread(accounts.journalled, changes[-1].number)
            self._seen = news.version

    def _entry(self, change: AccountChange) -> Entry:
        s = self._runtime.services
        at = change.at if s.mode is Mode.PLANT else s.clock.now_ns()
        payload = {"user": change.user, "at": change.at, "result": "ok", **change.detail}
        return Entry(
            Kind.AUDIT, f"account.{change.what}", _actor(change.actor), USER + change.user, at, payload
        )

    # ------------------------------------------------------------------ what sessions tell

    def turned(self, station: str) -> None:
        """Stations ask for the status again: buttons follow the rights at once."""
        self._runtime.tell("session", {"station": station})

    def began(self, session_id: str, station: str) -> None:
        self._runtime.holds.station_here(station, PERSON)

    def ended(self, session_id: str, station: str) -> None:
        self._runtime.gate.selections.end_session(session_id, station)
        if self.sessions.book.at(station) is None:
            self._runtime.holds.station_gone(station, PERSON)

    # ------------------------------------------------------------------ the plant

    def _lineage(self, area: str) -> Sequence[str]:
        return self._runtime.plant.lineage(area)

    def _rights_of(self, object_id: str) -> ObjectRights | None:
        plant = self._runtime.plant
        tag = plant.by_id.get(object_id)
        if tag is None:
            return None
        return ObjectRights(plant.lineage(tag.area), tag.command.right if tag.command else Role.OPERATE)


class RefusalNotes:
    """Requests without the right to them, by people with a session: each one, up to a bound, in the audit trail."""

    MOST_IN_A_MINUTE = 60

    def __init__(self, people: People) -> None:
        self._people = people
        self._minute, self._noted = 0, 0

    def note(self, principal: Principal, verb: str, why: str) -> None:
        """Somebody without a session has no right to anything: that is no news."""
        if self._people.sessions.by_id(principal.session) is None:
            return
        minute = monotonic_ns() // 60_000_000_000
        if minute != self._minute:
            self._minute, self._noted = minute, 0
        self._noted += 1
        audit = self._people.audit
        if self._noted > self.MOST_IN_A_MINUTE:
            audit.count("access.refused", principal.station)
        else:
            audit.note(audit.entry("access.refused", principal, verb=verb, why=why, result="refused"))


def actor_of(principal: Principal) -> str:
    """How the file of accounts names who changes one over the API."""
    return f"{principal.user}{_STATION_MARK}{principal.station}"


def _actor(actor: str) -> Principal:
    if actor.startswith(CONSOLE):
        return Principal(actor, LOCAL, "hmi user")
    user, _, station = actor.partition(_STATION_MARK)
    return Principal(user, station or LOCAL, "accounts")


def local_principal(mode: Mode) -> Principal:
    """Who a station on this machine is while nobody is signed in there."""
    if mode is Mode.SIMULATOR:
        roles = DEMO_OPERATOR.roles | DEMO_INSTRUCTOR.roles | {Role.ENGINEER}
        return Principal(DEMO_OPERATOR.user, LOCAL, DEMO_OPERATOR.session, roles)
    return viewer_at(LOCAL)
