"""Scan on demand: tells acquisition what is wanted, and waits for a value that was at rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from hmi.acquisition import Acquisition
from hmi.core import quality
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.runtime._demand import Demand
from hmi.runtime._fanout import LatestLane
from hmi.tags import TagEngine

LOOKS, LOOK_S = 100, 0.02
_OLD = frozenset({quality.UNCERTAIN_LAST_USABLE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE})


class ScanOnDemand:
    """Wires ``Demand`` to the stations' lanes on one side and to the links on the other."""

    def __init__(self, demand: Demand, tags: TagEngine, lanes: Iterable[LatestLane]) -> None:
        self.demand = demand
        self._tags, self._lanes = tags, lanes
        self.acquisition: Acquisition | None = None

    def review(self) -> None:
        """A station chose other tags, or has gone."""
        shown = {handle for lane in self._lanes for handle in lane.handles}
        self.demand.look(shown, monotonic_ns())
        self.tell()

    def glance(self, handles: Sequence[int]) -> None:
        """Somebody asked for these tags once."""
        self.demand.glance(handles, monotonic_ns())
        self.tell()

    def tell(self) -> None:
        """Pass on what changed; called from time to time, because what nobody looks at ends by itself."""
        if self.acquisition is None:
            return
        wanted = self.demand.changed(monotonic_ns())
        if wanted is not None:
            self.acquisition.demand(wanted)

    async def awake(self, handle: int) -> None:
        """Before a command: give what was at rest of the tag and its conditions up to 2 s for a fresh value.

        Returns at once when all were wanted before; what the values are then is for the gate to judge.
        """
        resting = self.demand.resting(self.demand.with_inputs((handle,)))
        if not resting:
            return
        since_ns = monotonic_ns()
        self.glance((handle,))
        for _ in range(LOOKS):
            ages = self._tags.ages_ms()
            if not any(self._is_old(one, ages, since_ns) for one in resting):
                return
            await asyncio.sleep(LOOK_S)

    def _is_old(self, handle: int, ages: Mapping[str, int], since_ns: int) -> bool:
        """Whether nothing was heard of a tag since then; a Bad one tells nothing by waiting."""
        value = self._tags.source_value(handle)
        if value.is_bad:
            return False
        heard_ns = monotonic_ns() - ages.get(self._tags.source_group_of(handle), 0) * NS_PER_MS
        return value.status & quality.CODE_MASK in _OLD or heard_ns < since_ns
