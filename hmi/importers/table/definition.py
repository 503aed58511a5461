"""What the importer of tables is called, and how its files are told from others."""

from __future__ import annotations

from hmi.plugins.definition import ImporterDefinition, Setting
from hmi.project.import_texts import SEPARATORS

_SURELY, _LIKELY, _MAYBE = 1.0, 0.3, 0.1


def recognises(start: str) -> float:
    """Sure for a list with our own columns; for any other table it is what is left."""
    first = next((line for line in start.splitlines() if line.strip()), "")
    for separator in SEPARATORS:
        words = {cell.strip().strip('"').lower() for cell in first.split(separator)}
        if {"kind", "name"} <= words:
            return _SURELY
        if len(words) > 1 and any("name" in word or "tag" in word for word in words):
            return _LIKELY
    return _MAYBE if any(separator in first for separator in SEPARATORS) else 0.0


DEFINITION = ImporterDefinition(
    name="table",
    title="Table: CSV or XLSX with a row for each tag",
    suffixes=(".csv", ".tsv", ".txt", ".xlsx"),
    recognises=recognises,
    takes_columns=True,
    settings=(Setting("sheet", "string", "", "sheet of a workbook; empty = the first that holds something"),),
)
