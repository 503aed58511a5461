"""Checks what may be written: limits inside the range and limits at all, steps, and modes that are declared."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.core.commands import CommandClass, Reason
from hmi.core.values import EURange
from hmi.expressions import ExpressionError, expression_names
from hmi.project.causes import guessed_cause
from hmi.project.draft import Draft
from hmi.project.plant import CommandRule, Source, TagDef

Problem = tuple[str, str, str, str]  # severity, rule, what is wrong, what to do


def check_commands(draft: Draft) -> None:
    """Findings for every tag that can be written; those of a type are said once, at the type."""
    said: set[tuple[Source, str]] = set()
    for tag in draft.tags:
        if tag.command is None or tag.command.klass is CommandClass.FORBIDDEN:
            continue
        for severity, rule, what, do in _problems(tag, tag.command):
            source = draft.origin_of(tag)
            if (source, what) not in said:
                said.add((source, what))
                draft.findings.note(severity, source.file, source.line, f"{tag.name}: {what}", do, rule)


def _problems(tag: TagDef, rule: CommandRule) -> Iterator[Problem]:
    yield from _limits(tag, rule)
    yield from _steps(rule)
    yield from _guessed_modes(rule)


def _limits(tag: TagDef, rule: CommandRule) -> Iterator[Problem]:
    if rule.limits is None and tag.range is None and tag.is_analogue:
        do = "give the command limits, or the tag a range"
        yield "warning", "command-no-limits", "any number may be written", do
    named = [("command limits", rule.limits), ("limits for tuning", rule.limits_tune)]
    named += [(f"limits of {state.text or state.when}", state.range) for state in rule.limits_when]
    for name, bounds in named:
        if bounds is not None and tag.range is not None and not _is_inside(bounds, tag.range):
            what = f"the {name} {bounds.low:g} to {bounds.high:g} reach beyond the range"
            do = f"the range is {tag.range.low:g} to {tag.range.high:g}"
            yield "error", "command-outside-range", what, do
    if rule.limits and rule.max_step and rule.max_step > rule.limits.span:
        what = f"the largest step {rule.max_step:g} is wider than the command limits"
        yield "warning", "command-step", what, ""


def _is_inside(bounds: EURange, around: EURange) -> bool:
    return around.contains(bounds.low) and around.contains(bounds.high)


def _steps(rule: CommandRule) -> Iterator[Problem]:
    if rule.reached and rule.pulse and not rule.feedback:
        what = "reached needs a feedback, for a pulse leaves nothing to read"
        yield "error", "command-feedback", what, "write a feedback"


def _guessed_modes(rule: CommandRule) -> Iterator[Problem]:
    """Only a declared mode is not left out by a bypass, and is shown and refused as what it is."""
    declared = {expression for expression, _ in rule.causes}
    for expression, text in rule.permissives:
        if expression in declared:
            continue
        try:
            cause = guessed_cause(expression_names(expression))
        except ExpressionError:
            continue  # said by the check of expressions
        if cause is not Reason.BLOCKED_BY_PROCESS:
            what = f"the condition {text or expression!r} is taken for a mode by the names of its signals"
            do = "declare it in a table [modes] of the type, and writable_in at the command"
            yield "warning", "command-mode", what, do
