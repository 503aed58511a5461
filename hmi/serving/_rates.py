"""How much somebody may ask: token buckets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from hmi.core.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_s`` in the long run, ``burst`` at once."""

    per_s: float
    burst: float


class Bucket:
    """Full at first; all times monotonic ns."""

    def __init__(self, rate: Rate, now_ns: int) -> None:
        self._rate, self._left, self._at = rate, rate.burst, now_ns

    def take(self, now_ns: int, count: int = 1) -> bool:
        """Whether so many more are allowed now."""
        grown = (now_ns - self._at) / NS_PER_S * self._rate.per_s
        self._left, self._at = min(self._rate.burst, self._left + grown), now_ns
        if self._left < count:
            return False
        self._left -= count
        return True


class Buckets:
    """One for each key; those that were not used for longest are forgotten beyond ``most``."""

    def __init__(self, rate: Rate, most: int = 1_000) -> None:
        self._rate, self._most = rate, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now_ns: int) -> bool:
        """Whether one more of this key is allowed now."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, now_ns)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now_ns)
