"""Which kind of list a file is, and reading it by the importer of that kind."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.plugins import discovery
from hmi.plugins.definition import ImporterDefinition, Setting
from hmi.project._drivers import check_value, setting_from_text
from hmi.project._findings import FieldError
from hmi.project.import_texts import WORKBOOK_MARK, encoding_of
from hmi.project.importing import ImportContext, Imported, Importer

KIND: Final = "importers"
START_BYTES: Final = 64 * 1024
_FIRST_ROWS: Final = 50


def import_kinds() -> tuple[ImporterDefinition, ...]:
    """The kinds of files that can be imported, by name."""
    return tuple(discovery.definition(KIND, name) for name in discovery.names(KIND))


def kind_of(file: Path) -> ImporterDefinition:
    """The kind that a file is of most surely; ConfigurationError when it is of none, or of two alike."""
    suffix = file.suffix.lower()
    start = start_of(file)
    sure = sorted(
        ((kind.recognises(start), kind) for kind in import_kinds() if suffix in kind.suffixes),
        key=lambda pair: -pair[0],
    )
    found = [(how, kind) for how, kind in sure if how > 0]
    names = ", ".join(kind.name for kind in import_kinds())
    if not found:
        raise ConfigurationError("is of no kind that is known", file=str(file), do=f"say which: --as {names}")
    if len(found) > 1 and found[0][0] == found[1][0]:
        what = f"may be {found[0][1].name} or {found[1][1].name}"
        raise ConfigurationError(what, file=str(file), do="say which: --as NAME")
    return found[0][1]


def start_of(file: Path) -> str:
    """The first 64 KiB as text; of a workbook its first rows, separated by tabs; empty for another binary file."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(START_BYTES)
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror or error})", file=str(file)) from error
    if raw.startswith(WORKBOOK_MARK):
        from hmi.project._import_workbook import workbook_rows

        rows = islice(workbook_rows(file, most=_FIRST_ROWS), _FIRST_ROWS)
        return "\n".join("\t".join(cells) for _, cells in rows)
    try:
        encoding, begin = encoding_of(file, raw)
    except ConfigurationError:
        return ""
    return codecs.getincrementaldecoder(encoding)("replace").decode(raw[begin:]).replace("\r\n", "\n")


def settings_of(kind: ImporterDefinition, given: Mapping[str, str]) -> dict[str, Any]:
    """The settings of an importer, the usual ones where none is given; ConfigurationError for one that is wrong."""
    return values_of(kind.settings, given, kind.name)


def values_of(settings: Sequence[Setting], given: Mapping[str, str], owner: str) -> dict[str, Any]:
    """Settings from texts, the usual ones where none is given; ``owner`` is what has them."""
    known = {setting.name: setting for setting in settings}
    out: dict[str, Any] = {name: setting.default for name, setting in known.items()}
    for name, text in given.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise ConfigurationError(f"{owner} has no setting {name!r}", do=f"its settings: {names}")
        out[name] = _value(known[name], text)
    return out


def _value(setting: Setting, text: str) -> Any:
    try:
        value = json.loads(text) if setting.type in ("array", "object") else setting_from_text(setting, text)
        check_value(setting, value)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{setting.name} is no JSON {setting.type}", do=setting.help) from error
    except FieldError as error:
        raise ConfigurationError(error.text, do=error.do) from error
    return value


def read_list(
    file: Path, kind: ImporterDefinition, settings: Mapping[str, Any], context: ImportContext
) -> Imported:
    """What the file proposes; ConfigurationError in one sentence when it cannot be read at all."""
    if context.columns and not kind.takes_columns:
        raise ConfigurationError(
            f"columns of the kind {kind.name} have fixed names", file=str(file), do="leave --map out"
        )
    importer: Importer = discovery.part(KIND, kind.name, "importer")
    found = importer.read(file, settings, context)
    sheets = _unread_sheets(file, str(settings.get("sheet", "")))
    if not sheets:
        return found
    note = f"sheets that are not read: {', '.join(sheets)}; --set sheet=NAME reads another one"
    return replace(found, notes=[*found.notes, note])


def _unread_sheets(file: Path, sheet: str) -> list[str]:
    with file.open("rb") as stream:
        if stream.read(len(WORKBOOK_MARK)) != WORKBOOK_MARK:
            return []
    from hmi.project._import_workbook import unread_sheets  # the reader of workbooks, which few lists need

    return unread_sheets(file, sheet)
