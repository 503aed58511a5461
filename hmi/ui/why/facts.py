"""Facts of a hop as pairs of words, and its rows as lines. No Qt; everything a plant wrote stays plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from hmi.client.port import TagInfo
from hmi.client.why import WhyHop
from hmi.core.texts import tr
from hmi.mimics import format_value
from hmi.ui.labels import state_name
from hmi.ui.times import time_text

TITLES: Final = {
    "device": "Device",
    "decode": "Decoding",
    "scaling": "Scaling",
    "entered": "Manual value",
    "range": "Range and limits",
    "expression": "Calculation",
    "age": "Freshness",
    "alarms": "Alarms",
    "history": "History",
    "used_by": "Used by",
}
FUNCTIONS: Final = {
    1: "01 read coils",
    2: "02 read discrete inputs",
    3: "03 read holding registers",
    4: "04 read input registers",
}
_LABELS: Final = {
    "connection": "Connection", "driver": "Driver", "link": "Link", "endpoint": "Endpoint", "server": "Server",
    "unit": "Unit", "address": "Address", "node": "Node", "index_range": "Index range", "table": "Table",
    "function": "Function", "offset": "Offset", "count": "Count", "request": "Request",
    "words": "Raw words", "bit": "Bit", "bits": "Bits", "bytes": "Raw bytes", "raw": "Raw value",
    "exception": "Exception", "status_code": "Status code", "status_words": "Status",
    "source_time": "Source time", "server_time": "Server time", "asked_at": "Asked", "answered_at": "Answered",
    "wire": "Wire type", "type": "Tag type", "order": "Byte order", "length": "Length",
    "encoding": "Encoding", "eu": "Scaled to", "kind": "Curve", "clamp": "Clamped",
    "live_zero": "Live zero", "range": "Range", "normal": "Normal band", "command_limits": "Command limits",
    "deadband": "Deadband", "group": "Source group", "scan": "Scan class", "period_ms": "Period",
    "expression": "Expression", "by": "Entered by", "reason": "Reason", "until": "Until",
    "source_value": "Source says", "source_quality": "Source quality",
}  # fmt: skip
_HIDDEN: Final = frozenset({"expression", "took_ms", "age_ms", "limit_ms", "resting", "events_known"})
_WIDE: Final = frozenset({"endpoint", "function", "request", "node"})
_STRONG: Final = frozenset({"words", "raw", "bit"})
_USES: Final = {
    "display": "Display",
    "calculation": "Calculation",
    "alarm": "Alarm",
    "suppression": "Suppresses the alarm",
    "permissive": "Permissive of",
    "interlock": "Interlock of",
    "feedback": "Feedback of",
    "limits": "Limits of",
    "life counter": "Life counter of",
    "export": "Export",
    "notification": "Notification",
    "training": "Training",
}


class Fact(NamedTuple):
    """One line: ``strong`` for what the device itself said; ``wide`` ones stand alone."""

    label: str
    text: str
    strong: bool = False
    wide: bool = False


class Line(NamedTuple):
    """One line of a table; ``display`` or ``tag`` is what it leads to."""

    label: str
    text: str
    display: str = ""
    tag: str = ""


def facts_of(hop: WhyHop, zone: tzinfo, unit: str) -> list[Fact]:
    """What the device itself said first, then the others in the order in which the runtime told them."""
    found: list[Fact] = []
    for name, value in hop.facts.items():
        if name not in _HIDDEN and value not in (None, ""):
            label = (
                tr("Raw range") if name == "raw" and hop.kind == "scaling" else tr(_LABELS.get(name, name))
            )
            strong = name in _STRONG and hop.kind == "device"
            found.append(Fact(label, _text(name, value, zone, unit), strong, strong or name in _WIDE))
    return sorted(found, key=lambda fact: not fact.strong)


def _text(name: str, value: Any, zone: tzinfo, unit: str) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if name in _SPECIAL:
        return _SPECIAL[name](value)
    if name in {"asked_at", "answered_at", "source_time", "server_time"}:
        return time_text(int(value), zone)
    if name in {"range", "normal", "command_limits", "eu"} and isinstance(value, list):
        return f"{_number(value[0])} … {_number(value[1])} {unit}".strip()
    if name == "raw" and isinstance(value, list):
        return f"{_number(value[0])} … {_number(value[1])}"
    return _number(value) if isinstance(value, int | float) else str(value)


def hex_words(words: list[int]) -> str:
    """Registers as on the wire, with their decimal numbers behind."""
    shown = "  ".join(f"{word:04X}" for word in words[:32])
    more = " …" if len(words) > 32 else ""
    return f"{shown}{more}   ({', '.join(map(str, words[:4]))}{' …' if len(words) > 4 else ''})"


def _spaced(text: str) -> str:
    return " ".join(text[at : at + 2] for at in range(0, min(len(text), 64), 2)).upper()


_SPECIAL: Final[Mapping[str, Callable[[Any], str]]] = {
    "words": hex_words,
    "function": lambda value: tr(FUNCTIONS.get(value, f"{value:02X}")),
    "request": _spaced,
    "bytes": _spaced,
    "exception": lambda value: f"{value:02X}",
    "status_code": lambda value: f"0x{value:08X}",
    "period_ms": lambda value: tr("{n} s", n=f"{value / 1000:g}"),
}


def _number(value: float) -> str:
    text = f"{value:.7g}" if isinstance(value, float) else str(value)
    return text.replace("-", "−")


def value_of(hop: WhyHop, info: TagInfo | None, unit: str) -> str:
    """The value after a hop: raw ones as they are, others in the tag's format; empty for none."""
    if hop.value is None or hop.kind in {"device", "range", "age", "alarms", "used_by"}:
        return ""
    if hop.kind == "decode":
        return _number(hop.value) if isinstance(hop.value, int | float) else str(hop.value)[:40]
    text = format_value(hop.value, info).strip()
    return f"{text} {unit}".strip() if info is None or not info.states else text


def lines_of(hop: WhyHop, zone: tzinfo) -> list[Line]:
    """The rows of alarms and of uses."""
    return [_LINES[hop.kind](row, zone) for row in hop.rows if hop.kind in _LINES]


def _alarm_line(row: Mapping[str, Any], zone: tzinfo) -> Line:
    at = time_text(int(row.get("time") or 0), zone, millis=False) if row.get("time") else ""
    if row.get("what") == "event":
        parts = [str(row.get("name", "")), str(row.get("event", "")), str(row.get("actor", ""))]
        return Line(at, "  ".join(part for part in parts if part))
    words = [str(row.get("name", "")), state_name(str(row.get("state", "")))]
    if row.get("limit") is not None:
        words.append(
            tr("limit {limit} {unit}", limit=_number(row["limit"]), unit=row.get("unit", "")).strip()
        )
    if row.get("deadband"):
        words.append(tr("deadband {n}", n=_number(row["deadband"])))
    if row.get("on_delay_s"):
        words.append(tr("after {n} s", n=_number(row["on_delay_s"])))
    if row.get("reason"):
        words.append(str(row["reason"]))
    if at and row.get("state") != "NORM":
        words.append(tr("since {time}", time=at))
    return Line(tr("P{n}", n=row.get("priority", "")), " · ".join(words))


def _use_line(row: Mapping[str, Any], _zone: tzinfo) -> Line:
    kind, name, text = str(row.get("kind", "")), str(row.get("name", "")), str(row.get("text", ""))
    label = tr(_USES.get(kind, kind))
    if kind == "display":
        return Line(label, text or name, display=name)
    tag = name if kind in {"calculation", "permissive", "interlock", "feedback", "limits"} else ""
    return Line(label, f"{name}  {text}" if text else name, tag=tag)


_LINES: Final[Mapping[str, Callable[[Mapping[str, Any], tzinfo], Line]]] = {
    "alarms": _alarm_line,
    "used_by": _use_line,
}
