"""Names of tags and instances that a list changes, and where in a text such a name stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from hmi.core.query import LONGEST

NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_/.-]*"
PROSE: Final = frozenset(
    (
        "$schema", "schema", "id", "name", "title", "area", "type", "image", "label", "text", "caption", "chemical",
        "dose_label", "format", "otherwise", "parameter", "second_format", "template", "third_format", "unit",
        "value_format", "description", "help", "message", "cause", "consequence", "action", "time_to_respond",
        "display", "address", "goal", "hint", "note", "of",
    )
)  # fmt: skip
"""Keys of displays, types and scenarios whose texts are words for people, or names of something else."""
OVERRIDES: Final = "overrides"
"""Key of a display whose object has names of instances as its keys."""
ARGUMENTS: Final = frozenset(("parameters", "arguments", OVERRIDES))
"""Keys of a display whose objects give values to parameters, which are called as their author likes."""
AREA: Final = "area"
"""Key of a display and word of a query that take an area, or the beginning of names: an instance, then."""
_QUOTED: Final = re.compile(rf"(?<=')({NAME})(?=')")
_WORD: Final = re.compile(r'(?:(?<=\s)|^)(-?(?:(?:match|area):)?)("[^"]*"|[^\s":]+)(?=\s|$)')


class NewNames:
    """New names by old ones, also of the signals of an instance."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed

    def __call__(self, name: str) -> str:
        """The new name; the same one where it does not change."""
        found = self._renamed.get(name)
        if found is not None:
            return found
        head, dot, signal = name.rpartition(".")
        return f"{self._renamed[head]}.{signal}" if dot and head in self._renamed else name


New = Callable[[str], str]


def may_be_name(text: str, key: str, *, in_arguments: bool) -> bool:
    """Whether a text of a display under a key may be the name of a tag or an instance, or hold one."""
    return key not in PROSE or ("/" in text and (in_arguments or key == AREA))


def names_in_quotes(text: str) -> set[str]:
    """The names that ``in_quotes`` looks at."""
    return set(_QUOTED.findall(text))


def in_quotes(text: str, new: New) -> str:
    """A text whose names in single quotes, as expressions have them, are the new ones."""
    return _QUOTED.sub(lambda found: new(found[1]), text) if "'" in text else text


def in_query(text: str, new: New) -> str:
    """A query whose names without ``*`` and ``?`` are the new ones; patterns stay, whatever they choose by now."""

    def each(found: re.Match[str]) -> str:
        mark, value = found.groups()
        if mark.endswith(f"{AREA}:") and "/" not in value:
            return found[0]
        if value.startswith('"'):
            return f'{mark}"{new(value[1:-1])}"'
        return mark + ",".join(map(new, value.split(",")))

    return _WORD.sub(each, text) if len(text) <= LONGEST else text
