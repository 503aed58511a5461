"""What the exporter to a folder is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.plugins.definition import ExporterDefinition, Setting

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
SETTINGS = (
    Setting(
        "folder",
        "string",
        "",
        "folder to write to; it is made where its parent is there; a relative one lies in the data folder",
        path_from="data",
        is_folder=True,
    ),
    Setting(
        "mount",
        "string",
        "",
        "a mount point: while nothing is mounted there nothing is written; empty = a local folder",
        path_from="plant",
        is_folder=True,
    ),
    Setting("format", "string", "parquet", "what the files are", choices=("parquet", "csv", "xlsx")),
    Setting(
        "keep_days",
        "integer",
        0,
        "days after which delivered files are removed; 0 = they are kept for ever",
        minimum=0,
        maximum=36_500,
    ),
    Setting("delimiter", "string", "comma", "between two fields of CSV", choices=tuple(DELIMITERS)),
    Setting("decimal", "string", "point", "decimal sign of CSV", choices=("point", "comma")),
    Setting("units_row", "boolean", False, "CSV: a second row says what the columns are in"),
    Setting("bom", "boolean", False, "CSV: begin with a byte order mark, by which Excel knows UTF-8"),
)


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError without a folder, and for a decimal comma between commas."""
    if not settings["folder"]:
        raise ConfigurationError("no folder is named", do='write folder = "/data/plant"')
    if settings["decimal"] == "comma" and settings["delimiter"] == "comma":
        raise ConfigurationError(
            "a decimal comma does not go with fields between commas", do='write delimiter = "semicolon"'
        )


def host(settings: Mapping[str, Any]) -> str:
    """The server of a folder that is named ``\\\\SERVER\\SHARE``; a mounted one is a folder of this machine."""
    folder = str(settings["folder"]).replace("\\", "/")
    return folder[2:].partition("/")[0] if folder.startswith("//") else ""


DEFINITION = ExporterDefinition(
    name="files",
    title="Files in a folder",
    settings=SETTINGS,
    takes=frozenset({"samples", "events"}),
    check=check,
    host=host,
)
