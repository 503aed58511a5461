"""Properties of one tag as our fields hold them: plain values, or texts with the holes of our types."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.importers.ignition._bindings import (
    Formula,
    Hole,
    Text,
    Unsayable,
    as_text,
    bound,
    plain,
    rendered,
    substituted,
)

_TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_BLANKS: Final = re.compile(r"\s+")
MAX_WORDS: Final = 500


@dataclass(slots=True)
class Values:
    """Reads ``props``. ``scope``: what the parameters that may be used stand for; ``names``: ours by Ignition's.

    ``remarks``: what was left out or changed, as sentences about the tag.
    """

    props: Mapping[str, Any]
    scope: Mapping[str, Text]
    names: Mapping[str, str]
    remarks: list[str] = field(default_factory=list[str])

    def of(self, key: str) -> Any:
        """The value, a Text with the parameters of the outermost UDT, or a Formula; None when it is not there."""
        found = bound(self.props.get(key), self.scope)
        return substituted(found, self.scope) if isinstance(found, tuple) else found

    def text(self, key: str) -> Text:
        """The value as a Text; empty where there is none. Unsayable when an expression gives it."""
        if (raw := self.props.get(key)) is None:
            return ()
        if type(raw) is str and "{" not in raw:
            return (raw,) if raw else ()
        found = self.of(key)
        if isinstance(found, Formula):
            raise Unsayable(f"takes its {key} from {found.text[:80]!r}")
        if isinstance(found, tuple):
            return found
        return as_text(found) if isinstance(found, str | int | float | bool) else ()

    def shown(self, key: str) -> str:
        """A text for people in one line; empty, with a remark, when it cannot be said."""
        try:
            return words(rendered(self.text(key), self.names))
        except Unsayable as error:
            self.remarks.append(f"the {key} is left out: it {error}")
            return ""

    def word(self, key: str, default: str = "") -> str:
        """A fixed word; one that a parameter gives is Unsayable."""
        found = plain(self.text(key))
        if found is None:
            raise Unsayable(f"takes its {key} from a parameter")
        return found.strip() or default

    def number(self, key: str) -> float | str | None:
        """A finite number, ``{parameter}``, or None; what is neither is left out with a remark."""
        try:
            return number_of(self.text(key), self.names)
        except Unsayable as error:
            self.remarks.append(f"{key} is left out: it {error}")
            return None

    def flag(self, key: str, *, default: bool) -> bool | str:
        """True or false, or ``{parameter}``."""
        found = self.of(key)
        if isinstance(found, bool):
            return found
        if isinstance(found, Formula):
            self.remarks.append(f"{key} is given by an expression and taken as {str(default).lower()}")
            return default
        if isinstance(found, tuple) and plain(found) is None:
            return _one_hole(found, self.names, key)
        text = (plain(found) or "") if isinstance(found, tuple) else "" if found is None else str(found)
        return _TRUTHS.get(text.strip().lower(), default)


def words(text: str) -> str:
    """The text in one line of bounded length."""
    line = _BLANKS.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


def number_of(text: Text, names: Mapping[str, str]) -> float | str | None:
    """A Text as a number or as one hole. Unsayable when it is neither."""
    fixed = plain(text)
    if fixed is None:
        return _one_hole(text, names, "it")
    if not fixed.strip():
        return None
    try:
        value = float(fixed)
    except ValueError:
        raise Unsayable(f"is {fixed[:40]!r}, which is no number") from None
    if not math.isfinite(value):
        raise Unsayable(f"is {fixed[:40]!r}, which is no number")
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _one_hole(text: Text, names: Mapping[str, str], what: str) -> str:
    if len(text) != 1 or not isinstance(text[0], Hole):
        raise Unsayable(f"mixes a parameter with other text in {what}")
    return rendered(text, names)
