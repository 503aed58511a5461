"""The view of a display: a canvas whose elements can be pointed at and reached with keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from hmi.core.holds import TagKind
from hmi.core.texts import tr
from hmi.mimics import (
    Scene,
    display_address,
    note,
)
from hmi.ui.holds.marks import draw_hold_mark
from hmi.ui.mimic.canvas import Canvas
from hmi.ui.mimic.hand import Hand, is_control, presses_again
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.walking import DIRECTIONS, nearest, reading_order
from hmi.ui.mimic.words import describe
from hmi.ui.mimic.zooming import GESTURES
from hmi.ui.theme import Theme
from hmi.ui.trend.drag import DragWatch, drag_tags
from hmi.ui.widgets import SIDE_BUTTONS

_MAX_TOOLTIP_TAGS = 3
_RING: Final = 16.0  # what focus ring, hover frame and the mark of a control tag need around an element


class MimicView(Canvas):
    """Shows one scene at any size. The station calls ``apply`` once a frame and ``judge`` on its clock.

    ``elementClicked`` carries the element's id, the tag or instance it means and its place on the screen.
    ``alarmsAsked`` carries the area whose alarms are to be listed; ``pastAsked`` says that another span was chosen.
    ``displayAsked`` carries the address (name and arguments) of a display that a link leads to. ``targetMenu``
    is the right click. ``activated`` carries the index of a control that was clicked or chosen with Enter or
    Space; ``gripped`` the part of one under the pointer, and whether it was let go.
    ``lookedElsewhere`` says that another part of the display is in view.
    """

    elementClicked = Signal(str, str, QRect)
    targetMenu = Signal(str, str, QPoint)
    displayAsked = Signal(str)
    alarmsAsked = Signal(str)
    pastAsked = Signal()
    activated = Signal(int)
    gripped = Signal(int, object, bool)
    lookedElsewhere = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._focused = -1
        self._hovered = -1
        self._pointed = -1
        self._held: Mapping[int, tuple[TagKind, str]] = {}
        self._pressed, self._drag = -1, DragWatch()
        self.carried: Callable[[str], list[str]] = lambda _: []
        """The tags that are carried away from an object by its tag or instance, for a trend."""
        self._hand = Hand(self)
        self._hand.activated.connect(self.activated)
        self._hand.gripped.connect(self.gripped)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_scene(self, scene: Scene | None, hits: Hits | None = None) -> None:
        """Show another scene; the whole widget repaints once. ``hits`` may have been made beside the Qt thread."""
        self._scene, self._pressed = scene, -1
        elements = scene.elements if scene else ()
        self._hits = hits or Hits.of(elements)
        self._focused = self._hovered = self._pointed = -1
        self._held = {}
        self._hand.let_go()
        self.setAccessibleName(tr("Display {title}", title=scene.display.title) if scene else "")
        self.camera.reset()
        self._measure()
        self._blinking = []
        self._watch_blinking(range(len(elements)))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            return self._tool_tip(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._measure()
        if event.type() in GESTURES and self._zooming.gesture(event):
            return True
        return super().event(event)

    def _is_held(self) -> bool:
        return super()._is_held() or self._hand.index >= 0

    def _looks_elsewhere(self) -> None:
        if self.underMouse() and not self._zooming.is_dragging:
            self._hover(self.element_at(QPointF(self.mapFromGlobal(QCursor.pos()))))
        self.lookedElsewhere.emit()

    def _reveal(self, index: int) -> bool:
        """Bring an element into view; True when nothing of it was."""
        box = self._element_box(index)
        was_hidden = not box.intersects(self.camera.view)
        self._zooming.reveal(box)
        return was_hidden

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.setAccepted(self._zooming.wheel(event))

    def set_held(self, held: Mapping[int, tuple[TagKind, str]]) -> None:
        """The control tags on elements: the kind that forbids most and all in words. Only what turned is painted."""
        before, self._held = self._held, held
        self._update_rings({i for i in before.keys() | held.keys() if before.get(i) != held.get(i)})

    def _overlay(self, painter: QPainter) -> None:
        """Control tags, focus ring and hover frame."""
        if self._scene is None:
            return
        for index, (kind, _) in self._held.items():
            box = self._element_box(index)  # marks and names of equipment stand above and below it
            draw_hold_mark(painter, self._theme, kind, QPointF(box.left() - 4, box.center().y()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hovered >= 0 and self._hovered != self._focused:
            painter.setPen(QPen(self._theme.color("panel.edge"), 1.0))
            painter.drawRoundedRect(self._element_box(self._hovered).adjusted(-3, -3, 3, 3), 3, 3)
        if self._hand.index >= 0:
            painter.setPen(QPen(self._theme.color("outline.body"), 2.0))
            painter.drawRoundedRect(self._element_box(self._hand.index).adjusted(-1, -1, 1, 1), 4, 4)
        if self._focused >= 0 and self.hasFocus():
            painter.setPen(QPen(self._theme.color("focus"), 2.0))
            painter.drawRoundedRect(self._element_box(self._focused).adjusted(-3, -3, 3, 3), 3, 3)
        if self._pointed >= 0:
            painter.setPen(QPen(self._theme.color("focus"), 3.0))
            painter.drawRoundedRect(self._element_box(self._pointed).adjusted(-6, -6, 6, 6), 6, 6)

    def point_out(self, index: int) -> None:
        """Ring the element that somebody was led to, until the next click or display; -1 takes the ring away."""
        turned = {i for i in (index, self._pointed) if i >= 0}
        self._pointed = index
        if index >= 0:
            self._focus_on(index)
            self._reveal(index)
        self._update_rings(turned)

    def is_in_view(self, index: int) -> bool:
        """False for an element that a zoomed display does not show."""
        known = self._scene is not None and 0 <= index < len(self._scene.elements)
        return known and self._on_widget(self._element_box(index)).intersects(self.rect())

    def place_of(self, index: int) -> QRect:
        """Where an element lies on the screen, or what is seen of it."""
        place = self._on_widget(self._element_box(index))
        if self.camera.is_zoomed and self.is_in_view(index):
            place = place.intersected(self.rect())
        place.moveTopLeft(self.mapToGlobal(place.topLeft()))
        return place

    def _update_rings(self, indices: set[int]) -> None:
        for index in indices:
            self.update(self._on_widget(self._element_box(index).adjusted(-_RING, -_RING, _RING, _RING)))

    def element_at(self, point: QPointF) -> int:
        """The topmost clickable element under a widget position; -1 for none. At least 24 px count."""
        if self._scene is None:
            return -1
        at = self._to_design(point)
        for index in self._hits.at(at):
            definition = self._scene.elements[index].definition
            if definition is None or not definition.clickable or not self._means_something(index):
                continue
            if _target_box(self._element_box(index)).contains(at):
                return index
        return -1

    def _means_something(self, index: int) -> bool:
        """True when a click on the element leads anywhere."""
        scene = self._scene
        if scene is None:
            return False
        return bool(scene.target(index) or self._link(index) or scene.inputs[index].lists_alarms)

    def _link(self, index: int) -> str:
        assert self._scene is not None
        element = self._scene.elements[index]
        if element.type != "link":
            return ""
        return display_address(str(element.get("display") or ""), element.get("parameters") or {})

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if tags := self._drag.moved(event):
            self._pressed = -1
            drag_tags(self, self._theme, tags)
            return
        if self._zooming.move(event):
            return
        if self._hand.index >= 0 and self._scene is not None:
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._hand.move(self._scene, self._to_design(event.position()), fine=fine)
            return
        self._hover(self.element_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, index: int) -> None:
        if index == self._hovered:
            return
        turned = {i for i in (index, self._hovered) if i >= 0}
        self._hovered = index
        self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
        self._update_rings(turned)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in SIDE_BUTTONS:
            event.ignore()  # back and forward belong to the window
            return
        index = self.element_at(event.position())
        moves = self._zooming.press(event, is_free=index < 0)
        if moves and index >= 0:
            return
        self.point_out(-1)
        self._focus_on(index)
        if index < 0:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            at = self._to_design(event.position())
            choices = self._scene.span_choices(index) if self._scene is not None else ()
            chosen = next((one for one in choices if one.holds(at.x(), at.y())), None)
            if self._scene is not None and is_control(self._scene, index):
                self._hand.press(self._scene, index, at)
                self._update_rings({index})
            elif chosen is not None:
                self._choose_span(index, chosen.minutes)
            else:
                self._press(index, event)
        elif event.button() == Qt.MouseButton.RightButton and self._scene is not None:
            self._ask_menu(index, event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if presses_again(self._scene, self.element_at(at), self._to_design(at)):
            self.mousePressEvent(event)

    def _press(self, index: int, event: QMouseEvent) -> None:
        """What may be carried to a trend opens when the button is released where it was pressed."""
        tags = [] if self._link(index) or self._scene is None else self.carried(self._scene.target(index))
        if not tags:
            self._activate(index)
            return
        self._pressed = index
        self._drag.press(event, tags)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, -1
        self._drag.release()
        if pressed >= 0 and event.button() == Qt.MouseButton.LeftButton:
            if self.element_at(event.position()) == pressed:
                self._activate(pressed)
            return
        if self._zooming.release():
            return
        held, at = self._hand.index, event.position()
        if held >= 0 and self._scene is not None and event.button() == Qt.MouseButton.LeftButton:
            self._hand.release(self._scene, self.element_at(at), self._to_design(at))
            self._update_rings({held})

    def let_go(self) -> bool:
        """Give up a press or drag of a control; True when there was one."""
        held = self._hand.index
        self._hand.let_go()
        self._update_rings({held} - {-1})
        return held >= 0

    def _ask_menu(self, index: int, at: QPoint) -> None:
        assert self._scene is not None
        self.targetMenu.emit(self._scene.elements[index].id, self._scene.target(index), at)

    def _choose_span(self, index: int, minutes: int) -> None:
        if self._scene is not None:
            self._dirty(self._scene.choose_span(index, minutes))
            self.pastAsked.emit()

    def _step_span(self, step: int) -> None:
        """The next longer or shorter span on the element with the focus."""
        scene, index = self._scene, self._focused
        choices = [one.minutes for one in scene.span_choices(index)] if scene and index >= 0 else []
        if scene is None or not choices:
            return
        now = choices.index(scene.span_of(scene.elements[index]))
        if 0 <= now + step < len(choices):
            self._choose_span(index, choices[now + step])

    def _activate(self, index: int) -> None:
        assert self._scene is not None
        if name := self._link(index):
            self.displayAsked.emit(name)
            return
        if self._scene.inputs[index].lists_alarms:
            self.alarmsAsked.emit(self._scene.inputs[index].area)
            return
        if is_control(self._scene, index):
            self.activated.emit(index)
            return
        self.elementClicked.emit(
            self._scene.elements[index].id, self._scene.target(index), self.place_of(index)
        )

    def _clickable(self) -> list[int]:
        """Clickable elements in reading order."""
        elements = self._scene.elements if self._scene is not None else ()
        found = {
            index: self._element_box(index)
            for index, element in enumerate(elements)
            if element.definition is not None
            and element.definition.clickable
            and self._means_something(index)
        }
        return reading_order(found)

    def _focus_on(self, index: int) -> None:
        if index == self._focused:
            return
        turned = {i for i in (index, self._focused) if i >= 0}
        self._focused = index
        self._update_rings(turned)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks through the elements, then leaves the widget."""
        order = self._clickable()
        position = order.index(self._focused) if self._focused in order else (-1 if forward else len(order))
        position += 1 if forward else -1
        if 0 <= position < len(order):
            self._focus_on(order[position])
            self._reveal(order[position])
            return True
        self._focus_on(-1)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._focused >= 0:
            # what is out of view is shown first: nobody acts on what he does not see
            if not event.isAutoRepeat() and not self._reveal(self._focused):
                self._activate(self._focused)
        elif self._zooming.key(event) or (key == Qt.Key.Key_Space and self._zooming.space(held=True)):
            pass  # the zoom has taken the key
        elif key in _SPAN_KEYS:
            self._step_span(_SPAN_KEYS[Qt.Key(key)])
        elif self._focused >= 0 and _is_menu_key(event):
            self._ask_menu(self._focused, self.place_of(self._focused).center())
        elif key in DIRECTIONS:
            self._walk(*DIRECTIONS[Qt.Key(key)])
        elif key == Qt.Key.Key_Escape and self._focused >= 0:
            self._focus_on(-1)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat() or not self._zooming.space(held=False):
            super().keyReleaseEvent(event)

    def _walk(self, dx: int, dy: int) -> None:
        """Move the focus to the nearest element in a direction."""
        order = self._clickable()
        if not order:
            return
        chosen = 0
        if self._focused in order:
            boxes = [self._element_box(index) for index in order]
            chosen = nearest(boxes, self._element_box(self._focused), dx, dy)
        if chosen >= 0:
            self._focus_on(order[chosen])
            self._reveal(order[chosen])

    def focusInEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._update_rings({self._focused} - {-1})

    def focusOutEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._zooming.space(held=False)
        self._update_rings({self._focused} - {-1})

    def _tool_tip(self, event: QHelpEvent) -> bool:
        index = self.element_at(QPointF(event.pos()))
        text = self.tooltip(index)
        if text:
            QToolTip.showText(event.globalPos(), text, self, self._on_widget(self._hits.bounds[index]))
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
        if index in self._held:
            head.insert(0, self._held[index][1])
        if is_control(scene, index):
            head += [note(inputs.control).text or tr("Press to ask for another value.")]
        lines = [*head, *("\n".join(block) for block in blocks)]
        # A zero-width space keeps Qt from taking plant text that looks like mark-up for rich text.
        return "\n\n".join(lines).replace("<", "<\u200b") if lines else ""


_SPAN_KEYS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Minus: -1}


def _is_menu_key(event: QKeyEvent) -> bool:
    shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    return event.key() == Qt.Key.Key_Menu or (shifted and event.key() == Qt.Key.Key_F10)


def _target_box(box: QRectF) -> QRectF:
    """Click targets are at least 24 px in both directions (standards 2.9)."""
    grow_x, grow_y = max(0.0, (24 - box.width()) / 2), max(0.0, (24 - box.height()) / 2)
    return box.adjusted(-grow_x, -grow_y, grow_x, grow_y)
