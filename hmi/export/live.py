"""How the plant is now, for exporters that show it: the newest value of each series, from the running runtime."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from hmi.client.port import Event, LiveUpdate
from hmi.core import quality
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.history import SampleFlag
from hmi.core.values import WAITING, DataValue
from hmi.export._source import without_bad_values
from hmi.export.port import ExportTag, Rows
from hmi.historian.samples import Samples

SILENCE_NS: Final = 3 * NS_PER_S
"""A runtime that lives tells something at least twice a second."""


class LiveTap:
    """A listener of a runtime client; ``take`` is called by the thread of a job.

    What is old is never told as live: while the runtime is silent, or the group of a series is older than its limit,
    the series is Bad (no communication). So it is too where the client itself has stopped: whoever tells nothing for
    ``SILENCE_NS`` is silent, whatever it last said. What a plant of another ``revision`` tells is lost too: the same
    name may be another quantity there.
    """

    def __init__(
        self,
        series: Sequence[ExportTag],
        *,
        is_simulated: bool,
        revision: str = "",
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self.series = tuple(series)
        self.names = tuple(tag.name for tag in self.series)
        self._flags = SampleFlag.SIMULATED if is_simulated else 0
        self._place = {name: place for place, name in enumerate(self.names)}
        self._lock = threading.Lock()
        self._values: dict[int, DataValue] = {}
        self._changed: set[int] = set()
        self._groups: dict[str, str] = {}
        self._limits: Mapping[str, int] = {}
        self._members: dict[str, list[int]] = {}
        self._lost: dict[str, bool] = {}
        self._is_up = False
        self._revision, self._is_other = revision, False
        self._monotonic, self._heard = monotonic, 0

    @property
    def is_up(self) -> bool:
        """Whether the running plant is heard, and is the one that the series are of."""
        return self._is_up and not self._is_other and self._monotonic() - self._heard <= SILENCE_NS

    # ------------------------------------------------------------------ of the client

    def on_live(self, update: LiveUpdate) -> None:
        with self._lock:
            if update.snapshot:
                self._see(update.revision)
                self._values = {}  # it brings all there is
                self._groups, self._limits = update.tag_group, update.group_limits_ms
                self._members = {}
                for name, group in self._groups.items():
                    if name in self._place:
                        self._members.setdefault(group, []).append(self._place[name])
                self._lost = {}
                self._changed.update(range(len(self.series)))
            for name, value in update.values.items():
                if (place := self._place.get(name)) is not None:
                    self._values[place] = value
                    self._changed.add(place)
            if not self._is_up:  # all were told as lost
                self._changed.update(range(len(self.series)))
            self._is_up, self._heard = True, self._monotonic()
            self._judge(update.ages_ms)

    def on_event(self, event: Event) -> None:
        """Events are told by the journal; here only that the plant has become another one."""
        if event.kind == "plant":
            with self._lock:
                self._see(str(event.payload.get("revision", "")))

    def _see(self, revision: str) -> None:
        if not self._revision or not revision:
            return
        is_other = revision != self._revision
        if is_other != self._is_other:
            self._is_other = is_other
            self._changed.update(range(len(self.series)))

    def on_link(self, up: bool, text: str) -> None:
        with self._lock:
            if not up and self._is_up:
                self._changed.update(range(len(self.series)))
            self._is_up = up and self._is_up

    def _judge(self, ages: Mapping[str, int]) -> None:
        for group, age in ages.items():
            limit = self._limits.get(group, 0)
            lost = bool(limit) and age > limit
            if lost != self._lost.get(group, False):
                self._lost[group] = lost
                self._changed.update(self._members.get(group, ()))

    # ------------------------------------------------------------------ of the job

    def again(self) -> None:
        """The next ``take`` brings every series."""
        with self._lock:
            self._changed.update(range(len(self.series)))

    def take(self, now: int) -> Rows | None:
        """What has changed since the last call; None where nothing has. ``now`` (UTC ns) is the time of a loss."""
        with self._lock:
            if self._is_up and self._monotonic() - self._heard > SILENCE_NS:
                self._is_up = False
                self._changed.update(range(len(self.series)))
            if not self._changed:
                return None
            places = sorted(self._changed)
            self._changed.clear()
            values = [self._shown(place, now) for place in places]
        count = len(places)
        return Rows(
            self.series,
            np.array(places, np.int32),
            without_bad_values(Samples.of(values, flags=int(self._flags))),
            np.zeros(count, np.int64),
            np.zeros(count, np.bool_),
        )

    def _shown(self, place: int, now: int) -> DataValue:
        value = self._values.get(place, WAITING)
        is_lost = (
            not self._is_up
            or self._is_other
            or self._lost.get(self._groups.get(self.names[place], ""), False)
        )
        if value is WAITING or is_lost:
            return DataValue(None, quality.BAD_NO_COMMUNICATION, now, now)
        return value
