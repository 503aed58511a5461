"""Signatures to commands (21 CFR 11.50, 11.70, 11.200): who, meaning and time, bound to exactly one command, once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hmi.core.clock import NS_PER_MS, Clock, wall_ns
from hmi.core.commands import SIGNATURE_MS, OperatorCommand, Signature
from hmi.core.errors import AccessRefused, StorageError
from hmi.core.principal import DEMO_INSTRUCTOR, DEMO_OPERATOR, Principal, Role, roles_in
from hmi.core.signing import signature_digest
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.security._people_audit import PeopleAudit
from hmi.security._proof import Proof, Refused
from hmi.security._session_book import Session
from hmi.security.accounts import Account
from hmi.security.sessions import Sessions

MEANING_LIMIT: Final = 64
_MOST = 1_000
_DEMO: Final = (DEMO_OPERATOR.user, DEMO_INSTRUCTOR.user)


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What somebody signs; ``value`` in the unit of the object, a tag id. No ``user``: the person of the session."""

    user: str
    password: str
    meaning: str
    command_id: str
    object_id: str
    value: Value


@dataclass(frozen=True, slots=True)
class ObjectRights:
    """Areas of an object, most specific first, and the right that its commands need."""

    lineage: tuple[str, ...]
    right: Role


@dataclass(frozen=True, slots=True)
class _Given:
    signature: Signature
    session: str
    station: str
    until_ns: int


class SignatureDesk:
    """One for a runtime. A signature counts for the session that it was given in, for 60 s, once.

    ``rights_of`` an object id, None for what does not exist.
    """

    def __init__(
        self,
        proof: Proof,
        sessions: Sessions,
        audit: PeopleAudit,
        clock: Clock,
        rights_of: Callable[[str], ObjectRights | None],
    ) -> None:
        self._proof, self._sessions, self._audit, self._clock = proof, sessions, audit, clock
        self._rights_of = rights_of
        self._given: dict[str, _Given] = {}

    async def sign(self, principal: Principal, asked: SignRequest) -> str:
        """The id of the signature; AccessRefused in one sentence, StorageError when it cannot be recorded."""
        rights = self._rights_of(asked.object_id)
        if rights is None:
            raise AccessRefused(tr("there is no such object to sign a command for"))
        if principal.session == DEMO_OPERATOR.session:
            user, name = _demo_signer(asked)
        else:
            user, name = await self._proven(principal, asked, rights)
        now = wall_ns()
        digest = signature_digest(user, asked.meaning, now, asked.command_id, asked.object_id, asked.value)
        signature = Signature(user, name, asked.meaning, now, digest)
        entry = self._audit.entry(
            "signature.given", principal, user, signed_by=user, signer=name, meaning=asked.meaning,
            command_id=asked.command_id, tag_id=asked.object_id, digest=digest, time=now, result="ok",
        )  # fmt: skip
        await self._audit.keep(entry)
        return self._put(signature, principal)

    async def _proven(
        self, principal: Principal, asked: SignRequest, rights: ObjectRights
    ) -> tuple[str, str]:
        session = self._sessions.by_id(principal.session)
        if session is None or self._sessions.book.rests(session):
            raise AccessRefused(tr("sign in first, or unlock the session"))
        own = session.account.user
        if not asked.user and not session.has_signed:
            raise AccessRefused(
                tr("give user and password: it is the first signature since the session began or was locked")
            )
        user = asked.user or own
        account = await self._proof.of(user, asked.password, principal.station, "signature")
        if isinstance(account, Refused):
            raise AccessRefused(account.text)
        if account.must_change:
            raise AccessRefused(tr("{user} has to sign in with a new password first", user=user))
        if self._sessions.by_id(session.id) is not session or self._sessions.book.rests(session):
            raise AccessRefused(tr("the session has ended or was locked meanwhile"))
        if not self._may(session, account, rights):
            self._audit.note(
                self._audit.entry("signature.refused", principal, user, why="no right", result="refused")
            )
            raise AccessRefused(tr("{user} has no right to sign commands there", user=user))
        session.has_signed = session.has_signed or user == own
        return account.user, account.name

    def _may(self, session: Session, account: Account, rights: ObjectRights) -> bool:
        """Another person by the own rights of his account: further rights of a session are its person's alone."""
        if account.user == session.account.user:
            principal = self._sessions.book.principal(session)
            held = roles_in(principal.roles, principal.by_area, rights.lineage)
        else:
            held = roles_in(account.roles, account.by_area, rights.lineage)
        return bool(held & {rights.right, Role.TUNE})

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        """The signature, which ends with this; or why it does not count."""
        given = self._given.get(signature_id)
        if given is None or (given.session, given.station) != (principal.session, principal.station):
            return tr("the signature is not known, or was used already")
        del self._given[signature_id]
        if given.until_ns <= self._clock.monotonic_ns():
            return tr("the signature is older than {seconds} s", seconds=SIGNATURE_MS // 1000)
        one = given.signature
        same = signature_digest(one.user, one.meaning, one.time, command.id, command.tag_id, command.value)
        if same != one.digest:
            return tr("the signature is to another command")
        if why := await self._still(one.user, principal, command.tag_id):
            return why
        return one

    async def _still(self, user: str, principal: Principal, object_id: str) -> str:
        """Why the right to sign has gone since; empty while it holds."""
        if principal.session == DEMO_OPERATOR.session:
            return ""
        session, rights = self._sessions.by_id(principal.session), self._rights_of(object_id)
        try:
            account = await asyncio.to_thread(self._proof.accounts.get, user)
        except StorageError as error:
            return str(error)
        if session is None or rights is None or account is None or not account.is_active:
            return tr("{user} may not sign any more", user=user)
        return "" if self._may(session, account, rights) else tr("{user} may not sign any more", user=user)

    def _put(self, signature: Signature, principal: Principal) -> str:
        now = self._clock.monotonic_ns()
        self._given = {key: one for key, one in self._given.items() if one.until_ns > now}
        while len(self._given) >= _MOST:
            del self._given[next(iter(self._given))]
        signature_id = "g_" + secrets.token_hex(16)
        until = now + SIGNATURE_MS * NS_PER_MS
        self._given[signature_id] = _Given(signature, principal.session, principal.station, until)
        return signature_id


def _demo_signer(asked: SignRequest) -> tuple[str, str]:
    """The built-in identities of a simulated plant sign without a password."""
    user = asked.user or DEMO_OPERATOR.user
    if user not in _DEMO or asked.password:
        raise AccessRefused(tr("sign as {users}, without a password", users=" / ".join(_DEMO)))
    return user, user
