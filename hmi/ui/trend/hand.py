"""What a mouse, a wheel or two fingers do to a chart."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QElapsedTimer, QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from hmi.ui.trend.pens import Axis, Mode, Pen
from hmi.ui.trend.scale import Scale
from hmi.ui.trend.strokes import Frame

if TYPE_CHECKING:
    from hmi.ui.trend.chart import Chart

NEAR: Final = 7.0
STEP: Final = 0.8
"""Of the span that is left after one notch of the wheel."""
NOTCH: Final = 120.0
PAUSE_MS: Final = 700
"""A wheel that rested so long begins another step back."""


class Doing(Enum):
    """What the pressed button is doing."""

    NOTHING = auto()
    WAITING = auto()
    PANNING = auto()
    CURSOR_A = auto()
    CURSOR_B = auto()
    BAND = auto()
    SCALING = auto()


class Hand:
    """Left drag moves, Shift and drag chooses a stretch, a cursor is taken where it is; a click sets cursor A and
    with Ctrl cursor B. The wheel zooms where it stands, over an axis its values, with Shift it moves.
    """

    def __init__(self, chart: Chart) -> None:
        self._chart, self._model = chart, chart.model
        self._doing = Doing.NOTHING
        self._from = self._last = QPointF()
        self._axis: Axis | None = None
        self._wheel = QElapsedTimer()
        self.band: tuple[float, float] | None = None

    @property
    def _frame(self) -> Frame:
        return self._chart.layout_now.time_frame(self._model.view)

    def press(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        self._from = self._last = at
        chart, layout = self._chart, self._chart.layout_now
        if (marker := chart.marker_at(at)) is not None:
            chart.markersAsked.emit(marker.markers, chart.mapToGlobal(at.toPoint()))
            return
        self._axis = self._axis_at(at)
        if self._axis is not None:
            self._doing = Doing.SCALING
        elif (pen := self._named_at(at)) is not None:
            self._model.choose(self._model.pens.index(pen))
        elif layout.plot.left - 2 <= at.x() <= layout.plot.right + 2:
            shift = bool(keys & Qt.KeyboardModifier.ShiftModifier)
            self._doing = Doing.BAND if shift else self._cursor_at(at) or Doing.WAITING

    def _cursor_at(self, at: QPointF) -> Doing | None:
        cursors = ((Doing.CURSOR_A, self._model.cursor_a), (Doing.CURSOR_B, self._model.cursor_b))
        near = [
            (abs(self._frame.x_at(instant) - at.x()), doing)
            for doing, instant in cursors
            if instant is not None and abs(self._frame.x_at(instant) - at.x()) <= NEAR
        ]
        return min(near, key=lambda one: one[0])[1] if near else None

    def move(self, at: QPointF) -> None:
        doing, model = self._doing, self._model
        if doing is Doing.NOTHING:
            self._show_shape(at)
        elif (
            doing is Doing.WAITING and (at - self._from).manhattanLength() >= QApplication.startDragDistance()
        ):
            self._doing = Doing.PANNING
            model.views.keep()
            self._chart.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._doing is Doing.PANNING:
            model.views.pan(round((self._last.x() - at.x()) * self._frame.ns_per_px), model.now)
            model.moved()
        elif doing is Doing.BAND:
            self.band = (self._inside(self._from.x()), self._inside(at.x()))
            self._chart.update()
        elif doing in {Doing.CURSOR_A, Doing.CURSOR_B}:
            self._set_cursor(doing, at)
        elif doing is Doing.SCALING and self._axis is not None:
            height = max(self._chart.layout_now.plot.height, 1.0)
            self.set_scale(self._axis, self._axis.scale.moved((at.y() - self._last.y()) / height))
        self._last = at

    def release(self, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        doing, self._doing = self._doing, Doing.NOTHING
        model = self._model
        if doing is Doing.WAITING:
            is_second = bool(keys & Qt.KeyboardModifier.ControlModifier)
            self._set_cursor(Doing.CURSOR_B if is_second else Doing.CURSOR_A, at)
            self._choose_near(at)
        elif doing is Doing.BAND and self.band is not None:
            left, right = sorted(self.band)
            self.band = None
            if right - left > NEAR:
                frame = self._frame
                model.views.keep()
                model.views.show(frame.instant_at(left), frame.instant_at(right), model.now)
                model.moved(anew=True)
        elif doing is Doing.PANNING:
            model.rescale()
            model.changed.emit()
        self.band = None
        self._show_shape(at)

    def twice(self, at: QPointF) -> None:
        """On an axis: its scale is the chart's business again."""
        axis = self._axis_at(at)
        if axis is None:
            self.press(at, Qt.KeyboardModifier.NoModifier)
            return
        for pen in axis.pens:
            pen.mode, pen.manual = Mode.AUTO, None
        self._model.arrange()

    def wheel(self, at: QPointF, turned: QPoint, keys: Qt.KeyboardModifier) -> None:
        model, notches = self._model, turned.y() / NOTCH
        across = turned.x() / NOTCH
        if keys & Qt.KeyboardModifier.ShiftModifier:
            notches, across = 0.0, across or turned.y() / NOTCH
        axis = self._axis_at(at)
        if axis is not None and notches:
            box = self._chart.layout_now.strips[model.axes.index(axis)]
            share = (box.foot - at.y()) / max(box.height, 1.0)
            self.set_scale(axis, axis.scale.zoomed(share, STEP**notches))
            return
        self._keep_once()
        if across:
            model.views.pan(round(-across * 0.1 * model.view.span), model.now)
            model.moved()
        elif notches:
            model.views.zoom(STEP**notches, self._frame.instant_at(self._inside(at.x())), model.now)
            model.moved(anew=True)

    def pinch(self, state: Qt.GestureState, center: QPoint | QPointF, factor: float, moved: float) -> None:
        """Fingers apart: closer; both aside: moved."""
        model = self._model
        if state == Qt.GestureState.GestureStarted:
            self._doing = Doing.NOTHING
            model.views.keep()
        if moved:
            model.views.pan(round(-moved * self._frame.ns_per_px), model.now)
        if factor > 0 and factor != 1.0:
            at = self._frame.instant_at(self._inside(float(center.x())))
            model.views.zoom(1.0 / factor, at, model.now)
        model.moved(anew=True)

    def set_scale(self, axis: Axis, scale: Scale) -> None:
        """By hand from now on, for every pen of the axis."""
        for pen in axis.pens:
            pen.mode, pen.manual = Mode.MANUAL, scale
        axis.scale = scale
        self._model.changed.emit()
        self._model.told.emit()

    def _keep_once(self) -> None:
        """Turns of the wheel in one go are one step to go back."""
        if not self._wheel.isValid() or self._wheel.elapsed() > PAUSE_MS:
            self._model.views.keep()
        self._wheel.restart()

    def _set_cursor(self, which: Doing, at: QPointF) -> None:
        model = self._model
        instant = min(self._frame.instant_at(self._inside(at.x())), model.now)
        if which is Doing.CURSOR_B:
            model.set_cursors(model.cursor_a, instant)
        else:
            model.set_cursors(instant, model.cursor_b)

    def _choose_near(self, at: QPointF) -> None:
        """The pen whose curve was clicked."""
        model, layout = self._model, self._chart.layout_now
        instant = self._frame.instant_at(at.x())
        near: list[tuple[float, Pen]] = []
        for index, axis in enumerate(model.axes):
            frame = layout.frame(model.view, index)
            for pen in axis.shown:
                y = frame.foot - axis.scale.place_one(pen.whole.drawn_at(instant)) * frame.height
                if abs(y - at.y()) <= NEAR:
                    near.append((abs(y - at.y()), pen))
        if near:
            model.choose(model.pens.index(min(near, key=lambda one: one[0])[1]))

    def _named_at(self, at: QPointF) -> Pen | None:
        """The lane whose name or state is under the pointer."""
        layout = self._chart.layout_now
        if layout.plot.left <= at.x() <= layout.plot.right:
            return None
        for pen, box in zip(self._model.lanes, layout.lanes, strict=False):
            if box.top <= at.y() <= box.foot:
                return pen
        return None

    def _axis_at(self, at: QPointF) -> Axis | None:
        for index, box in self._chart.layout_now.axes:
            if box.holds(at.x(), at.y()) and at.x() < box.right - 3:
                return self._model.axes[index]
        return None

    def _inside(self, x: float) -> float:
        return min(max(x, self._frame.left), self._frame.right)

    def _show_shape(self, at: QPointF) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._chart.marker_at(at) is not None or self._named_at(at) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._axis_at(at) is not None:
            shape = Qt.CursorShape.SizeVerCursor
        elif self._cursor_at(at) is not None:
            shape = Qt.CursorShape.SizeHorCursor
        if self._chart.cursor().shape() != shape:
            self._chart.setCursor(shape)
