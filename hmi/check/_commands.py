"""Checks what may be written: limits inside the range, and limits at all."""

from __future__ import annotations

from hmi.core.commands import CommandClass
from hmi.core.values import ValueType
from hmi.project.draft import Draft
from hmi.project.plant import CommandRule, Source, TagDef

_NUMBERS = (ValueType.INT64, ValueType.UINT64, ValueType.FLOAT32, ValueType.FLOAT64)


def check_commands(draft: Draft) -> None:
    """Findings for every tag that can be written; those of a type are said once, at the type."""
    said: set[tuple[Source, str]] = set()
    for tag in draft.tags:
        if tag.command is None or tag.command.klass is CommandClass.FORBIDDEN:
            continue
        problem = _problem(tag, tag.command)
        if problem is None:
            continue
        severity, what, do = problem
        source = draft.origin_of(tag)
        if (source, what) not in said:
            said.add((source, what))
            note = draft.findings.error if severity == "error" else draft.findings.warning
            note(source.file, source.line, f"{tag.name}: {what}", do)


def _problem(tag: TagDef, rule: CommandRule) -> tuple[str, str, str] | None:
    if rule.limits is None:
        if tag.range is None and tag.type in _NUMBERS and not tag.states:
            return "warning", "any number may be written", "give the command limits, or the tag a range"
        return None
    if tag.range is None:
        return None
    if not (tag.range.contains(rule.limits.low) and tag.range.contains(rule.limits.high)):
        what = f"the command limits {rule.limits.low:g} to {rule.limits.high:g} reach beyond the range"
        return "error", what, f"the range is {tag.range.low:g} to {tag.range.high:g}"
    if rule.max_step > rule.limits.span:
        return "warning", f"the largest step {rule.max_step:g} is wider than the command limits", ""
    return None
