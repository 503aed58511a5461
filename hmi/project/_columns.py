"""Columns of the CSV files, and what both files do with their rows."""

from __future__ import annotations

from hmi.project._draft import Draft
from hmi.project._read import CsvFile

TAG_COLUMNS = (
    "kind", "id", "name", "type", "description", "area", "connection", "address", "scan", "unit", "low", "high",
    "normal_low", "normal_high", "raw_low", "raw_high", "scaling", "clamp", "deadband", "format", "states",
    "expression", "writable", "class", "limit_low", "limit_high", "max_step", "feedback", "expected_ms", "history",
    "parameters", "display", "options", "unit_code", "tolerance", "pulse", "min_interval_ms",
)  # fmt: skip
ALARM_COLUMNS = (
    "id", "tag", "name", "kind", "limit", "deadband", "on_delay", "off_delay", "priority", "message", "latching",
    "ack", "cause", "consequence", "action", "time_to_respond", "display", "expression",
)  # fmt: skip


def warn_unknown_columns(file: CsvFile, known: tuple[str, ...], draft: Draft) -> None:
    """One warning per column that no one reads."""
    for name in file.header:
        if name and name not in known:
            draft.findings.warning(
                file.shown, 1, f"the column {name!r} is not known", "it is kept; check the spelling"
            )


def digest_row(draft: Draft, row: dict[str, str]) -> None:
    """Add a row to the revision; its cells come in the order of the column names."""
    identity = row["id"]
    cells = [f"{name}\x1e{text}" for name, text in row.items() if name != "id"]
    text = "\x1f".join([identity, *cells])
    draft.digest.update(f"{text}\n".encode(errors="surrogatepass"))


def note_missing_ids(shown: str, lines: list[int], draft: Draft) -> None:
    """One warning for all rows without an id."""
    if lines:
        what = f"{len(lines)} row{'s have' if len(lines) > 1 else ' has'} no id yet"
        draft.findings.warning(shown, lines[0], what, "run hmi format to keep ids")
