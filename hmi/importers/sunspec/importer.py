"""Reads SunSpec: a list of the models of a device with their addresses, or the file of one model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.importers.sunspec._models import Model, model_in, published_model
from hmi.importers.sunspec._signals import Signals, TooLarge, signals_of
from hmi.project.import_names import legal_name, legal_part, placed
from hmi.project.import_places import area_of, connection_of, proposed_connection
from hmi.project.import_texts import read_table
from hmi.project.importing import (
    ImportContext,
    Imported,
    ImportFault,
    Place,
    ProposedRow,
    ProposedType,
)
from hmi.project.type_text import type_text

LAST_REGISTER: Final = 65_535
MAX_LINES: Final = 1_000
MOST_TIMES: Final = 500
_ENDPOINT: Final = "tcp://127.0.0.1:502"
_NEW: Final = "sunspec"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One model of the device: ``address`` is the register of its ID, from 0."""

    model: Model
    address: int | None
    name: str
    counts: Mapping[str, int]
    place: Place


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """A type for each model and a row for each line; ConfigurationError when the file is neither form."""
    faults: list[ImportFault] = []
    is_model = file.suffix.lower() == ".json"
    entries = [_single(file, settings)] if is_model else list(_lines(file, faults))
    return _proposed(entries, context, faults)


def _single(file: Path, settings: Mapping[str, Any]) -> _Entry:
    address = int(settings.get("address", -1))
    try:
        counts = _counts(str(settings.get("counts", "")))
    except ValueError as error:
        raise ConfigurationError(f"counts: {error}", do="write them as N=2,NPt=4") from None
    return _Entry(model_in(file), None if address < 0 else address, "", counts, Place())


def _lines(file: Path, faults: list[ImportFault]) -> Iterator[_Entry]:
    table = read_table(file)
    columns = {name.strip().lower(): place for place, name in enumerate(table.header)}
    if "model" not in columns or "address" not in columns:
        raise ConfigurationError(
            "is no list of SunSpec models",
            file=str(file),
            line=1,
            do="begin it with model,address,name,counts",
        )
    if len(table.rows) > MAX_LINES:
        raise ConfigurationError(f"has more than {MAX_LINES} models", file=str(file), do="split it")
    faults += [ImportFault(text, Place(table.header_line), is_error=False) for text in table.doubts]
    models: dict[int, Model] = {}
    for line, cells in table.rows:
        row = {name: cells[place] if place < len(cells) else "" for name, place in columns.items()}
        place = Place(line)
        try:
            number, address = _whole(row["model"], "model"), _whole(row["address"], "address")
            if number not in models:
                models[number] = published_model(number, file.parent)
            yield _Entry(models[number], address, row.get("name", ""), _counts(row.get("counts", "")), place)
        except ValueError as error:
            faults.append(ImportFault(str(error), place, "write it as 103,40070,inverter,"))
        except ConfigurationError as error:
            faults.append(ImportFault(error.what, place, error.do))


def _whole(text: str, what: str) -> int:
    try:
        number = int(text.strip(), 0)
    except ValueError:
        raise ValueError(f"the {what} {text[:40]!r} is no whole number") from None
    if not 0 <= number <= LAST_REGISTER:
        raise ValueError(f"the {what} {number} is outside 0 to {LAST_REGISTER}")
    return number


def _counts(text: str) -> dict[str, int]:
    """``N=2;NPt=4`` or with commas or blanks; ValueError says what is wrong."""
    out: dict[str, int] = {}
    for part in text.replace(";", " ").replace(",", " ").split():
        name, mark, number = part.partition("=")
        if not mark or not re.fullmatch(r"[0-9]{1,6}", number) or not 1 <= int(number) <= MOST_TIMES:
            raise ValueError(f"{part[:40]!r} does not say how often a group stands, 1 to {MOST_TIMES}")
        out[name] = int(number)
    return out


# --- proposal -----------------------------------------------------------------------------------------


def _proposed(entries: Sequence[_Entry], context: ImportContext, faults: list[ImportFault]) -> Imported:
    connection = connection_of(context, "modbus", _NEW)
    above, areas = area_of(context, connection)
    types: dict[str, ProposedType] = {}
    rows: list[ProposedRow] = []
    names: set[str] = set()
    for done, entry in enumerate(entries, 1):
        context.told("models", done, len(entries))
        try:
            signals = signals_of(entry.model, entry.counts)
        except TooLarge as error:
            faults.append(
                ImportFault(f"the model {entry.model.number} {error}", entry.place, "give lower counts")
            )
            continue
        kind = _type_name(entry.model.number, signals.used)
        if kind not in types:
            types[kind] = ProposedType(kind, type_text(kind, _content(entry, signals)), entry.place)
        faults += _remarks(entry, signals)
        if (row := _row(entry, signals, kind, above, connection, context, names, faults)) is not None:
            rows.append(row)
    made, remarks = proposed_connection(context, connection, "modbus", _ENDPOINT) if rows else ((), ())
    return Imported(
        rows=tuple(rows),
        types=tuple(types.values()),
        connections=made,
        areas=areas if rows else {},
        faults=(*faults, *remarks),
    )


def _type_name(number: int, counts: Mapping[str, int]) -> str:
    times = "".join(f"_{legal_part(name).lower()}{count}" for name, count in sorted(counts.items()))
    return f"sunspec_{number}{times}"[:64]


def _content(entry: _Entry, signals: Signals) -> dict[str, Any]:
    group = entry.model.group
    parameter = {
        "type": "integer",
        "minimum": 0,
        "maximum": LAST_REGISTER,
        "help": f"register of the ID of model {entry.model.number}, counted from 0",
    }
    title = f"SunSpec {entry.model.number} {group.label or group.name}"
    return {"title": title, "parameters": {"base": parameter}, "signals": signals.tables}


def _remarks(entry: _Entry, signals: Signals) -> Iterator[ImportFault]:
    for word in signals.open:
        what = f"model {entry.model.number} does not say how often {word} stands: it is taken once"
        yield ImportFault(what, entry.place, f"give it as {word}=2 in the column counts", is_error=False)
    if signals.skipped:
        what = f"model {entry.model.number} has points of one name: {', '.join(signals.skipped[:5])}"
        yield ImportFault(what, entry.place, "the last one counts", is_error=False)


def _row(
    entry: _Entry,
    signals: Signals,
    kind: str,
    above: str,
    connection: str,
    context: ImportContext,
    names: set[str],
    faults: list[ImportFault],
) -> ProposedRow | None:
    if entry.address is None:
        what = f"model {entry.model.number} becomes a type without an instance"
        faults.append(ImportFault(what, entry.place, "give --set address=40070", is_error=False))
        return None
    if entry.address + signals.size - 1 > LAST_REGISTER:
        what = f"model {entry.model.number} at {entry.address} runs past register {LAST_REGISTER}"
        faults.append(ImportFault(what, entry.place, "correct its address"))
        return None
    part = legal_part(entry.name or entry.model.group.name) or f"model_{entry.model.number}"
    name = legal_name(placed(f"{above}/{part}", context.area, context.areas))
    number = 2
    while name in names:
        name, number = legal_name(f"{above}/{part}_{number}"), number + 1
    names.add(name)
    cells = {
        "kind": kind,
        "name": name,
        "description": entry.name or entry.model.group.label or entry.model.group.name,
        "connection": connection,
        "parameters": f"base={entry.address}",
    }
    return ProposedRow(cells, entry.place)
