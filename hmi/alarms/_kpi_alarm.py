"""One alarm on its way through a log: what the figures remember of it, and no more than that."""

from __future__ import annotations

from hmi.alarms._kpi_facts import Said
from hmi.core.clock import NS_PER_S

CHATTER_NS = 60 * NS_PER_S
FLEETING_NS = 10 * NS_PER_S
STALE_NS = 24 * 3_600 * NS_PER_S


class AlarmStory:
    """Times are UTC ns, 0 = not.

    ``standing_since``: entered UNACK or ACKED and has not left them; ``stood_until``: left them last.
    ``unacked_since``: the alarm that waits for its acknowledgement. ``fresh_since``: raised in the window and
    nobody has done anything about it yet.
    """

    __slots__ = (
        "_intervals", "_last", "_last_but_one", "_shares", "alarm_id", "chatters", "fleeting", "fresh_since",
        "raised", "said", "stale_day", "standing_since", "stood_until", "unacked_since",
    )  # fmt: skip

    def __init__(self, alarm_id: str, said: Said) -> None:
        self.alarm_id, self.said = alarm_id, said
        self.standing_since = self.stood_until = self.unacked_since = self.fresh_since = 0
        self.raised = self.fleeting = self.chatters = 0
        self._last = self._last_but_one = 0
        self._intervals, self._shares = 0, 0.0
        self.stale_day = -1

    def count(self, at: int) -> None:
        """One more annunciated RAISE. Three of them inside 60 s chatter."""
        self.raised += 1
        if self._last and at >= self._last:
            self._intervals += 1
            self._shares += 1 / max(1, (at - self._last + NS_PER_S // 2) // NS_PER_S)
        if self._last_but_one and 0 <= at - self._last_but_one <= CHATTER_NS:
            self.chatters += 1
        self._last_but_one, self._last = self._last, at
        self.fresh_since = at

    def returned(self, at: int) -> None:
        """RTN: fleeting when it came within 10 s and nobody has acted."""
        if self.fresh_since and 0 <= at - self.fresh_since < FLEETING_NS:
            self.fleeting += 1
        self.fresh_since = 0

    @property
    def chatter_index(self) -> float:
        """The sum over r of P_r / r: every interval has the same weight, so it is the mean of 1 / r."""
        return self._shares / self._intervals if self._intervals else 0.0
