"""The alarm of a bypass: one for each condition of a command that is left out (standards 5.5).

Its id names the tag and the condition, ``bypass:TAG_ID/DIGEST``: it is the same alarm whenever the same condition
is left out again, so there are never more of them than conditions.
"""

from __future__ import annotations

import hashlib
from typing import Final

from hmi.alarms._condition_state import Alarm
from hmi.core.alarms import Priority
from hmi.project.plant import AlarmDef, Plant

BYPASS_PREFIX: Final = "bypass:"


def bypass_id(tag_id: str, condition: str) -> str:
    return f"{BYPASS_PREFIX}{tag_id}/{hashlib.blake2b(condition.encode(), digest_size=6).hexdigest()}"


def bypass_named(plant: Plant, alarm_id: str) -> tuple[str, str] | None:
    """Tag id and condition of an alarm id; None when the plant has no such condition."""
    tag_id = alarm_id.removeprefix(BYPASS_PREFIX).rpartition("/")[0]
    tag = plant.by_id.get(tag_id)
    rule = tag.command if tag else None
    texts = [text for _, text in (*rule.permissives, *rule.interlocks)] if rule else []
    return next(((tag_id, text) for text in texts if bypass_id(tag_id, text) == alarm_id), None)


def bypass_alarm(plant: Plant, tag_id: str, condition: str) -> Alarm:
    tag = plant.by_id.get(tag_id)
    name = (tag.instance or tag.name) if tag else tag_id
    definition = AlarmDef(
        id=bypass_id(tag_id, condition),
        tag_id="",
        name=f"bypass {name}",
        kind="diagnostic",
        priority=Priority.P3,
        message=f"Bypass: {condition} of {name}",
        area=tag.area if tag else "",
        alarm_class="bypass",
        cause="Somebody left the check of this condition out",
        consequence="The HMI sends the command although the condition is not met; the controller still checks its own",
        action="End the bypass as soon as it is not needed any longer",
    )
    return Alarm(definition, -1, lambda value, was: bool(value))
