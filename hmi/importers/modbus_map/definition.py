"""What the importer of register maps is called, its settings, and how its files are told from others."""

from __future__ import annotations

import csv
import io

from hmi.importers.modbus_map._columns import is_header
from hmi.plugins.definition import ImporterDefinition, Setting
from hmi.project.import_texts import SEPARATORS

SETTINGS = (
    Setting("base", "string", "", "0 or 1: plain addresses of the list count from it", ("", "0", "1")),
    Setting(
        "table", "string", "", "table of rows that name none", ("", "holding", "input", "coil", "discrete")
    ),
    Setting("order", "string", "", "byte order of rows that name none", ("", "ABCD", "CDAB", "BADC", "DCBA")),
    Setting(
        "gain",
        "string",
        "",
        "whether numbers of the column gain multiply or divide",
        ("", "multiply", "divide"),
    ),
    Setting(
        "numbers",
        "string",
        "",
        "whether numbers such as 40001 name a table or are plain",
        ("", "tables", "plain"),
    ),
    Setting("sheet", "string", "", "sheet of a workbook; empty = the first that holds something"),
    Setting("writable", "boolean", True, "false: no tag may be written, whatever the list says"),
    Setting("device", "string", "", "equipment that the tags belong to: they become its signals"),
    Setting("unit", "string", "", "Modbus unit of rows that name none"),
)


def recognises(start: str) -> float:
    """By a header that names registers and how they are to be read."""
    for line in start.splitlines()[:50]:
        for separator in SEPARATORS:
            if line.count(separator) and is_header(_cells(line, separator)):
                return 0.8
    return 0.0


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=separator), [])
    except csv.Error:
        return []


DEFINITION = ImporterDefinition(
    name="modbus_map",
    title="Modbus register map (CSV or XLSX)",
    suffixes=(".csv", ".tsv", ".txt", ".xlsx"),
    recognises=recognises,
    takes_columns=True,
    settings=SETTINGS,
)
