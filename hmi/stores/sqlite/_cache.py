"""What was decoded lately, up to so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """The newest values by key; safe from any thread. What is in it is shared: nobody may write into it."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._lock = threading.Lock()
        self._known: OrderedDict[K, tuple[V, int]] = OrderedDict()

    @property
    def bytes(self) -> int:
        return self._bytes

    def __contains__(self, key: K) -> bool:
        return key in self._known

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._known.get(key)
            if found is None:
                return None
            self._known.move_to_end(key)
            return found[0]

    def take(self, key: K) -> V | None:
        """``get`` for the last time."""
        with self._lock:
            found, size = self._known.pop(key, (None, 0))
            self._bytes -= size
            return found

    def put(self, key: K, value: V, size: int) -> None:
        """A value larger than all may take is not kept."""
        with self._lock:
            before = self._known.pop(key, None)
            self._bytes += size - (before[1] if before else 0)
            self._known[key] = value, size
            while self._bytes > self._most:
                self._bytes -= self._known.popitem(last=False)[1][1]

    def forget(self, is_gone: Callable[[K], bool]) -> None:
        with self._lock:
            for key in [key for key in self._known if is_gone(key)]:
                self._bytes -= self._known.pop(key)[1]
