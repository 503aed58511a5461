"""What the fake runtime knows of alarms: lists, acts with their refusals, details, log and hand-over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hmi.client.alarms import (
    ALARM_ACTS,
    ALARM_LISTS,
    STREAMS,
    AlarmDelta,
    AlarmDetails,
    AlarmFlood,
    AlarmInfo,
    AlarmSound,
    Handover,
    HandoverItem,
    JournalPage,
    JournalQuery,
    is_unacked,
    list_of,
)
from hmi.core.clock import NS_PER_S

HIDING = {"SHELVE": "SHLVD", "OOS": "OOSRV"}
SHOWING = {"UNSHELVE": "SHLVD", "RTS": "OOSRV"}
SECTIONS = (
    "standing", "shelved", "out_of_service", "suppressed", "tagged", "bypassed", "overridden", "manual",
    "controlled", "links", "notes",
)  # fmt: skip
Record = dict[str, Any]


class FakeAlarms:
    """``active`` by occurrence, ``hidden`` by alarm id. ``refused``: alarm id -> sentence of its refusal.

    ``acts`` and ``silenced`` say what was asked. ``tell(kind, payload)`` sends an event, ``now`` is UTC ns.
    """

    def __init__(
        self, rows: Iterable[AlarmInfo], tell: Callable[[str, Any], None], now: Callable[[], int]
    ) -> None:
        self.active = {row.occurrence_id: row for row in rows}
        self.hidden: dict[str, AlarmInfo] = {}
        self.details: dict[str, AlarmDetails] = {}
        self.refused: dict[str, str] = {}
        self.figures: dict[str, Any] = {}
        self.acts: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []
        self.silenced: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.records: list[Record] = []
        self._tell, self._now = tell, now
        self._seen_areas: set[str] = set()

    def replace_all(self, rows: Iterable[AlarmInfo]) -> None:
        """Another full list, then its counts, as at a connect."""
        self.active = {row.occurrence_id: row for row in rows}
        self._tell("alarms", list(self.active.values()))
        self._tell("alarm_changes", msgspec.structs.replace(self.delta(), floods=[]))

    def change(
        self,
        rows: Sequence[AlarmInfo] = (),
        *,
        gone: Iterable[str] = (),
        sounds: Sequence[AlarmSound] = (),
        floods: Sequence[AlarmFlood] | None = None,
    ) -> None:
        """One delta: rows in whatever list their state says, ids of alarms that are normal now."""
        ended = list(gone)
        self._drop({*(row.alarm_id for row in rows), *ended})
        for row in rows:
            self._keep(row)
        found = msgspec.structs.replace(
            self.delta(), rows=list(rows), gone=ended, sounds=list(sounds),
            floods=None if floods is None else list(floods),
        )  # fmt: skip
        self._tell("alarm_changes", found)

    def _drop(self, alarm_ids: set[str]) -> None:
        self.active = {key: row for key, row in self.active.items() if row.alarm_id not in alarm_ids}
        self.hidden = {key: row for key, row in self.hidden.items() if key not in alarm_ids}

    def _keep(self, row: AlarmInfo) -> None:
        if list_of(row) == "active":
            self.active[row.occurrence_id] = row
        else:
            self.hidden[row.alarm_id] = row

    def delta(self) -> AlarmDelta:
        """Counts and areas as they are now."""
        counts = {name: len(self.listed(name)) for name in ALARM_LISTS}
        areas: dict[str, dict[str, list[int]]] = {area: {} for area in self._seen_areas}
        for row in self.active.values():
            pair = areas.setdefault(row.area, {}).setdefault(str(row.priority), [0, 0])
            pair[not is_unacked(row)] += 1
        self._seen_areas |= areas.keys()
        return AlarmDelta(counts=counts, areas=areas)

    def listed(self, state: str) -> list[AlarmInfo]:
        if state == "active":
            return list(self.active.values())
        return [row for row in self.hidden.values() if list_of(row) == state]

    def row_of(self, alarm_id: str) -> AlarmInfo | None:
        found = (row for row in self.active.values() if row.alarm_id == alarm_id)
        return self.hidden.get(alarm_id) or next(found, None)

    # what a station asks

    def act(self, act: str, alarm_ids: Sequence[str], given: Mapping[str, Any], user: str) -> list[str]:
        self.acts.append((act, tuple(alarm_ids), dict(given)))
        problems: list[str] = []
        turned: list[AlarmInfo] = []
        for alarm_id in alarm_ids:
            row = self.row_of(alarm_id)
            problem = self.refused.get(alarm_id) or self._refusal(act, row, given)
            after = row and not problem and self._after(act, row, given, user)
            if after:
                turned.append(after)
                self._note_act(act, after, given, user)
            else:
                problems.append(f"{row.name if row else alarm_id}: {problem}.")
        if turned:
            self.change(turned)
        return problems

    def _refusal(self, act: str, row: AlarmInfo | None, given: Mapping[str, Any]) -> str:
        if act not in ALARM_ACTS:
            return f"there is no act {act!r}"
        if row is None:
            return "there is no such alarm"
        if act in HIDING and not given.get("reason"):
            return "a reason is needed"
        if act in SHOWING and row.state != SHOWING[act]:
            return "it is not shelved" if act == "UNSHELVE" else "it is not out of service"
        if act == "RESET" and row.state != "LATCH-ACKED":
            return "there is no latch to reset"
        return ""

    def _after(self, act: str, row: AlarmInfo, given: Mapping[str, Any], user: str) -> AlarmInfo:
        changed: dict[str, Any] = {}
        if act in HIDING:
            until = self._now() + int(given.get("seconds", 0) * NS_PER_S) if act == "SHELVE" else 0
            changed = {
                "state": HIDING[act], "shelve_until": until, "one_shot": given.get("one_shot", False),
                "hidden_by": user, "hidden_since": self._now(), "suppressed_reason": given.get("reason", ""),
            }  # fmt: skip
        elif act in SHOWING:
            changed = {
                "state": "UNACK",
                "shelve_until": 0,
                "one_shot": False,
                "hidden_by": "",
                "hidden_since": 0,
            }
        elif act == "RESET":
            changed = {"state": "ACKED", "latching": False}
        comment = given.get("comment") or row.comment
        return msgspec.structs.replace(row, comment=comment, **changed)

    def _note_act(self, act: str, row: AlarmInfo, given: Mapping[str, Any], user: str) -> None:
        payload = {"tag": row.tag_name, "name": row.name, "message": row.message, "area": row.area,
                   "priority": row.priority, "reason_code": given.get("reason", ""),
                   "comment": given.get("comment", "")}  # fmt: skip
        self.record("alarm", act, row.alarm_id, user, payload)

    def record(self, kind: str, event: str, object_id: str, actor: str, payload: Mapping[str, Any]) -> None:
        """One more record of the journal."""
        self.records.append(
            {"seq": len(self.records) + 1, "kind": kind, "event": event, "object_id": object_id, "actor": actor,
             "event_time": self._now(), "payload": dict(payload)}
        )  # fmt: skip

    def about(self, alarm_id: str) -> AlarmDetails | None:
        """What a test put into ``details``, else the row with the records about it."""
        row = self.row_of(alarm_id)
        if alarm_id in self.details or row is None:
            return self.details.get(alarm_id)
        definition = {"message": row.message, "cause": row.cause, "consequence": row.consequence,
                      "action": row.response}  # fmt: skip
        own = [record for record in reversed(self.records) if record["object_id"] == alarm_id]
        return AlarmDetails(row, definition, records=own[:20])

    def search(self, query: JournalQuery) -> JournalPage:
        found = [
            record
            for record in reversed(self.records)
            if _matches(record, query) and not (query.before and record["seq"] >= query.before)
        ]
        page = found[: query.limit]
        return JournalPage(page, page[-1]["seq"] if len(found) > len(page) else 0)

    def handover(self, since: int) -> Handover:
        sections: dict[str, list[HandoverItem]] = {name: [] for name in SECTIONS}
        sections["standing"] = [_item(row) for row in self.active.values()]
        for row in self.hidden.values():
            sections[list_of(row)].append(_item(row))
        sections["notes"] = [HandoverItem(object_id, object_id, text) for object_id, text in self.notes]
        counts = {name: len(items) for name, items in sections.items()}
        return Handover(since or self._now() - 12 * 3_600 * NS_PER_S, self._now(), sections, counts)


def _item(row: AlarmInfo) -> HandoverItem:
    since = row.hidden_since or row.alarm_time
    return HandoverItem(
        row.alarm_id, row.name, row.message, row.area, since, row.shelve_until, row.hidden_by,
        row.suppressed_reason, row.display,
    )  # fmt: skip


def _matches(record: Mapping[str, Any], query: JournalQuery) -> bool:
    payload: Mapping[str, Any] = record.get("payload", {})
    words = (
        f"{record['event']} {record.get('object_id', '')} {' '.join(map(str, payload.values()))}".casefold()
    )
    stream = {"audit": "command", "note": "note", "system": "event"}.get(record["kind"], "alarm")
    return (
        all(word in words for word in query.text.casefold().split())
        and query.stream in {"", stream}
        and query.stream in {"", *STREAMS}
        and query.area in {"", payload.get("area", "")}
        and (not query.priorities or payload.get("priority") in query.priorities)
        and query.event in {"", record["event"]}
        and query.object_id in {"", record.get("object_id", "")}
        and record["event_time"] >= query.start
        and (not query.end or record["event_time"] < query.end)
    )
