"""Subscriptions: the ``latest`` lane (newest wins) and the ``every`` lane (nothing dropped, bounded)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hmi.core.values import DataValue, Value

LANE_LIMIT = 20_000


class LatestLane:
    """One client's set of tags. ``note`` marks changes, ``drain`` gives each changed tag once."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._index: dict[int, int] = {}
        self._handles: tuple[int, ...] = ()
        self._dirty: set[int] = set()
        self.fresh = True

    def choose(self, names: Sequence[str], handles: Mapping[str, int]) -> None:
        """Replace the set; unknown names stay in it, without a value."""
        self.names = tuple(dict.fromkeys(names))
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
            chosen = [(i, h) for i, h in enumerate(self._handles) if h >= 0]
        else:
            index = self._index
            chosen = [(index[h], h) for h in self._dirty]
        self._dirty.clear()
        self.fresh = False
        return _columns(chosen, values)


def _columns(chosen: Sequence[tuple[int, int]], values: Sequence[DataValue]) -> dict[str, Any]:
    found = [values[handle] for _, handle in chosen]
    return {
        "i": [index for index, _ in chosen],
        "v": [wire_value(value.value) for value in found],
        "s": [value.status for value in found],
        "st": [value.source_time for value in found],
        "rt": [value.receive_time for value in found],
    }


def wire_value(value: Value) -> Any:
    """JSON-like form of a value."""
    return list(value) if isinstance(value, tuple) else value


class EventLane:
    """Messages in order, numbered; when a client is too slow the lane says so and starts from a snapshot."""

    def __init__(self, snapshot: Callable[[], Any], *, limit: int = LANE_LIMIT) -> None:
        self._snapshot, self._limit = snapshot, limit
        self._waiting: deque[dict[str, Any]] = deque()
        self._seq = 0
        self._list: dict[str, Any] | None = None
        self.put("alarms", snapshot())

    def put(self, kind: str, payload: Any) -> None:
        """Queue one message; an alarm list that still waits is replaced, because the new one is whole."""
        if kind == "alarms" and self._list is not None:
            self._list["payload"] = payload
            return
        if len(self._waiting) >= self._limit:
            lost = len(self._waiting)
            self._waiting.clear()
            self._list = None
            self._append("overrun", {"lost": lost})
            self._append("alarms", self._snapshot())
            if kind == "alarms":
                return
        self._append(kind, payload)

    def drain(self) -> list[dict[str, Any]]:
        """All waiting messages."""
        found = list(self._waiting)
        self._waiting.clear()
        self._list = None
        return found

    def _append(self, kind: str, payload: Any) -> None:
        self._seq += 1
        message = {"t": "ev", "seq": self._seq, "kind": kind, "payload": payload}
        self._waiting.append(message)
        if kind == "alarms":
            self._list = message
