"""Words and numbers of the page: names of settings, what is shown of each kind of alarm, lengths of time. No Qt."""

from __future__ import annotations

from typing import Final

from hmi.client.alarms import AlarmInfo
from hmi.client.what_if import AlarmSettings, WhatIfResult
from hmi.core.texts import tr

_LIMITS: Final = (
    "limit",
    "deadband",
    "on_delay",
    "off_delay",
    "count",
    "count_window",
    "limits_when",
    "suppress_when",
)
_DELAYS: Final = ("on_delay", "off_delay", "suppress_when")
_SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "deviation": ("limit", "deadband", "hold", *_DELAYS),
    "rate_up": ("limit", "deadband", "window", *_DELAYS),
    "rate_down": ("limit", "deadband", "window", *_DELAYS),
    "discrete": ("on_delay", "off_delay", "count", "count_window", "suppress_when"),
    "discrepancy": ("tolerance", *_DELAYS),
    "stale": ("window", "deadband", *_DELAYS),
    "expression": ("expression", *_DELAYS),
    "bad": _DELAYS,
}
TITLES: Final = {
    "limit": "Limit", "limits_when": "Limits by state", "deadband": "Deadband", "on_delay": "On-delay",
    "off_delay": "Off-delay", "hold": "Hold after a new set point", "window": "Window", "tolerance": "Tolerance",
    "count": "Crossings that count", "count_window": "Counted within", "expression": "Expression",
    "suppress_when": "Suppressed when", "enabled": "Enabled",
}  # fmt: skip
_SECONDS: Final = frozenset(("on_delay", "off_delay", "hold", "window", "count_window"))
_IN_UNITS: Final = frozenset(("limit", "deadband", "tolerance"))


def can_be_tried(row: AlarmInfo) -> bool:
    """Whether other settings of an alarm can be replayed: it judges recorded values, and no other server keeps it."""
    return bool(row.tag_name) and not row.source and row.kind not in {"link", "diagnostic"}


def shown_settings(settings: AlarmSettings) -> tuple[str, ...]:
    """What can be tried of an alarm of its kind, the usual ones first."""
    return _SHOWN.get(settings.kind, _LIMITS)


def unit_of(name: str, settings: AlarmSettings) -> str:
    """Behind a number."""
    if name in _SECONDS:
        return "s"
    is_rate = name == "limit" and settings.kind in ("rate_up", "rate_down")
    if name in _IN_UNITS:
        return f"{settings.unit}/s" if is_rate else settings.unit
    return ""


def cell_words(name: str, text: str, settings: AlarmSettings) -> str:
    """A cell as people read it."""
    return f"{text} {unit_of(name, settings)}".strip() if text else tr("none")


def change_words(changes: dict[str, str], settings: AlarmSettings) -> list[str]:
    """``Deadband: 0 m → 0.5 m`` of each."""
    return [
        f"{tr(TITLES[name])}: {cell_words(name, settings.cells.get(name, ''), settings)} → "
        f"{cell_words(name, text, settings)}"
        for name, text in changes.items()
    ]


def length_text(seconds: float) -> str:
    """A length of time: ``0.4 s``, ``20 s``, ``12 min``, ``5 h``, ``3 d``."""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def numbers_of(result: WhatIfResult) -> list[tuple[str, str]]:
    """(what it is, how much) of everything that is counted."""
    return [
        (tr("As it is"), str(result.was)),
        (tr("As proposed"), str(result.proposed)),
        (tr("Removed"), str(result.removed)),
        (tr("Part of another"), str(result.merged)),
        (tr("New"), str(result.new)),
        (tr("Longest removed"), length_text(result.longest_removed_s) if result.removed else "–"),
        (tr("Latest comes"), tr("{time} later", time=length_text(result.latest_s)) if result.later else "–"),
        (tr("In alarm"), f"{length_text(result.was_s)} → {length_text(result.proposed_s)}"),
    ]
