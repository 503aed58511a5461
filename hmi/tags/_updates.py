"""What one call of the tag engine changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hmi.core.values import DataValue

Default = TypeVar("Default")


@dataclass(slots=True)
class TagUpdates:
    """Tags whose value or status changed, by handle, in order; false when there is none.

    ``now_ns`` is the session time of the call and ``group`` the source group that caused it. Up to ``seen_ns`` (session
    time, 0 = not known) the tags of the group were known to be as before.
    """

    now_ns: int
    group: str = ""
    changes: list[tuple[int, DataValue]] = field(default_factory=list[tuple[int, DataValue]])
    seen_ns: int = 0

    def __bool__(self) -> bool:
        return bool(self.changes)


class LiveValues(Mapping[str, DataValue]):
    """The latest values by the tag names of one revision: what expressions, alarms and the gate read."""

    def __init__(self, handles: Mapping[str, int], latest: Sequence[DataValue]) -> None:
        self._handles, self._latest = handles, latest

    def __getitem__(self, name: str) -> DataValue:
        return self._latest[self._handles[name]]

    def get(self, name: str, default: Default | None = None) -> DataValue | Default | None:  # type: ignore[override]
        handle = self._handles.get(name)
        return default if handle is None else self._latest[handle]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)

    def __contains__(self, name: object) -> bool:
        return name in self._handles
