"""The past of one client's tags as messages of its live connection: the same shape, and never live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hmi.client.port import HISTORY_GROUP, Subscription
from hmi.core.replay import Change, Past, Replay
from hmi.runtime._fanout import NO_TAG, columns


class ReplayLane:
    """A snapshot of ``at``, then what was recorded up to ``until`` at its rate; each call is a short step.

    ``ids``: tag id by name. What lies after ``now`` (session time, UTC ns) is not the past yet and left out.
    """

    def __init__(self, wanted: Subscription, ids: Mapping[str, str], past: Past, now: int) -> None:
        self.names = tuple(dict.fromkeys(wanted.tags))
        self._at = min(wanted.at or now, now)
        self._until = min(wanted.until or self._at, now)
        self._every, self._rate = wanted.lane == "every", wanted.rate
        self._ids = [ids.get(name, "") for name in self.names]
        self._replay = Replay(past, self._ids, self._at, self._until)
        self._began_ns: int | None = None
        self._seq = 1
        self.busy = True  # there is more to do at once

    def next(self, mono_ns: int) -> dict[str, Any] | None:
        """What is due by now, or None; ``mono_ns`` is monotonic."""
        if self._began_ns is None:
            return self._snapshot(mono_ns)
        if self._replay.ended:
            self.busy = False
            return None
        changes, self.busy = self._replay.step(self._due(mono_ns))
        return self._message("delta", changes) if changes or self._replay.ended else None

    def sign(self) -> dict[str, Any]:
        """A batch without values: the runtime lives, and so far is the replay."""
        return self._message("delta", ())

    def _due(self, mono_ns: int) -> int:
        if not self._rate or self._began_ns is None:
            return self._until
        return self._at + int((mono_ns - self._began_ns) * self._rate)

    def _snapshot(self, mono_ns: int) -> dict[str, Any] | None:
        found = self._replay.snapshot()
        if found is None:
            return None
        self._began_ns = mono_ns
        if self._until == self._at:
            self._replay.step(self._at)
        found = [*found, *((i, NO_TAG) for i, tag_id in enumerate(self._ids) if not tag_id)]
        groups = [HISTORY_GROUP] * len(self.names)
        more = {"tags": list(self.names), "groups": groups, "limits": {HISTORY_GROUP: 0}}
        return self._message("snap", found) | more

    def _message(self, kind: str, changes: Sequence[Change]) -> dict[str, Any]:
        ended = self._replay.ended
        message: dict[str, Any] = {
            "t": kind,
            "ages": {HISTORY_GROUP: 1},
            "at": self._replay.position,
            "time": self._replay.position,
            "rate": 0.0 if ended or self._began_ns is None else self._rate,
        }
        if ended:
            message["end"] = True
        if self._every:
            message |= {"lane": "every", "seq": self._seq}
            self._seq += len(changes) if kind == "delta" else 0
        elif kind == "delta":
            changes = list(dict(changes).items())
        return message | columns(changes)
