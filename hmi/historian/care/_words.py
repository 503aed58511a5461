"""What people read of a damaged block."""

from __future__ import annotations

from datetime import UTC, datetime

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.historian.port import Damage


def damage_line(damage: Damage, tag: str) -> str:
    """File, tag (or block, where it is of several tags) and hour (UTC) of what is damaged, and what is wrong."""
    what = tag or damage.block
    if tag and damage.start > 0:
        hour = datetime.fromtimestamp(damage.start // NS_PER_S, UTC)
        what = tr("{tag}, hour of {hour}", tag=tag, hour=f"{hour:%Y-%m-%dT%H:%MZ}")
    return tr("{file}: {what}: {problem}", file=damage.file, what=what, problem=damage.text)
