"""Proposed rows against tags.csv: each finds its row by id, by name, or by its address; the others are new."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from hmi.core.identity import is_id, is_tag_name
from hmi.project._csv_edit import edited_csv
from hmi.project._import_cells import clean, renamed, said, same, same_pairs, same_value
from hmi.project._import_change import ADDED, CHANGED, UNCHANGED, Change, Source, Work
from hmi.project._import_groups import of_guess, with_options, with_scaling
from hmi.project._in_force import (
    Cells,
    WrittenFile,
    WrittenRow,
    in_force,
    parameter_text,
    parameters_of,
)
from hmi.project._same_place import Places
from hmi.project.columns import TAG_COLUMNS
from hmi.project.import_names import legal_name, placed
from hmi.project.importing import ProposedRow
from hmi.project.new_names import names_in_quotes
from hmi.project.plant import Plant

TAGS = "tags.csv"
ROW = "row"
_KNOWN = frozenset(TAG_COLUMNS)
_SEPARATORS = str.maketrans("\\.", "//")
_Item = TypeVar("_Item")


@dataclass(slots=True)
class _Wish:
    """A proposed row on its way: ``cells`` cleaned, with the name it is to have; ``row`` is the one that it meets.

    ``original``: the name of the source stands in the description, for want of another one. ``lost``: that name,
    where it does not stand there.
    """

    source: Source
    proposed: ProposedRow
    cells: Cells
    row: WrittenRow | None = None
    original: bool = False
    lost: str = ""

    @property
    def kind(self) -> str:
        return self.cells.get("kind", "") or "tag"

    @property
    def name(self) -> str:
        return self.cells["name"]


def plan_rows(rows: Sequence[ProposedRow], plant: Plant, tags: WrittenFile, area: str, work: Work) -> None:
    """Changes, faults and the text of tags.csv."""
    wishes = list(_wishes(rows, plant, area, work))
    places = Places(plant)
    _match(wishes, tags, places)
    _note_names(wishes, work)
    wishes = list(_fitting(wishes, work))
    work.used_types.update(wish.kind for wish in wishes)
    edits: dict[int, Cells] = {}
    added: list[Cells] = []
    sources: dict[int, Source] = {}
    guesses: list[str] = []
    handed_on = work.renamed.keys() & set(work.renamed.values())
    for wish in wishes:
        for column in ("expression", "feedback"):
            if column in wish.cells:
                wish.cells[column] = renamed(wish.cells[column], work.names)
        if wish.row is None:
            sources[len(tags.rows) + len(added)] = wish.source
            added.append(_new_row(wish, tags, plant))
            _refuse_unclear(wish, wish.cells, handed_on, work)
            work.changes.append(_change(ADDED, wish, _where(wish.cells)))
            if wish.lost:
                work.remark(f"{wish.lost!r} becomes {wish.name}", wish.proposed.place)
            continue
        before = in_force(wish.row, plant)
        changed = _changed(wish, wish.row.cells, before, places)
        if wish.proposed.confidence < 1:
            changed, kept = of_guess(changed, wish.row.cells)
            if kept:
                guesses.append(f"{wish.row.cells['name']}: {', '.join(said(kept, before))}")
        if changed:
            edits[wish.row.line] = changed
            _refuse_unclear(wish, changed, handed_on, work)
            work.changes.append(_change(CHANGED, wish, said(changed, before)))
        else:
            work.changes.append(_change(UNCHANGED, wish, ()))
    if guesses:
        work.notes.append(f"guesses do not change what the plant says otherwise: {_some(guesses)}")
    _note_places(wishes, tags, places, work)
    _write(tags, edits, added, sources, {wish.row.line: wish.source for wish in wishes if wish.row}, work)


def _refuse_unclear(wish: _Wish, written: Cells, handed_on: Set[str], work: Work) -> None:
    """A name that one row gives up and another one takes in the same list (``handed_on``), or of a signal or member of
    such a row: which of both does it mean by it?
    """
    if not handed_on:
        return
    named = names_in_quotes(" ".join(written.values()))
    named.update(parameters_of(written.get("parameters", "")).values())
    for name in sorted(one for one in named if not handed_on.isdisjoint(_beginnings(one))):
        what = f"{name} changes hands in this list: it is not clear which of both {wish.name} means by it"
        work.refuse(
            wish.source, what, wish.proposed.place, "give the new names first, the rest with another list"
        )
        return


def _beginnings(name: str) -> Iterator[str]:
    """The name, and those of all that it may be a part of: ``a/b.c``, ``a/b`` and ``a``."""
    yield name
    yield from (name[: mark.start()] for mark in re.finditer(r"[/.]", name))


def _change(verb: str, wish: _Wish, details: tuple[str, ...]) -> Change:
    name = wish.row.cells["name"] if wish.row and verb != ADDED else wish.name
    row = wish.proposed
    return Change(verb, wish.kind, name, details, row.place, row.confidence, row.why)


def _where(cells: Mapping[str, str]) -> tuple[str, ...]:
    """What a new row is: where it is read, its type, range and unit."""
    words: list[str] = []
    if cells.get("address"):
        words.append(f"{cells['address']} of {cells.get('connection') or 'no connection'}")
    words += [f"{column} {cells[column]}" for column in ("expression", "parameters") if cells.get(column)]
    if cells.get("type"):
        words.append(cells["type"])
    if cells.get("writable", "").lower() in ("true", "yes", "1"):
        words.append("writable")
    low, high, unit = (cells.get(column, "") for column in ("low", "high", "unit"))
    if measure := f"{f'{low} … {high} ' if low and high else ''}{unit}".strip():
        words.append(measure)
    return tuple(words)


# ------------------------------------------------------------------------------------------ names


def _wishes(rows: Sequence[ProposedRow], plant: Plant, area: str, work: Work) -> Iterator[_Wish]:
    areas = [*(one.path for one in plant.areas), *work.areas]
    for number, row in enumerate(rows):
        source = Source(ROW, number)
        if source in work.left_out:
            continue
        cells = {column: clean(text) for column, text in row.cells.items() if column in _KNOWN}
        wish = _Wish(source, row, cells)
        name = legal_name(placed(legal_name(cells.get("name", "")), area, areas))
        if not name or not is_tag_name(name):
            what = f"no tag name can be made of {row.cells.get('name', '')!r}"
            work.refuse(source, what, row.place, "give it a name of letters and digits")
            continue
        _keep_original(wish, row.cells.get("name", ""), name)
        cells["name"] = name
        yield wish


def _keep_original(wish: _Wish, original: str, name: str) -> None:
    """A name that lost something is kept in the description, or told; one that got an area lost nothing."""
    plain, made = original.translate(_SEPARATORS), name.translate(_SEPARATORS)
    if made == plain or made.endswith(f"/{plain}"):
        return
    if wish.cells.get("description"):
        wish.lost = clean(original)
    else:
        wish.cells["description"] = clean(original)
        wish.original = True


def _note_names(wishes: Iterable[_Wish], work: Work) -> None:
    """What the source calls each, by what the plant calls it."""
    kept: list[str] = []
    given: list[str] = []
    for wish in wishes:
        name = wish.row.cells["name"] if wish.row and not wish.cells.get("id") else wish.name
        if name != wish.name:
            kept.append(f"{wish.name} is {name} in the plant")
        elif wish.row and name != wish.row.cells["name"]:
            given.append(f"{wish.row.cells['name']} becomes {name}")
            work.renamed[wish.row.cells["name"]] = name
        work.names[wish.proposed.cells.get("name", "")] = name
        work.names[wish.name] = name
    if kept:
        work.notes.append(f"renamed tags keep their names: {_some(kept)}")
    if given:
        work.notes.append(f"new names, which everything that names them follows: {_some(given)}")


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f", and {len(texts) - 3} more" if len(texts) > 3 else "")


# ------------------------------------------------------------------------------------------ matching


def _match(wishes: Sequence[_Wish], tags: WrittenFile, places: Places) -> None:
    """By id, then by name, then by address where one row alone has it and no other proposal means that row."""
    by_id = {row.cells["id"]: row for row in tags.rows}
    by_name = {row.cells.get("name", ""): row for row in tags.rows}
    for wish in wishes:
        wish.row = by_id.get(wish.cells.get("id", ""))
        if wish.row is None:
            wish.row = by_name.get(wish.name)
            if wish.row is not None or not is_id(wish.cells.get("id", "")):
                wish.cells.pop("id", None)
    taken = {wish.row.line for wish in wishes if wish.row}
    free = _alone((_address(row.cells, places), row) for row in tags.rows if row.line not in taken)
    open_ = _alone((_address(wish.cells, places), wish) for wish in wishes if wish.row is None)
    for key, wish in open_.items():
        if (row := free.get(key)) is not None:
            wish.row = row
            wish.cells.pop("id", None)


def _address(cells: Mapping[str, str], places: Places) -> tuple[str, ...]:
    """What a row is about, whatever its name: where it is in the device; empty when that is nowhere."""
    kind, connection = cells.get("kind") or "tag", cells.get("connection", "")
    about = places.of(cells) if kind == "tag" else cells.get("parameters", "")
    return (kind, connection, about) if connection and about else ()


def _note_places(wishes: Sequence[_Wish], tags: WrittenFile, places: Places, work: Work) -> None:
    """Tags that come to read what another tag of the plant reads: two names of one thing."""
    met = {wish.row.line for wish in wishes if wish.row}
    others = {key: row for row in tags.rows if row.line not in met and (key := _address(row.cells, places))}
    alike: list[str] = []
    for wish in wishes:
        other = others.get(_address(wish.cells, places)) if wish.kind == "tag" else None
        if other is not None and (wish.row is None or not _is_there(wish, wish.row.cells, places)):
            alike.append(f"{wish.name} and {other.cells['name']} ({wish.cells['address']})")
    if alike:
        work.notes.append(f"two tags read one and the same: {_some(alike)}")


def _is_there(wish: _Wish, written: Mapping[str, str], places: Places) -> bool:
    return _address({**written, **wish.cells}, places) == _address(written, places) != ()


def _alone(pairs: Iterable[tuple[tuple[str, ...], _Item]]) -> dict[tuple[str, ...], _Item]:
    found = [(key, item) for key, item in pairs if key]
    counts = Counter(key for key, _ in found)
    return {key: item for key, item in found if counts[key] == 1}


def _fitting(wishes: Iterable[_Wish], work: Work) -> Iterator[_Wish]:
    """Those that mean a row, or a name, that no one before them means."""
    names: dict[str, _Wish] = {}
    lines: dict[int, _Wish] = {}
    kept: list[str] = []
    for wish in wishes:
        place = wish.proposed.place
        first = names.setdefault(wish.name, wish)
        if first is wish and wish.row is not None:
            first = lines.setdefault(wish.row.line, wish)
        if first is not wish:
            work.refuse(wish.source, _twice(wish, first), place, "rename one of them in the list")
        elif wish.row is not None and work.type_names.get(wish.kind) == wish.row.kind:
            kept.append(f"{wish.row.cells['name']} stays a {wish.row.kind}")
            work.spared_types.add(wish.kind)
            wish.cells["kind"] = wish.row.kind
            yield wish
        elif wish.row is not None and wish.row.kind != wish.kind:
            what = f"{wish.name} is a {wish.row.kind} in the plant and a {wish.kind} in the list"
            work.refuse(wish.source, what, place, "rename one of them")
        else:
            yield wish
    if kept:
        work.notes.append(f"their types are others in the plant than in the list: {_some(kept)}")


def _twice(wish: _Wish, first: _Wish) -> str:
    mine, other = (clean(one.proposed.cells.get("name", "")) for one in (wish, first))
    where = f"line {first.proposed.place.line}" if first.proposed.place.line else first.proposed.place.path
    key = wish.cells.get("id", "")
    if key and key == first.cells.get("id"):
        return f"the id {key} stands in {where or 'the list'} already"
    if mine == other:
        return f"{mine} stands in {where or 'the list'} already"
    return f"{mine!r} and {other!r} ({where}) both become {wish.row.cells['name'] if wish.row else wish.name}"


# ------------------------------------------------------------------------------------------ cells


def _changed(wish: _Wish, written: Mapping[str, str], before: Mapping[str, str], places: Places) -> Cells:
    """The cells to write: those that mean something else than what is in force."""
    changed: Cells = {}
    for column, text in wish.cells.items():
        if column == "id" or (column == "name" and not wish.cells.get("id")):
            continue
        if column == "kind" or (column == "description" and wish.original):
            continue
        if column == "address" and text and _is_there(wish, written, places):
            continue  # another notation of the same
        old = written.get(column, "")
        if same(column, text, clean(old)) or same(column, text, clean(before.get(column, ""))):
            continue
        changed[column] = text
    if "parameters" in changed:
        changed["parameters"] = _parameters(changed["parameters"], written, before)
        if same_pairs(parameters_of(changed["parameters"]), parameters_of(written.get("parameters", ""))):
            del changed["parameters"]
    with_options(changed, wish.proposed.option_keys, written)
    with_scaling(changed, wish.cells, written)
    return changed


def _parameters(text: str, written: Mapping[str, str], before: Mapping[str, str]) -> str:
    """Only what differs from the type is written, so that a new default of the type still counts."""
    wanted, old = parameters_of(text), parameters_of(written.get("parameters", ""))
    usual = parameters_of(before.get("parameters", ""))
    if not wanted:
        return text
    new = {
        key: value for key, value in wanted.items() if key in old or not same_value(value, usual.get(key, ""))
    }
    return parameter_text(new)


def _new_row(wish: _Wish, tags: WrittenFile, plant: Plant) -> Cells:
    cells = {column: text for column, text in wish.cells.items() if text}
    cells.setdefault("kind", "tag")
    if "id" not in cells or cells["id"] in plant.by_id:
        cells["id"] = tags.maker.for_tag(cells)
    return cells


def _write(
    tags: WrittenFile,
    edits: Mapping[int, Cells],
    added: Sequence[Cells],
    sources: Mapping[int, Source],
    of_line: Mapping[int, Source],
    work: Work,
) -> None:
    if not edits and not added:
        return
    text = edited_csv(tags.file, tags.text, edits, TAG_COLUMNS, added)
    work.texts[TAGS] = text
    for index, line in enumerate(row_lines(text)):
        source = of_line.get(tags.rows[index].line) if index < len(tags.rows) else sources.get(index)
        if source is not None:
            work.lines[TAGS, line] = source


def row_lines(text: str) -> Iterator[int]:
    """The line in which each row of a CSV text starts, without the header and empty rows."""
    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader, None)
    line = reader.line_num + 1
    for cells in reader:
        at, line = line, reader.line_num + 1
        if any(cells):
            yield at
