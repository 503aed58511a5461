"""New names of tags in the text of a display: single strings are replaced, every other byte stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hmi.project.new_names import ARGUMENTS, OVERRIDES, New, in_query, in_quotes, may_be_name

_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\],]')
_QUERY: Final = "over"


@dataclass(slots=True)
class _Level:
    """An object or list that is open. ``key``: the last key of the object, of a list the one that it stands under."""

    is_object: bool
    holder: str
    in_arguments: bool
    key: str = ""
    awaits_key: bool = True


def followed_display(text: str, new: New) -> str:
    """Texts that are a name, quoted names, names in queries, keys of ``overrides``; words for people stay."""
    levels: list[_Level] = []

    def each(found: re.Match[str]) -> str:
        mark = found[0]
        if mark in "{[":
            levels.append(_opened(levels, is_object=mark == "{"))
        elif mark in "}]":
            del levels[-1:]
        elif mark == ",":
            if levels:
                levels[-1].awaits_key = True
        elif levels:
            return f'"{_followed(found[1], levels[-1], new)}"'
        return mark

    return _TOKEN.sub(each, text)


def _opened(levels: list[_Level], *, is_object: bool) -> _Level:
    above = levels[-1] if levels else _Level(True, "", False)
    return _Level(
        is_object,
        holder=above.key,
        in_arguments=above.in_arguments or above.key in ARGUMENTS,
        key="" if is_object else above.key,
    )


def _followed(text: str, level: _Level, new: New) -> str:
    if level.is_object and level.awaits_key:
        level.key, level.awaits_key = text, False
        return new(text) if level.holder == OVERRIDES else text
    if not may_be_name(text, level.key, in_arguments=level.in_arguments):
        return text
    changed = new(text)
    if changed != text:
        return changed
    return in_query(text, new) if level.key == _QUERY else in_quotes(text, new)
