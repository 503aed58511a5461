"""Alarm records written by hand, as the journal gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

NS = 1_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """UTC ns."""
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * NS


def berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """UTC ns of a time of the clock in Berlin."""
    return int(datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp()) * NS


@dataclass
class Log:
    """``records`` in the order in which they were written; every verb takes UTC ns and the id of an alarm."""

    records: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, tuple[str, int]] = field(default_factory=dict)

    def write(self, at: int, alarm: str, event: str, after: str, **more: Any) -> None:
        before, raised = self.states.get(alarm, ("NORM", 0))
        raised = at if event == "ALM" else raised
        self.states[alarm] = (after, raised)
        actor = more.pop("actor", "system")
        simulated = more.pop("simulated", False)
        payload = {
            "tag": f"north/{alarm}", "name": "High", "message": f"{alarm} high", "before": before, "after": after,
            "priority": 3, "area": "north", "alarm_time": raised, "hidden": False, "comment": "", "quality": 0,
            **more,
        }  # fmt: skip
        self.records.append({
            "seq": len(self.records) + 1, "kind": "alarm", "event": event, "event_time": at, "object_id": alarm,
            "actor": actor, "simulated": simulated, "payload": payload,
        })  # fmt: skip

    def alm(self, at: int, alarm: str, **more: Any) -> None:
        hidden = more.get("hidden", False)
        self.write(at, alarm, "ALM", self.states[alarm][0] if hidden else "UNACK", **more)

    def ack(self, at: int, alarm: str, **more: Any) -> None:
        after = "NORM" if self.states[alarm][0] == "RTNUN" else "ACKED"
        self.write(at, alarm, "ACK", after, **{"actor": "anna", **more})

    def rtn(self, at: int, alarm: str, **more: Any) -> None:
        after = "RTNUN" if self.states[alarm][0] == "UNACK" else "NORM"
        self.write(at, alarm, "RTN", after, **more)

    def episode(self, at: int, alarm: str, ack_s: float, rtn_s: float, **more: Any) -> None:
        """Raised, acknowledged after ``ack_s`` and gone after ``rtn_s`` seconds."""
        self.alm(at, alarm, **more)
        steps = sorted([(ack_s, self.ack), (rtn_s, self.rtn)], key=lambda one: one[0])
        for seconds, step in steps:
            step(at + round(seconds * NS), alarm, **more)

    def in_order(self) -> list[dict[str, Any]]:
        """By time, as a journal has them."""
        return sorted(self.records, key=lambda record: record["event_time"])


def value(result: dict[str, Any], key: str) -> Any:
    return next(row["value"] for row in result["kpis"] if row["key"] == key)


def judged(result: dict[str, Any], key: str) -> str:
    return next(row["verdict"] for row in result["kpis"] if row["key"] == key)
