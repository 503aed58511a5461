"""What the fake runtime knows of people, selections, signatures and holds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from hmi.client.people import HoldRequest, SessionInfo, SignIn
from hmi.core.commands import CommandResult, CommandState, Reason, Refusal, Selection
from hmi.core.errors import AccessRefused
from hmi.core.holds import AreaControl, Bypass, ControlTag, Holds, Override, TagKind
from hmi.core.values import Value

PASSWORD = "correct horse battery"


class FakePeople:
    """``passwords`` by user; ``sessions`` by user is what a sign-in gives; ``asked`` says what was asked, in order.

    ``selected_by``: tag id -> "user@station" of somebody else who holds it. ``objections``: act of a hold ->
    sentence of its refusal. ``tell(kind, payload)`` sends an event, ``now`` is UTC ns.
    """

    def __init__(self, tell: Callable[[str, Any], None], now: Callable[[], int]) -> None:
        self._tell, self._now, self._number = tell, now, itertools.count(1)
        self.session: SessionInfo | None = None
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, SessionInfo] = {}
        self.selections: dict[str, Selection] = {}
        self.selected_by: dict[str, str] = {}
        self.signatures: dict[str, dict[str, Any]] = {}
        self.holds, self.objections = Holds(), dict[str, str]()
        self.requests: list[HoldRequest] = []
        self.asked: list[str] = []

    def add(self, user: str, **session: Any) -> None:
        """An account; ``session`` are fields of its SessionInfo."""
        self.passwords[user] = PASSWORD
        self.sessions[user] = SessionInfo(user=user, accounts=True, **session)

    def become(self, session: SessionInfo | None) -> None:
        """Somebody else's rights from now on; the station is told."""
        self.session = session
        self._tell("session", {})

    def sign_in(self, user: str, password: str) -> SignIn:
        self.asked.append(f"sign_in {user}")
        if self.passwords.get(user) != password:
            return SignIn(refusal="User or password is wrong.", wait_ms=1000)
        self.become(self.sessions[user])
        return SignIn(token="token", session=self.sessions[user])

    def sign_out(self) -> None:
        self.asked.append("sign_out")
        self.become(SessionInfo(accounts=True, roles=["view"]))

    def lock(self, locked: bool) -> None:
        self.asked.append("lock" if locked else "unlock")
        if self.session is not None:
            roles = ["view"] if locked else self.sessions[self.session.user].roles
            self.become(msgspec.structs.replace(self.session, locked=locked, roles=roles))

    def unlock(self, password: str) -> SignIn:
        if self.session is None or self.passwords.get(self.session.user) != password:
            return SignIn(refusal="The password is wrong.", wait_ms=1000)
        self.lock(False)
        return SignIn(session=self.session)

    def elevate(self, user: str, password: str, seconds: float) -> SignIn:
        self.asked.append(f"elevate {user} {seconds:g}")
        if self.session is None or (seconds and self.passwords.get(user) != password):
            return SignIn(refusal="User or password is wrong.", wait_ms=1000)
        roles = self.sessions[user].roles if seconds else []
        own = self.sessions[self.session.user].roles
        left = int(seconds * 1000) if seconds else -1
        self.become(
            msgspec.structs.replace(
                self.session,
                roles=[*own, *(role for role in roles if role not in own)],
                elevated_roles=roles,
                elevated_left_ms=left,
            )
        )
        return SignIn(session=self.session)

    def sign(self, user: str, password: str, **what: Any) -> str:
        self.asked.append(f"sign {user}")
        demo = not self.passwords and not password
        if not demo and self.passwords.get(user) != password:
            raise AccessRefused("User or password is wrong.")
        signature = f"s_{next(self._number)}"
        self.signatures[signature] = {"user": user, **what}
        return signature

    def select(self, tag_id: str, value: Value) -> Selection:
        self.asked.append(f"select {tag_id}")
        if other := self.selected_by.get(tag_id):
            refusal = Refusal(Reason.OBJECT_ALREADY_SELECTED, f"selected by {other}")
            return Selection("", tag_id, value, 0, (refusal,))
        found = Selection(f"sel_{next(self._number)}", tag_id, value)
        self.selections[found.id] = found
        return found

    def deselect(self, selection_id: str) -> None:
        self.asked.append(f"deselect {selection_id}")
        self.selections.pop(selection_id, None)

    def hold(self, request: HoldRequest, user: str) -> CommandResult:
        self.requests.append(request)
        if text := self.objections.get(request.act):
            refusal = Refusal(Reason.NO_ACCESS_AUTHORITY, text)
            return CommandResult(request.id, request.object_id, CommandState.REFUSED, text, (refusal,))
        self.holds = self._after(request, user)
        self._tell("holds", self.holds)
        return CommandResult(request.id, request.object_id, CommandState.CONFIRMED, "Done")

    def _after(self, r: HoldRequest, user: str) -> Holds:
        h, now, number = self.holds, self._now(), next(self._number)
        until = now + int(r.seconds * 1e9) if r.seconds else 0
        if r.act == "place_tag":
            tag = ControlTag(
                f"h_{number}", r.object_id, TagKind(r.kind), r.reason, user, now, user, r.work_order, until
            )
            return replace(h, tags=(*h.tags, tag))
        if r.act == "remove_tag":
            return replace(h, tags=tuple(tag for tag in h.tags if tag.id != r.hold_id))
        others = tuple(one for one in h.overrides if one.tag_id != r.object_id)
        if r.act == "override":
            return replace(
                h, overrides=(*others, Override(r.object_id, r.value, r.reason, user, now, user, until))
            )
        if r.act == "end_override":
            return replace(h, overrides=others)
        if r.act == "bypass":
            one = Bypass(f"h_{number}", r.object_id, r.condition, r.reason, user, now, until, user)
            return replace(h, bypasses=(*h.bypasses, one))
        if r.act == "end_bypass":
            return replace(h, bypasses=tuple(one for one in h.bypasses if one.id != r.hold_id))
        areas = tuple(one for one in h.areas if one.area != r.area)
        if r.act == "claim_area":
            areas = (*areas, AreaControl(r.area, "local", user, now, user))
        return replace(h, areas=areas)
