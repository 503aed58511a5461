"""Plant state: one flat dictionary of JSON scalars, so that nothing can be forgotten by a snapshot."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeAlias

Scalar: TypeAlias = float | int | bool | str
State: TypeAlias = dict[str, Any]

_MASK = (1 << 64) - 1


def digest(state: State) -> str:
    """SHA-256 over the canonical JSON of a state."""
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def gauss(state: State) -> float:
    """A bell-shaped number with variance 1 within ±3.5, from the generator inside the state."""
    seed = (state["rng"] * 6364136223846793005 + 1442695040888963407) & _MASK
    state["rng"] = seed
    total = (seed & 0xFFFF) + (seed >> 16 & 0xFFFF) + (seed >> 32 & 0xFFFF) + (seed >> 48)
    return (total - 131070) / 37837.0


def toward(value: float, target: float, step: float) -> float:
    """``value`` moved toward ``target`` by at most ``step``."""
    if value < target:
        return min(target, value + step)
    return max(target, value - step)


def clamp(value: float, low: float, high: float) -> float:
    """``value`` inside low .. high."""
    return low if value < low else high if value > high else value
