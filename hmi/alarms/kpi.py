"""The figures of the alarm system by standards 1.11: pure, one pass over the journal, bounded memory."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from hmi.alarms._kpi_alarm import AlarmStory
from hmi.alarms._kpi_collect import Collected, named
from hmi.alarms._kpi_facts import Fact, Record, fact_of, is_read
from hmi.alarms._kpi_plant import configured, is_area
from hmi.alarms._kpi_rows import FIGURES, NONE_ALLOWED, OK, figure_row, share_verdict, verdict
from hmi.alarms._kpi_time import Bins, zone_named
from hmi.core.clock import NS_PER_S
from hmi.project.targets import AlarmTargets, Band

__all__ = [
    "Fact",
    "Flood",
    "Targets",
    "configured",
    "fact_of",
    "figures",
    "floods_of",
    "is_area",
    "is_read",
    "percentile",
]

Targets = AlarmTargets
FLOOD_ABOVE, FLOOD_BELOW = 10, 5
BUSY_HOUR, BUSY_BIN = 30, 10
TOP = 10
LISTED = 200
PRIORITIES = (1, 2, 3, 4)
_HOUR_NS = 3_600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Flood:
    """From the start of the first bin with more than 10 alarms to the start of the first later one with less
    than 5. UTC ns; ``is_open``: it was not over when the window ended.
    """

    start: int
    end: int
    peak: int
    count: int
    is_open: bool


def figures(
    records: Iterable[Record],
    start_ns: int,
    end_ns: int,
    zone: str | tzinfo,
    *,
    targets: Targets = Targets(),
    area: str = "",
    simulated: bool = False,
    configured: Mapping[int, int] | None = None,
) -> dict[str, Any]:
    """Every row of standards 1.11 for [start_ns, end_ns), UTC ns, as JSON.

    ``records``: of the journal in its order (JournalRecord, the same as a mapping, or Fact), from far enough
    before the window to know what stood when it began. ``area``: one operator position, a path; empty is the
    whole plant. ``simulated``: the plant runs in simulator mode, so that its records count. ``configured``:
    number of alarms of each priority in the plant. ValueError for a window that is empty.
    """
    if end_ns <= start_ns:
        raise ValueError("the time of the figures ends before it begins")
    zone = zone_named(zone) if isinstance(zone, str) else zone
    found = Collected(start_ns, end_ns, zone, targets, area, simulated=simulated)
    found.read(records)
    floods = list(floods_of(found.bins, found.per_bin, end_ns))
    top = _top(found)
    values = _values(found, floods, top)
    return {
        "start": start_ns,
        "end": end_ns,
        "area": area,
        "simulated": simulated,
        "hours": (end_ns - start_ns) / _HOUR_NS,
        "alarms": found.raised,
        "not_stored": found.missing,
        "unreadable": found.unreadable,
        "kpis": [
            figure_row(f, values[f.key], getattr(targets, f.field) if f.field else NONE_ALLOWED)
            for f in FIGURES
        ],
        "rate": {"starts": found.bins.starts, "counts": found.per_bin},
        "floods": [
            {"start": f.start, "end": f.end, "peak": f.peak, "count": f.count, "open": f.is_open}
            for f in floods
        ],
        "priorities": _priorities(found, targets, configured or {}),
        "ack_delay": _ack_delays(found, targets),
        "bad_actors": [
            {**named(story, story.said), "count": story.raised, "share": 100 * story.raised / found.raised}
            for story in top
        ],
        **_lists(found),
    }


def floods_of(bins: Bins, counts: Sequence[int], end_ns: int) -> Iterator[Flood]:
    """Every flood; one that is on when the window ends lasts until then."""
    begin = -1
    for index, count in enumerate(counts):
        if begin < 0 and count > FLOOD_ABOVE:
            begin = index
        elif begin >= 0 and count < FLOOD_BELOW:
            inside = counts[begin:index]
            yield Flood(bins.starts[begin], bins.starts[index], max(inside), sum(inside), False)
            begin = -1
    if begin >= 0:
        inside = counts[begin:]
        yield Flood(bins.starts[begin], end_ns, max(inside), sum(inside), True)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, by linear interpolation between the two around it; ``share`` 0 to 1."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _top(found: Collected) -> list[AlarmStory]:
    raised = (story for story in found.alarms.values() if story.raised)
    return heapq.nsmallest(TOP, raised, key=lambda story: (-story.raised, story.alarm_id))


def _values(found: Collected, floods: Sequence[Flood], top: Sequence[AlarmStory]) -> dict[str, float | None]:
    hours, total = (found.end - found.start) / _HOUR_NS, found.raised
    in_flood = sum(min(f.end, found.end) - max(f.start, found.start) for f in floods)
    stories = found.alarms.values()
    return {
        "per_10_min": total / (6 * hours),
        "per_hour": total / hours,
        "per_day": 24 * total / hours,
        "busy_hours": _share_above(found.per_hour, BUSY_HOUR),
        "busy_bins": _share_above(found.per_bin, BUSY_BIN),
        "peak_10_min": max(found.per_bin),
        "flood_time": 100 * in_flood / (found.end - found.start),
        "top_10_share": 100 * sum(story.raised for story in top) / total if total else None,
        "chattering": sum(1 for story in stories if story.chatters),
        "chatter_index": max((story.chatter_index for story in stories), default=0.0),
        "fleeting": sum(story.fleeting for story in stories),
        "stale": max(found.stale_on),
        "standing": found.standing_ns / (found.end - found.start),
        "hidden_outside_rules": found.outside_rules,
        "changes_without_number": found.attributes,
        "after_upset": max((upset["count"] for upset in found.upsets), default=None),
    }


def _share_above(counts: Sequence[int], most: int) -> float:
    return 100 * sum(1 for count in counts if count > most) / len(counts)


def _priorities(found: Collected, targets: Targets, configured: Mapping[int, int]) -> list[dict[str, Any]]:
    """Shares of what was announced and of what is configured."""
    wanted = {1: targets.p1_share, 2: targets.p2_share, 3: targets.p3_share}
    of_plant = sum(configured.get(p, 0) for p in PRIORITIES)
    rows: list[dict[str, Any]] = []
    for priority in PRIORITIES:
        count, plant = found.by_priority[priority], configured.get(priority, 0)
        share = 100 * count / found.raised if found.raised else None
        own_share = 100 * plant / of_plant if of_plant else None
        target = wanted.get(priority)
        told, own = (
            OK
            if target is None
            else share_verdict(value, target, targets.share_margin, is_floor=priority == 3)
            for value in (share, own_share)
        )
        rows.append({
            "priority": priority, "count": count, "share": share, "configured": plant,
            "configured_share": own_share, "target": target, "verdict": told, "configured_verdict": own,
        })  # fmt: skip
    return rows


def _ack_delays(found: Collected, targets: Targets) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for priority, target in zip(PRIORITIES, targets.ack_median_s, strict=True):
        delays = sorted(found.delays.get(priority, array("d")))
        median = percentile(delays, 0.5) if delays else None
        rows.append({
            "priority": priority, "count": len(delays), "median_s": median,
            "p95_s": percentile(delays, 0.95) if delays else None, "target_s": target or None,
            "verdict": verdict(median, Band(target, target), strict=False) if target else OK,
        })  # fmt: skip
    return rows


def _lists(found: Collected) -> dict[str, Any]:
    """The alarms behind the numbers, the worst first; at most 200 of each."""
    stories = [story for story in found.alarms.values() if story.raised]

    def rows(chosen: Iterable[AlarmStory], key: Any, **more: Any) -> list[dict[str, Any]]:
        worst = heapq.nsmallest(LISTED, chosen, key=lambda s: (-key(s), s.alarm_id))
        return [
            {**named(s, s.said), "raised": s.raised, **{name: get(s) for name, get in more.items()}}
            for s in worst
        ]

    stale = heapq.nsmallest(LISTED, found.stale, key=lambda one: (one[2], one[0].alarm_id))
    return {
        "chattering": rows(
            (s for s in stories if s.chatters),
            lambda s: s.chatters,
            times=lambda s: s.chatters,
            index=lambda s: s.chatter_index,
        ),
        "fleeting": rows(
            (s for s in stories if s.fleeting), lambda s: s.fleeting, times=lambda s: s.fleeting
        ),
        "stale": [
            {**named(story, said), "since": since, "until": until} for story, said, since, until in stale
        ],
        "standing_now": sum(1 for story in found.alarms.values() if story.standing_since),
        "upsets": found.upsets[-LISTED:],
        "outside_rules": found.outside_list,
        "attribute_changes": found.attribute_list,
    }
