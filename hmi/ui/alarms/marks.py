"""The mark of an alarm row: priority as shape, colour and number, and what its state does to it (standards 1.2)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from hmi.client.alarms import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.paint import draw_alarm_mark, draw_badge, mark_path, metrics_of, stamp
from hmi.ui.theme import Theme, make_font

_RETURNED: Final = frozenset(("RTNUN", "LATCH-UNACK", "LATCH-ACKED"))
_HIDDEN: Final = {"SHLVD": "SH", "DSUPR": "SU", "OOSRV": "OOS"}
_SHIFT: Final = {2: 0.13, 3: -0.13}
ROOM: Final = 28.0
"""What a badge beside a mark needs, in pixels at 100 %."""


def draw_row_mark(
    painter: QPainter, theme: Theme, row: AlarmInfo, center: QPointF, *, size: float, lit: bool
) -> None:
    """Full while the condition is present, an outline after its return, grey while the alarm is hidden."""
    if row.state in _HIDDEN:
        _outlined(painter, theme, row.priority, center, size, "text.label")
    elif row.state in _RETURNED:
        _outlined(painter, theme, row.priority, center, size, "outline" if lit else "text.label")
    else:
        draw_alarm_mark(painter, theme, row.priority, center, size=size, lit=lit)


def badge_of(row: AlarmInfo) -> str:
    """L latched, SH shelved, SU suppressed, OOS out of service; empty for none."""
    return "L" if row.state.startswith("LATCH") else _HIDDEN.get(row.state, "")


def badge_words(row: AlarmInfo) -> str:
    words = {"L": "Latched", "SH": "Shelved", "SU": "Suppressed by design", "OOS": "Out of service"}
    return tr(words[badge_of(row)]) if badge_of(row) else ""


def draw_row_badge(painter: QPainter, theme: Theme, row: AlarmInfo, center: QPointF) -> None:
    """In pixels at 100 %: the painter is scaled."""
    if letter := badge_of(row):
        draw_badge(painter, theme, letter, center)


def _outlined(
    painter: QPainter, theme: Theme, priority: int, center: QPointF, size: float, role: str
) -> None:
    def draw(inner: QPainter, at: QPointF) -> None:
        inner.save()
        inner.translate(at)
        inner.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner.setPen(theme.pen(role, max(1.5, size / 12)))
        inner.setBrush(Qt.BrushStyle.NoBrush)
        inner.drawPath(mark_path(priority, size - 2))
        font = make_font(size * 0.52, 700)
        inner.setFont(font)
        inner.setPen(theme.color("text.secondary"))
        metrics, text = metrics_of(font), str(priority)
        height = metrics.capHeight() / 2 + size * _SHIFT.get(priority, 0.0)
        inner.drawText(QPointF(-metrics.horizontalAdvance(text) / 2, height), text)
        inner.restore()

    stamp(painter, theme, ("row mark", priority, size, role), center, (size + 4, size + 4), draw)
