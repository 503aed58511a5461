"""Area tabs of the title bar, with the alarms of each area."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.navigation import Place, in_area
from hmi.ui.paint import draw_alarm_mark, metrics_of, painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain

HEIGHT = 44


def _pad(compact: bool) -> float:
    """Room at either side of a tab's title."""
    return 8.0 if compact else 15.0


class Tabs(QWidget):
    """Area tabs with the worst alarm of each area and how many there are."""

    chosen = Signal(str)
    refused = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._places: list[Place] = []
        self._marks: dict[str, tuple[int, int, bool]] = {}
        self._boxes: list[QRectF] = []
        self._active, self._focused = -1, 0
        self._compact, self._room = False, 0.0
        self.lit = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Areas"))

    def set_places(self, places: Sequence[Place]) -> None:
        self._places = list(places)
        self._measure()

    def set_active(self, display: str, area: str) -> None:
        own = [i for i, place in enumerate(self._places) if place.area == area and place.display == display]
        same = [i for i, place in enumerate(self._places) if place.display == display]
        self._active = (own or same or [-1])[0]
        self.update()

    def set_alarms(self, rows: Iterable[AlarmInfo]) -> None:
        """Per area: worst priority, how many alarms, any unacknowledged."""
        counts: dict[str, dict[str, list[int]]] = {}
        for row in rows:
            pair = counts.setdefault(row.area, {}).setdefault(str(row.priority), [0, 0])
            pair[not is_unacked(row)] += 1
        self.set_counts(counts)

    def set_counts(self, counts: Mapping[str, Mapping[str, Sequence[int]]]) -> None:
        """The same of area -> priority as text -> [unacknowledged, acknowledged]."""
        found: dict[str, tuple[int, int, bool]] = {}
        for place in self._places:
            if not place.area:
                continue
            own = [
                (int(p), pair) for a, of in counts.items() if in_area(place.area, a) for p, pair in of.items()
            ]
            own = [(priority, pair) for priority, pair in own if sum(pair)]
            if own:
                total = sum(sum(pair) for _, pair in own)
                found[place.area] = (min(p for p, _ in own), total, any(pair[0] for _, pair in own))
        if found != self._marks:
            self._marks = found
            self._measure()

    @property
    def has_unacked(self) -> bool:
        return any(unacked for _, _, unacked in self._marks.values())

    def text_of(self, place: Place) -> str:
        """The title; an arrow says that the tab leads to a display of another name."""
        if not place.area:
            return tr("Overview")
        return f"{place.title} ↗" if place.opens else place.title

    def explained(self, index: int) -> str:
        """What a tab opens, or why it opens nothing."""
        place = self._places[index]
        if not place.display:
            return tr("No display shows {area} yet.", area=place.title)
        if place.opens:
            return tr("{area} has no display of its own: opens {title}.", area=place.title, title=place.opens)
        return tr("Opens {title}.", title=self.text_of(place))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._index_at(QPointF(event.pos()))
            if at >= 0:
                box = self._boxes[at].toAlignedRect()
                QToolTip.showText(event.globalPos(), plain(self.explained(at)), self, box)
            return True
        return super().event(event)

    def _index_at(self, point: QPointF) -> int:
        return next((i for i, box in enumerate(self._boxes) if box.contains(point)), -1)

    def set_compact(self, compact: bool, room: float = 0.0) -> None:
        """Narrow tabs show marks without numbers; ``room`` > 0 cuts titles until all tabs fit into it."""
        if (compact, room) != (self._compact, self._room):
            self._compact, self._room = compact, room
            self._measure()

    def width_for(self, *, compact: bool) -> float:
        """Width that all tabs need."""
        return sum(self._widths(compact))

    def _widths(self, compact: bool) -> list[float]:
        metrics = metrics_of(self._theme.font("text.strong"))
        widths: list[float] = []
        for place in self._places:
            width = metrics.horizontalAdvance(self.text_of(place)) + 2 * _pad(compact)
            if place.area in self._marks:
                width += self._theme.px(26) + metrics.horizontalAdvance(self._digits(place, compact))
            widths.append(width)
        return widths

    def _digits(self, place: Place, compact: bool) -> str:
        return "" if compact else str(self._marks[place.area][1])

    def _measure(self) -> None:
        widths = self._widths(self._compact)
        share = min(1.0, self._room / sum(widths)) if self._room and widths else 1.0
        x, boxes = 0.0, []
        for width in widths:
            boxes.append(QRectF(x, 0, width * share, self._theme.px(HEIGHT)))
            x += width * share
        self._boxes = boxes
        self.setFixedSize(max(round(x), 1), self._theme.px(HEIGHT))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._boxes[-1].right()) if self._boxes else 1, self._theme.px(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            for index, (place, box) in enumerate(zip(self._places, self._boxes, strict=True)):
                self._paint_tab(painter, index, place, box)

    def _paint_tab(self, painter: QPainter, index: int, place: Place, box: QRectF) -> None:
        active = index == self._active
        if active:
            painter.fillRect(box.adjusted(0, 6, 0, 0), self._theme.color("tab.active"))
        if self.hasFocus() and index == self._focused:
            painter.setPen(QPen(self._theme.color("focus" if active else "header.text"), 2.0))
            painter.drawRect(box.adjusted(3, 9, -3, -3))
        painter.setFont(self._theme.font("text.strong"))
        idle = "header.text" if place.display else "header.secondary"
        painter.setPen(self._theme.color("tab.active.text" if active else idle))
        middle, wide = self._theme.px(25), self._theme.px(26)
        base = middle + metrics_of(self._theme.font("text.strong")).capHeight() / 2
        metrics, pad = metrics_of(self._theme.font("text.strong")), _pad(self._compact)
        mark = self._marks.get(place.area)
        digits = self._digits(place, self._compact) if mark else ""
        tail = metrics.horizontalAdvance(digits) + wide if mark else 0.0
        room = box.width() - 2 * pad - tail + 0.5
        title = metrics.elidedText(self.text_of(place), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(box.x() + pad, base), title)
        if mark is not None:
            priority, _, unacked = mark
            painter.drawText(QPointF(box.right() - pad - tail + wide, base), digits)
            center = QPointF(box.right() - pad - tail + self._theme.px(12), middle)
            lit, size = self.lit or not unacked, self._theme.px(18)
            draw_alarm_mark(painter, self._theme, priority, center, size=size, lit=lit)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if (index := self._index_at(event.position())) >= 0:
            self._choose(index)

    def _choose(self, index: int) -> None:
        """A tab that leads nowhere says why."""
        self._focused = index
        if display := self._places[index].display:
            self.chosen.emit(display)
        else:
            self.refused.emit(self.explained(index))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self._places:
            self._focused = (self._focused + step) % len(self._places)
            self.setAccessibleDescription(self.explained(self._focused))
            self.update()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._places:
            self._choose(self._focused)
        else:
            super().keyPressEvent(event)
