"""How many points are forced, simulated or entered by hand: always in view while there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.core.texts import tr
from hmi.ui.header_parts import HeaderButton
from hmi.ui.paint import metrics_of, painting
from hmi.ui.tabs import HEIGHT
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain

# state -> letter of its mark (standards 2.8), word
LETTERS: Final = (
    ("forced", "F", "forced"),
    ("simulated", "S", "simulated"),
    ("manual", "M", "entered by hand"),
    ("out_of_service", "O", "out of service"),
)

GAP: Final = 10  # to the alarm counts


class PointsBadge(HeaderButton):
    """``F 3``, with further kinds ``F 3 +2``, and ``2 bypassed``; gone while there is nothing to tell."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._counts: dict[str, int] = {}
        self.setFixedSize(1, theme.px(HEIGHT))
        self.hide()

    @property
    def words(self) -> str:
        """The most serious kind by its letter, and how many others there are."""
        present = [(letter, self._counts[state]) for state, letter, _ in LETTERS if state in self._counts]
        bypassed = self._counts.get("bypassed", 0)
        told = [tr("{n} bypassed", n=bypassed)] if bypassed else []
        if present:
            (letter, number), others = present[0], sum(count for _, count in present[1:])
            told.insert(0, f"{letter} {number} +{others}" if others else f"{letter} {number}")
        return "  ".join(told)

    def set_counts(self, counts: Mapping[str, int]) -> None:
        known = {"bypassed", *(state for state, _, _ in LETTERS)}
        found = {state: number for state, number in counts.items() if number and state in known}
        if found == self._counts:
            return
        self._counts = found
        width = metrics_of(self._theme.font("text.strong")).horizontalAdvance(self.words)
        self.setFixedWidth(round(width) + 22 + GAP)
        words = [f"{found[state]} {tr(word)}" for state, _, word in LETTERS if state in found]
        if "bypassed" in found:
            words.append(tr("bypassed conditions: {n}", n=found["bypassed"]))
        told = ", ".join(words)
        self.setAccessibleName(tr("Not what the process says: {told}", told=told))
        self.setToolTip(plain(tr("{told}: list them (Ctrl+P)", told=told)))
        self.setVisible(bool(found))
        self.updateGeometry()
        self.update()

    @property
    def needed(self) -> int:
        """Width that the header keeps for it; 0 while it is gone."""
        return self.width() if self._counts else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("header.text"), 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box = QRectF(self.rect()).adjusted(1.5, 9.5, -1.5 - GAP, -9.5)
            painter.drawRoundedRect(box, 3, 3)
            painter.setFont(self._theme.font("text.strong"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.words)
            self.paint_focus(painter)
