"""One widget that shows a scene: a picture brought up to date in slices, and an overlay."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QTransform,
)
from PySide6.QtWidgets import QToolTip, QWidget

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import (
    Control,
    Freshness,
    Hearing,
    ImageState,
    Samples,
    Scene,
    TagAlarm,
    display_address,
    note,
)
from hmi.ui.flash import flash
from hmi.ui.mimic.backing import Backing
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.hand import Hand, is_control, presses_again
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.offscreen import fit
from hmi.ui.mimic.words import describe
from hmi.ui.theme import Theme
from hmi.ui.widgets import SIDE_BUTTONS

SLICE_NS: Final = 24 * NS_PER_MS
AT_ONCE: Final = (
    1_500  # elements; a larger display has a picture of its own, painted in slices, seen when whole
)
_CHUNK: Final = 60  # elements between two looks at the clock
_MAX_TOOLTIP_TAGS = 3
_RING: Final = 8.0  # what focus ring and hover frame need around an element


class MimicView(QWidget):
    """Shows one scene at any size. The station calls ``apply`` once a frame and ``judge`` on its clock.

    ``elementClicked`` carries the element's id, the tag or instance it means and its place on the screen.
    ``alarmsAsked`` carries the area whose alarms are to be listed; ``pastAsked`` says that another span was chosen.
    ``displayAsked`` carries the address (name and arguments) of a display that a link leads to. ``targetMenu``
    is the right click. ``activated`` carries the index of a control that was clicked or chosen with Enter or
    Space; ``gripped`` the part of one under the pointer, and whether it was let go.

    When many elements change at once they are painted in slices of ``SLICE_NS``, oldest change first, with the
    event loop between: a key, a click or the alarm list never waits for a whole display.
    """

    elementClicked = Signal(str, str, QRect)
    targetMenu = Signal(str, str, QPoint)
    displayAsked = Signal(str)
    alarmsAsked = Signal(str)
    pastAsked = Signal()
    activated = Signal(int)
    gripped = Signal(int, object, bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scene: Scene | None = None
        self._kit = Kit(theme.plain, grow=theme.scale)
        self._backing: Backing | Direct | None = None
        self._hits = Hits([], [])
        self._bounds: list[QRectF] = []
        self._waiting: dict[int, None] = {}  # changed and not yet painted, oldest first
        self._scale, self._offset = 1.0, QPointF()
        self._focused = -1
        self._hovered = -1
        self._pointed = -1
        self._hand = Hand(self)
        self._hand.activated.connect(self.activated)
        self._hand.gripped.connect(self.gripped)
        self._blinking: list[int] = []
        self.paints = 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw_slice)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        flash().turned.connect(self._blink)

    # what the station gives

    @property
    def scene(self) -> Scene | None:
        return self._scene

    def set_scene(self, scene: Scene | None, hits: Hits | None = None) -> None:
        """Show another scene; the whole widget repaints once. ``hits`` may have been made beside the Qt thread."""
        self._scene = scene
        elements = scene.elements if scene else ()
        self._hits = hits or Hits.of(elements)
        self._bounds = self._hits.bounds
        self._focused = self._hovered = self._pointed = -1
        self._hand.let_go()
        self.setAccessibleName(tr("Display {title}", title=scene.display.title) if scene else "")
        self._measure()
        self._blinking = []
        self._watch_blinking(range(len(elements)))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._measure()

    def apply(self, changed: Mapping[str, DataValue], now_ns: int) -> None:
        """One batch of values; what looks the same is not painted."""
        if self._scene is not None:
            self._dirty(self._scene.apply(changed, now_ns))

    def judge(self, fresh: Freshness, now_ns: int, *, hears: Hearing | None = None) -> None:
        """Judge the age of every value (call it each 100 to 500 ms)."""
        if self._scene is not None:
            self._dirty(self._scene.judge(fresh, now_ns, hears=hears))

    def set_images(self, images: Mapping[str, ImageState]) -> None:
        if self._scene is not None:
            self._dirty(self._scene.set_images(images))

    def set_alarms(self, alarms: Mapping[str, TagAlarm]) -> None:
        if self._scene is not None:
            self._dirty(self._scene.set_alarms(alarms))

    def set_controls(self, controls: Mapping[str, Control]) -> None:
        """What the station says of its commands, by the tag that they write."""
        if self._scene is not None:
            self._dirty(self._scene.set_controls(controls))

    def backfill(self, tag: str, samples: Samples | Sequence[DataValue], now_ns: int) -> None:
        if self._scene is not None:
            self._dirty(self._scene.backfill(tag, samples, now_ns))

    # slices

    @property
    def is_current(self) -> bool:
        """True when the picture on the screen shows every change."""
        return self._backing is not None and self._backing.is_whole and not self._waiting

    def _dirty(self, indices: set[int]) -> None:
        """The looks of these elements changed."""
        if indices:
            self._watch_blinking(indices)
            self._ask(indices)

    def _ask(self, indices: Collection[int]) -> None:
        """Have elements painted as they look by then; all that is asked in one turn is one paint event."""
        if self._backing is None:
            return  # the next paint event paints everything
        asked = bool(self._waiting)
        self._waiting.update(dict.fromkeys(sorted(indices)))
        if not asked and self.isVisible():
            self._later.start(0)

    def _draw_slice(self) -> None:
        try:
            self._draw_until(monotonic_ns() + SLICE_NS)
        finally:
            if self._waiting or (self._backing is not None and not self._backing.is_whole):
                self._later.start(0)

    def _draw_until(self, deadline_ns: int | None) -> None:
        """Bring the picture up to date, oldest change first, until a monotonic time; None: all of it."""
        if self._backing is None:
            return
        if not self._backing.is_whole:
            if not self._backing.grow(deadline_ns):
                return
            self.update()
        region = QRegion(
            self.rect()
        )  # should a painter fail, what it left cleared is seen: never the old value
        try:
            region = self._drawn_until(self._backing, deadline_ns)
        finally:
            self.update(region)

    def _drawn_until(self, backing: Backing | Direct, deadline_ns: int | None) -> QRegion:
        region = QRegion()
        most = max(_CHUNK, backing.most_within(SLICE_NS))
        while self._waiting:
            chunk = list(islice(self._waiting, most))
            for index in chunk:
                del self._waiting[index]
            region = region.united(backing.draw(chunk))
            if deadline_ns is not None and (backing.paints_later or monotonic_ns() >= deadline_ns):
                break
        return region

    def showEvent(self, event: QShowEvent) -> None:
        """A display that comes back into view shows the present at once; a very large one when it is whole."""
        if self._backing is None or self._backing.is_whole:
            self._draw_until(None)
        else:
            self._later.start(0)
        super().showEvent(event)

    def _on_widget(self, box: QRectF) -> QRect:
        place = QRectF(box.topLeft() * self._scale + self._offset, box.size() * self._scale)
        return place.toAlignedRect().adjusted(-1, -1, 1, 1)

    def _to_design(self, point: QPointF) -> QPointF:
        return (point - self._offset) / self._scale

    def _watch_blinking(self, changed: Collection[int]) -> None:
        """Which elements blink: only those that show something unacknowledged."""
        scene = self._scene
        if scene is None or not scene.has_unacked:
            self._blinking = []
        else:
            kept = [index for index in self._blinking if index not in changed]
            self._blinking = kept + [index for index in changed if _is_unacked(scene.looks[index])]
        self._kit.lit = flash().lit or not self._blinking

    def _blink(self, lit: bool) -> None:
        if self._blinking and lit != self._kit.lit:
            self._kit.lit = lit
            self._ask(self._blinking)

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
        grow = self._theme.scale
        self._kit = Kit(self._theme.plain, scale=self._scale, ratio=self.devicePixelRatioF(), grow=grow)
        self._kit.lit = lit
        self._forget_picture()

    def _forget_picture(self) -> None:
        self._backing = None
        self._waiting.clear()
        self.update()

    def _built(self, scene: Scene) -> Backing | Direct:
        if self._backing is None:
            kind = Direct if len(scene.elements) <= AT_ONCE else Backing
            background = self._theme.color("background")
            self._backing = kind(scene, self._hits, self._kit, self.size(), self._offset, background)
            if not self._backing.is_whole:
                self._later.start(0)
        return self._backing

    def _transform(self) -> QTransform:
        return QTransform.fromTranslate(self._offset.x(), self._offset.y()).scale(self._scale, self._scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paints += 1
        painter = QPainter(self)
        backing = self._built(self._scene) if self._scene is not None else None
        try:
            if backing is None or not backing.is_whole:  # what was painted a second ago must not seem live
                painter.fillRect(event.rect(), self._theme.color("background"))
            else:
                backing.show(painter, event.region())
        finally:
            painter.setTransform(self._transform())
            self._overlay(painter)
            painter.end()

    def _overlay(self, painter: QPainter) -> None:
        """Focus ring and hover frame."""
        if self._scene is None:
            return
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
        self._update_rings(turned)

    def place_of(self, index: int) -> QRect:
        """Where an element lies on the screen."""
        place = self._on_widget(self._element_box(index))
        place.moveTopLeft(self.mapToGlobal(place.topLeft()))
        return place

    def _update_rings(self, indices: set[int]) -> None:
        for index in indices:
            self.update(self._on_widget(self._element_box(index).adjusted(-_RING, -_RING, _RING, _RING)))

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
                self._activate(index)
        elif event.button() == Qt.MouseButton.RightButton and self._scene is not None:
            self._ask_menu(index, event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if presses_again(self._scene, self.element_at(at), self._to_design(at)):
            self.mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
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
        """Clickable elements in reading order: rows of 40 px, then left to right."""
        scene = self._scene
        if scene is None:
            return []
        found = [
            i
            for i, element in enumerate(scene.elements)
            if element.definition is not None and element.definition.clickable and self._means_something(i)
        ]
        return sorted(found, key=lambda i: (int(scene.elements[i].y) // 40, scene.elements[i].x))

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
            return True
        self._focus_on(-1)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._focused >= 0:
            if not event.isAutoRepeat():
                self._activate(self._focused)
        elif key in _SPAN_KEYS:
            self._step_span(_SPAN_KEYS[Qt.Key(key)])
        elif self._focused >= 0 and _is_menu_key(event):
            self._ask_menu(self._focused, self.place_of(self._focused).center())
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
        self._update_rings({self._focused} - {-1})

    def focusOutEvent(self, event: QEvent) -> None:  # type: ignore[override]
        self._update_rings({self._focused} - {-1})

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
        if is_control(scene, index):
            head += [note(inputs.control).text or tr("Press to ask for another value.")]
        lines = [*head, *("\n".join(block) for block in blocks)]
        # A zero-width space keeps Qt from taking plant text that looks like mark-up for rich text.
        return "\n\n".join(lines).replace("<", "<\u200b") if lines else ""


_SPAN_KEYS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Minus: -1}
_DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def _is_menu_key(event: QKeyEvent) -> bool:
    shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    return event.key() == Qt.Key.Key_Menu or (shifted and event.key() == Qt.Key.Key_F10)


def _target_box(box: QRectF) -> QRectF:
    """Click targets are at least 24 px in both directions (standards 2.9)."""
    grow_x, grow_y = max(0.0, (24 - box.width()) / 2), max(0.0, (24 - box.height()) / 2)
    return box.adjusted(-grow_x, -grow_y, grow_x, grow_y)


def _is_unacked(look: tuple[object, ...]) -> bool:
    """True when any part of a look carries an unacknowledged alarm."""
    return any(
        isinstance(part, tuple) and (getattr(part, "unacked", False) or _is_unacked(part)) for part in look
    )
