"""What wheel, fingers, mouse and keys do with the camera of a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget

from hmi.ui.mimic.camera import Camera

STEP: Final = 1.25
"""What a notch of the wheel or a key zooms by."""
GESTURES: Final = frozenset((QEvent.Type.Gesture, QEvent.Type.NativeGesture))
_NOTCH: Final = 120.0  # eighths of a degree
_PAN: Final = 0.2  # of the view, for an arrow key
_KEYS: Final = {Qt.Key.Key_Plus: STEP, Qt.Key.Key_Equal: STEP, Qt.Key.Key_Minus: 1 / STEP}
_PANS: Final = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class Zooming(QObject):
    """Each handler says whether the event was its own. ``moved`` comes after the camera moved."""

    moved = Signal()

    def __init__(self, camera: Camera, view: QWidget, *, is_held: Callable[[], bool]) -> None:
        """``is_held`` says whether the pointer holds a control; the camera stands still then."""
        super().__init__(view)
        self._camera, self._view, self._is_held = camera, view, is_held
        self._dragged_at: QPointF | None = None
        self._space = False
        view.grabGesture(Qt.GestureType.PinchGesture)

    @property
    def is_dragging(self) -> bool:
        return self._dragged_at is not None

    def zoom_by(self, factor: float, anchor: QPointF) -> None:
        self._change(lambda: self._camera.zoom_by(factor, anchor))

    def move_by(self, dx: float, dy: float) -> None:
        self._change(lambda: self._camera.move_by(dx, dy))

    def reveal(self, box: QRectF) -> None:
        """Move a place of the display into view."""
        self._change(lambda: self._camera.reveal(box))

    def reset(self) -> None:
        """Show the whole display."""
        self._change(self._camera.reset)

    def _change(self, change: Callable[[], None]) -> None:
        if self._is_held():
            return
        before = self._camera.scale, self._camera.offset
        change()
        if (self._camera.scale, self._camera.offset) != before:
            self.moved.emit()

    # wheel and fingers

    def wheel(self, event: QWheelEvent) -> bool:
        """Ctrl and the wheel zoom around the pointer."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self.zoom_by(STEP ** (event.angleDelta().y() / _NOTCH), event.position())
        return True

    def gesture(self, event: QEvent) -> bool:
        """Two fingers on a screen or a touch pad."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
                return False
            self.zoom_by(1 + event.value(), event.position())
            return True
        pinch = event.gesture(Qt.GestureType.PinchGesture) if isinstance(event, QGestureEvent) else None
        if not isinstance(pinch, QPinchGesture):
            return False
        if pinch.state() != Qt.GestureState.GestureStarted:
            way = pinch.centerPoint() - pinch.lastCenterPoint()
            at = QPointF(self._view.mapFromGlobal(pinch.centerPoint()))
            self.zoom_by(pinch.scaleFactor() or 1.0, at)
            self.move_by(way.x(), way.y())
        return True

    # mouse

    def press(self, event: QMouseEvent, *, is_free: bool) -> bool:
        """The middle button, or the left one with Space or on a place (``is_free``) where it means nothing else."""
        left = event.button() == Qt.MouseButton.LeftButton and (self._space or is_free)
        if not self._camera.is_zoomed or not (left or event.button() == Qt.MouseButton.MiddleButton):
            return False
        self._dragged_at = event.position()
        self._view.setCursor(Qt.CursorShape.ClosedHandCursor)
        return True

    def move(self, event: QMouseEvent) -> bool:
        if self._dragged_at is None:
            return False
        if not event.buttons():  # let go where the window was not told of it
            return self.release()
        way, self._dragged_at = event.position() - self._dragged_at, event.position()
        self.move_by(way.x(), way.y())
        return True

    def release(self) -> bool:
        """True when it ended a drag."""
        was, self._dragged_at = self.is_dragging, None
        if was:
            self._view.setCursor(self._idle_cursor())
        return was

    def _idle_cursor(self) -> QCursor:
        return QCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.ArrowCursor)

    # keys

    def key(self, event: QKeyEvent) -> bool:
        """Alt with + and - zoom, Ctrl with an arrow moves, Home and 0 show the whole display."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if key in _KEYS and modifiers & Qt.KeyboardModifier.AltModifier:
            self.zoom_by(_KEYS[key], QPointF(self._view.rect().center()))
        elif key in _PANS and modifiers & Qt.KeyboardModifier.ControlModifier:
            dx, dy = _PANS[key]
            self.move_by(dx * _PAN * self._view.width(), dy * _PAN * self._view.height())
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_0} and not modifiers & ~Qt.KeyboardModifier.KeypadModifier:
            self.reset()
        else:
            return False
        return True

    def space(self, *, held: bool) -> bool:
        """Space makes the left button move a zoomed display; True when it was meant so."""
        was, self._space = self._space, held and self._camera.is_zoomed
        if was != self._space and not self.is_dragging:
            self._view.setCursor(self._idle_cursor())
        return was or self._space
