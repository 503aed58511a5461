"""Which points are not what the process says: forced, simulated, entered by hand, out of service (HM-16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from hmi.client.points import POINT_STATES, PointPage, PointRow
from hmi.core import quality
from hmi.core.quality import Mark, quality_of
from hmi.core.values import DataValue
from hmi.project.plant import Plant, TagDef
from hmi.runtime._why_words import plain

_MARKED = {
    Mark.FORCED: "forced",
    Mark.SIMULATED: "simulated",
    Mark.MANUAL: "manual",
    Mark.OUT_OF_SERVICE: "out_of_service",
}
# a source that is at rest or does not answer says nothing about it: what was heard last goes on
_SAY_NOTHING = frozenset({
    quality.UNCERTAIN_LAST_USABLE,
    quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE,
    quality.BAD_NO_COMMUNICATION,
    quality.BAD_TIMEOUT,
    quality.BAD_NOT_CONNECTED,
    quality.BAD_WAITING_FOR_INITIAL_DATA,
})  # fmt: skip
_STALE = frozenset({quality.UNCERTAIN_LAST_USABLE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE})
PAGE, MOST = 500, 5_000


class PointStates:
    """Follows the changes of values, so that the answer is ready whenever it is asked for.

    ``overridden`` gives the handles of tags that show what a person entered.
    """

    def __init__(self, plant: Plant, overridden: Callable[[], Collection[int]] = frozenset) -> None:
        self._plant, self._overridden = plant, overridden
        self._marked: dict[int, str] = {}
        self._told: dict[str, int] = {}
        self._bypassed = 0
        self._turned = False

    def take(self, changes: Iterable[tuple[int, DataValue]]) -> None:
        """Called for every batch: a Good value without a mark costs next to nothing."""
        marked = self._marked
        for handle, value in changes:
            status = value.status
            if not status:
                if handle in marked:
                    self._mark(handle, "")
            elif status & quality.CODE_MASK not in _SAY_NOTHING:
                self._mark(handle, _MARKED.get(quality_of(status).mark, ""))

    def _mark(self, handle: int, state: str) -> None:
        if self._marked.get(handle, "") == state:
            return
        self._turned = True
        if state:
            self._marked[handle] = state
        else:
            del self._marked[handle]

    def forget(self, handle: int) -> None:
        """What a person had put over a tag is gone; what its source says next is looked at anew."""
        self._mark(handle, "")

    def apply(self, plant: Plant) -> None:
        """Another revision: tags that are gone are in no state."""
        self._plant = plant
        self._marked = {handle: state for handle, state in self._marked.items() if handle in plant.by_handle}
        self._turned = True

    def counts(self) -> dict[str, int]:
        """By state; tags that only have it from an input are left out. ``bypassed`` counts conditions of commands."""
        own, by_handle = self._overridden(), self._plant.by_handle
        found = Counter(
            state
            for handle, state in self._marked.items()
            if handle in own or not by_handle[handle].expression
        )
        if self._bypassed:
            found["bypassed"] = self._bypassed
        return dict(found)

    def note_bypassed(self, count: int) -> None:
        """How many conditions of commands are left out now."""
        self._turned |= count != self._bypassed
        self._bypassed = count

    def news(self) -> dict[str, int] | None:
        """The counts, when they are others than last time."""
        if not self._turned:
            return None
        self._turned, counts = False, self.counts()
        if counts == self._told:
            return None
        self._told = counts
        return counts

    def page(
        self,
        latest: Sequence[DataValue],
        at: int,
        *,
        state: str = "",
        area: str = "",
        after: int = 0,
        limit: int = 0,
    ) -> PointPage:
        """The tags in a state (without one: all marked ones) in the plant's order, from row ``after`` on."""
        handles = self._in_state(latest, state)
        by_handle = self._plant.by_handle
        if area:
            inside = f"{area}/"
            handles = [
                handle
                for handle in handles
                if by_handle[handle].area == area or by_handle[handle].area.startswith(inside)
            ]
        end = after + min(limit or PAGE, MOST)
        rows = [
            self._row(by_handle[handle], state or self._marked[handle], latest[handle])
            for handle in handles[after:end]
        ]
        return PointPage(at, self.counts(), len(handles), rows, end if end < len(handles) else 0)

    def _in_state(self, latest: Sequence[DataValue], state: str) -> list[int]:
        """Handles in the order of the plant."""
        if state == "bad":
            return [tag.handle for tag in self._plant.tags if latest[tag.handle].status >= quality.BAD]
        if state == "stale":
            mask = quality.CODE_MASK
            return [tag.handle for tag in self._plant.tags if latest[tag.handle].status & mask in _STALE]
        return sorted(handle for handle, own in self._marked.items() if state in ("", own))

    def _row(self, tag: TagDef, state: str, value: DataValue) -> PointRow:
        silent = value.status & quality.CODE_MASK in _SAY_NOTHING and state in _MARKED.values()
        return PointRow(
            tag.id, tag.name, tag.description, tag.area, tag.unit, state, plain(value.value), value.status,
            value.source_time, known=not silent, by_input=bool(tag.expression) and tag.handle not in self._overridden(),
        )  # fmt: skip


def is_point_state(text: str) -> bool:
    """Whether a request may ask for it; empty asks for every marked point."""
    return not text or text in POINT_STATES
