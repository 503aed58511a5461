"""The last Good value of each tag of a faceplate: what was known before a value went Bad (standards 2.8). No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from hmi.core import quality
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import Reading, format_value
from hmi.ui.times import time_text


class LastGood:
    """Fed with live values and with history; remembers the newest Good one of each tag."""

    def __init__(self) -> None:
        self._found: dict[str, DataValue] = {}

    def take(self, changed: Mapping[str, DataValue], tags: Iterable[str]) -> None:
        """Live values of the tags that matter."""
        for tag in tags:
            if (data := changed.get(tag)) is not None:
                self.add(tag, data)

    def add(self, tag: str, data: DataValue) -> None:
        if data.value is None or not quality.is_good(data.status) or not data.source_time:
            return
        known = self._found.get(tag)
        if known is None or known.source_time <= data.source_time:
            self._found[tag] = data

    def words(self, reading: Reading, zone: tzinfo) -> str:
        """For a Bad value what it was and when; empty for every other."""
        if not reading.is_bad:
            return ""
        known = self._found.get(reading.tag)
        if known is None:
            return tr("No good value is known.")
        unit = reading.info.unit if reading.info else ""
        value = f"{format_value(known.value, reading.info).strip()} {unit}".strip()
        at = time_text(known.source_time, zone, millis=False)
        return tr("Last good {value} at {time}", value=value, time=at)
