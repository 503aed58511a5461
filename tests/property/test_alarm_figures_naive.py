"""The figures, counted in one pass, against slow counting by the letter of standards 1.11."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.alarms.kpi import figures

NS = 1_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")
SPRING = int(datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp())  # the day before the clock is put on
AUTUMN = int(datetime(2026, 10, 24, 12, tzinfo=UTC).timestamp())
STANDING = ("UNACK", "ACKED")
AFTER = {
    ("NORM", "ALM"): "UNACK", ("UNACK", "ACK"): "ACKED", ("UNACK", "RTN"): "RTNUN", ("ACKED", "RTN"): "NORM",
    ("RTNUN", "ACK"): "NORM", ("RTNUN", "ALM"): "UNACK", ("UNACK", "SHELVE"): "SHLVD", ("ACKED", "SHELVE"): "SHLVD",
    ("SHLVD", "ALM"): "UNACK", ("ACKED", "REALARM"): "UNACK",
}  # fmt: skip
EVENTS = ("ALM", "ACK", "RTN", "SHELVE", "REALARM")


def logged(steps: list[tuple[int, int, str]], begin: int, unit: int) -> list[dict[str, Any]]:
    """A log of whatever of the steps (gap, alarm, event) is possible; times in units of ``unit`` seconds."""
    at, states, raised, records = begin, {}, {}, []
    for gap, alarm, event in steps:
        at += gap * unit
        before = states.get(alarm, "NORM")
        after = AFTER.get((before, event))
        if after is None:
            continue
        states[alarm] = after
        if event == "ALM":
            raised[alarm] = at
        payload = {
            "before": before, "after": after, "priority": 1 + alarm % 3, "alarm_time": raised.get(alarm, 0) * NS,
            "tag": f"t{alarm}", "comment": "known", "area": "a",
        }  # fmt: skip
        records.append({
            "kind": "alarm", "event": event, "event_time": at * NS, "object_id": f"a{alarm}",
            "actor": "anna" if event in {"ACK", "SHELVE"} else "system", "simulated": False, "payload": payload,
        })  # fmt: skip
    return records


def steps(longest: int) -> st.SearchStrategy[list[tuple[int, int, str]]]:
    step = st.tuples(st.integers(0, longest), st.integers(0, 3), st.sampled_from(EVENTS))
    return st.lists(step, max_size=60)


def local_bin(at: int, minutes: int) -> tuple[Any, ...]:
    moment = datetime.fromtimestamp(at, BERLIN)
    of_day = moment.hour * 60 + moment.minute
    return moment.date(), moment.utcoffset(), of_day // minutes


def value(found: dict[str, Any], key: str) -> Any:
    return next(row["value"] for row in found["kpis"] if row["key"] == key)


def raises(records: list[dict[str, Any]], start: int, end: int) -> list[tuple[int, str]]:
    return [
        (r["event_time"] // NS, r["object_id"])
        for r in records
        if r["event"] == "ALM" and start <= r["event_time"] // NS < end
    ]


@settings(max_examples=150, deadline=None)
@given(steps(40), st.sampled_from([SPRING, AUTUMN]), st.integers(0, 600), st.integers(60, 4_000))
def test_chatter_fleeting_delays_and_shares(
    script: list[tuple[int, int, str]], begin: int, lead: int, length: int
) -> None:
    records = logged(script, begin, 1)
    start, end = begin + lead, begin + lead + length
    found = figures(records, start * NS, end * NS, BERLIN)
    events = raises(records, start, end)
    assert found["alarms"] == len(events)
    chattering, indices = set(), [0.0]
    for alarm in {name for _, name in events}:
        times = [at for at, name in events if name == alarm]
        if any(sum(1 for t in times if first <= t <= first + 60) >= 3 for first in times):
            chattering.add(alarm)
        gaps = [max(1, b - a) for a, b in itertools.pairwise(times)]
        if gaps:
            indices.append(sum(gaps.count(r) / len(gaps) / r for r in set(gaps)))
    assert {row["alarm_id"] for row in found["chattering"]} == chattering
    assert value(found, "chatter_index") == pytest.approx(max(indices))
    fleeting, delays = 0, []
    for at, alarm in events:
        later = following(records, at, alarm)
        first = later[0] if later else None
        if first and first["event"] == "RTN" and first["event_time"] // NS - at < 10 and inside(first, end):
            fleeting += 1
    assert value(found, "fleeting") == fleeting
    for record in records:
        if record["event"] == "ACK" and start <= record["event_time"] // NS < end:
            before = [r for r in records[: records.index(record)] if r["object_id"] == record["object_id"]]
            raised = max(i for i, r in enumerate(before) if r["event"] == "ALM")
            if not any(r["event"] in {"ACK", "REALARM"} for r in before[raised:]):
                delays.append((record["event_time"] - before[raised]["event_time"]) / NS)
    assert sum(row["count"] for row in found["ack_delay"]) == len(delays)


def following(records: list[dict[str, Any]], at: int, alarm: str) -> list[dict[str, Any]]:
    """What came after the last record of an ALM at this time, of the same alarm."""
    own = [r for r in records if r["object_id"] == alarm]
    place = max(i for i, r in enumerate(own) if r["event"] == "ALM" and r["event_time"] // NS == at)
    return own[place + 1 :]


def inside(record: dict[str, Any], end: int) -> bool:
    return record["event_time"] // NS < end


@settings(max_examples=60, deadline=None)
@given(steps(300), st.sampled_from([SPRING, AUTUMN]), st.integers(0, 2_000), st.integers(30, 3_500))
def test_bins_floods_standing_and_stale(
    script: list[tuple[int, int, str]], begin: int, lead: int, minutes: int
) -> None:
    begin = begin // 60 * 60
    records = logged(script, begin, 60)
    start = begin + lead * 60
    end = start + minutes * 60
    found = figures(records, start * NS, end * NS, BERLIN)
    counts: dict[tuple[Any, ...], int] = {}
    for minute in range(start, end, 60):
        counts.setdefault(local_bin(minute, 10), 0)
    for at, _ in raises(records, start, end):
        counts[local_bin(at, 10)] += 1
    assert found["rate"]["counts"] == list(counts.values())
    assert value(found, "peak_10_min") == max(counts.values())
    hours = {local_bin(minute, 60) for minute in range(start, end, 60)}
    busy = sum(
        1 for one in hours if sum(1 for at, _ in raises(records, start, end) if local_bin(at, 60) == one) > 30
    )
    assert value(found, "busy_hours") == pytest.approx(100 * busy / len(hours))
    standing, stale_days = 0, {}
    for alarm in {r["object_id"] for r in records}:
        own = [r for r in records if r["object_id"] == alarm]
        since = None
        for minute in range(begin, end, 60):
            past = [r for r in own if r["event_time"] // NS <= minute]
            standing_now = bool(past) and past[-1]["payload"]["after"] in STANDING
            broke = any(
                r["event_time"] // NS == minute and r["payload"]["after"] not in STANDING for r in own
            )
            since = (minute if since is None or broke else since) if standing_now else None
            if standing_now and minute >= start:
                standing += 60
                if minute - since >= 86_400:
                    day = datetime.fromtimestamp(minute, BERLIN).date()
                    stale_days.setdefault(day, set()).add(alarm)
    assert value(found, "standing") == pytest.approx(standing / (end - start))
    assert value(found, "stale") == max((len(alarms) for alarms in stale_days.values()), default=0)


@settings(max_examples=60, deadline=None)
@given(steps(200), st.integers(1, 47))
def test_windows_that_meet_add_up(script: list[tuple[int, int, str]], cut: int) -> None:
    """Two windows hold the alarms, and the standing time, of the one that covers both."""
    records = logged(script, SPRING, 60)
    start, end = SPRING * NS, (SPRING + 48 * 3_600) * NS
    middle = start + cut * 3_600 * NS
    whole, first, second = (
        figures(records, a, b, BERLIN) for a, b in ((start, end), (start, middle), (middle, end))
    )
    assert whole["alarms"] == first["alarms"] + second["alarms"]
    times = [(end - start), (middle - start), (end - middle)]
    stood = [value(f, "standing") * t for f, t in zip((whole, first, second), times, strict=True)]
    assert stood[0] == pytest.approx(stood[1] + stood[2], rel=1e-9, abs=NS)


@settings(max_examples=60, deadline=None)
@given(steps(200), st.lists(st.integers(0, 60), max_size=4))
def test_what_came_before_can_be_left_to_the_newest_record_of_each_alarm(
    script: list[tuple[int, int, str]], kept: list[int]
) -> None:
    """That is all the runtime reads of the time before the window."""
    records = logged(script, SPRING, 60)
    start = SPRING * NS + int(timedelta(hours=20).total_seconds()) * NS
    earlier = [r for r in records if r["event_time"] < start]
    newest = {r["object_id"]: r for r in earlier}
    later = [r for r in records if r["event_time"] >= start]
    shortened = sorted(newest.values(), key=earlier.index) + later
    args = (start, start + 48 * 3_600 * NS, BERLIN)
    assert figures(shortened, *args) == figures(records, *args)
