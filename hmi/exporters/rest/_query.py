"""What a request asks for: its parameters, read by their descriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from hmi.core.clock import NS_PER_S
from hmi.exporters.rest._problem import Problem, bad_request

MOST: Final = 10_000
"""Rows of one page."""
LONGEST: Final = 500
MANY: Final = 50
_FIELDS: Final = 100
_FAR: Final = 2**62
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parameter:
    """``kind``: text, integer, time or cursor. ``many``: it may stand so often, 0 = once and with one value."""

    name: str
    kind: str
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = MOST
    many: int = 0
    required: bool = False


TAGS: Final = Parameter(
    "tags",
    "text",
    "Query over tags, as in exports: intake/*, area:intake type:pump, unit:bar. Several: one has to hold.",
    many=MANY,
)
START: Final = Parameter("start", "time", "Begin of the range, included (ISO 8601 with Z or offset).")
END: Final = Parameter("end", "time", "End of the range, not included.")
LIMIT: Final = Parameter("limit", "integer", "Rows of a page at most.", default=1_000, minimum=1)
CURSOR: Final = Parameter("cursor", "cursor", "Where the page before ended: its next.", default="")


def given(parameters: Sequence[Parameter], query: bytes) -> dict[str, Any]:
    """The values by name; Problem 400 in one sentence."""
    found: dict[str, list[str]] = {}
    known = {one.name: one for one in parameters}
    for name, text in _pairs(query):
        if name not in known:
            there = ", ".join(known) or "none"
            raise bad_request(f"there is no parameter {name[:40]!r}; there is: {there}")
        found.setdefault(name, []).append(text)
    return {one.name: _value(one, found.get(one.name)) for one in parameters}


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError:
        raise bad_request(
            "the query string cannot be read: it has to be NAME=VALUE&NAME=VALUE in UTF-8"
        ) from None


def _value(parameter: Parameter, texts: list[str] | None) -> Any:
    if texts is None:
        if parameter.required:
            raise bad_request(f"{parameter.name} is missing")
        return () if parameter.many else parameter.default
    if parameter.many:
        if len(texts) > parameter.many:
            raise bad_request(f"{parameter.name} stands more than {parameter.many} times")
        return tuple(_one(parameter, text) for text in texts)
    if len(texts) > 1:
        raise bad_request(f"{parameter.name} stands more than once")
    return _one(parameter, texts[0])


def _one(parameter: Parameter, text: str) -> Any:
    if len(text) > LONGEST:
        raise bad_request(f"{parameter.name} is longer than {LONGEST} characters")
    if parameter.choices and text not in parameter.choices:
        raise bad_request(f"{parameter.name}={text[:40]!r} is not one of {', '.join(parameter.choices)}")
    if parameter.kind == "integer":
        return _integer(parameter, text)
    return time_ns(parameter.name, text) if parameter.kind == "time" else text


def _integer(parameter: Parameter, text: str) -> int:
    is_number = re.fullmatch(r"-?\d{1,18}", text, re.ASCII) is not None
    if not is_number or not parameter.minimum <= int(text) <= parameter.maximum:
        bounds = f"{parameter.minimum} to {parameter.maximum}"
        raise bad_request(f"{parameter.name}={text[:40]!r} is no whole number from {bounds}")
    return int(text)


def time_ns(name: str, text: str) -> int:
    """UTC ns of an RFC 3339 time, to the nanosecond; times of no plant are the nearest one that can be."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise _no_time(name, text)
    *fields, fraction, zone = found.groups()
    second = min(int(fields[5]), 59)  # a leap second is the one before it
    try:
        at = datetime(*map(int, fields[:5]), second, tzinfo=UTC) - _EPOCH - _offset(zone)  # type: ignore[misc]
    except (ValueError, OverflowError):
        raise _no_time(name, text) from None
    if int(fields[5]) > 60:
        raise _no_time(name, text)
    whole = at // timedelta(seconds=1) * NS_PER_S + int((fraction or "0")[:9].ljust(9, "0"))
    return max(0, min(_FAR, whole))


def _no_time(name: str, text: str) -> Problem:
    return bad_request(f"{name}={text[:40]!r} is no time; write 2026-11-28T14:05:00Z (a + is %2B in a query)")


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    found = timedelta(hours=hours, minutes=minutes)
    return -found if zone[0] == "-" else found


def question(path: str, asked: Mapping[str, Any], areas: Sequence[str]) -> str:
    """What stays the same from page to page: a cursor of one question leads nowhere in another one."""
    kept = sorted((name, value) for name, value in asked.items() if name not in ("cursor", "limit"))
    return repr((path, kept, tuple(areas)))


@lru_cache(maxsize=4_096)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time_text(at: int) -> str:
    """ISO 8601 in UTC with nine digits."""
    second, rest = divmod(at, NS_PER_S)
    return f"{_second(second)}.{rest:09d}Z"
