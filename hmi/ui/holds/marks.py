"""The mark of a control tag: its kind as a shape, no colour is needed (standards 2.1, 5.6)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.core.holds import TagKind
from hmi.ui.paint import painting, stamp
from hmi.ui.theme import Theme

SIZE: Final = 17.0
ORDER: Final = (TagKind.DO_NOT_OPERATE, TagKind.CAUTION, TagKind.INFORMATION)
"""The one that forbids most first."""


def draw_hold_mark(
    painter: QPainter, theme: Theme, kind: TagKind, center: QPointF, *, size: float = SIZE
) -> None:
    """Do not operate: a crossed square; caution: a triangle; information: a disc with an i."""

    def draw(inner: QPainter, at: QPointF) -> None:
        inner.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner.setPen(_pen(theme, size))
        inner.setBrush(theme.brush("panel"))
        box = QRectF(at.x() - size / 2, at.y() - size / 2, size, size).adjusted(1, 1, -1, -1)
        _SHAPES[kind](inner, box)

    stamp(painter, theme, ("hold", kind.value, size), center, (size + 4, size + 4), draw)


def _pen(theme: Theme, size: float) -> QPen:
    pen = QPen(theme.color("text"), size / 9)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _crossed(painter: QPainter, box: QRectF) -> None:
    painter.drawRoundedRect(box, 2, 2)
    inner = box.adjusted(*(d * box.width() * 0.24 for d in (1, 1, -1, -1)))
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def _triangle(painter: QPainter, box: QRectF) -> None:
    path = QPainterPath(QPointF(box.center().x(), box.top()))
    path.lineTo(box.right(), box.bottom())
    path.lineTo(box.left(), box.bottom())
    path.closeSubpath()
    painter.drawPath(path)
    x, height = box.center().x(), box.height()
    painter.drawLine(QPointF(x, box.top() + height * 0.4), QPointF(x, box.top() + height * 0.63))
    painter.drawPoint(QPointF(x, box.top() + height * 0.82))


def _disc(painter: QPainter, box: QRectF) -> None:
    painter.drawEllipse(box)
    x, height = box.center().x(), box.height()
    painter.drawPoint(QPointF(x, box.top() + height * 0.27))
    painter.drawLine(QPointF(x, box.top() + height * 0.47), QPointF(x, box.top() + height * 0.76))


_SHAPES: Final = {
    TagKind.DO_NOT_OPERATE: _crossed, TagKind.CAUTION: _triangle, TagKind.INFORMATION: _disc,
}  # fmt: skip


class HoldSign(QWidget):
    """The mark beside a line of text."""

    def __init__(self, theme: Theme, kind: TagKind) -> None:
        super().__init__()
        self._theme, self._kind = theme, kind
        edge = theme.px(round(SIZE) + 3)
        self.setFixedSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            center = QRectF(self.rect()).center()
            draw_hold_mark(painter, self._theme, self._kind, center, size=SIZE * self._theme.scale)
