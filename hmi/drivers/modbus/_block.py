"""One read block: the requests it needs, narrowed around addresses that the device does not have."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns
from hmi.core.errors import DeviceError
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._decode import Update
from hmi.drivers.modbus._item import Item
from hmi.drivers.modbus._plan import Request

RECHECK_NS = 24 * 3600 * NS_PER_S
SPLITS_PER_SCAN = 32
_WAITS = (_guard.BUSY, _guard.ACKNOWLEDGE)

Fetch = Callable[[Request], Awaitable[bytes]]


@dataclass(slots=True)
class Block:
    """State behind a ReadBlock; ``unit`` is the number of the device."""

    key: str
    unit: int
    requests: list[Request]
    forbidden: list[Request] = field(default_factory=list)
    recheck_at: int = 0

    @property
    def handles(self) -> tuple[int, ...]:
        known = (*self.requests, *self.forbidden)
        return tuple(handle for request in known for handle in request.handles)

    @property
    def asks(self) -> dict[int, Item]:
        """The item behind each handle."""
        return {handle: item for one in (*self.requests, *self.forbidden) for handle, item in one.placed}

    def fail(self, status: int) -> list[Update]:
        """Bad values for every point of the block."""
        now = wall_ns()
        return [update for request in self.requests for update in request.fail(status, now)]

    def recheck(self) -> None:
        """Ask again for what the device did not have."""
        self.requests += self.forbidden
        self.forbidden = []
        self.recheck_at = 0

    async def read(self, fetch: Fetch) -> tuple[list[Update], bool]:
        """Changed values and whether the device gave proof of life for them."""
        if self.recheck_at and monotonic_ns() >= self.recheck_at:
            self.recheck()
        if len(self.requests) == 1:
            request = self.requests[0]
            try:
                return request.take(await fetch(request), wall_ns()), True
            except DeviceError as error:
                return await self._read_around(fetch, {id(request): error})
        return await self._read_around(fetch, {})

    async def _read_around(self, fetch: Fetch, known: dict[int, DeviceError]) -> tuple[list[Update], bool]:
        """Every request, splitting those that an exception 02 or 03 refuses; ``known`` ones are not asked."""
        out: list[Update] = []
        alive = not self.requests
        waiting, kept = deque(self.requests), list[Request]()
        splits = SPLITS_PER_SCAN
        while waiting:
            request = waiting.popleft()
            error = known.get(id(request))
            try:
                if error is not None:
                    raise error
                out += request.take(await fetch(request), wall_ns())
                alive = True
            except DeviceError as refusal:
                if parts := _narrower(request, refusal.code):
                    if splits:
                        waiting.extendleft(reversed(parts))
                    else:
                        kept += parts  # the next scan goes on; nothing is known of them yet
                    splits = max(0, splits - 1)
                    continue
                alive = alive or refusal.code not in _WAITS
                out += self._refused(request, refusal)
                if self._is_forbidden(request, refusal.code):
                    continue
            kept.append(request)
        self.requests = kept
        return out, alive

    def _refused(self, request: Request, error: DeviceError) -> list[Update]:
        """A busy unit keeps its last values until they are stale; all others turn Bad."""
        return [] if error.code in _WAITS else request.fail(error.status, wall_ns())

    def _is_forbidden(self, request: Request, code: int) -> bool:
        """Remember a single point that the device does not have, so that no scan asks for it again."""
        if code != _guard.ILLEGAL_ADDRESS or len(request.placed) > 1:
            return False
        self.forbidden.append(request)
        self.recheck_at = self.recheck_at or monotonic_ns() + RECHECK_NS
        return True


def _narrower(request: Request, code: int) -> tuple[Request, ...]:
    """Smaller requests to try after an exception; none when that would not help."""
    if len(request.placed) < 2:
        return ()
    if code == _guard.ILLEGAL_ADDRESS:
        return request.halves()
    if code == _guard.ILLEGAL_VALUE and not request.reduced:
        parts = request.halves()
        for part in parts:
            part.reduced = True
        return parts
    return ()
