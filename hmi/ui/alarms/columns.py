"""Columns of the alarm lists, and what a user chose of them: which, how wide, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final


class Column(IntEnum):
    """Every column that a list can show, in the order of the plant's own choice."""

    MARK = 0
    TIME = 1
    TAG = 2
    DESCRIPTION = 3
    VALUE = 4
    LIMIT = 5
    STATE = 6
    AGE = 7
    LEFT = 8
    BY = 9
    REASON = 10
    AREA = 11
    COMMENT = 12
    CLASS = 13
    SOURCE = 14
    RESPONSE = 15
    ACK = 16


TITLES: Final = (
    "", "Time", "Tag", "Description", "Value", "Limit", "State", "For", "Ends", "By", "Reason", "Area", "Comment",
    "Class", "Source", "Operator response", "",
)  # fmt: skip
NAMES: Final = {column: column.name.lower() for column in Column}
WIDTHS: Final = {
    Column.MARK: 52, Column.TIME: 124, Column.TAG: 120, Column.DESCRIPTION: 360, Column.VALUE: 112,
    Column.LIMIT: 112, Column.STATE: 190, Column.AGE: 96, Column.LEFT: 190, Column.BY: 120, Column.REASON: 160,
    Column.AREA: 150, Column.COMMENT: 200, Column.CLASS: 110, Column.SOURCE: 110, Column.RESPONSE: 320,
    Column.ACK: 126,
}  # fmt: skip
"""Pixels at 100 %."""
FIXED: Final = frozenset((Column.MARK, Column.ACK))
"""Always shown, at their ends, never narrower."""
WHOLE: Final = FIXED | {Column.TIME, Column.STATE}
"""Never narrower than their texts need."""
OPTIONAL: Final = (
    Column.SOURCE, Column.CLASS, Column.AREA, Column.COMMENT, Column.LIMIT, Column.BY, Column.TAG, Column.AGE,
    Column.RESPONSE, Column.REASON, Column.STATE, Column.VALUE, Column.LEFT,
)  # fmt: skip
"""Left out of a narrow table, in this order; the tooltip has all of them. The button is never left out."""
SHARES: Final = {Column.DESCRIPTION: 0.6, Column.COMMENT: 0.6, Column.LEFT: 0.7, Column.RESPONSE: 0.5}
SHARE: Final = 0.8
"""How far a column gives way in a narrow table: these further than the others."""
LEAST, LEAST_WORDS, LEAST_WIDTH = 150, 170, 40
"""Of the column that takes what is left: the response, else the description; of any other."""

ACTIVE: Final = (
    Column.MARK, Column.TIME, Column.TAG, Column.DESCRIPTION, Column.VALUE, Column.LIMIT, Column.STATE, Column.AREA,
    Column.RESPONSE, Column.ACK,
)  # fmt: skip
HIDDEN: Final = (
    Column.MARK, Column.TIME, Column.TAG, Column.DESCRIPTION, Column.LEFT, Column.BY, Column.REASON, Column.AREA,
    Column.COMMENT, Column.ACK,
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """``shown`` in their order from left to right; ``widths`` in pixels at 100 %, only those that were changed."""

    shown: tuple[Column, ...] = ACTIVE
    widths: Mapping[Column, float] = field(default_factory=dict)

    @property
    def taker(self) -> Column:
        """The column that takes what the others leave."""
        return Column.RESPONSE if Column.RESPONSE in self.shown else Column.DESCRIPTION

    def width(self, column: Column) -> float:
        return self.widths.get(column, WIDTHS[column])

    def with_shown(self, columns: Iterable[Column]) -> Choice:
        """Another choice and order of columns; mark and button keep the ends, the description stays."""
        middle = [column for column in dict.fromkeys(columns) if column not in FIXED]
        if Column.DESCRIPTION not in middle:
            middle.insert(0, Column.DESCRIPTION)
        return replace(self, shown=(Column.MARK, *middle, Column.ACK))

    def toggled(self, column: Column) -> Choice:
        """With the column taken out, or put where the plant's own order has it."""
        if column in self.shown:
            return self.with_shown(c for c in self.shown if c != column)
        before = [c for c in self.shown if c < column]
        return self.with_shown([*before, column, *(c for c in self.shown if c > column)])

    def with_width(self, column: Column, width: float) -> Choice:
        return replace(self, widths={**self.widths, column: max(float(width), LEAST_WIDTH)})

    def to_settings(self) -> dict[str, Any]:
        widths = {NAMES[column]: width for column, width in self.widths.items()}
        return {"shown": [NAMES[column] for column in self.shown], "widths": widths}


def choice_from(kept: Mapping[str, Any], usual: tuple[Column, ...] = ACTIVE) -> Choice:
    """What was kept; ``usual`` where there is nothing, or nothing that makes sense."""
    by_name = {name: column for column, name in NAMES.items()}
    shown, widths = kept.get("shown"), kept.get("widths")
    columns = [by_name[name] for name in shown if name in by_name] if isinstance(shown, list) else list(usual)
    found = Choice(usual).with_shown(columns or usual)
    for name, width in widths.items() if isinstance(widths, Mapping) else ():
        if name in by_name and isinstance(width, int | float) and 0 < width < 4000:
            found = found.with_width(by_name[name], width)
    return found


def least_width(choice: Choice, column: Column) -> float:
    """As narrow as a column may become, in pixels at 100 %."""
    return choice.width(column) * (1 if column in WHOLE else SHARES.get(column, SHARE))


def left_out(choice: Choice, room: float) -> frozenset[Column]:
    """Columns that a table of this width (pixels at 100 %) has no room for."""
    need = {column: least_width(choice, column) for column in choice.shown}
    taker = choice.taker
    need[taker] = LEAST if taker is Column.RESPONSE else LEAST_WORDS
    found: set[Column] = set()
    for column in OPTIONAL:
        if sum(need.values()) <= room:
            break
        if need.pop(column, None) is None:
            continue
        if column is Column.RESPONSE:
            need[Column.DESCRIPTION] = LEAST_WORDS
        found.add(column)
    return frozenset(found)
