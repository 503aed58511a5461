"""Cells of proposals: cleaned, compared with the cells of the plant by what they mean, and said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hmi.project._convert import pairs, truth
from hmi.project._fields import TYPES
from hmi.project._findings import FieldError
from hmi.project.columns import NUMBER_COLUMNS, TRUTH_COLUMNS

PAIRS: Final = frozenset(("states", "options", "parameters"))
_SPANS: Final = (
    ("low", "high", "range"),
    ("normal_low", "normal_high", "normal range"),
    ("raw_low", "raw_high", "raw range"),
    ("limit_low", "limit_high", "limits"),
    ("tune_low", "tune_high", "limits to tune"),
)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
SHORT: Final = 60


def clean(text: str) -> str:
    """One line without control characters that can be written as UTF-8."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text)).strip()


def same(column: str, one: str, other: str) -> bool:
    """Whether two cells mean the same: ``1`` and ``1.0`` of a number, ``yes`` and ``true``, pairs in any order."""
    if one == other:
        return True
    if not one or not other:
        return column in TRUTH_COLUMNS and _truth(one) is False and _truth(other) is False
    if column in TRUTH_COLUMNS:
        return _truth(one) is not None and _truth(one) == _truth(other)
    if column == "type":
        return TYPES.get(one, one) == TYPES.get(other, other)
    if column == "priority":
        return one.upper().removeprefix("P") == other.upper().removeprefix("P")
    if column in PAIRS:
        mine, theirs = _pairs(one), _pairs(other)
        return mine is not None and theirs is not None and same_pairs(mine, theirs)
    return column in NUMBER_COLUMNS and same_value(one, other)


def same_pairs(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """The same keys with values that mean the same."""
    return one.keys() == other.keys() and all(same_value(text, other[key]) for key, text in one.items())


def _truth(text: str) -> bool | None:
    try:
        return truth(text, "")
    except FieldError:
        return None


def _pairs(text: str) -> dict[str, str] | None:
    try:
        return pairs(text, "")
    except FieldError:
        return None


def same_value(one: str, other: str) -> bool:
    """The same text, or the same number."""
    try:
        return one == other or float(one) == float(other)
    except ValueError:
        return False


def said(changes: Mapping[str, str], before: Mapping[str, str]) -> tuple[str, ...]:
    """``range 0 … 5 -> 0 … 10`` for each cell, or pair of cells, that changes."""
    return tuple(_said(dict(changes), before))


def _said(left: dict[str, str], before: Mapping[str, str]) -> Iterator[str]:
    for low, high, word in _SPANS:
        if low in left or high in left:
            old = (before.get(low, ""), before.get(high, ""))
            new = (left.pop(low, old[0]), left.pop(high, old[1]))
            yield f"{word} {_span(old)} -> {_span(new)}"
    for column, text in left.items():
        yield f"{column.replace('_', ' ')} {_short(before.get(column, ''))} -> {_short(text)}"


def _span(ends: tuple[str, str]) -> str:
    return f"{ends[0] or '?'} … {ends[1] or '?'}" if any(ends) else "nothing"


def _short(text: str) -> str:
    return f"{text[: SHORT - 1]}…" if len(text) > SHORT else text or "nothing"


def renamed(text: str, names: Mapping[str, str]) -> str:
    """An expression whose quoted names are those of the plant."""
    if "'" not in text:
        return text
    return re.sub(r"'([^']*)'", lambda found: f"'{names.get(found[1], found[1])}'", text)
