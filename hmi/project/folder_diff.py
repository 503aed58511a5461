"""The difference of two plant folders in the words of engineers, file by file; also of folders that do not open."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from hmi.project._conflict_marks import conflict_line
from hmi.project._element_words import display_sentences
from hmi.project._once import header_of, row_of, without_twice
from hmi.project._row_words import KEYS, Table, UnitOf, key_of, pairs_or_none, table_sentences
from hmi.project._toml_words import toml_sentences
from hmi.project.folder_files import Files

Beside = Callable[[str], bytes | None]
"""Another file of the same folder, by its path below it: what units are looked up in."""
_OF_FOLDER: Final = {"types": "type", "training": "scenario"}


class Unreadable(Exception):
    """A file that is no table, TOML or JSON any more; the text says why."""


def folder_diff(old: Files, new: Files) -> dict[str, tuple[str, ...]]:
    """Sentences by file, in the order of the files; nothing for a file whose bytes are the same."""
    found: dict[str, tuple[str, ...]] = {}
    renamed = _renamed(old, new)
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(renamed.get(name, name)), new.get(name)
        if name in renamed.values() or (before == after and name not in renamed):
            continue
        texts = file_diff(name, before, after, new.get, was=renamed.get(name, ""))
        if texts:
            found[name] = texts
    return found


def file_diff(
    name: str, old: bytes | None, new: bytes | None, beside: Beside, *, was: str = ""
) -> tuple[str, ...]:
    """What changed in one file of a plant folder; ``was``: its path before, where it has another now."""
    if old == new and not was:
        return ()
    thing = _thing(name)
    if old is None or new is None:
        return tuple(_whole_file(name, thing, old, new, beside))
    first = (f"{_thing(was)} renamed to {PurePosixPath(name).stem}",) if was else ()
    try:
        found = tuple(_sentences(name, _text(old), _text(new), beside))
    except Unreadable as why:
        return (*first, f"{thing} changed; {why}")
    if not found and not was and old != new:
        return (f"{thing}: only its layout, comments or order changed",)
    return (*first, *found)


def _thing(name: str) -> str:
    path = PurePosixPath(name)
    if path.parent.name == "displays":
        return f"display {path.stem}"
    if (word := _OF_FOLDER.get(path.parent.name)) is not None:
        return f"{word} {path.stem}"
    return path.name


def _whole_file(name: str, thing: str, old: bytes | None, new: bytes | None, beside: Beside) -> Iterator[str]:
    """A table that came or went is told row by row; anything else as a whole."""
    yield f"{thing} {'added' if old is None else 'removed'}"
    if PurePosixPath(name).name in KEYS:
        try:
            yield from _sentences(name, _text(old or b""), _text(new or b""), beside)
        except Unreadable as why:
            yield f"{thing}: {why}"


def _sentences(name: str, old: str, new: str, beside: Beside) -> Iterator[str]:
    path = PurePosixPath(name)
    if path.name in KEYS:
        unit_of: UnitOf = Units(beside) if path.name == "alarms.csv" else lambda _tag: ""
        yield from table_sentences(path.name, read_table(path.name, old), read_table(path.name, new), unit_of)
    elif path.suffix == ".json":
        found = display_sentences(_json(old), _json(new))
        yield from (f"display {path.stem}: {text}" for text in found)
    else:
        head = f"{_thing(name)}: " if path.parent.name in _OF_FOLDER else ""
        yield from (head + text for text in toml_sentences(_toml(old), _toml(new)))


# ------------------------------------------------------------------------------------------ files


def read_table(file: str, text: str) -> Table:
    """A CSV file of the plant; Unreadable for what is none."""
    if not text.strip():
        return Table((), {})
    rows: dict[str, Mapping[str, str]] = {}
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = header_of(next(reader))
        for cells in reader:
            if any(cells):
                row = row_of(header, cells, reader.line_num)
                key = key_of(file, row)
                while key in rows:
                    key += "\0again"  # two rows with one id are both told
                rows[key] = row
    except (csv.Error, StopIteration) as error:
        raise Unreadable(f"it is no table ({error})") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return Table(header, rows)


class Units:
    """Units of tags, out of tags.csv and of the types of its instances; '' for what they do not say."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        try:
            rows = read_table("tags.csv", _text(beside("tags.csv") or b"")).rows
        except Unreadable:
            rows = {}
        self._rows = {row.get("name", ""): row for row in rows.values()}
        self._types: dict[str, Mapping[str, Any]] = {}

    def __call__(self, tag: str) -> str:
        if tag in self._rows:
            return self._rows[tag].get("unit", "")
        instance, mark, signal = tag.rpartition(".")
        row = self._rows.get(instance) if mark else None
        return self._of_signal(row, signal) if row is not None else ""

    def _of_signal(self, row: Mapping[str, str], signal: str) -> str:
        unit = self._signals(row.get("kind", "")).get(signal, {}).get("unit", "")
        if not isinstance(unit, str) or "{" not in unit:
            return unit if isinstance(unit, str) else ""
        given = {**row, **(pairs_or_none(row.get("parameters", ""), "parameters") or {})}
        for name, text in given.items():
            unit = unit.replace(f"{{{name}}}", text)
        return "" if "{" in unit else unit

    def _signals(self, kind: str) -> Mapping[str, Any]:
        if kind not in self._types:
            self._types[kind] = {}  # a type that extends itself ends here
            try:
                data = _toml(_text(self._beside(f"types/{kind}.toml") or b""))
            except Unreadable:
                data = {}
            own, base = data.get("signals", {}), data.get("extends", "")
            found = dict(self._signals(base)) if isinstance(base, str) and base else {}
            for name, one in own.items():
                found[name] = {**found.get(name, {}), **(one if isinstance(one, dict) else {})}
            self._types[kind] = found
        return self._types[kind]


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Unreadable("it is no UTF-8 text") from error
    if line := conflict_line(text):
        raise Unreadable(f"line {line} has the marks of a merge that was not finished")
    return text


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=without_twice)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unreadable("one of the two is no JSON") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if not isinstance(found, dict):
        raise Unreadable("one of the two is no display")
    return found


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("one of the two is no TOML") from error


def _renamed(old: Files, new: Files) -> dict[str, str]:
    """Displays with the same id under another name: new path to old path."""
    gone = {key: name for name in old if new.get(name) is None and (key := _id_of(name, old))}
    come = ((name, _id_of(name, new)) for name in new if old.get(name) is None)
    return {name: gone[key] for name, key in come if key and key in gone}


def _id_of(name: str, files: Files) -> str:
    content = files.get(name)
    if content is None or not name.startswith("displays/"):
        return ""
    try:
        found = _json(_text(content)).get("id")
    except Unreadable:
        return ""
    return found if isinstance(found, str) else ""
