"""Care of an archive: what is kept how long and held, and what is done when the disk runs full; no disk is touched here
but for the book of holds.
"""

from __future__ import annotations

from hmi.historian.care._holds import HOLDS_FILE, Hold, HoldBook, days_of_holds
from hmi.historian.care._ladder import Ladder, Room, Rung, reserve_of
from hmi.historian.care._limits import Limits, Tier, limits_of
from hmi.historian.care._port import Cared, Checked, CheckedReader, Removal
from hmi.historian.care._words import damage_line

__all__ = [
    "HOLDS_FILE",
    "Cared",
    "Checked",
    "CheckedReader",
    "Hold",
    "HoldBook",
    "Ladder",
    "Limits",
    "Removal",
    "Room",
    "Rung",
    "Tier",
    "damage_line",
    "days_of_holds",
    "limits_of",
    "reserve_of",
]
