"""States of a faceplate in words: the grid of all, and the line of mode and location."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.mimics import Reading, show
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.mimic.words import quality_words
from hmi.ui.paint import draw_frame, draw_quality_mark
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

_LABEL: Final = 70.0


class StateRow(QWidget):
    """A state in words; a Bad one reads ---- with its letter."""

    def __init__(self, theme: Theme, label: str) -> None:
        super().__init__()
        self._theme, self._label = theme, label
        self._reading: Reading | None = None
        self.setFixedHeight(theme.px(22))

    def show_reading(self, reading: Reading) -> None:
        self._reading = reading
        self.setAccessibleName(f"{self._label}: {show(reading).text}")
        self.setToolTip(plain(f"{self._label}: {quality_words(reading)}"))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._reading is None:
            return
        with zoomed(self, self._theme) as (painter, theme, size):
            shown = show(self._reading, role="text")
            painter.setFont(theme.font("text.label"))
            painter.setPen(theme.color("text.label"))
            metrics = QFontMetricsF(painter.font())
            label = metrics.elidedText(self._label, Qt.TextElideMode.ElideRight, _LABEL - 4)
            painter.drawText(QPointF(0, 16), label)
            painter.setFont(theme.font("text.word"))
            painter.setPen(theme.color(shown.role))
            room = size.width() - _LABEL - 4 - (20 if shown.mark else 0)
            text = QFontMetricsF(painter.font()).elidedText(shown.text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(_LABEL, 16), text)
            if shown.mark:
                x = _LABEL + 4 + QFontMetricsF(painter.font()).horizontalAdvance(text)
                draw_quality_mark(painter, theme, shown.mark, QPointF(x, 11))


MODE_SIGNALS: Final = ("mode", "auto", "mode_auto", "in_auto")
WANTED_SIGNALS: Final = ("auto_cmd", "mode_cmd", "mode_request", "mode_sp")
REMOTE_SIGNALS: Final = ("remote", "local")
SERVICE_SIGNALS: Final = ("oos", "out_of_service")
ON_THE_LINE: Final = frozenset((*MODE_SIGNALS, *REMOTE_SIGNALS, *SERVICE_SIGNALS, "auto_cmd"))
_NOT_TOLD: Final = "not told"
_TELL_ALL: Final = frozenset(("pump", "valve", "loop"))


class ModeLine(QWidget):
    """Mode with the one that was asked for, location, service: three words side by side.

    What the plant has no signal for reads ``not told``, never a guess.
    """

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._theme, self._source = theme, source
        self.cells: list[tuple[str, str, str, str]] = []
        self.setFixedHeight(theme.px(38))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def is_needed(self) -> bool:
        source = self._source
        return source.content.kind in _TELL_ALL or source.signal(*MODE_SIGNALS, *REMOTE_SIGNALS) is not None

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(300), self._theme.px(38))

    def refresh(self) -> None:
        cells = [self._mode(), self._cell(tr("Location"), REMOTE_SIGNALS)]
        if self._source.signal(*SERVICE_SIGNALS) is not None:
            cells.append(self._cell(tr("Service"), SERVICE_SIGNALS))
        if cells != self.cells:
            self.cells = cells
            words = ", ".join(f"{label}: {word}" for label, word, _, _ in cells)
            self.setAccessibleName(words)
            self.setToolTip(plain(words))
            self.update()

    def _mode(self) -> tuple[str, str, str, str]:
        """The actual mode; an arrow leads to the one asked for while they differ."""
        label, word, mark, frame = self._cell(tr("Mode"), MODE_SIGNALS)
        wanted, actual = self._source.signal(*WANTED_SIGNALS), self._source.signal(*MODE_SIGNALS)
        if wanted is None or actual is None or wanted.current is None or actual.current is None:
            return label, word, mark, frame
        if wanted.current != actual.current:
            word = tr("{actual}, asked {wanted}", actual=word, wanted=show(wanted).text)
        return label, word, mark, frame

    def _cell(self, label: str, signals: tuple[str, ...]) -> tuple[str, str, str, str]:
        reading = self._source.signal(*signals)
        if reading is None:
            return label, tr(_NOT_TOLD), "", ""
        shown = show(reading)
        word = shown.text
        if not reading.is_bad and not (reading.info and reading.info.states) and reading.info:
            word = _plain_word(reading.info.signal, bool(reading.truth))
        return label, word, shown.mark, shown.frame

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            width = size.width() / max(len(self.cells), 1)
            for n, (label, word, mark, frame) in enumerate(self.cells):
                known = word != tr(_NOT_TOLD)
                x = n * width
                painter.setFont(theme.font("text.small"))
                painter.setPen(theme.color("text.label"))
                painter.drawText(QPointF(x, 13), label)
                painter.setFont(theme.font("text.word"))
                painter.setPen(theme.color("text.secondary" if mark or not known else "text"))
                metrics = QFontMetricsF(painter.font())
                text = metrics.elidedText(word, Qt.TextElideMode.ElideRight, width - (28 if mark else 6))
                painter.drawText(QPointF(x + (5 if frame else 0), 31), text)
                end = metrics.horizontalAdvance(text)
                if frame:
                    box = metrics.tightBoundingRect("Xg").translated(x + 5, 31).adjusted(-5, -3, 0, 3)
                    box.setWidth(end + 10)
                    draw_frame(painter, theme, frame, box)
                if mark:
                    draw_quality_mark(painter, theme, mark, QPointF(x + end + (12 if frame else 4), 26))


def _plain_word(signal: str, truth: bool) -> str:
    """Words for a switch whose tag names no states."""
    words = {
        "remote": ("Local", "Remote"),
        "local": ("Remote", "Local"),
        "oos": ("In service", "Out of service"),
        "out_of_service": ("In service", "Out of service"),
    }.get(signal, ("Manual", "Automatic"))
    return tr(words[truth])
