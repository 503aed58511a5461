"""All alarms of a plant as one CSV table, and the edits of such a table back into the files they come from.

A row of alarms.csv is changed there. An alarm that a type brings with its instances is changed for this instance
alone: in the column ``parameters`` of its row in tags.csv, as ``alarm.column=value``. Only cells that differ from
what the plant says now are edits, so a table that nobody changed changes no byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.project._alarm_columns import ALARM_HELP
from hmi.project._alarm_fields import column_text
from hmi.project._convert import pairs
from hmi.project._csv_edit import edited_csv
from hmi.project._findings import FieldError, Findings
from hmi.project._load import open_plant
from hmi.project._read import CsvFile, read_csv, read_text
from hmi.project._shadow import errors_with, stored_as
from hmi.project.canonical import csv_text
from hmi.project.columns import ALARM_COLUMNS, TAG_COLUMNS
from hmi.project.folder_files import Files, FolderChanged, Written, read_files, write_files
from hmi.project.plant import AlarmDef, Plant

ALARMS, TAGS = "alarms.csv", "tags.csv"
OF_TYPE = ".alarm."
"""Between the id of an instance and the name of the alarm that its type brings."""
COLUMNS = (*ALARM_HELP, "from")
_FIXED_OF_TYPE = ("tag", "name", "kind")
_FILES = {ALARMS: ("tag", "kind", "priority"), TAGS: ("kind", "name")}


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table that cannot be taken; ``line`` 0 is the table as a whole."""

    line: int
    text: str


@dataclass(slots=True)
class _Edits:
    """Cells to set by file and line, and which row of the table asked for it first."""

    cells: dict[str, dict[int, dict[str, str]]] = field(default_factory=lambda: {ALARMS: {}, TAGS: {}})
    asked: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    faults: list[Fault] = field(default_factory=list[Fault])

    def add(self, file: str, line: int, row: int, cells: Mapping[str, str]) -> None:
        self.cells[file].setdefault(line, {}).update(cells)
        self.asked.setdefault((file, line), row)


def exported_alarms(folder: Path | str) -> str:
    """The table: one row an alarm, in the order of the plant, with the values that are in force."""
    plant = open_plant(folder)
    return csv_text(COLUMNS, ([row[name] for name in COLUMNS] for row in _rows(plant)))


def import_alarms(folder: Path | str, table: Path) -> tuple[tuple[Path, ...], tuple[Fault, ...]]:
    """Write the edits of a table: the files that were changed, or every fault and nothing changed.

    ConfigurationError when the plant itself has errors or the table cannot be read at all.
    """
    folder = Path(folder)
    before = read_files(folder, _FILES)
    plant = open_plant(folder)
    findings = Findings()
    given = read_csv(table, ("id",), findings)
    for item in findings.items:
        if item.is_error:
            raise ConfigurationError(item.text, file=item.file, line=item.line, do=item.do)
    assert given is not None
    files = {name: _read(folder / name, required, findings) for name, required in _FILES.items()}
    edits = _edits_of(given, plant, files)
    texts = _texts_of(edits, files)
    if texts:
        edits.faults += _faults_of_result(folder, texts, edits)
    if edits.faults:
        return (), tuple(sorted(edits.faults, key=attrgetter("line")))
    return write_files(folder, _as_they_were(texts, before), before=before, what="hmi alarms").paths, ()


def change_alarm(
    folder: Path | str, alarm_id: str, cells: Mapping[str, str], *, revision: str
) -> tuple[Written | None, tuple[str, ...]]:
    """Write other cells for one alarm: what was written, or sentences and nothing changed.

    Only these cells change. Refused when the folder is not what ``revision`` says, or a file of it is changed
    meanwhile; ConfigurationError when the plant has errors or a file cannot be written.
    """
    folder = Path(folder)
    before = read_files(folder, _FILES)
    plant, findings = open_plant(folder), Findings()
    if plant.revision != revision:
        what = tr("the plant folder holds changes that are not in force; reload the plant, then look again")
        return None, (what,)
    now = next((row for row in _rows(plant) if row["id"] == alarm_id), None)
    if now is None:
        return None, (tr("the plant folder has no alarm with the id {id}", id=alarm_id),)
    files = {name: _read(folder / name, required, findings) for name, required in _FILES.items()}
    edits, tags = _Edits(), files[TAGS][0]
    _take(
        {**now, **cells}, now, 0, _lines_of(plant), (tags.header, {line: row for line, row in tags.rows}), edits
    )  # fmt: skip
    texts = _texts_of(edits, files)
    faults = edits.faults or (_faults_of_result(folder, texts, edits) if texts else [])
    if faults:
        return None, tuple(fault.text for fault in faults)
    try:
        return write_files(folder, _as_they_were(texts, before), before=before, what="change of an alarm"), ()
    except FolderChanged:
        return None, (tr("the plant folder was changed at this moment by somebody else; look again"),)


def _as_they_were(texts: Mapping[str, str], before: Files) -> dict[str, bytes]:
    return {name: stored_as(text, before.get(name)) for name, text in texts.items()}


def _texts_of(edits: _Edits, files: Mapping[str, tuple[CsvFile, str]]) -> dict[str, str]:
    return {
        name: edited_csv(file, text, edits.cells[name], ALARM_COLUMNS if name == ALARMS else TAG_COLUMNS)
        for name, (file, text) in files.items()
        if edits.cells[name]
    }


def _lines_of(plant: Plant) -> dict[str, dict[str, int]]:
    """Lines of alarms and of instances by id."""
    return {
        ALARMS: {alarm.id: alarm.source.line for alarm in plant.alarms if OF_TYPE not in alarm.id},
        TAGS: {one.id: one.source.line for one in plant.instances.values()},
    }


def _read(path: Path, required: tuple[str, ...], findings: Findings) -> tuple[CsvFile, str]:
    text = read_text(path, findings) if path.exists() else None
    file = read_csv(path, required, findings) if text is not None else None
    return file or CsvFile(path, str(path), required, []), text or ""


# ------------------------------------------------------------------------------------------ out


def _rows(plant: Plant) -> Iterator[dict[str, str]]:
    types = {instance.id: instance.type for instance in plant.instances.values()}
    for alarm in plant.alarms:
        yield _row(plant, alarm, types)


def _row(plant: Plant, alarm: AlarmDef, types: Mapping[str, str]) -> dict[str, str]:
    fields = {name: getattr(alarm, name) for name in AlarmDef.__dataclass_fields__}
    tag = plant.by_id.get(alarm.tag_id)
    owner, mark, _ = alarm.id.partition(OF_TYPE)
    row = {name: column_text(name, fields) or "" for name in ALARM_HELP}
    row |= {"id": alarm.id, "tag": tag.name if tag else "", "name": alarm.name, "kind": alarm.kind}
    return {**row, "message": alarm.message, "from": types.get(owner, "") if mark else ALARMS}


# ------------------------------------------------------------------------------------------ in


def _edits_of(given: CsvFile, plant: Plant, files: Mapping[str, tuple[CsvFile, str]]) -> _Edits:
    edits, seen = _Edits(), dict[str, int]()
    if unknown := [name for name in given.header if name and name not in COLUMNS]:
        edits.faults.append(
            Fault(1, f"the column {unknown[0]!r} is not known; columns: {', '.join(COLUMNS)}")
        )
    now = {row["id"]: row for row in _rows(plant)}
    lines = _lines_of(plant)
    cells_of = {line: cells for line, cells in files[TAGS][0].rows}
    for line, cells in given.rows:
        row = {name: cells[i].strip() for i, name in enumerate(given.header) if name and i < len(cells)}
        key = row.get("id", "")
        if key not in now:
            do = "new alarms are written into alarms.csv" if not key else "export the table anew"
            edits.faults.append(Fault(line, f"there is no alarm with the id {key!r}; {do}"))
        elif key in seen:
            edits.faults.append(Fault(line, f"the alarm {key} is in line {seen[key]} already"))
        else:
            seen[key] = line
            _take(row, now[key], line, lines, (files[TAGS][0].header, cells_of), edits)
    return edits


def _take(
    row: Mapping[str, str],
    now: Mapping[str, str],
    line: int,
    lines: Mapping[str, Mapping[str, int]],
    tags: tuple[tuple[str, ...], Mapping[int, list[str]]],
    edits: _Edits,
) -> None:
    changed = {name: text for name, text in row.items() if name in now and text != now[name]}
    if not changed:
        return
    if "from" in changed:
        edits.faults.append(Fault(line, "the column from says where an alarm stands; it cannot be changed"))
    elif now["from"] == ALARMS:
        edits.add(ALARMS, lines[ALARMS][now["id"]], line, changed)
    else:
        instance, _, alarm = now["id"].partition(OF_TYPE)
        members = instance.partition(".")[2]  # of a member the cell of its row says p1.alarm.column
        path = f"{members}.{alarm}" if members else alarm
        _override(changed, now["from"], path, line, lines[TAGS][instance], tags, edits)


def _override(
    changed: Mapping[str, str],
    kind: str,
    alarm: str,
    row: int,
    line: int,
    tags: tuple[tuple[str, ...], Mapping[int, list[str]]],
    edits: _Edits,
) -> None:
    header, cells = tags
    known = len(edits.faults)
    for name, text in changed.items():
        if name in _FIXED_OF_TYPE:
            edits.faults.append(Fault(row, f"{name} is decided by the type {kind}; change types/{kind}.toml"))
        elif ";" in text or "\n" in text or not text:
            what = "is empty" if not text else "has a semicolon or several lines"
            do = f"which parameters of an instance cannot hold; change types/{kind}.toml"
            edits.faults.append(Fault(row, f"{name} {what}, {do}"))
    if len(edits.faults) > known:
        return
    old = edits.cells[TAGS].get(line, {}).get("parameters")
    if old is None:
        place = header.index("parameters") if "parameters" in header else -1
        old = cells[line][place].strip() if 0 <= place < len(cells[line]) else ""
    try:
        given = pairs(old, "parameters") | {f"{alarm}.{name}": text for name, text in changed.items()}
    except FieldError as error:
        edits.faults.append(Fault(row, error.text))
        return
    edits.add(TAGS, line, row, {"parameters": ";".join(f"{key}={text}" for key, text in given.items())})


def _faults_of_result(folder: Path, texts: Mapping[str, str], edits: _Edits) -> list[Fault]:
    """What is wrong with the plant as it would be: read in a folder beside, before anything is written."""
    faults: list[Fault] = []
    for error in errors_with(folder, texts):
        name = Path(error.file).name
        row = edits.asked.get((name, error.line), 0)
        where = "" if row else f"{name}:{error.line}: "
        faults.append(Fault(row, f"{where}{error.text}{'; ' + error.do if error.do else ''}"))
    return faults
