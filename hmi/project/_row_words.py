"""What changed in a table of the plant, in words: its rows by id, their cells by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hmi.project._convert import pairs
from hmi.project._findings import FieldError
from hmi.project._words import change, plainly, same

Row = Mapping[str, str]
UnitOf = Callable[[str], str]
"""The unit of a tag by its name; '' where it is not known."""
_PAIRS: Final = frozenset(("parameters", "options", "states"))
_FLAGS: Final = frozenset(
    (
        "clamp",
        "writable",
        "history",
        "pulse",
        "two_person",
        "reached",
        "manual",
        "latching",
        "ack",
        "enabled",
        "future",
    )
)
_ON_WHERE_EMPTY: Final = frozenset(("ack", "enabled"))
_TRUE: Final = frozenset(("true", "yes", "1", "x"))
_FALSE: Final = frozenset(("false", "no", "0"))
_IN_UNITS: Final = {
    "tags.csv": frozenset(
        ("low", "high", "normal_low", "normal_high", "deadband", "limit_low", "limit_high", "max_step", "tolerance",
         "tune_low", "tune_high")
    ),
    "alarms.csv": frozenset(("limit", "deadband", "tolerance")),
}  # fmt: skip
_SECONDS: Final = frozenset(
    ("on_delay", "off_delay", "hold", "window", "re_alarm", "count_window", "first_out_window")
)
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "tags.csv": ("kind", "name"), "alarms.csv": ("tag", "name", "kind"), "calculations.csv": ("type", "name"),
}  # fmt: skip
"""Columns that name a row which has no id yet."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` by key in the order of the file: the id, else what ``KEYS`` says."""

    header: tuple[str, ...]
    rows: Mapping[str, Row]


def key_of(file: str, row: Row) -> str:
    """The id of a row, or for one without any the cells that name it."""
    if own := row.get("id", ""):
        return own
    return "\0".join(row.get(name, "") for name in KEYS[file])


def called(file: str, row: Row) -> str:
    """``tag a/b.pv``, ``pump a/p101``, ``alarm High of a/b.pv``, ``calculation hours_day``."""
    if file == "alarms.csv":
        return f"alarm {row.get('name') or row.get('kind', '')} of {row.get('tag', '')}"
    if file == "calculations.csv":
        return f"calculation {row.get('name', '')}"
    return f"{row.get('kind') or 'tag'} {row.get('name', '')}"


def table_sentences(file: str, old: Table, new: Table, unit_of: UnitOf) -> Iterator[str]:
    """One sentence for each row that is new, gone or renamed, and for each cell that changed."""
    yield from (f"{called(file, row)} added" for key, row in new.rows.items() if key not in old.rows)
    yield from (f"{called(file, row)} removed" for key, row in old.rows.items() if key not in new.rows)
    for key, row in new.rows.items():
        if (before := old.rows.get(key)) is not None and before != row:
            yield from _of_row(file, before, row, unit_of)


def _of_row(file: str, old: Row, new: Row, unit_of: UnitOf) -> Iterator[str]:
    was, name = called(file, old), called(file, new)
    if file != "alarms.csv" and old.get("name") != new.get("name"):
        yield f"{was} renamed to {new.get('name', '')}"
        changed = {key for key in (*old, *new) if old.get(key, "") != new.get(key, "")} - {"name", "id"}
    else:
        changed = {key for key in (*old, *new) if old.get(key, "") != new.get(key, "")} - {"id"}
    for column in sorted(changed, key=lambda one: list(new).index(one) if one in new else len(new)):
        unit = _unit(file, column, new, unit_of)
        if column in _FLAGS:
            before, after = _flag(file, column, old), _flag(file, column, new)
            texts = (change(plainly(column), before, after),) if not same(before, after) else ()
        else:
            texts = _of_cell(column, old.get(column, ""), new.get(column, ""), unit)
        yield from (f"{name}: {text}" for text in texts)


def _flag(file: str, column: str, row: Row) -> bool | str:
    """What counts; the text of a cell that is neither true nor false, and '' where the type of the row says it."""
    text = row.get(column, "").lower()
    if not text:
        is_of_type = file == "tags.csv" and row.get("kind", "tag") not in ("", "tag")
        return "" if is_of_type else column in _ON_WHERE_EMPTY
    return text in _TRUE if text in _TRUE | _FALSE else text


def _of_cell(column: str, before: str, after: str, unit: str) -> Iterator[str]:
    what = plainly(column)
    if column in _PAIRS:
        old, new = pairs_or_none(before, column), pairs_or_none(after, column)
        if old is not None and new is not None:
            singular = what.removesuffix("s")
            for key in dict.fromkeys((*old, *new)):
                if old.get(key) != new.get(key):
                    yield change(f"{singular} {key}", old.get(key), new.get(key))
            return
    yield change(what, before, after, unit)


def pairs_or_none(text: str, column: str) -> Mapping[str, str] | None:
    """``a=1;b=2`` by name; None for what is none."""
    try:
        return pairs(text, column)
    except FieldError:
        return None


def _unit(file: str, column: str, row: Row, unit_of: UnitOf) -> str:
    if file == "alarms.csv" and column in _SECONDS:
        return "s"
    if column not in _IN_UNITS.get(file, ()):
        return ""
    if file == "tags.csv":
        return row.get("unit", "")
    unit = unit_of(row.get("tag", ""))
    return f"{unit}/s" if unit and row.get("kind", "").startswith("rate") and column == "limit" else unit
