"""The rule of a command from its cells or TOML values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hmi.core.commands import CommandClass, Reason
from hmi.core.principal import Role
from hmi.core.values import EURange
from hmi.project._convert import number, span, truth, whole
from hmi.project._findings import FieldError
from hmi.project._templates import has_holes
from hmi.project.plant import CommandRule, LimitsWhen

SELECT_S: Final = (10, 120)
_TEXTS: Final = frozenset(("feedback", "permissives", "interlocks", "mode_conditions", "limits_when"))
_ENDS: Final = (("limit_low", "limit_high"), ("tune_low", "tune_high"))
_RIGHTS: Final = {role.value: role for role in (Role.OPERATE, Role.TUNE)}

COMMAND_SOURCES: Final = (
    "writable", "class", "limit_low", "limit_high", "max_step", "feedback", "expected_ms",
    "tolerance", "pulse", "min_interval_ms", "permissives", "interlocks", "mode_conditions", "tune_low",
    "tune_high", "limits_when", "right", "two_person", "select_s", "ramp", "reached",
)  # fmt: skip


def command_rule(writable: Any, *raws: Any) -> CommandRule | None:
    """None for what cannot be written; ``raws`` in the order of ``COMMAND_SOURCES``."""
    if not truth(writable, "writable"):
        return None
    given = dict(zip(COMMAND_SOURCES[1:], raws, strict=True))
    declared = _conditions(given["mode_conditions"], "modes")
    own = _conditions(given["permissives"], "permissives")
    known = {expression for expression, _ in own}
    return CommandRule(
        klass=_class(given["class"]),
        limits=span(given["limit_low"], given["limit_high"], "command limits"),
        max_step=None if given["max_step"] == "" else _not_below_zero(given["max_step"], "max_step"),
        permissives=(*(pair for pair in declared if pair[0] not in known), *own),
        interlocks=_conditions(given["interlocks"], "interlocks"),
        feedback=str(given["feedback"]).strip(),
        expected_ms=int(_or(given["expected_ms"], 0, "expected_ms")),
        tolerance=_or(given["tolerance"], 0.0, "tolerance"),
        pulse=truth(given["pulse"], "pulse"),
        min_interval_ms=int(_or(given["min_interval_ms"], 500, "min_interval_ms")),
        causes=_causes(given["mode_conditions"], declared),
        limits_tune=span(given["tune_low"], given["tune_high"], "limits_tune"),
        limits_when=_limits_when(given["limits_when"]),
        right=_right(given["right"]),
        two_person=truth(given["two_person"], "two_person"),
        select_s=_select_s(given["select_s"]),
        ramp=_not_below_zero(given["ramp"] or 0, "ramp"),
        reached=truth(given["reached"], "reached"),
    )


def check_command(raw: Mapping[str, Any]) -> None:
    """FieldError for what is wrong with a command of a type before any instance fills its {holes}."""
    known = {name: raw.get(name, "") for name in COMMAND_SOURCES}
    for name in COMMAND_SOURCES:
        if name not in _TEXTS and has_holes(known[name]):
            known[name] = ""
    for low, high in _ENDS:
        if has_holes(raw.get(low, "")) or has_holes(raw.get(high, "")):
            known[low] = known[high] = ""
    rows = known["limits_when"] or ()
    if any(
        has_holes(row.get("low")) or has_holes(row.get("high")) for row in rows if isinstance(row, Mapping)
    ):
        known["limits_when"] = ""
    command_rule(*(known[name] for name in COMMAND_SOURCES))


def _class(raw: Any) -> CommandClass:
    try:
        return CommandClass(str(raw).upper() or "R")
    except ValueError:
        raise FieldError(f"class {raw!r} is not known", "write R, S, C or X") from None


def _conditions(raw: Any, name: str) -> tuple[tuple[str, str], ...]:
    rows = _rows(raw, name, ("expression",), '{expression = "…", text = "…"}')
    return tuple((str(row["expression"]).strip(), str(row.get("text", ""))) for row in rows)


def _causes(raw: Any, declared: Sequence[tuple[str, str]]) -> tuple[tuple[str, Reason], ...]:
    rows: Any = raw or ()
    return tuple(
        (expression, Reason(row["reason"])) for (expression, _), row in zip(declared, rows, strict=True)
    )


def _limits_when(raw: Any) -> tuple[LimitsWhen, ...]:
    shown = '{when = "…", low = 0, high = 50, text = "…"}'
    found: list[LimitsWhen] = []
    for row in _rows(raw, "limits_when", ("when", "low", "high"), shown):
        ends = span(row["low"], row["high"], "range of limits_when")
        if not isinstance(ends, EURange):
            raise FieldError("limits_when has no range", f"write limits_when = [{shown}]")
        found.append(LimitsWhen(str(row["when"]).strip(), ends, str(row.get("text", ""))))
    return tuple(found)


def _rows(raw: Any, name: str, needed: tuple[str, ...], shown: str) -> Sequence[Mapping[str, Any]]:
    if raw == "":
        return ()
    if not isinstance(raw, list | tuple) or not all(
        isinstance(row, Mapping) and all(key in row for key in needed) for row in raw
    ):
        raise FieldError(f"{name} are no list of {', '.join(needed)}", f"write {name} = [{shown}]")
    return raw


def _right(raw: Any) -> Role:
    if raw not in ("", *_RIGHTS):
        raise FieldError(f"right {raw!r} is not known", "write operate or tune")
    return _RIGHTS[raw or "operate"]


def _select_s(raw: Any) -> int:
    seconds = 30 if raw == "" else whole(raw, "select_s")
    if not SELECT_S[0] <= seconds <= SELECT_S[1]:
        raise FieldError(
            f"select_s {seconds} is outside {SELECT_S[0]} to {SELECT_S[1]}", "write seconds such as 30"
        )
    return seconds


def _not_below_zero(raw: Any, name: str) -> float:
    value = number(raw, name)
    if value < 0:
        raise FieldError(f"{name} {value:g} is below zero", "write 0 or more")
    return value


def _or(raw: Any, default: float, name: str) -> float:
    return default if raw == "" else number(raw, name)
