"""The verbs of alarms: lists, details, acknowledge, acts, silence (docs/api.md)."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hmi.client.alarms import ALARM_ACTS, ALARM_LISTS, SHELVE_REASONS, AlarmDetails, AlarmInfo
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import AccessRefused
from hmi.core.journal import Kind
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.journal import record_dict
from hmi.runtime._alarm_wire import definition_fields
from hmi.runtime._alarms import RIGHTS, Act
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

log = logging.getLogger(__name__)
MOST_AT_ONCE = 10_000
ID_LIMIT, TEXT_LIMIT = 200, 500
RECORDS = 20
MOST_NOTED = 100
MOST_REFUSED = 60
"""Refused requests in a minute that are journalled: whoever may do nothing must not be able to fill the disk."""


class AlarmApi:
    """Who may do what: view lists and silence; acknowledge, shelve, reset, comment; engineers take out of service.

    A refusal is journalled with the person who asked.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._minute = self._refused = 0

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/alarms", Role.VIEW, self._list,
                "The alarms of a list: active (without `state`), shelved, suppressed or out_of_service.",
                {"state": "string"},
            ),
            Verb(
                "POST", "/v1/alarms/acknowledge", Role.ACKNOWLEDGE, self._acknowledge,
                "Acknowledge occurrences; a sentence for each refused one.",
                {"occurrence_ids": "array", "comment": "string"}, self._acknowledge_refused, by_area=True,
            ),
            Verb(
                "POST", "/v1/alarms/act", Role.VIEW, self._act,
                "SHELVE, UNSHELVE, RESET, COMMENT (right: acknowledge; to shelve priority 1 also tune), OOS, RTS "
                "(right: engineer), in the area of each alarm; a sentence for each refused one.",
                {"act": "string", "alarm_ids": "array", "seconds": "number", "one_shot": "boolean",
                 "reason": "string", "comment": "string"}, self._act_refused,
            ),
            Verb(
                "POST", "/v1/alarms/silence", Role.VIEW, self._silence,
                "Stop what sounds now, in an area or everywhere; it acknowledges nothing.", {"area": "string"},
            ),
            Verb(
                "GET", "/v1/alarms/{alarm_id}", Role.VIEW, self._details,
                "One alarm: its row, definition, suppression rule with its truth, newest records.",
                {"alarm_id": "path"},
            ),
        )  # fmt: skip

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> list[AlarmInfo]:
        state = given["state"] or "active"
        if state not in ALARM_LISTS:
            raise BadRequest(f"there is no list {state[:40]!r}; use one of: {', '.join(ALARM_LISTS)}")
        return self._runtime.alarms.book.listed(state)

    async def _details(self, principal: Principal, given: Mapping[str, Any]) -> AlarmDetails:
        runtime, alarm_id = self._runtime, given["alarm_id"]
        row = runtime.alarms.row_of(alarm_id)
        if row is None:
            raise NotFound(f"there is no alarm {alarm_id[:ID_LIMIT]!r}")
        records = await runtime.services.journal.last(RECORDS, kind=Kind.ALARM.value, object_id=alarm_id)
        rule, truth, inputs = runtime.alarms.rule_of(alarm_id)
        return AlarmDetails(
            row=row,
            definition=definition_fields(runtime.alarms.definition_of(alarm_id)),
            rule=rule,
            rule_truth=truth,
            inputs=inputs,
            records=[record_dict(record) for record in sorted(records, key=lambda one: -one.seq)],
        )

    async def _acknowledge(self, principal: Principal, given: Mapping[str, Any]) -> list[str]:
        ids = _ids(given, "occurrence_ids")
        return await self._runtime.alarms.acknowledge(principal, ids, _text(given, "comment"))

    async def _acknowledge_refused(self, principal: Principal, given: Mapping[str, Any]) -> None:
        act = Act("ACK", comment=_text(given, "comment"))
        await self._note_refused(principal, act, _ids(given, "occurrence_ids"))

    async def _act(self, principal: Principal, given: Mapping[str, Any]) -> list[str]:
        act, ids = _act_of(given)
        if not principal.has_somewhere(RIGHTS[act.name]):
            raise AccessRefused(await self._note_refused(principal, act, ids))
        _check_words(act)
        return await self._runtime.alarms.act(principal, act, ids)

    async def _act_refused(self, principal: Principal, given: Mapping[str, Any]) -> None:
        await self._note_refused(principal, *_act_of(given))

    async def _silence(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        area = _text(given, "area")
        if area and not any(area == known.path for known in self._runtime.plant.areas):
            raise BadRequest(f"there is no area {area[:40]!r}")
        await self._runtime.alarms.silence(principal, area)
        return {"ok": True}

    async def _note_refused(self, principal: Principal, act: Act, ids: Sequence[str]) -> str:
        """Journal who may not; the sentence for the asker."""
        reason = tr("{user} has no right to {right}", user=principal.user, right=RIGHTS[act.name].value)
        minute = monotonic_ns() // (60 * NS_PER_S)
        if minute != self._minute:
            self._minute, self._refused = minute, 0
        self._refused += 1
        if self._refused > MOST_REFUSED:
            log.warning("More refused acts on alarms than are journalled: %d in this minute", self._refused)
            return reason
        noted = [(one, reason) for one in ids[:MOST_NOTED]]
        if len(ids) > MOST_NOTED:  # whoever may do nothing must not be able to fill the journal
            noted[-1] = (ids[MOST_NOTED - 1], f"{reason} (and {len(ids) - MOST_NOTED} more alarms)")
        await self._runtime.alarms.note_refused(principal, act, noted)
        return reason


def _act_of(given: Mapping[str, Any]) -> tuple[Act, list[str]]:
    name = given.get("act")
    if name not in ALARM_ACTS:
        raise BadRequest(f"there is no act {str(name)[:40]!r}; use one of: {', '.join(ALARM_ACTS)}")
    ids = _ids(given, "alarm_ids")
    return Act(
        name, _seconds(given), _flag(given, "one_shot"), _text(given, "reason"), _text(given, "comment")
    ), ids


def _check_words(act: Act) -> None:
    """A reason where the act needs one, a text where there is nothing else to it."""
    if act.name == "SHELVE" and act.reason not in SHELVE_REASONS:
        raise BadRequest(f"shelving needs one of these reasons: {', '.join(SHELVE_REASONS)}")
    if act.name == "OOS" and not act.reason:
        raise BadRequest("taking an alarm out of service needs a reason")
    if act.name == "COMMENT" and not act.comment:
        raise BadRequest("a comment needs a text")


def _ids(given: Mapping[str, Any], name: str) -> list[str]:
    """Each once, in order."""
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadRequest(f"{name} is not a list of texts")
    if len(found) > MOST_AT_ONCE:
        raise BadRequest(f"{name} holds more than {MOST_AT_ONCE} ids; send them in portions")
    if any(not one or len(one) > ID_LIMIT for one in found):
        raise BadRequest(f"{name} holds an id that is empty or longer than {ID_LIMIT} characters")
    return list(dict.fromkeys(found))


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name, "")
    if not isinstance(found, str):
        raise BadRequest(f"{name} is not a text")
    if len(found) > TEXT_LIMIT:
        raise BadRequest(f"{name} is longer than {TEXT_LIMIT} characters")
    return found.strip()


def _seconds(given: Mapping[str, Any]) -> float:
    found = given.get("seconds", 0)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or found < 0:
        raise BadRequest("seconds is not a number from 0 on")
    return float(found)


def _flag(given: Mapping[str, Any], name: str) -> bool:
    found = given.get(name, False)
    if not isinstance(found, bool):
        raise BadRequest(f"{name} is not true or false")
    return found
