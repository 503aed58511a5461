"""What the station says about a value in words: for tooltips and the status line."""

from __future__ import annotations

from hmi.core.texts import tr
from hmi.mimics import NO_VALUE, Reading, format_value
from hmi.ui.quality_words import bad_words, usable_words

SECOND = 1_000_000_000


def quality_words(reading: Reading) -> str:
    """One short clause: good, stale, or what is wrong."""
    status = reading.data.status
    if reading.is_bad:
        return bad_words(status)
    words = usable_words(status)
    return tr("{quality}, stale", quality=words) if reading.stale else words


def age_words(age_ns: int) -> str:
    """An age as an operator says it."""
    seconds = max(age_ns, 0) / SECOND
    if seconds < 100:
        return tr("{n} s ago", n=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
    if seconds < 5400:
        return tr("{n} min ago", n=f"{seconds / 60:.0f}")
    return tr("{n} h ago", n=f"{seconds / 3600:.1f}")


def value_words(reading: Reading) -> str:
    unit = f" {reading.info.unit}" if reading.info and reading.info.unit else ""
    if reading.is_bad:
        return NO_VALUE
    return format_value(reading.data.value, reading.info).strip() + unit


def describe(reading: Reading, now_ns: int) -> list[str]:
    """Lines of a tooltip about one tag: name, description, value, quality, age."""
    if reading.info is None:
        return [reading.tag, tr("This tag does not exist in the plant.")] if reading.tag else []
    lines = [reading.tag]
    if reading.info.description and reading.info.description != reading.tag:
        lines.append(reading.info.description)
    lines.append(tr("Value {value}", value=value_words(reading)))
    lines.append(tr("Quality {quality}", quality=quality_words(reading)))
    if reading.data.source_time:
        lines.append(tr("Changed {age}", age=age_words(now_ns - reading.data.source_time)))
    return lines
