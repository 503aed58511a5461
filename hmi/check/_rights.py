"""Checks who may write what: a class for every command, and areas that somebody can take control of."""

from __future__ import annotations

from hmi.core.commands import CommandClass
from hmi.core.principal import Role
from hmi.project.draft import Draft
from hmi.project.plant import Source, TagDef


def check_rights(draft: Draft) -> None:
    """Findings for tags that can be written; those of a type are said once, at the type."""
    for name, source in draft.without_class:
        what = f"{name}: it may be written and says no class; it is taken for R, a routine command"
        draft.findings.info(source.file, source.line, what, "write R, S, C or X", rule="command-no-class")
    said: set[tuple[Source, str]] = set()
    for tag in draft.tags:
        if tag.command is None or tag.command.klass is CommandClass.FORBIDDEN:
            continue
        for rule, what, do in _problems(tag, required=bool(draft.head.get("area_control_required"))):
            source = draft.origin_of(tag)
            if (source, rule) not in said:
                said.add((source, rule))
                draft.findings.warning(source.file, source.line, f"{tag.name}: {what}", do, rule=rule)


def _problems(tag: TagDef, *, required: bool) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    rule = tag.command
    assert rule is not None
    if required and not tag.area:
        what = "it belongs to no area, so nobody can take control of it and no command is ever taken"
        found.append(("nobody-controls", what, "give it an area, or write area_control = free"))
    if rule.limits_tune is not None and rule.right is Role.TUNE and rule.limits is not None:
        what = (
            "its limits never count: only who may tune can write it, and limits for tuning stand beside them"
        )
        found.append(("limits-without-use", what, "remove limit_low and limit_high, or right = tune"))
    if (
        rule.klass is CommandClass.CRITICAL
        and not rule.permissives
        and not rule.interlocks
        and not rule.feedback
    ):
        what = "a critical command without a condition and without a feedback"
        found.append(
            ("critical-unguarded", what, "say what must be true before it, or what proves that it worked")
        )
    return found
