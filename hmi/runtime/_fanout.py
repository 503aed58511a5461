"""Live subscriptions: the ``latest`` lane (newest wins), the ``every`` lane (nothing dropped, bounded), events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hmi.core.quality import BAD_CONFIGURATION
from hmi.core.values import DataValue, Value, bad

LANE_LIMIT = 20_000
CHANGES_LIMIT = 100_000
CHANGES_AT_ONCE = 10_000

NO_TAG = bad(BAD_CONFIGURATION, 0)


class LatestLane:
    """One client's set of tags. ``note`` marks changes, ``drain`` gives each changed tag once."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._index: dict[int, int] = {}
        self._handles: tuple[int, ...] = ()
        self._dirty: set[int] = set()
        self.fresh = True

    def choose(self, names: Sequence[str], handles: Mapping[str, int]) -> None:
        """Replace the set; unknown names stay in it and are Bad in the snapshot: there is no such tag."""
        self.names = tuple(dict.fromkeys(names))
        self.follow(handles)

    def follow(self, handles: Mapping[str, int]) -> None:
        """The same names in another plant revision; a snapshot follows."""
        self._handles = tuple(handles.get(name, -1) for name in self.names)
        self._index = {handle: index for index, handle in enumerate(self._handles) if handle >= 0}
        self._dirty.clear()
        self.fresh = True

    @property
    def handles(self) -> tuple[int, ...]:
        """By index; -1 for an unknown name."""
        return self._handles

    @property
    def has_news(self) -> bool:
        return self.fresh or bool(self._dirty)

    @property
    def sends_snapshot(self) -> bool:
        """What the next ``drain`` gives."""
        return self.fresh

    def note(self, changed: set[int]) -> None:
        """Handles that changed."""
        index = self._index
        if len(changed) < len(index):
            self._dirty.update(h for h in changed if h in index)
        else:
            self._dirty.update(index.keys() & changed)

    def drain(self, values: Sequence[DataValue]) -> dict[str, Any]:
        """Columns of what changed since the last drain (after ``choose``: of everything)."""
        if self.fresh:
            found = [(i, values[h] if h >= 0 else NO_TAG) for i, h in enumerate(self._handles)]
        else:
            index = self._index
            found = [(index[h], values[h]) for h in self._dirty]
        self._dirty.clear()
        self.fresh = False
        return columns(found)


class EveryLane(LatestLane):
    """Each change of one client's tags in order; too slow a client loses what waits and is told how many."""

    def __init__(self, *, limit: int = CHANGES_LIMIT) -> None:
        super().__init__()
        self._limit = limit
        self._waiting: deque[tuple[int, DataValue]] = deque()
        self._begun = self._gap = False
        self._lost, self._seq = 0, 1

    def choose(self, names: Sequence[str], handles: Mapping[str, int]) -> None:
        """Replace the set; what waits has the indices of the old one and is lost with it."""
        self._lose()
        super().choose(names, handles)

    @property
    def has_news(self) -> bool:
        return self.fresh or bool(self._waiting)

    def note(self, changed: set[int]) -> None:
        """Nothing to mark: ``record`` takes the changes themselves."""

    def record(self, changes: Sequence[tuple[int, DataValue]]) -> None:
        """Changes in order, by handle; the first snapshot holds those before it."""
        if not self._begun:
            return
        index = self._index
        own = [(index[handle], value) for handle, value in changes if handle in index]
        if len(self._waiting) + len(own) > self._limit:
            self._lose()
        if self._gap:
            self._lost += len(own)
        else:
            self._waiting.extend(own)

    def take_lost(self) -> int:
        """How many changes were lost since it was asked last: to be told right before ``drain``."""
        lost, self._lost = self._lost, 0
        self._seq += lost
        return lost

    def drain(self, values: Sequence[DataValue]) -> dict[str, Any]:
        """Columns of the changes that wait, an index as often as it changed; after them those of a snapshot.

        ``seq`` is the number of the first change, in a snapshot that of the next one.
        """
        head = {"lane": "every", "seq": self._seq}
        if self.sends_snapshot:
            self._begun, self._gap = True, False
            return head | super().drain(values)
        found = [self._waiting.popleft() for _ in range(min(len(self._waiting), CHANGES_AT_ONCE))]
        self._seq += len(found)
        return head | columns(found)

    @property
    def sends_snapshot(self) -> bool:
        return self.fresh and not self._waiting

    @property
    def has_more(self) -> bool:
        """More waits than one message carries."""
        return len(self._waiting) >= CHANGES_AT_ONCE

    def _lose(self) -> None:
        self._lost += len(self._waiting)
        self._waiting.clear()
        self._gap = self.fresh = True


def columns(changes: Sequence[tuple[int, DataValue]]) -> dict[str, Any]:
    """Values by index as they go over the wire."""
    return {
        "i": [index for index, _ in changes],
        "v": [wire_value(value.value) for _, value in changes],
        "s": [value.status for _, value in changes],
        "st": [value.source_time for _, value in changes],
        "rt": [value.receive_time for _, value in changes],
    }


def wire_value(value: Value) -> Any:
    """JSON-like form of a value."""
    return list(value) if isinstance(value, tuple) else value


class EventLane:
    """Messages in order, numbered; when a client is too slow the lane says so and starts from a snapshot.

    ``snapshot`` gives the events, each with its payload, that a client begins with.
    """

    def __init__(self, snapshot: Callable[[], Sequence[tuple[str, Any]]], *, limit: int = LANE_LIMIT) -> None:
        self._snapshot, self._limit = snapshot, limit
        self._waiting: deque[dict[str, Any]] = deque()
        self._seq = 0
        self.begin()

    def begin(self) -> None:
        """Queue a snapshot: what it says holds whatever was told before."""
        for kind, payload in self._snapshot():
            self._append(kind, payload)

    def put(self, kind: str, payload: Any) -> None:
        """Queue one message."""
        if len(self._waiting) >= self._limit:
            lost = len(self._waiting)
            self._waiting.clear()
            self._append("overrun", {"lost": lost})
            self.begin()
        self._append(kind, payload)

    def drain(self) -> list[dict[str, Any]]:
        """All waiting messages."""
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def _append(self, kind: str, payload: Any) -> None:
        self._seq += 1
        self._waiting.append({"t": "ev", "seq": self._seq, "kind": kind, "payload": payload})
