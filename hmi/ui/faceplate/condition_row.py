"""One condition of a faceplate: sign and word of its truth, its text, and the commands that ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QPaintEvent
from PySide6.QtWidgets import QWidget

from hmi.client.port import TagInfo
from hmi.ui.commands.conditions import Condition, ReadingOf, Standing, conditions_of
from hmi.ui.commands.reasons import name_of
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

HEIGHT = 19
_SIGN, _WORD, _TEXT = 0.0, 16.0, 88.0
_GAP = 8.0


def conditions_by_command(infos: Iterable[TagInfo]) -> list[tuple[Condition, list[TagInfo]]]:
    """Each condition once, with the commands that it guards."""
    found: dict[Condition, list[TagInfo]] = {}
    for info in infos:
        for condition in conditions_of(info):
            found.setdefault(condition, []).append(info)
    return list(found.items())


class ConditionRow(QWidget):
    """Sign, word and weight tell the truth; no colour is needed."""

    def __init__(self, theme: Theme, condition: Condition, guarded: Sequence[TagInfo]) -> None:
        super().__init__()
        self._theme, self.condition, self.guarded = theme, condition, tuple(guarded)
        self._guarded = ", ".join(name_of(info) for info in guarded)
        self.standing = Standing.UNKNOWN
        self.setFixedHeight(theme.px(HEIGHT))

    def refresh(self, reading_of: ReadingOf, now_ns: int) -> None:
        """Judge again; painted only when the standing turned."""
        standing = self.condition.standing(reading_of, now_ns)
        if standing is self.standing and self.toolTip():
            return
        self.standing = standing
        words = f"{self.condition.text}: {self.condition.word(standing)} ({self._guarded})"
        self.setAccessibleName(words)
        self.setToolTip(plain(words))
        self.update()

    @property
    def shown(self) -> str:
        """What the row reads, for tests and screen readers."""
        return f"{self.standing.value} {self.condition.word(self.standing)} {self.condition.text}"

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            blocked = self.standing is not Standing.MET
            font = theme.font("text.small.strong" if blocked else "text.small")
            painter.setFont(font)
            painter.setPen(theme.color("text" if blocked else "text.label"))
            metrics = QFontMetricsF(font)
            painter.drawText(QPointF(_SIGN, 14), self.standing.value)
            painter.drawText(QPointF(_WORD, 14), self.condition.word(self.standing))
            room = size.width() - _TEXT
            first, _, others = self._guarded.partition(", ")
            guarded = f"{first} +{others.count(',') + 1}" if others else first
            tail = metrics.horizontalAdvance(guarded)
            text = metrics.elidedText(self.condition.text, Qt.TextElideMode.ElideRight, room - tail - _GAP)
            painter.drawText(QPointF(_TEXT, 14), text)
            painter.setPen(theme.color("text.label"))
            painter.drawText(QPointF(size.width() - tail, 14), guarded)
