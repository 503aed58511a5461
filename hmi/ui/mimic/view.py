"""One widget that shows a scene: static picture, dynamic elements with dirty rectangles, overlay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTransform,
)
from PySide6.QtWidgets import QToolTip, QWidget

from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import Freshness, Scene, TagAlarm
from hmi.ui.flash import flash
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.offscreen import fit
from hmi.ui.mimic.painters import paint_dynamic, paint_static
from hmi.ui.mimic.words import describe
from hmi.ui.theme import Theme

FULL_UPDATE_SHARE = 0.4
_MAX_TOOLTIP_TAGS = 3


class MimicView(QWidget):
    """Shows one scene at any size. The station calls ``apply`` once a frame and ``judge`` on its clock.

    ``elementClicked`` carries the element's id, the tag or instance it means and its place on the screen.
    ``displayAsked`` carries the name of a display that a link leads to. ``targetMenu`` is the right click.
    """

    elementClicked = Signal(str, str, QRect)
    targetMenu = Signal(str, str, QPoint)
    displayAsked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scene: Scene | None = None
        self._kit = Kit(theme)
        self._static: QPixmap | None = None
        self._hits = Hits((), ())
        self._bounds: list[QRectF] = []
        self._extents: list[QRectF] = []
        self._scale, self._offset = 1.0, QPointF()
        self._focused = -1
        self._hovered = -1
        self._blinking: list[int] = []
        self.paints = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        flash().turned.connect(self._blink)

    # what the station gives

    @property
    def scene(self) -> Scene | None:
        return self._scene

    def set_scene(self, scene: Scene | None) -> None:
        """Show another scene; the whole widget repaints once."""
        self._scene = scene
        elements = scene.elements if scene else ()
        self._bounds = [QRectF(*element.bounds) for element in elements]
        self._extents = [QRectF(*scene.extent(i)) for i in range(len(elements))] if scene else []
        self._hits = Hits(self._bounds, self._extents)
        self._focused = self._hovered = -1
        self.setAccessibleName(tr("Display {title}", title=scene.display.title) if scene else "")
        self._measure()
        self._watch_blinking()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._measure()

    def apply(self, changed: Mapping[str, DataValue], now_ns: int) -> None:
        """One batch of values; what looks the same is not painted."""
        if self._scene is not None:
            self._dirty(self._scene.apply(changed, now_ns))

    def judge(self, fresh: Freshness, now_ns: int) -> None:
        """Judge the age of every value (call it each 100 to 500 ms)."""
        if self._scene is not None:
            self._dirty(self._scene.judge(fresh, now_ns))

    def set_alarms(self, alarms: Mapping[str, TagAlarm]) -> None:
        if self._scene is not None:
            self._dirty(self._scene.set_alarms(alarms))
            self._watch_blinking()

    def backfill(self, tag: str, samples: Iterable[DataValue], now_ns: int) -> None:
        if self._scene is not None:
            self._dirty(self._scene.backfill(tag, samples, now_ns))

    # dirty rectangles

    def _dirty(self, indices: set[int]) -> None:
        """At most one paint event follows: Qt unites the rectangles."""
        if not indices or self._scene is None:
            return
        if len(indices) > FULL_UPDATE_SHARE * len(self._bounds):
            for index in indices:
                self._extents[index] = QRectF(*self._scene.extent(index))
            self.update()
            return
        for index in indices:
            self.update(self._on_widget(self._moved(index)))

    def _moved(self, index: int) -> QRectF:
        """What the element painted before and paints now."""
        assert self._scene is not None
        before = self._extents[index]
        self._extents[index] = after = QRectF(*self._scene.extent(index))
        return before.united(after)

    def _on_widget(self, box: QRectF) -> QRect:
        place = QRectF(box.topLeft() * self._scale + self._offset, box.size() * self._scale)
        return place.toAlignedRect().adjusted(-1, -1, 1, 1)

    def _to_design(self, point: QPointF) -> QPointF:
        return (point - self._offset) / self._scale

    def _watch_blinking(self) -> None:
        """Which elements blink: only those that show something unacknowledged."""
        scene = self._scene
        self._blinking = []
        if scene is not None and any(alarm.unacked for alarm in scene.alarms.values()):
            self._blinking = [i for i, look in enumerate(scene.looks) if _is_unacked(look)]
        self._kit.lit = flash().lit or not self._blinking

    def _blink(self, lit: bool) -> None:
        if self._blinking and lit != self._kit.lit:
            self._kit.lit = lit
            self._dirty(set(self._blinking))

    # painting

    def sizeHint(self) -> QSize:
        return QSize(*self._scene.display.size) if self._scene else QSize(960, 440)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            return self._tool_tip(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._measure()
        return super().event(event)

    def _measure(self) -> None:
        """Fit the display into the widget and forget what was cached for another scale."""
        if self._scene is not None:
            self._scale, self._offset = fit(self._scene.display.size, self.size())
        lit = self._kit.lit
        self._kit = Kit(self._theme, scale=self._scale, ratio=self.devicePixelRatioF())
        self._kit.lit = lit
        self._static = None
        self.update()

    def _static_picture(self, scene: Scene) -> QPixmap:
        if self._static is None:
            ratio = self.devicePixelRatioF()
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(self._theme.color("background"))
            painter = QPainter(picture)
            painter.setTransform(self._transform())
            paint_static(painter, scene, self._kit)
            painter.end()
            self._static = picture
        return self._static

    def _transform(self) -> QTransform:
        return QTransform.fromTranslate(self._offset.x(), self._offset.y()).scale(self._scale, self._scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paints += 1
        painter = QPainter(self)
        scene = self._scene
        if scene is None:
            painter.fillRect(event.rect(), self._theme.color("background"))
            return
        picture = self._static_picture(scene)
        ratio = picture.devicePixelRatio()
        for place in _rectangles(event):
            source = QRectF(
                QPointF(place.topLeft()) * ratio, QSize(place.width(), place.height()).toSizeF() * ratio
            )
            painter.drawPixmap(QRectF(place), picture, source)
        painter.setTransform(self._transform(), combine=True)
        paint_dynamic(painter, scene, self._kit, self._touched(event))
        self._overlay(painter)

    def _touched(self, event: QPaintEvent) -> list[int]:
        """Elements that the damaged region meets, in file order."""
        found: set[int] = set()
        for place in _rectangles(event):
            box = QRectF(
                self._to_design(QPointF(place.topLeft())),
                QSize(place.width(), place.height()).toSizeF() / self._scale,
            )
            found.update(self._hits.overlapping(box))
        return sorted(found)

    def _overlay(self, painter: QPainter) -> None:
        """Focus ring and hover frame."""
        if self._scene is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hovered >= 0 and self._hovered != self._focused:
            painter.setPen(QPen(self._theme.color("panel.edge"), 1.0))
            painter.drawRoundedRect(self._element_box(self._hovered).adjusted(-3, -3, 3, 3), 3, 3)
        if self._focused >= 0 and self.hasFocus():
            painter.setPen(QPen(self._theme.color("focus"), 2.0))
            painter.drawRoundedRect(self._element_box(self._focused).adjusted(-3, -3, 3, 3), 3, 3)

    def _element_box(self, index: int) -> QRectF:
        assert self._scene is not None
        element = self._scene.elements[index]
        return QRectF(element.x, element.y, element.w, element.h)

    # pointing and keys

    def element_at(self, point: QPointF) -> int:
        """The topmost clickable element under a widget position; -1 for none. At least 24 px count."""
        if self._scene is None:
            return -1
        at = self._to_design(point)
        for index in self._hits.at(at):
            definition = self._scene.elements[index].definition
            if (
                definition is None
                or not definition.clickable
                or (not self._scene.target(index) and not self._link(index))
            ):
                continue
            if _target_box(self._element_box(index)).contains(at):
                return index
        return -1

    def _link(self, index: int) -> str:
        assert self._scene is not None
        element = self._scene.elements[index]
        return str(element.get("display") or "") if element.type == "link" else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.element_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, index: int) -> None:
        if index == self._hovered:
            return
        turned = {i for i in (index, self._hovered) if i >= 0}
        self._hovered = index
        self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
        self._dirty(turned)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.element_at(event.position())
        self._focus_on(index)
        if index < 0:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._activate(index)
        elif event.button() == Qt.MouseButton.RightButton and self._scene is not None:
            element = self._scene.elements[index]
            self.targetMenu.emit(element.id, self._scene.target(index), event.globalPosition().toPoint())

    def _activate(self, index: int) -> None:
        assert self._scene is not None
        if name := self._link(index):
            self.displayAsked.emit(name)
            return
        place = self._on_widget(self._element_box(index))
        place.moveTopLeft(self.mapToGlobal(place.topLeft()))
        self.elementClicked.emit(self._scene.elements[index].id, self._scene.target(index), place)

    def _clickable(self) -> list[int]:
        """Clickable elements in reading order: rows of 40 px, then left to right."""
        scene = self._scene
        if scene is None:
            return []
        found = [
            i
            for i, element in enumerate(scene.elements)
            if element.definition is not None
            and element.definition.clickable
            and (scene.target(i) or self._link(i))
        ]
        return sorted(found, key=lambda i: (int(scene.elements[i].y) // 40, scene.elements[i].x))

    def _focus_on(self, index: int) -> None:
        if index == self._focused:
            return
        turned = {i for i in (index, self._focused) if i >= 0}
        self._focused = index
        self._dirty(turned)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks through the elements, then leaves the widget."""
        order = self._clickable()
        position = order.index(self._focused) if self._focused in order else (-1 if forward else len(order))
        position += 1 if forward else -1
        if 0 <= position < len(order):
            self._focus_on(order[position])
            return True
        self._focus_on(-1)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._focused >= 0:
            self._activate(self._focused)
        elif key in _DIRECTIONS:
            self._walk(*_DIRECTIONS[Qt.Key(key)])
        elif key == Qt.Key.Key_Escape and self._focused >= 0:
            self._focus_on(-1)
        else:
            super().keyPressEvent(event)

    def _walk(self, dx: int, dy: int) -> None:
        """Move the focus to the nearest element in a direction."""
        order = self._clickable()
        if not order:
            return
        if self._focused not in order:
            self._focus_on(order[0])
            return
        start = self._element_box(self._focused).center()
        ahead: list[tuple[float, int]] = []
        for index in order:
            way = self._element_box(index).center() - start
            along, across = way.x() * dx + way.y() * dy, abs(way.x() * dy) + abs(way.y() * dx)
            if along > 4:
                ahead.append((along + 2.5 * across, index))
        if ahead:
            self._focus_on(min(ahead)[1])

    def focusInEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._dirty({self._focused} - {-1})

    def focusOutEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._dirty({self._focused} - {-1})

    def _tool_tip(self, event: QHelpEvent) -> bool:
        index = self.element_at(QPointF(event.pos()))
        text = self.tooltip(index)
        if text:
            QToolTip.showText(event.globalPos(), text, self, self._on_widget(self._bounds[index]))
        else:
            QToolTip.hideText()
        return True

    def tooltip(self, index: int) -> str:
        """Name, value, quality in words and age of what an element shows; plain text."""
        scene = self._scene
        if scene is None or index < 0:
            return ""
        inputs = scene.inputs[index]
        blocks = [describe(inputs.tag(tag), scene.now_ns) for tag in inputs.tags[:_MAX_TOOLTIP_TAGS]]
        head = [scene.elements[index].tooltip] if scene.elements[index].tooltip else []
        lines = [*head, *("\n".join(block) for block in blocks)]
        # A zero-width space keeps Qt from taking plant text that looks like mark-up for rich text.
        return "\n\n".join(lines).replace("<", "<\u200b") if lines else ""


_DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def _rectangles(event: QPaintEvent) -> list[QRect]:
    region: Any = event.region()  # iterable, which its type stub does not say
    return list(region)


def _target_box(box: QRectF) -> QRectF:
    """Click targets are at least 24 px in both directions (standards 2.9)."""
    grow_x, grow_y = max(0.0, (24 - box.width()) / 2), max(0.0, (24 - box.height()) / 2)
    return box.adjusted(-grow_x, -grow_y, grow_x, grow_y)


def _is_unacked(look: tuple[object, ...]) -> bool:
    """True when any part of a look carries an unacknowledged alarm."""
    return any(
        getattr(part, "unacked", False) or (isinstance(part, tuple) and _is_unacked(part)) for part in look
    )
