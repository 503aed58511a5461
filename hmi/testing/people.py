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
STATION = "local"
USUAL_S = 8 * 3600


class FakePeople:
    """``passwords`` by user; ``sessions`` by user is what a sign-in gives; ``asked`` says what was asked, in order.

    ``selected_by``: tag id -> "user@station" of somebody else who holds it. ``objections``: act of a hold ->
    sentence of its refusal. ``manual``: ids of tags that people enter. Users in ``must_change`` sign in with a new
    password only. ``tell(kind, payload)`` sends an event, ``now`` is UTC ns.
    """

    def __init__(self, tell: Callable[[str, Any], None], now: Callable[[], int]) -> None:
        self._tell, self._now, self._number = tell, now, itertools.count(1)
        self.session: SessionInfo | None = None
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, SessionInfo] = {}
        self.must_change: set[str] = set()
        self.selections: dict[str, Selection] = {}
        self.selected_by: dict[str, str] = {}
        self.signatures: dict[str, dict[str, Any]] = {}
        self.holds, self.objections = Holds(), dict[str, str]()
        self.manual: set[str] = set()
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

    def sign_in(self, user: str, password: str, new_password: str = "") -> SignIn:
        self.asked.append(f"sign_in {user}")
        if self.passwords.get(user) != password:
            return SignIn(refusal="User or password is wrong.", wait_ms=1000)
        if user in self.must_change and not new_password:
            return SignIn(refusal="The password has to be changed.", must_change=True)
        if new_password:
            self.passwords[user] = new_password
            self.must_change.discard(user)
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
        is_timed = r.act == "bypass" or (r.act == "override" and r.object_id not in self.manual)
        seconds = r.seconds or (USUAL_S if is_timed else 0)
        until = now + int(seconds * 1e9) if seconds else 0
        if r.act == "place_tag":
            tag = ControlTag(
                f"h_{number}", r.object_id, TagKind(r.kind), r.reason, user, now, user, r.work_order, until
            )
            return replace(h, tags=(*h.tags, tag))
        if r.act == "remove_tag":
            return replace(h, tags=tuple(tag for tag in h.tags if tag.id != r.hold_id))
        others = tuple(one for one in h.overrides if one.tag_id != r.object_id)
        if r.act == "override":
            manual = r.object_id in self.manual
            one = Override(r.object_id, r.value, r.reason, user, now, user, until, manual)
            return replace(h, overrides=(*others, one))
        if r.act == "end_override":
            return replace(h, overrides=others)
        if r.act == "bypass":
            one = Bypass(f"h_{number}", r.object_id, r.condition, r.reason, user, now, until, user)
            return replace(h, bypasses=(*h.bypasses, one))
        if r.act == "end_bypass":
            return replace(h, bypasses=tuple(one for one in h.bypasses if one.id != r.hold_id))
        return replace(h, areas=_areas_after(h.areas, r, user, now))


def _areas_after(
    areas: tuple[AreaControl, ...], r: HoldRequest, user: str, now: int
) -> tuple[AreaControl, ...]:
    """Held by another station: it is asked, or the area is taken by force; an answer hands it over or keeps it."""
    others = tuple(one for one in areas if one.area != r.area)
    held = next((one for one in areas if one.area == r.area), None)
    own = AreaControl(r.area, STATION, user, now, user)
    if r.act == "claim_area":
        if held is None or held.station == STATION or r.force:
            return (*others, own)
        return (*others, replace(held, asked_by=user, asked_station=STATION, asked_name=user))
    if r.act == "answer_claim" and held is not None:
        if not r.accept:
            return (*others, replace(held, asked_by="", asked_station="", asked_name=""))
        return (*others, AreaControl(r.area, held.asked_station, held.asked_by, now, held.asked_name))
    return others
