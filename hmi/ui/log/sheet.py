"""One record in full beside the list: everything that it says, who, from where, and its place in the hash chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout

from hmi.core.texts import tr
from hmi.ui.log.words import Record, at_of, event_text, moment_text, object_text, payload_of
from hmi.ui.theme import Theme
from hmi.ui.times import date_text
from hmi.ui.widgets import FlatButton, Panel, Text

_FIELDS: Final = (
    ("actor", "Who"), ("station", "From station"), ("object_id", "Object"), ("stream", "List"), ("event", "Event"),
    ("seq", "Number"), ("runtime_id", "Runtime"), ("run_id", "Run"), ("plant_revision", "Revision of the plant"),
    ("prev_hash", "Hash of the record before"), ("hash", "Hash"),
)  # fmt: skip
_TIMES: Final = ("event_time", "receive_time", "alarm_time", "condition_time", "source_time", "shelve_until")


class RecordSheet(Panel):
    """Its text can be marked and copied, and is never taken for mark-up."""

    def __init__(self, theme: Theme, closed: Any) -> None:
        super().__init__(theme)
        self.title = Text(theme, font="text.strong")
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setTabChangesFocus(True)
        self.body.setFrameShape(QFrame.Shape.NoFrame)
        self.body.setFont(theme.font("text.label"))
        palette = self.body.palette()
        palette.setColor(QPalette.ColorRole.Base, theme.color("panel"))
        palette.setColor(QPalette.ColorRole.Text, theme.color("text"))
        self.body.setPalette(palette)
        self.body.setAccessibleName(tr("Record"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.title)
        column.addWidget(self.body, 1)
        column.addWidget(FlatButton(theme, tr("Close"), closed))

    def show_record(self, record: Record, zone: tzinfo) -> None:
        self.title.set_text(f"{event_text(record)} · {object_text(record)}")
        self.body.setPlainText("\n".join(lines_of(record, zone)))


def lines_of(record: Record, zone: tzinfo) -> list[str]:
    """``Who: …`` for each field that says something, times in the plant's zone."""

    def shown(key: str, value: Any) -> str:
        if key in _TIMES and isinstance(value, int) and value > 0:
            return f"{date_text(value, zone)} {moment_text(value, zone)}"
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    lines = [tr("Time: {at}", at=shown("event_time", at_of(record)))]
    if record.get("receive_time"):
        lines.append(tr("Recorded: {at}", at=shown("receive_time", record["receive_time"])))
    lines += [f"{tr(words)}: {record[key]}" for key, words in _FIELDS if record.get(key) not in (None, "")]
    if record.get("simulated"):
        lines.append(tr("Simulated: this was not the real plant."))
    said = {key: value for key, value in payload_of(record).items() if value not in (None, "", [], {})}
    lines += _signed(said.pop("signers", []), zone)
    lines += _change(said)
    return [*lines, "", *(f"{key}: {shown(key, value)}" for key, value in said.items())]


def _change(said: dict[str, Any]) -> list[str]:
    """The old and the new value side by side, and why; what is told here is not told again."""
    if "old" not in said and "new" not in said:
        return []
    old, new, unit, reason = (said.pop(name, "") for name in ("old", "new", "unit", "reason"))
    change = tr("Change: {old} → {new}", old=old, new=f"{new} {unit}".rstrip())
    return [change, *([tr("Reason: {reason}", reason=reason)] if reason else [])]


def _signed(signers: Any, zone: tzinfo) -> list[str]:
    """Printed name, date and time, and meaning of each signature (21 CFR 11.50)."""
    return (
        [_signature(one, zone) for one in signers if isinstance(one, Mapping)]
        if isinstance(signers, list)
        else []
    )


def _signature(one: Mapping[str, Any], zone: tzinfo) -> str:
    at, name = one.get("time"), str(one.get("name") or one.get("user", ""))
    moment = f"{date_text(at, zone)} {moment_text(at, zone)}" if isinstance(at, int) else str(at or "")
    return tr("Signed: {name} ({user}), {at}, {meaning}", name=name, user=one.get("user", ""), at=moment,
              meaning=one.get("meaning", ""))  # fmt: skip
