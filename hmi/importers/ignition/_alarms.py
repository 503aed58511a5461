"""Alarms of a tag of Ignition as ours: modes as kinds or expressions, five priorities as four and the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hmi.importers.ignition._bindings import Formula, Unsayable
from hmi.importers.ignition._expression import translated
from hmi.importers.ignition._values import Values

PRIORITIES: Final = {"diagnostic": "journal", "low": "4", "medium": "3", "high": "2", "critical": "1"}
_BY_NUMBER: Final = dict(enumerate(PRIORITIES.values()))
UNFINISHED: Final = "imported, not rationalised yet"
MOST_DELAY_S: Final = 600
_MODES: Final = {
    "abovevalue": "above", "abovesetpoint": "above", "belowvalue": "below", "belowsetpoint": "below",
    "equality": "equal", "equal": "equal", "inequality": "unequal", "notequal": "unequal",
    "betweenvalues": "between", "betweensetpoints": "between", "outsidevalues": "outside",
    "outsidesetpoints": "outside", "outofengrange": "outofrange", "outofrange": "outofrange",
    "badquality": "bad", "bit": "bit", "bitstate": "bit", "oncondition": "condition", "whentrue": "true",
    "whenfalse": "false",
}  # fmt: skip
_KINDS: Final = {"above": ("high", "high_high"), "below": ("low", "low_low")}


def alarms_of(
    alarms: Mapping[str, Mapping[str, Any]],
    values: Values,
    *,
    own: str,
    refer: Callable[[str], str],
    ends: tuple[Any, Any],
    is_bool: bool,
) -> dict[str, dict[str, Any]]:
    """Our alarms by Ignition's names. ``own``: the tag as an expression names it; ``ends``: its range.

    An alarm that cannot be said is left out with a remark.
    """
    out: dict[str, dict[str, Any]] = {}
    for name, given in alarms.items():
        one = Values(given, values.scope, values.names, values.remarks)
        try:
            condition = _Condition(one, own, refer, ends, is_bool).fields()
            out[name] = {**condition, **_rest(one, ends)}
        except Unsayable as error:
            values.remarks.append(f"the alarm {name!r} is left out: it {error}")
    _ranked(out)
    return out


class _Condition:
    """What an alarm is judged by."""

    def __init__(
        self, values: Values, own: str, refer: Callable[[str], str], ends: tuple[Any, Any], is_bool: bool
    ) -> None:
        self._values, self._own, self._refer, self._ends, self._is_bool = values, own, refer, ends, is_bool

    def fields(self) -> dict[str, Any]:
        written = self._values.word("mode", "Equality")
        mode = _MODES.get("".join(written.lower().split()))
        if mode is None:
            raise Unsayable(f"has the mode {written[:40]!r}, which has no like here")
        if mode in _KINDS or mode == "equal":
            return self._at_limit(mode)
        if mode == "bad":
            return {"kind": "bad"}
        if mode in ("true", "false") and self._is_bool:
            return {"kind": "discrete", "limit": 1 if mode == "true" else 0}
        return {"kind": "expression", "expression": self._expression(mode)}

    def _at_limit(self, mode: str) -> dict[str, Any]:
        found = self._values.of("setpointA")
        if isinstance(found, Formula):
            sign = {"above": ">=", "below": "<=", "equal": "=="}[mode]
            return {"kind": "expression", "expression": f"{self._own} {sign} {self._formula(found)}"}
        limit = self._values.number("setpointA")
        limit = 0 if limit is None else limit
        if mode != "equal" and self._is_strict():
            return {
                "kind": "expression",
                "expression": f"{self._own} {'>' if mode == 'above' else '<'} {_shown(limit)}",
            }
        return {"kind": "discrete" if mode == "equal" else _KINDS[mode][0], "limit": limit}

    def _is_strict(self) -> bool:
        """Whether the set point itself is no alarm; a deadband makes that difference meaningless."""
        amount = self._values.number("deadband")
        return self._values.flag("inclusiveA", default=True) is False and amount in (None, 0)

    def _expression(self, mode: str) -> str:
        own = self._own
        if mode == "unequal":
            return f"{own} != {self._point('setpointA')}"
        if mode in ("true", "false"):
            return f"{own} {'!=' if mode == 'true' else '=='} 0"
        if mode == "condition":
            return self._active()
        if mode == "bit":
            return self._bit()
        low, high = self._points(mode)
        low_in, high_in = (
            self._values.flag(key, default=True) is not False for key in ("inclusiveA", "inclusiveB")
        )
        if mode == "between":
            return f"{low} {'<=' if low_in else '<'} {own} {'<=' if high_in else '<'} {high}"
        if mode == "outofrange":
            low_in = high_in = False
        return f"{own} {'<=' if low_in else '<'} {low} or {own} {'>=' if high_in else '>'} {high}"

    def _points(self, mode: str) -> tuple[str, str]:
        if mode != "outofrange":
            return self._point("setpointA"), self._point("setpointB")
        low, high = self._ends
        if low is None or high is None:
            raise Unsayable("watches the engineering range, which the tag does not have")
        return _shown(low), _shown(high)

    def _point(self, key: str) -> str:
        found = self._values.of(key)
        if isinstance(found, Formula):
            return self._formula(found)
        number = self._values.number(key)
        return "0" if number is None else _shown(number)

    def _formula(self, found: Formula) -> str:
        return self._refer(found.text) if found.is_tag else translated(found.text, self._refer)

    def _active(self) -> str:
        found = self._values.of("activeCondition")
        if not isinstance(found, Formula):
            raise Unsayable("has no expression as its condition")
        return self._formula(found)

    def _bit(self) -> str:
        position = self._values.number("bitPosition")
        position = 0 if position is None else position
        if not isinstance(position, int) or not 0 <= position <= 62:
            raise Unsayable("has no bit position from 0 to 62")
        wanted = 0 if self._values.flag("bitOnZero", default=False) is True else 1
        return f"{self._own} // {2**position} % 2 == {wanted}"


def _rest(values: Values, ends: tuple[Any, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if amount := _deadband(values, ends):
        out["deadband"] = amount
    for key, ours in (("timeOnDelaySeconds", "on_delay"), ("timeOffDelaySeconds", "off_delay")):
        seconds = values.number(key)
        if not isinstance(seconds, str) and seconds is not None and seconds > MOST_DELAY_S:
            values.remarks.append(
                f"the delay of {seconds:g} s becomes {MOST_DELAY_S} s, the longest there is"
            )
            seconds = MOST_DELAY_S
        if seconds:
            out[ours] = seconds
    out["priority"] = _priority(values)
    if label := values.shown("label"):
        out["message"] = label
    if notes := values.shown("notes"):
        out["guidance"] = notes
    if values.word("ackMode", "Manual").lower() in ("unused", "auto"):
        out["ack"] = False
    if (enabled := values.flag("enabled", default=True)) is not True:
        out["enabled"] = enabled
    if out["priority"] not in ("4", "journal"):
        out["release_forced"] = UNFINISHED
    return out


def _deadband(values: Values, ends: tuple[Any, Any]) -> float | str | None:
    amount = values.number("deadband")
    mode = values.word("deadbandMode", "Absolute").lower()
    if mode == "off" or (not isinstance(amount, str) and (amount is None or amount <= 0)):
        return None
    if mode != "percent":
        return amount
    low, high = ends
    if (
        isinstance(amount, str)
        or low is None
        or high is None
        or isinstance(low, str)
        or isinstance(high, str)
    ):
        values.remarks.append("the deadband in percent of an alarm is left out: the tag has no fixed range")
        return None
    return float(f"{amount * (high - low) / 100:.12g}")


def _priority(values: Values) -> str:
    try:
        written = values.word("priority", "Low")
    except Unsayable as error:
        values.remarks.append(f"an alarm {error}; it becomes 3")
        return "3"
    if written.isascii() and written.isdigit() and int(written[:3]) in _BY_NUMBER:
        return _BY_NUMBER[int(written)]
    if (found := PRIORITIES.get(written.lower())) is None:
        raise Unsayable(f"has the priority {written[:40]!r}, which is not known")
    return found


def _ranked(alarms: dict[str, dict[str, Any]]) -> None:
    """Of two limits on one side the outer one becomes high_high or low_low."""
    for inner, outer in _KINDS.values():
        side = [a for a in alarms.values() if a["kind"] == inner and not isinstance(a["limit"], str)]
        if len(side) > 1:
            choose = max if inner == "high" else min
            choose(side, key=lambda alarm: alarm["limit"])["kind"] = outer


def _shown(number: float | str) -> str:
    return number if isinstance(number, str) else f"{number:.15g}"
