"""The small language that chooses tags and instances: ``type:pump area:intake match:*pv``.

Words stand beside each other and all of them must hold; ``-`` before a word turns it round; values with commas between
them are alternatives; a value with spaces stands in double quotes. A word without a key is a pattern over names.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from hmi.core.errors import ConfigurationError

LONGEST: Final = 500
KEYS: Final = {
    "type": "type of the equipment; types that extend it count too",
    "area": "an area with all below it, or the beginning of names",
    "match": "pattern over names with * and ?; the same as a word without a key",
    "signal": "signal of the type, with * and ?",
    "unit": "engineering unit as it is written",
    "connection": "connection of plant.toml",
    "scan": "scan class",
    "text": "part of the description, capital or small",
    "is": "writable, recorded, calculated or entered",
}
"""What may stand before the colon, with what it chooses by."""
MARKS: Final = ("writable", "recorded", "calculated", "entered")
_WORD: Final = re.compile(r'\s*(-?)(?:([A-Za-z_]+):)?("[^"]*"|[^\s"]+)(?=\s|$)')
_MANY: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Facts:
    """One tag or instance as a query sees it. ``types``: its own and all it extends; ``areas``: with all above."""

    name: str
    types: Collection[str] = ()
    areas: Collection[str] = ()
    signal: str = ""
    unit: str = ""
    connection: str = ""
    scan: str = ""
    text: str = ""
    marks: Collection[str] = ()


class Word(NamedTuple):
    """One word of a query: none of its values may hold where it is ``turned``."""

    key: str
    values: tuple[str, ...]
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read; pure and shared."""

    text: str
    words: tuple[Word, ...]
    _tests: tuple[tuple[bool, Callable[[Facts], bool]], ...] = field(repr=False, compare=False)

    def takes(self, facts: Facts) -> bool:
        """True when every word holds."""
        return all(test(facts) is not turned for turned, test in self._tests)

    def named(self, key: str) -> tuple[str, ...]:
        """The values of a key, for who looks whether they exist."""
        return tuple(value for word in self.words if word.key == key for value in word.values)


@lru_cache(maxsize=1_000)
def query(text: str) -> Query:
    """The query of a text; ConfigurationError says which word cannot be read."""
    if len(text) > LONGEST:
        raise ConfigurationError(f"the query is longer than {LONGEST} characters", do="write a shorter one")
    words, at = list[Word](), 0
    while text[at:].strip():
        found = _WORD.match(text, at)
        if found is None:
            rest = text[at:].strip()
            raise ConfigurationError(
                f"the query stops at {rest[:60]!r}", do='write words as type:pump, values with spaces in "…"'
            )
        words.append(_word(found))
        at = found.end()
    if not words:
        raise ConfigurationError("the query is empty", do="write words such as type:pump or intake/*")
    return Query(text, tuple(words), tuple((word.turned, _test(word)) for word in words))


def _word(found: re.Match[str]) -> Word:
    turned, key, raw = found[1] == "-", (found[2] or "match").lower(), found[3]
    if not found[2] and ":" in raw:
        raise ConfigurationError(
            f"{raw[:60]!r} is no word of a query", do="write type:pump, or a name with * and ?"
        )
    if key not in KEYS:
        raise ConfigurationError(f"a query has no {key}:", do=f"use {', '.join(f'{k}:' for k in KEYS)}")
    values = (raw[1:-1],) if raw.startswith('"') else tuple(v for v in raw.split(",") if v)
    if not any(values):
        raise ConfigurationError(f"{key}: has no value", do=f"write {key}:VALUE")
    if key == "is" and (strange := [v for v in values if v not in MARKS]):
        raise ConfigurationError(f"is:{strange[0]} is not known", do=f"use {', '.join(MARKS)}")
    return Word(key, values, turned)


def _test(word: Word) -> Callable[[Facts], bool]:
    values = word.values
    match word.key:
        case "type":
            return lambda facts: any(value in facts.types for value in values)
        case "area":
            heads = tuple(value.rstrip("/") for value in values)
            return lambda facts: any(_is_below(head, facts) for head in heads)
        case "match":
            return _patterns(values, lambda facts: facts.name)
        case "signal":
            return _patterns(values, lambda facts: facts.signal)
        case "text":
            parts = tuple(value.casefold() for value in values)
            return lambda facts: any(part in facts.text.casefold() for part in parts)
        case "is":
            return lambda facts: any(value in facts.marks for value in values)
        case name:
            return lambda facts: getattr(facts, name) in values


def _is_below(head: str, facts: Facts) -> bool:
    return head in facts.areas or facts.name == head or facts.name.startswith(f"{head}/")


def _patterns(values: tuple[str, ...], of: Callable[[Facts], str]) -> Callable[[Facts], bool]:
    plain = frozenset(value for value in values if not _MANY.intersection(value))
    tests = [re.compile(fnmatch.translate(value)).match for value in values if value not in plain]
    return lambda facts: (text := of(facts)) in plain or any(test(text) for test in tests)


def problem_of_names(asked: Query, key: str, known: Collection[str]) -> tuple[str, str] | None:
    """(what is wrong, what to do) with a query whose ``type:`` or ``area:`` names nothing of ``known``."""
    for value in asked.named(key):
        if value.rstrip("/") not in known:
            return f"the {key} {value!r} is not known", f"{key}s: {', '.join(known) or 'none'}"
    return None
