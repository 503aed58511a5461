"""Rewrites a plant folder in canonical form: ids are generated and kept, nothing is lost.

A file that is canonical already is not touched. TOML is edited line by line, so that comments and layout
stay as they were.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from hmi.core.errors import ConfigurationError
from hmi.project._calculations import FILE
from hmi.project._displays import with_ids
from hmi.project._findings import Findings
from hmi.project._ids import IdMaker, derived_id, ids_in
from hmi.project._lines import TomlLines
from hmi.project._load import is_plant_folder
from hmi.project._read import read_csv, read_json, read_toml
from hmi.project._schema import migrated, schema_of
from hmi.project.canonical import column_order, csv_text, display_text, unnamed_columns
from hmi.project.columns import ALARM_COLUMNS, CALCULATION_COLUMNS, TAG_COLUMNS
from hmi.project.folder_files import read_files, write_files

Row = dict[str, str]


def format_plant(folder: Path | str) -> tuple[Path, ...]:
    """Write the files that are not canonical and return them; ConfigurationError before anything is written."""
    folder = Path(folder)
    findings = Findings()
    is_plant_folder(folder, findings)
    _raise_first(findings)
    before = read_files(folder)
    wanted = {path.relative_to(folder).as_posix(): text for path, text in _canonical(folder, findings)}
    _raise_first(findings)
    texts = {name: _as_stored(text, before.get(name) or b"") for name, text in wanted.items()}
    return write_files(folder, texts, before=before, what="hmi format").paths


def _as_stored(text: str, before: bytes) -> bytes:
    """As git on Windows or an editor keeps it: only line ends or a mark at the beginning are no reason to write."""
    raw = text.encode()
    plain = before.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return before if plain == raw else raw


def _raise_first(findings: Findings) -> None:
    for item in findings.items:
        if item.is_error:
            raise ConfigurationError(item.text, file=item.file, line=item.line, do=item.do)


def _canonical(folder: Path, findings: Findings) -> Iterator[tuple[Path, str]]:
    yield from _toml(folder / "plant.toml", "plant", findings)
    for path in sorted((folder / "types").glob("*.toml")):
        yield from _toml(path, "type", findings)
    for path in sorted((folder / "training").glob("*.toml")):
        yield from _toml(path, "scenario", findings)
    yield from _csv(folder / "tags.csv", TAG_COLUMNS, ("kind", "name"), IdMaker.for_tag, findings)
    yield from _csv(
        folder / "alarms.csv", ALARM_COLUMNS, ("tag", "kind", "priority"), IdMaker.for_alarm, findings
    )
    yield from _csv(folder / FILE, CALCULATION_COLUMNS, ("name", "kind"), IdMaker.for_calculation, findings)
    for path in sorted((folder / "displays").glob("*.json")):
        yield from _display(path, findings)


def _toml(path: Path, kind: str, findings: Findings) -> Iterator[tuple[Path, str]]:
    file = read_toml(path, findings)
    if file is None:
        return
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").rstrip() + "\n"
    written = file.data.get("schema")
    current = migrated(file.data, kind, shown=str(path), line=1, findings=findings)
    if current is None:
        return
    if written is not None and written != current["schema"]:
        text = _migrated_text(text, kind, findings)
    if written is None:
        text = f'schema = "{schema_of(kind)}"\n{text}'
    if kind == "plant" and not file.data.get("id"):
        text = _with_id(text, derived_id("p", str(file.data.get("name", ""))))
    tomllib.loads(text)
    yield path, text


def _migrated_text(text: str, kind: str, findings: Findings) -> str:
    """The text of an older version in the current one, with its comments."""
    import tomlkit  # slow to import, and only an older file needs it

    document = tomlkit.parse(text)
    migrated(document, kind, shown="", line=1, findings=findings)
    return tomlkit.dumps(document)


def _with_id(text: str, made: str) -> str:
    """The id goes where an empty one stands, else below the schema."""
    lines = text.split("\n")
    index = TomlLines(text)
    if "id" in tomllib.loads(text):
        lines[index.find(("id",)) - 1] = f'id = "{made}"'
    else:
        lines.insert(index.find(("schema",)), f'id = "{made}"')
    return "\n".join(lines)


def _csv(
    path: Path,
    known: tuple[str, ...],
    required: tuple[str, ...],
    make_id: Callable[[IdMaker, Row], str],
    findings: Findings,
) -> Iterator[tuple[Path, str]]:
    if not path.exists():
        return
    file = read_csv(path, required, findings)
    if file is None:
        return
    columns = column_order(file.header if "id" in file.header else (*file.header, "id"), known)
    place = {name: index for index, name in enumerate(file.header)}
    rows: list[list[str]] = []
    maker = IdMaker(ids_in(file.header, file.rows))
    unnamed = unnamed_columns(file.header, (cells for _, cells in file.rows))
    for _, cells in file.rows:
        row = {name: cells[i].strip() for name, i in place.items() if i < len(cells)}
        row["id"] = row.get("id") or make_id(maker, row)
        spare = [cells[i].strip() if i < len(cells) else "" for i in unnamed]
        rows.append([*(row.get(name, "") for name in columns), *spare])
    yield path, csv_text([*columns, *[""] * len(unnamed)], rows)


def _display(path: Path, findings: Findings) -> Iterator[tuple[Path, str]]:
    file = read_json(path, findings)
    if file is None:
        return
    data = migrated(file.data, "display", shown=file.shown, line=1, findings=findings)
    if data is None:
        return
    elements = data.get("elements", [])
    if not isinstance(elements, list) or not all(isinstance(e, dict) for e in elements):
        findings.error(file.shown, 1, "elements is not a list of objects")
        return
    yield path, display_text(with_ids(data, str(data.get("name") or path.stem)))
