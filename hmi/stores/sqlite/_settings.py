"""What is chosen of an archive when it is opened for writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hmi.historian.rollups import HOUR
from hmi.stores.sqlite._packs import MEMORY, PACK_AT


def nothing(step: str) -> None:
    """Nobody asks how far it is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``stepped``, ``fine``: see ``open_archive``; ``level``: effort of pcodec; ``feed_ns``, ``feed_bytes``: how much
    of the change feed stays after compaction; ``memory``: bytes of decoded live samples that are kept; ``pack_at``: so
    many samples of commits become a pack.

    ``reached`` is told of each step of a compaction; tests of crashes end the process in it.
    """

    stepped: Callable[[int], bool]
    fine: Callable[[int], bool]
    level: int = 8
    feed_ns: int = 7 * 24 * HOUR
    feed_bytes: int = 1 << 30
    memory: int = MEMORY
    pack_at: int = PACK_AT
    reached: Callable[[str], None] = nothing
