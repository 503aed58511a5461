"""Checks numbers of a tag against each other: scaling, deadband, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.core.values import ValueType
from hmi.project.draft import Draft
from hmi.project.plant import Source, TagDef

_NO_NUMBERS = (ValueType.BOOL, ValueType.STRING, ValueType.BYTES, ValueType.STRUCTURE, ValueType.ARRAY)
Problem = tuple[str, str, str, str]  # severity, rule, what is wrong, what to do


def check_scaling(draft: Draft) -> None:
    """Findings for tags; those of a type are said once, at the type."""
    said: set[tuple[Source, str]] = set()
    for tag in draft.tags:
        if tag.scaling is None and not tag.deadband and not tag.states:
            continue
        for severity, rule, what, do in _problems(tag):
            source = draft.origin_of(tag)
            if (source, rule) not in said:
                said.add((source, rule))
                draft.findings.note(severity, source.file, source.line, f"{tag.name}: {what}", do, rule)


def _problems(tag: TagDef) -> Iterator[Problem]:
    if tag.scaling is not None and tag.type in _NO_NUMBERS:
        yield (
            "error",
            "scaled-no-number",
            f"is a {tag.type.value} and is scaled",
            "remove raw_low and raw_high",
        )
    if tag.scaling is not None and tag.expression:
        yield (
            "warning",
            "scaled-no-number",
            "is calculated, and its scaling has no effect",
            "scale in the expression",
        )
    if tag.range is not None and tag.deadband >= tag.range.span > 0:
        what = f"the deadband {tag.deadband:g} is as wide as the range"
        yield "error", "deadband-wide", what, "no change of it would ever be seen; write a smaller one"
    if tag.states and tag.range is not None:
        beyond = [number for number in tag.states if not tag.range.contains(number)]
        if beyond:
            what = f"the state {beyond[0]} ({tag.states[beyond[0]]}) lies outside the range"
            yield (
                "warning",
                "state-outside-range",
                what,
                f"the range is {tag.range.low:g} to {tag.range.high:g}",
            )
