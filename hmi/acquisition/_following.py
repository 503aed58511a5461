"""A driver in a worker process that asks for other points over the connection it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hmi.acquisition import _wire as wire
from hmi.acquisition._isolated import MEMORY_CAP_MB, IsolatedDriver
from hmi.acquisition.port import Batch, Group, LinkSettings, Point
from hmi.core.conditions import ConditionItem, ConditionUpdate

GroupsOf = Callable[[Sequence[Point]], tuple[Group, ...]]
NO_TAG = -1


class FollowingDriver(IsolatedDriver):
    """The points are others at once; what the worker sent before it heard of that is told as far as it is asked for.

    Everything that the worker sends says how many changes it has taken. One that cannot take a change says that it is
    lost, and a fresh one begins with the points of now.
    """

    def __init__(
        self, driver: str, settings: LinkSettings, groups_of: GroupsOf, *, memory_cap_mb: int = MEMORY_CAP_MB
    ) -> None:
        super().__init__(driver, settings, memory_cap_mb=memory_cap_mb)
        self._points, self._groups_of = settings.points, groups_of
        self._changes = 0
        self._taken_from: dict[int, frozenset[int]] = {}
        """By the number of a change that the worker may not have taken yet: handles whose place it took away."""

    def replan(self, points: tuple[Point, ...], afresh: frozenset[int]) -> None:
        """Tell the worker the difference; returns at once."""
        before = {point.handle: point for point in self._points}
        other = [point for point in points if before.pop(point.handle, None) != point]
        kept = {point.handle for point in points} - {point.handle for point in other}
        cut = frozenset(point.handle for point in self._points if point.handle not in kept)
        self._points = points
        if not other and not cut:
            return
        self._changes += 1
        self._taken_from[self._changes] = cut
        self._groups = self._groups_of(points)
        again = afresh & {point.handle for point in points}
        self._tell(
            "replan", change=self._changes, gone=sorted(before), points=wire.pack_points(other), afresh=sorted(again)
        )  # fmt: skip

    def _take(self, message: dict[str, Any]) -> None:
        if self._taken_from and message["t"] in ("batch", "conditions"):
            self._take_late(message)
        else:
            super()._take(message)

    def _take_late(self, message: dict[str, Any]) -> None:
        """While a change is on its way to the worker."""
        taken = message.get("change", 0)
        self._taken_from = {number: cut for number, cut in self._taken_from.items() if number > taken}
        cut = frozenset[int]().union(*self._taken_from.values())
        if message["t"] == "conditions" and self._conditions is not None:
            self._conditions([_without_tag(item, cut) for item in wire.unpack_conditions(message)])
        elif message["t"] == "batch" and self._sink is not None:
            batch = wire.unpack_batch(message)
            if any(group.name == batch.group for group in self._groups):
                updates = [(handle, value) for handle, value in batch.updates if handle not in cut]
                self._sink(Batch(batch.group, updates, batch.alive))


def _without_tag(item: ConditionItem, cut: frozenset[int]) -> ConditionItem:
    """A condition of a node that belongs to no tag any more."""
    if isinstance(item, ConditionUpdate) and item.handle in cut:
        return replace(item, handle=NO_TAG)
    return item
