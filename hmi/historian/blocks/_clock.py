"""The shared scan clock: the instants of an hour at which many tags were sampled, kept once for all of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hmi.historian.blocks._columns import get_integers, put_integers
from hmi.historian.blocks._frame import BlockDamaged, opened, sealed
from hmi.historian.samples import Times

_KIND = b"T"
_PROBES = 64
_KNOWN_MOST = 128
_known: dict[int, tuple[Times, int]] = {}
"""Fingerprints of clocks that nobody can write to, by identity; the clock beside it keeps that from being reused."""


def encode_clock(clock: Times) -> bytes:
    """Instants (UTC ns), each later than the one before."""
    return sealed(_KIND, len(clock), put_integers(clock, 8))


@lru_cache(maxsize=128)
def decode_clock(data: bytes) -> Times:
    """The instants, which may not be written to: every tag of the hour shares them. BlockDamaged."""
    count, cursor = opened(_KIND, data)
    clock = get_integers(cursor, count)
    cursor.finish()
    if count > 1 and not bool((np.diff(clock) > 0).all()):
        raise BlockDamaged("the instants of a scan clock do not rise")
    clock = clock if clock.base is None else clock.copy()
    clock.setflags(write=False)
    return clock


def fingerprint(clock: Times) -> int:
    """32 bits that tell another clock apart; a sum and no CRC, because it is asked for with every chunk."""
    known = _known.get(id(clock))
    if known is not None and known[0] is clock:
        return known[1]
    probes = clock[:: len(clock) // _PROBES + 1]
    mixed = int(clock.sum()) * 31 + int(probes.sum()) * 17 + int(clock[-1]) * 7 + len(clock)
    found = (mixed ^ mixed >> 32) & 0xFFFFFFFF
    if not clock.flags.writeable:
        if len(_known) >= _KNOWN_MOST:
            _known.clear()
        _known[id(clock)] = clock, found
    return found
