"""What changed in plant.toml, a type or a scenario, in words: tables by their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hmi.project._drivers import secret_settings
from hmi.project._words import change, leaves, plainly

_NAMED: Final = {
    "signals": "signal", "parameters": "parameter", "alarms": "alarm", "commands": "command", "modes": "mode",
    "connection": "connection", "area": "area", "exports": "export", "notifications": "notification",
    "scan": "scan class", "texts": "text", "members": "member",
}  # fmt: skip
_LISTS: Final = {"area": "path", "exports": "name", "notifications": "name"}
"""Lists of tables, and the field that names each of them."""
_UNSAID: Final = frozenset(("schema", "$schema", "id"))
_IN_UNITS: Final = frozenset(
    (
        "low",
        "high",
        "deadband",
        "range",
        "normal",
        "max_step",
        "tolerance",
        "limit",
        "limits",
        "limit_low",
        "limit_high",
    )
)


def toml_sentences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """``connection plc1: settings.unit 1 -> 2``, ``signal speed: high 100 -> 120 rpm``, ``area intake added``."""
    was, now = _keyed(old), _keyed(new)
    for path, before, after in leaves(was, now):
        yield _sentence(path, before, after, now)


def _keyed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Lists of tables as tables by name, so that one that moves has not changed."""
    found = {key: value for key, value in data.items() if key not in _UNSAID}
    for key, name in _LISTS.items():
        tables = found.get(key)
        if isinstance(tables, list) and all(isinstance(one, dict) and one.get(name) for one in tables):
            found[key] = {str(one[name]): one for one in tables}
    return found


def _sentence(path: tuple[str, ...], before: Any, after: Any, now: Mapping[str, Any]) -> str:
    first, rest = "".join(path[:1]), path[1:]
    word = _NAMED.get(first)
    if word is None or not rest:
        what = ".".join((plainly(first), *rest))
        return _whole(what, before, after) or change(what, before, after)
    name, inner = f"{word} {rest[0]}", ".".join(rest[1:])
    if not inner:
        return _whole(name, before, after) or change(name, before, after, "ms" if first == "scan" else "")
    if first == "connection" and rest[1:2] == ("settings",) and not secret_settings().isdisjoint(rest[2:]):
        return f"{name}: {inner} changed"
    found = _whole(inner, before, after)
    return f"{name}: {found or change(inner, before, after, _unit(path, now))}"


def _whole(what: str, before: Any, after: Any) -> str:
    """A table that came or went."""
    if before is None and isinstance(after, dict):
        return f"{what} added"
    if after is None and isinstance(before, dict):
        return f"{what} removed"
    return ""


def _unit(path: tuple[str, ...], now: Mapping[str, Any]) -> str:
    if path[-1] not in _IN_UNITS or path[0] not in ("signals", "alarms"):
        return ""
    signals = now.get("signals", {})
    own = now.get(path[0], {}).get(path[1], {})
    signal = path[1] if path[0] == "signals" else str(own.get("signal", "")) if isinstance(own, dict) else ""
    found = signals.get(signal, {}) if isinstance(signals, dict) else {}
    unit = found.get("unit", "") if isinstance(found, dict) else ""
    return unit if isinstance(unit, str) and "{" not in unit else ""
