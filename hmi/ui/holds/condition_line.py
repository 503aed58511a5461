"""One condition of a faceplate with its bypasses: the way to one, until when and by whom, and the way out (CM-11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.holds import Bypass
from hmi.core.texts import tr
from hmi.ui.commands.reasons import name_of
from hmi.ui.holds.wants import BYPASS, END_BYPASS, Want
from hmi.ui.holds.words import bypass_words
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text


class ConditionLine(QWidget):
    """``row`` tells the truth of the condition, bypassed or not; ``asked`` carries a ``Want``."""

    asked = Signal(object)
    grown = Signal()

    def __init__(
        self, theme: Theme, station: Station, row: QWidget, condition: str, infos: Sequence[TagInfo]
    ) -> None:
        super().__init__()
        self._theme, self._station = theme, station
        self.condition = condition
        self._infos = tuple(info for info in infos if condition not in info.fixed)
        self._shown: tuple[Bypass, ...] = ()
        self.button = FlatButton(theme, tr("Bypass…"), self._ask, quiet=True, font="text.small")
        self.button.setFixedHeight(theme.px(24))
        if not self._infos:
            self.button.hide()
        line = QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(row, 1)
        line.addWidget(self.button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(line)
        self._rows: list[QWidget] = []

    def _ask(self) -> None:
        self.asked.emit(Want(BYPASS, self._infos[0].name, (self._infos, self.condition)))

    @property
    def texts(self) -> list[str]:
        return [text.full_text for row in self._rows for text in row.findChildren(Text)]

    def refresh(self, zone: tzinfo, why_not: str) -> None:
        """``why_not``: why none can be asked for."""
        holds = self._station.holds
        if holds.holds.bypasses or self._shown:
            found = (holds.bypasses_of(info.id).get(self.condition) for info in self._infos)
            bypasses = tuple(one for one in found if one is not None)
            if bypasses != self._shown:
                self._show(bypasses, zone)
        if len(self._shown) == len(self._infos):
            why_not = tr("It is bypassed already.")
        self.button.set_enabled(not why_not, why_not)

    def _show(self, bypasses: tuple[Bypass, ...], zone: tzinfo) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shown, self._rows = bypasses, []
        for bypass in bypasses:
            self._rows.append(self._row(bypass, zone))
            self._column.addWidget(self._rows[-1])
            self._rows[-1].show()
        self.grown.emit()

    def _row(self, bypass: Bypass, zone: tzinfo) -> QWidget:
        widget = QWidget()
        line = QHBoxLayout(widget)
        line.setContentsMargins(self._theme.px(16), 0, 0, 2)
        words = bypass_words(bypass, zone, self._station.now())
        info = next(info for info in self._infos if info.id == bypass.tag_id)
        if len(self._infos) > 1:
            words = f"{name_of(info)}: {words}"
        line.addWidget(Text(self._theme, words, font="text.small.strong", color="text", wrap=True), 1)
        want = Want(END_BYPASS, info.name, bypass)
        end = FlatButton(
            self._theme, tr("End…"), lambda: self.asked.emit(want), quiet=True, font="text.small.strong"
        )
        line.addWidget(end)
        return widget
