"""The head of a faceplate: who it is, pin and close, and everywhere it leads to."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.labels import short_tag
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text, plain

DISPLAY, TREND, HISTORY, GUIDANCE, WHY = "Display", "Trend", "History", "Guidance", "Why?"
_PARENT: Final = 130  # most pixels of the name of what it is inside of
_HINTS: Final = {
    DISPLAY: "Open the display of this object (D)",
    TREND: "Trend of the last minutes (T)",
    HISTORY: "Trend of the last 8 hours (H)",
    GUIDANCE: "What was agreed for its most urgent alarm (G)",
    WHY: "Why this number? (W, or right click on a value)",
}


class Head(QWidget):
    """``linked`` names the link that was pressed; a link that leads nowhere stays and says why."""

    linked = Signal(str)
    pinned = Signal(bool)
    closeAsked = Signal()
    parentAsked = Signal()

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        content = source.content
        self._source = source
        self.pin = FlatButton(theme, tr("Pin"), self._pinned, quiet=True)
        self.pin.setCheckable(True)
        self.pin.setToolTip(tr("A pinned faceplate stays when another display is opened (P)"))
        close = FlatButton(theme, tr("Close"), self.closeAsked.emit, quiet=True)
        self.links = {
            name: FlatButton(theme, tr(name), lambda name=name: self.linked.emit(name)) for name in _HINTS
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        top, row = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(Text(theme, short_tag(content.name), font="title"), 1)
        for button in (self.pin, close):
            top.addWidget(button)
        column.addLayout(top)
        column.addWidget(Text(theme, content.title, font="text"))
        where = Text(theme, self._where(), font="text.small", color="text.label")
        if content.parent:
            line = QHBoxLayout()
            line.setSpacing(2)
            line.addWidget(where, 1)
            line.addWidget(self._parent_button(theme))
            column.addLayout(line)
        else:
            column.addWidget(where)
        row.setSpacing(2)
        row.setContentsMargins(0, 6, 0, 2)
        for button in self.links.values():
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.refresh()

    def _parent_button(self, theme: Theme) -> FlatButton:
        name = self._source.content.parent
        button = FlatButton(theme, "", self.parentAsked.emit, quiet=True)
        room = theme.px(_PARENT)
        button.setText(
            QFontMetrics(button.font()).elidedText(f"↑ {short_tag(name)}", Qt.TextElideMode.ElideRight, room)
        )
        known = self._source.station.catalogue.instances[name]
        words = tr("Faceplate of {name}, which it is a part of (U)", name=f"{name} {known.title}".strip())
        button.setToolTip(plain(words))
        button.setAccessibleName(words)
        return button

    def _where(self) -> str:
        """Area and full name."""
        content, plant = self._source.content, self._source.station.plant
        areas = plant.areas if plant else []
        area = next((a.get("title", "") for a in areas if a["path"] == content.area), "")
        return f"{area} · {content.name}" if area else content.name

    def refresh(self) -> None:
        """Judge again where the links lead."""
        content = self._source.content
        reasons = {
            DISPLAY: "" if content.display else tr("No display shows this object."),
            TREND: "" if content.values else tr("It has no figures."),
            HISTORY: "" if self.recorded else tr("None of its figures is recorded."),
            GUIDANCE: ""
            if self._source.alarms
            else tr("Guidance belongs to an active alarm: there is none."),
            WHY: "" if content.main else tr("It has no value."),
        }
        for name, why in reasons.items():
            button = self.links[name]
            button.set_enabled(not why, why)
            if not why:
                button.setToolTip(tr(_HINTS[name]))

    @property
    def recorded(self) -> list[str]:
        """Figures of the object that history keeps."""
        content, known = self._source.content, self._source.station.catalogue.tags
        return [tag for tag in content.values if known[tag].history]

    def press(self, name: str) -> None:
        """A link by its key; nothing for one that leads nowhere."""
        if self.links[name].isEnabled():
            self.linked.emit(name)

    def _pinned(self) -> None:
        self.pin.setText(tr("Pinned") if self.pin.isChecked() else tr("Pin"))
        self.pin.updateGeometry()
        self.pinned.emit(self.pin.isChecked())
