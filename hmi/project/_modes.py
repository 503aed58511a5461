"""What the modes of a type demand of its commands, as conditions with the word of their refusal; pure.

A setpoint is written in automatic, an output in manual, neither in cascade: each command says its modes itself
(``writable_in``). Local control and out of service take no command at all but the one back into service, and a
forced mode is left by no one until its cause is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hmi.core.commands import Reason
from hmi.core.texts import tr
from hmi.project._convert import number
from hmi.project._findings import FieldError
from hmi.project.models import ModeModel, ModesModel, StateModel

WORDS: Final = ("man", "auto", "cas", "rcas", "oos", "iman", "lo")
_FORCED: Final = frozenset(("iman", "lo"))
_SERVICE: Final = "oos"


def check_modes(modes: ModesModel, signals: Mapping[str, Any]) -> None:
    """FieldError with the first thing that does not fit the signals of the type."""
    named = [state.signal for state in (modes.remote, modes.in_service, modes.operator) if state]
    if (mode := modes.mode) is not None:
        named += [mode.signal, *([mode.request] if mode.request else [])]
        for value, word in mode.words.items():
            number(value, "the value of a mode")
            if word not in WORDS:
                raise FieldError(f"{word!r} is no word of a mode", f"use {', '.join(WORDS)}")
    for name in named:
        if name not in signals:
            raise FieldError(f"the type has no signal {name!r}", f"its signals: {', '.join(signals)}")


def mode_conditions(
    modes: ModesModel | None, signals: Mapping[str, Any], signal: str
) -> list[dict[str, Any]]:
    """Conditions of the command to ``signal``: expression, text and reason, with {name} for the instance."""
    wanted = _wanted(signals[signal])
    mode = modes.mode if modes else None
    if wanted and mode is None:
        raise FieldError("writable_in needs the modes of the type", "write a table [modes.mode]")
    if modes is None:
        return []
    found = list(_everywhere(modes, signals, signal))
    if mode is not None:
        found += _in_mode(mode, signals, signal, wanted)
    if modes.operator is not None and wanted:
        text = modes.operator.text or tr("An operator owns it, no program")
        found.append(_condition(_state(modes.operator, signals), text, Reason.BLOCKED_BY_MODE))
    return found


def _wanted(table: Mapping[str, Any]) -> list[str]:
    command = table.get("command")
    return list(command.get("writable_in", ())) if isinstance(command, Mapping) else []


def _everywhere(modes: ModesModel, signals: Mapping[str, Any], signal: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if modes.remote is not None:
        text = modes.remote.text or tr("Control is in remote")
        found.append(_condition(_state(modes.remote, signals), text, Reason.BLOCKED_BY_SWITCHING_HIERARCHY))
    if modes.in_service is not None and signal != modes.in_service.signal:
        text = modes.in_service.text or tr("It is in service")
        found.append(_condition(_state(modes.in_service, signals), text, Reason.BLOCKED_BY_MODE))
    return found


def _in_mode(
    mode: ModeModel, signals: Mapping[str, Any], signal: str, wanted: list[str]
) -> list[dict[str, Any]]:
    known = set(mode.words.values())
    if strange := [word for word in wanted if word not in known]:
        raise FieldError(
            f"writable_in names {strange[0]!r}, which is no mode of the type",
            f"its modes: {', '.join(sorted(known))}",
        )
    shut = set(_FORCED) if signal == mode.request else {_SERVICE}
    found: list[dict[str, Any]] = []
    for word in sorted(shut & known):
        text = mode.texts.get(f"not {word}") or tr("Its mode is not {word}", word=word.upper())
        found.append(_condition(f"not ({_is(mode, signals, [word])})", text, Reason.BLOCKED_BY_MODE))
    if wanted:
        text = " / ".join(
            mode.texts.get(word) or tr("Its mode is {word}", word=word.upper()) for word in wanted
        )
        found.append(_condition(_is(mode, signals, wanted), text, Reason.BLOCKED_BY_MODE))
    return found


def _is(mode: ModeModel, signals: Mapping[str, Any], words: list[str]) -> str:
    values = [float(value) for value, word in mode.words.items() if word in words]
    return " or ".join(_equals(mode.signal, value, signals) for value in values)


def _state(state: StateModel, signals: Mapping[str, Any]) -> str:
    return _equals(state.signal, float(state.value), signals)


def _equals(signal: str, value: float, signals: Mapping[str, Any]) -> str:
    name = "'{name}." + signal + "'"
    if signals[signal].get("type") == "bool":
        return name if value else f"not {name}"
    return f"{name} == {value:g}"


def _condition(expression: str, text: str, reason: Reason) -> dict[str, Any]:
    return {"expression": expression, "text": text, "reason": reason.value}
