"""The figures one by one: value, target, limit, verdict and one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hmi.core.texts import tr
from hmi.project.targets import Band

OK, NEAR, OVER = "ok", "near", "over"
NONE_ALLOWED = Band(0, 0)


@dataclass(frozen=True, slots=True)
class Figure:
    """``field`` of AlarmTargets that holds its band, empty for one that must be 0. ``strict``: below the target, not
    equal to it. ``unit``: "" a number, "%" percent, "ratio" without a unit. ``plan``: over it asks for a plan.
    """

    key: str
    title: str
    field: str = ""
    unit: str = ""
    strict: bool = False
    plan: bool = False


FIGURES = (
    Figure("per_10_min", "Alarms per 10 min", "per_10_min"),
    Figure("per_hour", "Alarms per hour", "per_hour"),
    Figure("per_day", "Alarms per day", "per_day"),
    Figure("busy_hours", "Hours with over 30 alarms", "busy_hours", "%", strict=True),
    Figure("busy_bins", "10 min with over 10 alarms", "busy_bins", "%", strict=True),
    Figure("peak_10_min", "Most alarms in 10 min", "peak_10_min"),
    Figure("flood_time", "Time in flood", "flood_time", "%", strict=True),
    Figure("top_10_share", "Share of the top ten", "top_10_share", "%", strict=True, plan=True),
    Figure("chattering", "Chattering alarms", "chattering", plan=True),
    Figure("chatter_index", "Highest chatter index", "chatter_index", "ratio", strict=True),
    Figure("fleeting", "Fleeting alarms", "fleeting", plan=True),
    Figure("stale", "Stale on the worst day", "stale", strict=True, plan=True),
    Figure("standing", "Standing on average", "standing", strict=True),
    Figure("hidden_outside_rules", "Hidden outside the rules"),
    Figure("changes_without_number", "Changes without a number"),
    Figure("after_upset", "Alarms after a trip", "after_upset", strict=True),
)


def figure_row(figure: Figure, value: float | None, band: Band) -> dict[str, Any]:
    """One figure as JSON; a value that there is none of (no alarm, no trip) is None and within its target."""
    found = verdict(value, band, strict=figure.strict)
    return {
        "key": figure.key,
        "title": tr(figure.title),
        "value": value,
        "unit": figure.unit,
        "target": band.target,
        "limit": band.limit if band.limit > band.target else None,
        "verdict": found,
        "text": _sentence(figure, value, band, found),
    }


def verdict(value: float | None, band: Band, *, strict: bool) -> str:
    """``ok`` within the target, ``near`` within the limit, else ``over``."""
    if value is None:
        return OK
    for edge, word in ((band.target, OK), (band.limit, NEAR)):
        if value < edge or (value == edge and not strict):
            return word
    return OVER


def share_verdict(value: float | None, target: float, margin: float, *, is_floor: bool) -> str:
    """Priority shares: urgent ones should be few (at most the target), the low one the most (at least)."""
    if value is None:
        return OK
    off = target - value if is_floor else value - target
    return OK if off <= 0 else NEAR if off <= margin else OVER


def number(value: float, unit: str = "") -> str:
    """As people read it: two digits after the point where they say something."""
    text = f"{value:.3f}" if unit == "ratio" else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return f"{text} %" if unit == "%" else text


def _sentence(figure: Figure, value: float | None, band: Band, found: str) -> str:
    title = tr(figure.title)
    if value is None:
        return tr("{title}: nothing to judge in this time.", title=title)
    said = {"title": title, "value": number(value, figure.unit), "target": number(band.target, figure.unit)}
    if band == NONE_ALLOWED:
        ending = tr("make an action plan") if figure.plan else tr("find out why")
        return (
            tr("{title}: none, as it should be.", title=title)
            if found == OK
            else tr("{title}: {value}, there should be none; {ending}.", ending=ending, **said)
        )
    below = tr("below {target}", target=said["target"]) if figure.strict else said["target"]
    if found == OK:
        return tr("{title}: {value}, within the target ({below}).", below=below, **said)
    if found == NEAR:
        return tr(
            "{title}: {value}, over the target ({below}) and still manageable (up to {limit}).",
            below=below, limit=number(band.limit, figure.unit), **said,
        )  # fmt: skip
    if figure.plan:
        return tr("{title}: {value}, over the target ({below}); make an action plan.", below=below, **said)
    if band.limit > band.target:
        limit = number(band.limit, figure.unit)
        return tr("{title}: {value}, more than is manageable ({limit}).", limit=limit, **said)
    return tr("{title}: {value}, over the target ({below}).", below=below, **said)
