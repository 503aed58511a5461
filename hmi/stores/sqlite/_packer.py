"""Makes packs of what was committed in a thread of its own: who commits does not wait for what only readers need."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import apsw

from hmi.core.errors import StorageError
from hmi.stores.sqlite._live import LiveView
from hmi.stores.sqlite._packs import made_pack, put_pack

log = logging.getLogger(__name__)
Put = Callable[[Callable[[apsw.Connection], None]], None]
"""Runs something in one transaction over the live file, between two commits; StorageError."""


class Packer:
    """Of one open archive; ``committed`` and ``settle`` are for the thread that writes."""

    def __init__(self, live: LiveView, pack_at: int, put: Put) -> None:
        self._live, self._pack_at, self._put = live, pack_at, put
        self._loose = sum(len(one.tags) for one in live.snapshot().segments)
        self._thread: threading.Thread | None = None

    def committed(self, count: int) -> None:
        """So many samples more are in no pack; what comes while one is made waits for the next one."""
        self._loose += count
        if self._loose < self._pack_at or (self._thread is not None and self._thread.is_alive()):
            return
        self._loose = 0
        self._thread = threading.Thread(target=self._work, name="history packs", daemon=True)
        self._thread.start()

    def settle(self) -> None:
        """Wait for the pack that is being made, and for the one that waited for it."""
        self._join()
        self.committed(0)
        self._join()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        """Where it fails it costs readers time and nothing else."""
        try:
            for segment, time in self._live.unpacked(self._pack_at):
                pack = made_pack(segment, time)
                self._put(lambda database: put_pack(database, pack))  # noqa: B023
        except StorageError as error:
            log.warning("What was committed is not sorted by tag this time: %s", error)
