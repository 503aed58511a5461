"""Checks the deadbands of tags: one that holds nothing back, and alarms that judge what it lets through."""

from __future__ import annotations

from hmi.project.draft import Draft
from hmi.project.plant import Source
from hmi.tags import has_deadband

_FOLLOWING = frozenset(("deviation", "rate_up", "rate_down", "discrepancy"))


def check_deadbands(draft: Draft) -> None:
    """A warning for each place that sets one without use; those of a type are said once, at the type."""
    said: set[Source] = set()
    for tag in draft.tags:
        source = draft.origin_of(tag)
        if not tag.deadband or has_deadband(tag) or source in said:
            continue
        said.add(source)
        why = "what is written must show at once" if tag.command else "the tag is no measured number"
        what = f"{tag.name}: the deadband {tag.deadband:g} has no effect: {why}"
        draft.findings.warning(source.file, source.line, what, "remove it", rule="deadband-unused")
    _check_alarms(draft)


def _check_alarms(draft: Draft) -> None:
    """Limits are exact whatever the deadband is; what follows a course of values is not."""
    banded = {tag.id: tag for tag in draft.tags if has_deadband(tag)}
    for alarm in draft.alarms:
        tag = banded.get(alarm.tag_id)
        if tag is not None and alarm.kind in _FOLLOWING:
            draft.findings.warning(
                alarm.source.file,
                alarm.source.line,
                f"{alarm.name}: the {alarm.kind} of {tag.name} is judged in steps of its deadband {tag.deadband:g}",
                "take the deadband away, or make it much smaller than the limit",
                rule="alarm-deadband-steps",
            )
