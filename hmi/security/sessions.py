"""Sessions: who signs in at a station, what he may do there, and how that ends (CR 1.1, 1.10, 1.11, 2.5, 2.6, 3.8).

Nothing here is kept on a disk: a restart signs everybody out. No password and no token is kept anywhere.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from hmi.client.people import SessionInfo, SignIn
from hmi.core.clock import Clock
from hmi.core.errors import AccountRefused, StorageError
from hmi.core.principal import VIEWER, Principal, Role
from hmi.core.texts import tr
from hmi.project.plant import SessionRules
from hmi.security._account_rules import role_words
from hmi.security._account_watch import News
from hmi.security._people_audit import PeopleAudit
from hmi.security._proof import Proof, Refused
from hmi.security._session_book import (
    CONSOLE_DESK,
    LOCAL,
    LONGEST_ELEVATION_S,
    Lineage,
    Over,
    Session,
    SessionBook,
)
from hmi.security.accounts import Account

log = logging.getLogger(__name__)


class SessionWatcher(Protocol):
    """Hears of sessions at once, on the loop."""

    def turned(self, station: str) -> None:
        """The rights at a station are others now."""
        ...

    def began(self, session_id: str, station: str) -> None: ...

    def ended(self, session_id: str, station: str) -> None: ...


class Sessions:
    """All sessions of one runtime; lives on its loop. ``principal`` and ``info`` do not wait for anything.

    A sign-in, unlocking or elevation counts when it stands in the audit trail, and not before: StorageError of the
    journal is a refusal.
    """

    def __init__(
        self,
        proof: Proof,
        audit: PeopleAudit,
        watcher: SessionWatcher,
        clock: Clock,
        *,
        rules: SessionRules,
        lineage: Lineage,
    ) -> None:
        self.book = SessionBook(rules, lineage, clock.monotonic_ns)
        self._proof, self._audit, self._watcher = proof, audit, watcher
        self._unsure = False

    # ------------------------------------------------------------------ who asks

    def of(self, token: str, station: str) -> Session | None:
        """The session of a request. A token that was never given out, or to another station, is noted."""
        session = self.book.find(token, station)
        if session is None and station == LOCAL:
            session = self.book.find(token, CONSOLE_DESK)
        if session is None and not self.book.was_known(token):
            self._audit.count("session.unknown_token", station)
        return session

    def by_id(self, session_id: str) -> Session | None:
        return next((one for one in self.book.all() if one.id == session_id), None)

    def info(self, session: Session) -> SessionInfo:
        """As a station shows it."""
        book = self.book
        principal, other = book.principal(session), book.elevated(session)
        rests = book.rests(session)
        return SessionInfo(
            user=principal.user,
            name=principal.name,
            station=session.station,
            roles=role_words(principal.roles),
            by_area={area: role_words(roles) for area, roles in sorted(principal.by_area.items())},
            locked=rests,
            idle_left_ms=book.idle_left_ms(session),
            elevated_roles=[] if rests or other is None else _all_roles(other),
            elevated_left_ms=book.elevated_left_ms(session),
        )

    # ------------------------------------------------------------------ what people do

    async def sign_in(self, station: str, user: str, password: str, new_password: str = "") -> SignIn:
        """The next person at a station: the session before it ends (shift change)."""
        account = await self._proof.of(user, password, station, "sign-in")
        if isinstance(account, Refused):
            return SignIn(refusal=account.text, wait_ms=account.wait_ms)
        if account.must_change and not new_password:
            return SignIn(refusal=tr("The password has to be changed."), must_change=True)
        if new_password:
            try:
                account = await self._with_new_password(account, new_password)
            except AccountRefused as error:
                return SignIn(refusal=str(error), must_change=account.must_change)
        return await self._begin(account, station)

    async def _with_new_password(self, account: Account, password: str) -> Account:
        user, accounts = account.user, self._proof.accounts
        return await self._proof.work.run(
            lambda: accounts.set_password(user, password, actor=user, must_change=False)
        )

    async def _begin(self, account: Account, station: str) -> SignIn:
        before, audit = self.book.ended_by_next(station), self._audit
        asker = Principal(account.user, station, "", name=account.name)
        said = {"result": "ok", "before": before.account.user if before else ""}
        try:
            await audit.keep(audit.entry("session.signed_in", asker, **said))
        except StorageError as error:
            return _unrecorded(error)
        token, session, replaced = self.book.open(account, station)
        self._unsure = True  # the account may have been changed while the record was kept
        if replaced is not None:
            self._note_end(replaced, tr("shift change"))
        self._watcher.began(session.id, station)
        self._watcher.turned(station)
        await self._note_time(account.user)
        return SignIn(token=token, session=self.info(session))

    async def _note_time(self, user: str) -> None:
        try:
            await asyncio.to_thread(self._proof.accounts.note_sign_in, user)
        except StorageError as error:
            log.warning("The time of the last sign-in is not kept: %s", error)

    def sign_out(self, session: Session) -> None:
        self._end(session, tr("signed out"))

    def lock(self, session: Session, why: str = "") -> None:
        """Rights rest; what is shown and sounds goes on."""
        if not session.locked:
            session.rest()
            self._note(session, "session.locked", why=why or tr("by its person"), result="ok")
            self._watcher.turned(session.station)

    async def unlock(self, session: Session, password: str) -> SignIn:
        """By its own person; anybody else signs in instead."""
        self.look()
        account = await self._proof.of(session.account.user, password, session.station, "unlock")
        if isinstance(account, Refused):
            return SignIn(refusal=account.text, wait_ms=account.wait_ms)
        if account.must_change:
            return SignIn(refusal=tr("The password has to be changed: sign in again."), must_change=True)
        refusal = await self._keep(session, "session.unlocked", result="ok")
        if refusal is not None:
            return refusal
        session.account = account
        self._unsure = True
        self.book.wake(session)
        self._watcher.turned(session.station)
        return SignIn(session=self.info(session))

    async def elevate(self, session: Session, user: str, password: str, seconds: float) -> SignIn:
        """The rights of another account besides one's own, for at most 30 min; 0 ends it."""
        if seconds <= 0:
            self._end_elevation(session, tr("by its person"))
            return SignIn(session=self.info(session))
        if self.book.rests(session):
            return SignIn(refusal=tr("the session is locked"))
        if user == session.account.user:
            return SignIn(
                refusal=tr("these are your own rights; further rights are those of another account")
            )
        other = await self._proof.of(user, password, session.station, "elevation")
        if isinstance(other, Refused):
            return SignIn(refusal=other.text, wait_ms=other.wait_ms)
        if other.must_change:
            return SignIn(refusal=tr("{user} has to sign in with a new password first", user=user))
        if self.book.rests(session):
            return SignIn(refusal=tr("the session has ended or was locked meanwhile"))
        seconds = min(seconds, LONGEST_ELEVATION_S)
        said = {"elevated_by": user, "elevated_name": other.name, "seconds": seconds, "result": "ok"}
        refusal = await self._keep(session, "session.elevated", **said)
        if refusal is not None:
            return refusal
        self._unsure = True
        self.book.elevate(session, other, seconds)
        self._watcher.turned(session.station)
        return SignIn(session=self.info(session))

    async def _keep(self, session: Session, event: str, **said: Any) -> SignIn | None:
        """A refusal when it cannot be recorded, or the session has ended or was locked meanwhile."""
        locked = session.locked
        try:
            await self._audit.keep(self._audit.entry(event, _person(session), **said))
        except StorageError as error:
            return _unrecorded(error)
        if self.by_id(session.id) is not session or session.locked != locked:
            return SignIn(refusal=tr("the session has ended or was locked meanwhile"))
        return None

    # ------------------------------------------------------------------ what ends by itself

    def look(self) -> None:
        """Carry out what time has ended; often."""
        for session, over in self.book.look():
            if over is Over.IDLE:
                self._note(session, "session.locked", why=over.value, result="ok")
                self._watcher.turned(session.station)
            elif over is Over.ELEVATION:
                self._note(session, "session.elevation_ended", why=over.value, result="ok")
                self._watcher.turned(session.station)
            else:
                self._closed(session, over.value)

    def end_of(self, user: str, why: str) -> int:
        """End every session of a person; how many there were."""
        own = [one for one in self.book.all() if one.account.user == user]
        for session in own:
            self._end(session, why)
        return len(own)

    # ------------------------------------------------------------------ what becomes of accounts

    @property
    def people(self) -> frozenset[str]:
        """Whose accounts count at this moment."""
        sessions = self.book.all()
        return frozenset(one.account.user for one in sessions) | {
            one.elevated.user for one in sessions if one.elevated is not None
        }

    def take_unsure(self) -> bool:
        """Whether accounts have to be looked at though their file is as before."""
        unsure, self._unsure = self._unsure, False
        return unsure

    def take(self, news: News) -> None:
        """Rights, disabled and removed accounts count at once (SE-04)."""
        for session in self.book.all():
            self._take_elevated(session, news)
            now = news.accounts.get(session.account.user, session.account)
            if now is None or not now.is_active:
                self._end(session, tr("the account was disabled or removed"))
            elif now.changed_at != session.account.changed_at:
                self._end(session, tr("the password was changed"))
            elif _rights(now) != _rights(session.account) or now.name != session.account.name:
                session.account = now
                self._watcher.turned(session.station)

    def _take_elevated(self, session: Session, news: News) -> None:
        other = session.elevated
        if other is None:
            return
        now = news.accounts.get(other.user, other)
        if now is None or not now.is_active or now.changed_at != other.changed_at:
            self._end_elevation(session, tr("the account was disabled, removed or got another password"))
        elif _rights(now) != _rights(other):
            session.elevated = now
            self._watcher.turned(session.station)

    # ------------------------------------------------------------------ in common

    def _end_elevation(self, session: Session, why: str) -> None:
        if session.elevated is not None:
            session.elevated = None
            self._note(session, "session.elevation_ended", why=why, result="ok")
            self._watcher.turned(session.station)

    def _end(self, session: Session, why: str) -> None:
        if self.book.close(session):
            self._closed(session, why)

    def _closed(self, session: Session, why: str) -> None:
        self._note_end(session, why)
        self._watcher.turned(session.station)

    def _note_end(self, session: Session, why: str) -> None:
        self._note(session, "session.ended", why=why, result="ok")
        self._watcher.ended(session.id, session.station)

    def _note(self, session: Session, event: str, **said: Any) -> None:
        self._audit.note(self._audit.entry(event, _person(session), **said))


def _person(session: Session) -> Principal:
    account = session.account
    return Principal(account.user, session.station, session.id, name=account.name)


def _rights(account: Account) -> tuple[object, object]:
    return account.roles, dict(account.by_area)


def _all_roles(account: Account) -> list[str]:
    """Wherever they hold."""
    return role_words(frozenset[Role]().union(account.roles, *account.by_area.values()))


def _unrecorded(error: StorageError) -> SignIn:
    return SignIn(refusal=tr("the audit trail cannot be written, so nobody gets rights: {why}", why=error))


def viewer_at(station: str) -> Principal:
    """Nobody is signed in there."""
    return (
        VIEWER if station == VIEWER.station else Principal(VIEWER.user, station, VIEWER.session, VIEWER.roles)
    )
