"""The chart: one finished picture, painted again when something in it changed, and what moves over it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.trend.drag import tags_in
from hmi.ui.trend.hand import Hand
from hmi.ui.trend.layout import Layout, lay_out
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.paint_axes import Sheet, axis_width, paint_ground
from hmi.ui.trend.paint_curves import paint_curves
from hmi.ui.trend.paint_lanes import Placed, paint_lanes, paint_markers, placed_markers
from hmi.ui.trend.paint_over import paint_band, paint_comparison, paint_cursors, paint_drop, paint_message
from hmi.ui.widgets import SIDE_BUTTONS, plain

_LEAST: Final = (320, 150)


class Chart(QWidget):
    """Paints a ``TrendModel`` and turns what the hand does into its verbs.

    ``markersAsked``: markers at a place were clicked; ``menuAsked``: the menu at a global place; ``dropped``: tags
    that were dragged here; ``turned``: the side buttons of a mouse, back (-1) or forward (1).
    """

    markersAsked = Signal(object, QPoint)
    menuAsked = Signal(QPoint)
    dropped = Signal(list)
    turned = Signal(int)

    def __init__(self, theme: Theme, model: TrendModel) -> None:
        super().__init__()
        self.theme, self.model = theme, model
        self._picture = QPixmap()
        self._is_fresh = False
        self._layout: Layout | None = None
        self.placed: list[Placed] = []
        self._shows_focus = False
        self.held_name = ""
        self.painted = 0
        """How many pictures were painted so far."""
        self.hand = Hand(self)
        self.setMinimumSize(*_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName(tr("Chart"))
        model.changed.connect(self.refresh)
        model.told.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(960, 420)

    # painting

    def refresh(self) -> None:
        """The picture is no longer what is to be seen."""
        self._is_fresh, self._layout = False, None
        self.update()

    @property
    def layout_now(self) -> Layout:
        """Where everything stands now."""
        if self._layout is None:
            model = self.model
            first = model.axes.index(model.axis) if model.axis is not None else 0
            size = (float(self.width()), float(self.height()))
            widths = [axis_width(axis, self.theme) for axis in model.axes]
            self._layout = lay_out(
                size, self.theme.scale, widths, lanes=len(model.lanes), first=first, stacked=model.stacked
            )
        return self._layout

    def sheet(self, painter: QPainter) -> Sheet:
        return Sheet(painter, self.theme, self.model, self.layout_now)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._is_fresh:
            self._paint_picture()
        with painting(self) as painter:
            painter.drawPixmap(0, 0, self._picture)
            self._paint_over(self.sheet(painter))

    def _paint_picture(self) -> None:
        ratio = self.devicePixelRatioF()
        size = self.size() * ratio
        if self._picture.size() != size:
            self._picture = QPixmap(size)
            self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(self.theme.color("panel"))
        with painting(self._picture) as painter:
            sheet = self.sheet(painter)
            paint_ground(sheet)
            self.placed = placed_markers(sheet)
            paint_markers(sheet, self.placed)
            paint_curves(sheet)
            paint_lanes(sheet)
            paint_comparison(sheet)
        self._is_fresh = True
        self.painted += 1
        if round(self.layout_now.plot.width) != self.model.pixels:
            QTimer.singleShot(0, self, self._tell_width)

    def _tell_width(self) -> None:
        self.model.set_pixels(max(round(self.layout_now.plot.width), 2))

    def _paint_over(self, sheet: Sheet) -> None:
        paint_cursors(sheet)
        if self.hand.band is not None:
            paint_band(sheet, *self.hand.band)
        if self.held_name:
            paint_drop(sheet, self.held_name)
        paint_message(sheet)
        if self._shows_focus and self.hasFocus():
            sheet.painter.setPen(self.theme.pen("focus", 2.0))
            sheet.painter.setBrush(Qt.BrushStyle.NoBrush)
            sheet.painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.refresh()
        self._tell_width()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A frame says where the keys go when they were brought here by a key."""
        self._shows_focus = event.reason() in {
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        }
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    # the hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in SIDE_BUTTONS:
            self.turned.emit(-1 if event.button() == Qt.MouseButton.BackButton else 1)
        elif event.button() == Qt.MouseButton.RightButton:
            self.menuAsked.emit(event.globalPosition().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton:
            self.hand.press(event.position(), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hand.move(event.position())
        self._tell_marker(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.hand.release(event.position(), event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.hand.twice(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.hand.wheel(event.position(), event.angleDelta(), event.modifiers())
        event.accept()

    def marker_at(self, at: QPointF) -> Placed | None:
        """The markers under a point of the head."""
        if at.y() > self.layout_now.head.foot:
            return None
        reach = 11.0 * self.theme.scale
        near = [one for one in self.placed if abs(one.x - at.x()) <= reach]
        return min(near, key=lambda one: abs(one.x - at.x()), default=None)

    def _tell_marker(self, at: QPointF) -> None:
        found = self.marker_at(at)
        words = "\n".join(one.title for one in found.markers[:8]) if found else ""
        self.setToolTip(plain(words))

    def event(self, event: QEvent) -> bool:
        """Two fingers: zoom and move at once."""
        if event.type() == QEvent.Type.Gesture and isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self.hand.pinch(pinch.state(), self.mapFromGlobal(pinch.centerPoint()), pinch.scaleFactor(),
                                pinch.centerPoint().x() - pinch.lastCenterPoint().x())  # fmt: skip
                event.accept(pinch)
                return True
        return super().event(event)

    # what is dragged here

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        tags = tags_in(event.mimeData())
        self.held_name = ", ".join(tags[:3])
        if tags:
            event.acceptProposedAction()
        self.update()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if tags_in(event.mimeData()):
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.held_name = ""
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self.held_name = ""
        if tags := tags_in(event.mimeData()):
            event.acceptProposedAction()
            self.dropped.emit(tags)
        self.update()
