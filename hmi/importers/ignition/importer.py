"""Reads exports of Ignition's tags (JSON): folders, UDTs and their instances, tags with alarms, scaling and history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.importers.ignition._connections import Connections
from hmi.importers.ignition._fields import Rules
from hmi.importers.ignition._instances import Instances
from hmi.importers.ignition._library import Library
from hmi.importers.ignition._names import Names
from hmi.importers.ignition._proposals import Proposals
from hmi.importers.ignition._rows import Rows
from hmi.importers.ignition._tree import Node, TreeReader
from hmi.importers.ignition._types import Types
from hmi.project.import_texts import encoding_doubts, read_source
from hmi.project.importing import ImportContext, Imported


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """What the export proposes; ConfigurationError when it is no JSON."""
    source = read_source(file)
    document = _document(file, source.text)
    context.told("read", 1, 4)
    reader = TreeReader()
    root = reader.root(document)
    rules = Rules(
        base=int(settings.get("base", 1)),
        order=str(settings.get("order", "")),
        writable=str(settings.get("writable", "stated")),
        scans=tuple(context.scans),
        prefix=_prefix(str(settings.get("prefix", ""))),
    )
    devices = _devices(str(settings.get("devices", "")))
    found = _proposed(root, context, rules, devices, str(settings.get("nested", "members")))
    return Imported(
        rows=found.rows,
        alarms=found.alarms,
        types=found.types,
        connections=found.connections,
        areas=found.areas,
        faults=(*reader.faults, *found.faults),
        notes=(*encoding_doubts(source.encoding, source.lines()), *found.notes),
    )


def _prefix(text: str) -> str:
    if not re.fullmatch(r"(?:[a-z][a-z0-9_]{0,19})?", text):
        raise ConfigurationError(
            f"prefix: {text!r} cannot begin a name", do="write small letters, digits and _"
        )
    return text


def _devices(text: str) -> dict[str, str]:
    """``PLC1=plc1,PLC2=plc2``: connections of ours by the devices of Ignition."""
    out: dict[str, str] = {}
    for part in filter(str.strip, text.replace(";", ",").split(",")):
        device, mark, name = part.partition("=")
        if not mark or not device.strip() or not name.strip():
            raise ConfigurationError(
                f"devices: {part.strip()!r} has no =", do="write it as PLC1=plc1,PLC2=plc2"
            )
        out[device.strip()] = name.strip()
    return out


def _document(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"is no JSON ({error.msg})", file=str(file), line=error.lineno, do="export it from Ignition again"
        ) from error
    except (RecursionError, ValueError) as error:
        what = "is nested too deep" if isinstance(error, RecursionError) else f"cannot be read ({error})"
        raise ConfigurationError(what, file=str(file), do="export it from Ignition again") from error


def _proposed(
    root: Node, context: ImportContext, rules: Rules, devices: Mapping[str, str], nested: str
) -> Imported:
    names, connections, types = Names(context), Connections(context, devices), Types(root)
    names.take(root)
    library = Library(root, types, names, connections, rules)
    library.open()
    if nested == "members":
        library.nest(context.signals)
    context.told("types", 2, 4)
    library.fill()
    out = Proposals()
    Rows(names, library, connections, rules, out).tags(root)
    context.told("tags", 3, 4)
    Instances(types, names, library, connections, out).take()
    proposed = tuple(library.proposed())
    context.told("instances", 4, 4)
    parts = (names.faults, types.faults, library.faults, out.faults, connections.faults)
    return Imported(
        rows=tuple(out.rows),
        alarms=tuple(out.alarms),
        types=(*proposed, *out.types),
        connections=tuple(connections.proposed.values()),
        areas=names.areas,
        faults=tuple(fault for part in parts for fault in part),
        notes=tuple(_notes(out)),
    )


def _notes(out: Proposals) -> Iterator[str]:
    if out.wide:
        who = "tags have" if out.wide > 1 else "tag has"
        what = f"{out.wide} {who} several registers, whose order the file does not say"
        yield f"{what}; they are read in that of the connection, --set order=CDAB says another one"
