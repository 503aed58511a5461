"""What a value means in words: a map of the element, else the states of the tag. Decided without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hmi.core.texts import tr
from hmi.mimics._parameters import is_number
from hmi.mimics._readings import Reading, format_value

OK, ABNORMAL = "ok", "abnormal"
_OFF: Final = frozenset(("stopped", "closed", "off", "standby", "none", "no", "false", "idle"))


class StateWord(NamedTuple):
    """``role`` is ok or abnormal; ``fill`` on, off, half, hatched, or none for a value without a meaning."""

    text: str
    role: str = OK
    fill: str = "on"

    @property
    def is_known(self) -> bool:
        return self.fill != "none"


def state_word(reading: Reading, rows: Iterable[Mapping[str, Any]]) -> StateWord:
    """The meaning of a value that is not Bad.

    ``rows`` are {"value", "text", "role", "look"}; a value that neither they nor the tag know keeps its
    number behind a question mark: it is never taken for one of the others.
    """
    value = reading.data.value
    for row in rows:
        if _is_same(row.get("value"), value):
            fill = str(row.get("look") or ("off" if not value else "on"))
            return StateWord(str(row.get("text", "")), str(row.get("role") or OK), fill)
    states = reading.info.states if reading.info else {}
    text = states.get(int(value)) if isinstance(value, bool | int | float) and _is_whole(value) else None
    if text is not None:
        return StateWord(text, OK, "off" if not value or text.lower() in _OFF else "on")
    if isinstance(value, bool) and not states:
        return StateWord(tr("ON") if value else tr("OFF"), OK, "on" if value else "off")
    return StateWord(f"? {format_value(value, None).strip()}", ABNORMAL, "none")


def _is_whole(value: float) -> bool:
    return isinstance(value, bool) or (is_number(value) and int(value) == value)


def _is_same(row: Any, value: Any) -> bool:
    """True and 1 mean the same, as do 1 and 1.0; a text means itself."""
    if isinstance(row, bool | int | float) and isinstance(value, bool | int | float):
        return row == value
    return row is not None and type(row) is type(value) and row == value
