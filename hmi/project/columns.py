"""Columns of the CSV files with what they hold, and what both files do with their rows."""

from __future__ import annotations

from hmi.project._alarm_columns import ALARM_HELP
from hmi.project._calculation_columns import CALCULATION_HELP
from hmi.project._draft import Draft
from hmi.project._read import CsvFile
from hmi.project._record_fields import RECORD_HELP

TAG_HELP = {
    "kind": "tag, or the name of a type whose instance the row is",
    "id": "immutable; hmi format writes it",
    "name": "area/unit/equipment.signal of a tag, area/unit/equipment of an instance",
    "type": "bool int16 uint16 int32 uint32 int64 uint64 float32 float string enum time bytes array structure",
    "description": "what people read",
    "area": "path of an area; by default the longest one that begins the name",
    "connection": "name of a connection in plant.toml",
    "address": "address in the device, in the words of its driver",
    "scan": "scan class; by default normal",
    "unit": "engineering unit",
    "low": "low end of the operating range",
    "high": "high end of the operating range",
    "normal_low": "low end of the band drawn as normal",
    "normal_high": "high end of the band drawn as normal",
    "raw_low": "device value at low",
    "raw_high": "device value at high",
    "scaling": "linear or sqrt",
    "clamp": "true: hold the value at the ends of the range",
    "deadband": "smallest change that counts, in the unit",
    "format": "number format such as .2f",
    "states": "texts by number: 0=Closed;1=Open",
    "expression": "calculation of a derived tag; tag names in single quotes",
    "writable": "true: operators may write it",
    "class": "R routine, S significant, C critical, X forbidden",
    "limit_low": "lowest value that may be written",
    "limit_high": "highest value that may be written",
    "max_step": "largest change of one write without a confirmation; 0 = free, empty = a tenth of the range",
    "feedback": "expression that proves the process followed",
    "expected_ms": "time for the feedback",
    "history": "true: recorded",
    "parameters": "parameters of an instance: base=100;speed.high=80",
    "display": "display that opens for the instance",
    "options": "options of the driver: order=CDAB;length=10",
    "unit_code": "UNECE code of the unit",
    "tolerance": "largest difference of the read-back",
    "pulse": "true: written once, never read back",
    "min_interval_ms": "shortest time between two writes",
    "tune_low": "lowest value for people who may tune, instead of limit_low",
    "tune_high": "highest value for people who may tune, instead of limit_high",
    "right": "right to write it: operate or tune; empty = operate",
    "two_person": "true: another person has to sign",
    "select_s": "how long a selection lasts, 10 to 120 s; empty = 30",
    "ramp": "units per second by which the controller follows; 0 or empty = at once",
    "reached": "true: refused where the state is reached already",
    "manual": "true: people enter the value, the tag has no other source",
    "manual_max_age": "hours after which an entered value is stale; 0 or empty = never",
    **RECORD_HELP,
}
TAG_COLUMNS = tuple(TAG_HELP)
ALARM_COLUMNS = tuple(ALARM_HELP)
CALCULATION_COLUMNS = tuple(CALCULATION_HELP)
TRUTH_COLUMNS = frozenset((
    "clamp", "writable", "history", "pulse", "two_person", "reached", "manual", "future", "latching", "ack", "enabled",
))  # fmt: skip
"""Columns of both files that hold true or false."""
NUMBER_COLUMNS = frozenset((
    "low", "high", "normal_low", "normal_high", "raw_low", "raw_high", "deadband", "limit_low", "limit_high",
    "max_step", "expected_ms", "tolerance", "min_interval_ms", "tune_low", "tune_high", "select_s", "ramp",
    "manual_max_age", "exc_dev", "exc_min", "exc_max", "comp_dev", "comp_min", "comp_max", "limit", "hold", "window",
    "on_delay", "off_delay", "count", "count_window", "re_alarm", "re_alarm_max", "first_out_window",
))  # fmt: skip
"""Columns of both files that hold a number; a deviation may be a percentage."""


def warn_unknown_columns(file: CsvFile, known: tuple[str, ...], draft: Draft) -> None:
    """One warning per column that no one reads."""
    for name in file.header:
        if name and name not in known:
            what = f"the column {name!r} is not known"
            draft.findings.warning(
                file.shown, 1, what, "it is kept; check the spelling", rule="unknown-column"
            )


def digested(row: dict[str, str]) -> str:
    """What a row adds to the revision; its cells come in the order of the column names."""
    cells = [f"{name}\x1e{text}" for name, text in row.items() if name != "id"]
    cells.insert(0, row["id"])
    return "\x1f".join(cells)


def digest_rows(draft: Draft, texts: list[str]) -> None:
    """Add the rows of a file to the revision."""
    draft.digest.update("".join([f"{text}\n" for text in texts]).encode())


def note_missing_ids(shown: str, lines: list[int], draft: Draft) -> None:
    """One warning for all rows without an id."""
    if lines:
        what = f"{len(lines)} row{'s have' if len(lines) > 1 else ' has'} no id yet"
        draft.findings.warning(shown, lines[0], what, "run hmi format to keep ids", rule="missing-id")
