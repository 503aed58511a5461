"""Does the read-back agree with what was written? (standards 5.2); pure."""

from __future__ import annotations

from hmi.core.values import Value
from hmi.project.plant import TagDef

SPAN_SHARE = 0.001


def tolerance_of(tag: TagDef, raw_step: float) -> float:
    """max(half a raw step, 0.1 % of span), or what the engineer stated."""
    if tag.command and tag.command.tolerance:
        return tag.command.tolerance
    span = tag.range.span if tag.range else 0.0
    return max(raw_step / 2, span * SPAN_SHARE)


def settled(wanted: Value, found: Value, tolerance: float) -> bool:
    """True when ``found`` is what was asked for: exact for discrete, within the tolerance for numbers."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is not None and bool(wanted) == bool(found)
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) <= tolerance + 1e-9 * max(1.0, abs(wanted))
    return wanted == found
