"""The past of one client's tags as messages of its live connection: the same shape, and never live."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from hmi.client.port import HISTORY_GROUP, Subscription
from hmi.core import quality
from hmi.core.errors import StorageError
from hmi.core.replay import Change, Past, Replay
from hmi.core.values import bad
from hmi.runtime._fanout import NO_TAG, columns

log = logging.getLogger(__name__)
Work = Callable[[], tuple[list[Change], bool]]
"""Reads: what was found, and whether there is more to read at once."""
Run = Callable[[Work], "Future[tuple[list[Change], bool]]"]


def at_once(work: Work) -> Future[tuple[list[Change], bool]]:
    """Read on the caller's own thread."""
    done: Future[tuple[list[Change], bool]] = Future()
    try:
        done.set_result(work())
    except StorageError as error:
        done.set_exception(error)
    return done


class ReplayLane:
    """A snapshot of ``at``, then what was recorded up to ``until`` at its rate.

    ``ids``: tag id by name. What lies after ``now`` (session time, UTC ns) is not the past yet and left out. ``run``
    reads, a bounded step at a time: beside the loop, so that a slow disk holds up nothing that is live.
    """

    def __init__(
        self, wanted: Subscription, ids: Mapping[str, str], past: Past, now: int, run: Run = at_once
    ) -> None:
        self.names = tuple(dict.fromkeys(wanted.tags))
        self._at = min(wanted.at or now, now)
        self._until = min(wanted.until or self._at, now)
        self._every, self._rate = wanted.lane == "every", wanted.rate
        self._ids = [ids.get(name, "") for name in self.names]
        self._replay = Replay(past, self._ids, self._at, self._until, shows=not self._every)
        self._run = run
        self.reading: Future[tuple[list[Change], bool]] | None = None
        self._began_ns: int | None = None
        self._seq = 1
        self.busy = True  # there is more to do at once

    def next(self, mono_ns: int) -> dict[str, Any] | None:
        """What is due by now; None when nothing is, or while it is being read. ``mono_ns`` is monotonic."""
        if self._began_ns is not None and self._replay.ended and self.reading is None:
            self.busy = False
            return None
        if self.reading is None:
            self.reading = self._run(self._work(mono_ns))
        if not self.reading.done():
            return None
        read, self.reading = self.reading, None
        try:
            changes, self.busy = read.result()
        except StorageError as error:
            log.error("The past cannot be read: %s", error)
            self._replay.ended, changes = True, self._unreadable()
            self.busy = self._began_ns is None
        if self._began_ns is None:
            return self._snapshot(changes, mono_ns) if not self.busy or self._replay.ended else None
        return self._message("delta", changes) if changes or self._replay.ended else None

    def _work(self, mono_ns: int) -> Work:
        if self._began_ns is None:
            return self._read_snapshot
        due = self._due(mono_ns)
        return lambda: self._replay.step(due)

    def _read_snapshot(self) -> tuple[list[Change], bool]:
        """What held at the start; it is whole when there is no more."""
        found = self._replay.snapshot()
        return found or [], found is None

    def _unreadable(self) -> list[Change]:
        """Nothing is known of these values; it is never the last one that was read."""
        at = self._replay.position
        return [(i, bad(quality.BAD_NO_DATA, at)) for i, tag_id in enumerate(self._ids) if tag_id]

    def sign(self) -> dict[str, Any]:
        """A batch without values: the runtime lives, and so far is the replay."""
        return self._message("delta", ())

    def _due(self, mono_ns: int) -> int:
        if not self._rate or self._began_ns is None:
            return self._until
        return self._at + int((mono_ns - self._began_ns) * self._rate)

    def _snapshot(self, found: Sequence[Change], mono_ns: int) -> dict[str, Any]:
        self._began_ns, self.busy = mono_ns, True
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
