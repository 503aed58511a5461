"""Proposed alarms against alarms.csv: each finds its row by id, else by tag, name and kind; the others are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hmi.project._csv_edit import edited_csv
from hmi.project._import_cells import clean, renamed, said, same
from hmi.project._import_change import ADDED, CHANGED, UNCHANGED, Change, Source, Work
from hmi.project._import_rows import row_lines
from hmi.project._in_force import Cells, WrittenFile, WrittenRow
from hmi.project.columns import ALARM_COLUMNS
from hmi.project.import_names import legal_name
from hmi.project.importing import ProposedAlarm

ALARMS = "alarms.csv"
ALARM = "alarm"
NOT_RATIONALISED = "imported, not rationalised yet"
_KNOWN = frozenset(ALARM_COLUMNS)
_TAGS = ("tag", "setpoint", "command")
_RATIONALE = ("consequence", "action", "time_to_respond")
_EXPRESSIONS = ("expression", "suppress_when", "limits_when")


@dataclass(slots=True)
class _Wish:
    source: Source
    proposed: ProposedAlarm
    cells: Cells
    row: WrittenRow | None = None

    @property
    def called(self) -> str:
        return self.cells.get("name") or self.cells.get("kind", "")


def plan_alarms(alarms: Sequence[ProposedAlarm], written: WrittenFile, work: Work) -> None:
    """Changes, faults and the text of alarms.csv; after the rows, whose names are known then."""
    wishes = list(_unique(_wishes(alarms, work), work))
    _match(wishes, written)
    edits: dict[int, Cells] = {}
    added: list[Cells] = []
    sources: list[Source] = []
    for wish in wishes:
        if wish.row is None:
            cells = {column: text for column, text in wish.cells.items() if text}
            cells["id"] = written.maker.for_alarm(cells)
            _release(cells)
            added.append(cells)
            sources.append(wish.source)
            _note(ADDED, wish, (), work)
            continue
        now = wish.row.cells
        _keep_release(wish.cells, now)
        changed = {
            column: text
            for column, text in wish.cells.items()
            if column != "id" and not same(column, text, now.get(column, ""))
        }
        if changed:
            edits[wish.row.line] = changed
        _note(CHANGED if changed else UNCHANGED, wish, said(changed, now), work)
    if not edits and not added:
        return
    text = work.texts[ALARMS] = edited_csv(written.file, written.text, edits, ALARM_COLUMNS, added)
    of_line = {wish.row.line: wish.source for wish in wishes if wish.row}
    for index, line in enumerate(row_lines(text)):
        of = of_line.get(written.rows[index].line) if index < len(written.rows) else None
        source = of if index < len(written.rows) else sources[index - len(written.rows)]
        if source is not None:
            work.lines[ALARMS, line] = source


def _release(cells: Cells) -> None:
    """A list of tags does not say what to do about an alarm; without a reason the plant would not open."""
    counts = cells.get("priority", "").upper().removeprefix("P") in ("1", "2", "3")
    if counts and not all(cells.get(column) for column in _RATIONALE):
        cells.setdefault("release_forced", NOT_RATIONALISED)


def _keep_release(cells: Cells, now: Mapping[str, str]) -> None:
    """An alarm that stands in the plant is rationalised there: a list says nothing of it unless nothing is said yet."""
    stated = cells.pop("release_forced", "")
    after = {**now, **cells}
    _release(after)
    if stated and not now.get("release_forced") and "release_forced" in after:
        cells["release_forced"] = stated


def _note(verb: str, wish: _Wish, details: tuple[str, ...], work: Work) -> None:
    name = f"{wish.called} of {wish.cells.get('tag', '')}"
    work.changes.append(Change(verb, "alarm", name, details, wish.proposed.place))


def _wishes(alarms: Sequence[ProposedAlarm], work: Work) -> Iterator[_Wish]:
    for number, alarm in enumerate(alarms):
        source = Source(ALARM, number)
        if source in work.left_out:
            continue
        cells = {column: clean(text) for column, text in alarm.cells.items() if column in _KNOWN}
        for column in _TAGS:
            if cells.get(column):
                cells[column] = _of_plant(alarm.cells[column], work.names)
        for column in _EXPRESSIONS:
            if column in cells:
                cells[column] = renamed(cells[column], work.names)
        yield _Wish(source, alarm, cells)


def _of_plant(name: str, names: Mapping[str, str]) -> str:
    """The name of a tag, or of a signal of an instance, as the plant has it."""
    if name in names:
        return names[name]
    head, dot, signal = name.rpartition(".")
    if dot and head in names:
        return f"{names[head]}.{signal}"
    return legal_name(name) or clean(name)


def _key(cells: Mapping[str, str]) -> tuple[str, str, str]:
    kind = cells.get("kind", "")
    return cells.get("tag", ""), cells.get("name", "") or kind, kind


def _unique(wishes: Iterator[_Wish], work: Work) -> Iterator[_Wish]:
    seen: dict[tuple[str, str, str], _Wish] = {}
    for wish in wishes:
        first = seen.setdefault(_key(wish.cells), wish)
        if first is wish:
            yield wish
            continue
        what = f"the alarm {wish.called} of {wish.cells.get('tag', '')} stands in the list already"
        work.refuse(wish.source, what, wish.proposed.place, "give one of them another name")


def _match(wishes: Sequence[_Wish], written: WrittenFile) -> None:
    """An alarm whose name was changed is found by tag and kind where the tag has one alarm of that kind alone."""
    by_id = {row.cells["id"]: row for row in written.rows}
    by_key = {_key(row.cells): row for row in written.rows}
    for wish in wishes:
        wish.row = by_id.get(wish.cells.get("id", "")) or by_key.get(_key(wish.cells))
    pairs = Counter(_key(row.cells)[::2] for row in written.rows)
    alone = {_key(row.cells)[::2]: row for row in written.rows if pairs[_key(row.cells)[::2]] == 1}
    asked = Counter(_key(wish.cells)[::2] for wish in wishes)
    for wish in wishes:
        pair = _key(wish.cells)[::2]
        if wish.row is None and asked[pair] == 1 and pair in alone:
            wish.row = alone[pair]
            wish.cells.pop("name", None)
