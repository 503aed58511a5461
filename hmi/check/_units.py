"""Checks units: the code of a unit, tags of different units in one calculation, units in the texts of alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hmi.check._unit_words import CODES, UNITS, quantity
from hmi.expressions import ExpressionError, added_names, expression_names
from hmi.project.draft import Draft
from hmi.project.plant import AlarmDef, Source, TagDef

_WORDS: Final = "|".join(sorted((re.escape(u) for u in UNITS), key=len, reverse=True))
_NUMBER_WITH_UNIT: Final = re.compile(rf"(?<![\w.,])\d+(?:[.,]\d+)?\s?({_WORDS})(?![\w³/])")
_TEXT_QUANTITIES: Final = frozenset(("pressure", "temperature", "flow", "length", "volume"))


def check_units(draft: Draft) -> None:
    """Findings for tags, expressions and alarms."""
    _check_codes(draft)
    said: set[tuple[Source, str, str]] = set()
    for tag in draft.tags:
        if tag.expression:
            for one, other in _added(tag.expression, draft):
                source = draft.origin_of(tag)
                if (key := (source, one.unit, other.unit)) not in said:
                    said.add(key)
                    _tell(f"{tag.name}: {one.name} in {one.unit} is calculated with {other.name} in {other.unit}",
                          source, draft)  # fmt: skip
    for alarm in draft.alarms:
        _check_alarm(alarm, draft)


def _check_codes(draft: Draft) -> None:
    said: set[Source] = set()
    for tag in draft.tags:
        if not tag.unit_code or tag.unit not in UNITS or tag.unit_code == UNITS[tag.unit][1]:
            continue
        source = draft.origin_of(tag)
        if tag.unit_code in CODES and source not in said:
            said.add(source)
            what = f"{tag.name}: the unit is {tag.unit}, its code {tag.unit_code} stands for {CODES[tag.unit_code]}"
            do = f"write {UNITS[tag.unit][1]} for {tag.unit}"
            draft.findings.warning(source.file, source.line, what, do, rule="unit-code")


def _added(expression: str, draft: Draft) -> Iterator[tuple[TagDef, TagDef]]:
    """Pairs of tags that an expression adds or compares though their units differ."""
    try:
        if len(expression_names(expression)) < 2:
            return
        pairs = added_names(expression)
    except ExpressionError:
        return  # said by the check of expressions
    for one, other in pairs:
        a, b = draft.by_name.get(one), draft.by_name.get(other)
        if a is not None and b is not None and a.unit and b.unit and a.unit != b.unit:
            yield a, b


def _check_alarm(alarm: AlarmDef, draft: Draft) -> None:
    own = draft.by_id[alarm.tag_id]
    for name in alarm.partners:
        other = draft.by_name.get(name)
        if other is not None and other.unit and own.unit and other.unit != own.unit:
            what = f"alarm {alarm.name}: {own.name} in {own.unit} is compared with {name} in {other.unit}"
            _tell(what, alarm.source, draft)
    for text, _ in alarm.expressions:
        for one, other in _added(text, draft):
            what = (
                f"alarm {alarm.name}: {one.name} in {one.unit} is compared with {other.name} in {other.unit}"
            )
            _tell(what, alarm.source, draft)
    measured = quantity(own.unit)
    if measured not in _TEXT_QUANTITIES:
        return
    for unit in _NUMBER_WITH_UNIT.findall(alarm.message):
        if unit != own.unit and quantity(unit) == measured:
            what = f"alarm {alarm.name}: the message speaks of {unit}, {own.name} is in {own.unit}"
            do = "write the number in the unit of the tag"
            draft.findings.warning(alarm.source.file, alarm.source.line, what, do, rule="unit-in-text")


def _tell(what: str, source: Source, draft: Draft) -> None:
    do = "bring both to one unit, for instance with a derived tag"
    draft.findings.warning(source.file, source.line, what, do, rule="unit-clash")
