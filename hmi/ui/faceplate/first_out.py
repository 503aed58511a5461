"""What came first: the plant's own first-out, else the order of the object's alarms (standards 1.9). No Qt."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from hmi.client.port import AlarmInfo
from hmi.core.clock import NS_PER_MS
from hmi.core.texts import tr
from hmi.mimics import show
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.mimic.words import quality_words
from hmi.ui.times import time_text

FIRST_OUT_SIGNALS: Final = ("first_out", "firstout", "trip_code", "trip_cause")


def first_out_words(source: ObjectSource, zone: tzinfo) -> str:
    """One line: the cause, or plainly that it is not told or not known."""
    if (reading := source.signal(*FIRST_OUT_SIGNALS)) is not None:
        if reading.is_bad or reading.stale:
            return tr("First-out not known: {quality}", quality=quality_words(reading))
        return tr("First-out: {cause}", cause=show(reading).text)
    rows = sorted(source.alarms, key=lambda row: row.alarm_time)
    if not rows:
        return tr("First-out: not told by the plant")
    return _first_alarm(source, rows, zone)


def _first_alarm(source: ObjectSource, rows: list[AlarmInfo], zone: tzinfo) -> str:
    """Alarms within one scan of each other have no order: none is invented."""
    first = rows[0]
    if len(rows) > 1:
        known = source.station.catalogue.tags
        periods = [known[row.tag_name].period_ms for row in rows[:2] if row.tag_name in known]
        within_ms = max(periods, default=0)
        if (rows[1].alarm_time - first.alarm_time) <= within_ms * NS_PER_MS:
            return tr("First alarms: simultaneous ± {n} ms", n=within_ms)
    at = time_text(first.alarm_time, zone)
    return tr("First alarm: {message} at {time}", message=first.message, time=at)
