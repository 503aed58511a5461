"""The dark title bar: plant, display, area tabs with their alarms, counts, health, user, clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QWidget

from hmi.client.port import AlarmInfo, ConnectionInfo
from hmi.core.texts import tr
from hmi.ui.navigation import Place, in_area
from hmi.ui.paint import draw_alarm_mark, metrics_of
from hmi.ui.station import is_unacked
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text, plain

HEIGHT = 44
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def zone_of(name: str) -> tzinfo:
    """The plant's time zone; UTC when this computer does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def local_time(at_ns: int, zone: tzinfo) -> datetime:
    return (EPOCH + timedelta(microseconds=at_ns // 1000)).astimezone(zone)


def time_text(at_ns: int, zone: tzinfo, *, millis: bool = True) -> str:
    """Time of day as the alarm list shows it."""
    at = local_time(at_ns, zone)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}" if millis else f"{at:%H:%M:%S}"


def clock_text(at_ns: int, zone: tzinfo) -> str:
    at = local_time(at_ns, zone)
    return f"{at.day} {tr(_MONTHS[at.month - 1])} {at.year}  {at:%H:%M:%S}"


def _pad(compact: bool) -> float:
    """Room at either side of a tab's title."""
    return 8.0 if compact else 16.0


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
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
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
        found: dict[str, tuple[int, int, bool]] = {}
        rows = list(rows)
        for place in self._places:
            if not place.area:
                continue
            own = [row for row in rows if in_area(place.area, row.area)]
            if own:
                found[place.area] = (min(r.priority for r in own), len(own), any(map(is_unacked, own)))
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
                width += 26 + metrics.horizontalAdvance(self._digits(place, compact))
            widths.append(width)
        return widths

    def _digits(self, place: Place, compact: bool) -> str:
        return "" if compact else str(self._marks[place.area][1])

    def _measure(self) -> None:
        widths = self._widths(self._compact)
        share = min(1.0, self._room / sum(widths)) if self._room and widths else 1.0
        x, boxes = 0.0, []
        for width in widths:
            boxes.append(QRectF(x, 0, width * share, HEIGHT))
            x += width * share
        self._boxes = boxes
        self.setFixedSize(max(round(x), 1), HEIGHT)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._boxes[-1].right()) if self._boxes else 1, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
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
        base = 25 + self.fontMetrics().capHeight() / 2
        metrics, pad = metrics_of(self._theme.font("text.strong")), _pad(self._compact)
        mark = self._marks.get(place.area)
        digits = self._digits(place, self._compact) if mark else ""
        tail = metrics.horizontalAdvance(digits) + 26 if mark else 0.0
        room = box.width() - 2 * pad - tail + 0.5
        title = metrics.elidedText(self.text_of(place), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(box.x() + pad, base), title)
        if mark is not None:
            priority, _, unacked = mark
            painter.drawText(QPointF(box.right() - pad - tail + 26, base), digits)
            center = QPointF(box.right() - pad - tail + 12, 25)
            draw_alarm_mark(painter, self._theme, priority, center, size=18, lit=self.lit or not unacked)

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


class AlarmCounts(QWidget):
    """How many alarms stand, by priority; a click opens the alarm list."""

    clicked = Signal()
    STEP = 42

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._counts: Counter[int] = Counter()
        self.setFixedSize(4 * self.STEP, HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Alarms by priority"))

    def set_alarms(self, rows: Iterable[AlarmInfo]) -> None:
        counts = Counter(row.priority for row in rows)
        if counts != self._counts:
            self._counts = counts
            words = [tr("priority {p}: {n}", p=p, n=counts[p]) for p in (1, 2, 3, 4)]
            self.setToolTip(tr("Standing alarms, {counts}", counts=", ".join(words)))
            self.update()

    def count(self, priority: int) -> int:
        return self._counts[priority]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("text.strong"))
        for index, priority in enumerate((1, 2, 3, 4)):
            number = self._counts[priority]
            center = QPointF(index * self.STEP + 12, HEIGHT / 2)
            if number:
                draw_alarm_mark(painter, self._theme, priority, center, size=18)
            else:
                self._empty(painter, center)
            painter.setPen(self._theme.color("header.text" if number else "header.secondary"))
            painter.setFont(self._theme.font("text.strong"))
            painter.drawText(QPointF(center.x() + 14, HEIGHT / 2 + 5), str(number))

    def _empty(self, painter: QPainter, center: QPointF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("header.secondary"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(center, 6, 6)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class Health(QWidget):
    """Connections in one word and a glyph: a full disc, a broken ring, or a cross."""

    clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.word, self._glyph = tr("No runtime"), "down"
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(HEIGHT)
        self._say(self.word, "down", "")

    def show_runtime_silent(self, text: str) -> None:
        self._say(tr("No runtime"), "down", text)

    def show_connections(self, connections: Sequence[ConnectionInfo]) -> None:
        broken = [c for c in connections if c.state != "up"]
        detail = "\n".join(f"{c.name}: {c.state}{', ' + c.text if c.text else ''}" for c in connections)
        if not broken:
            self._say(tr("All links up"), "up", detail)
        elif len(broken) == 1:
            self._say(tr("{name} {state}", name=broken[0].name, state=tr(broken[0].state)), "part", detail)
        else:
            self._say(tr("{n} of {all} links down", n=len(broken), all=len(connections)), "part", detail)

    def _say(self, word: str, glyph: str, detail: str) -> None:
        self.setToolTip(plain(detail))
        if (word, glyph) == (self.word, self._glyph) and self.width() > 40:
            return
        self.word, self._glyph = word, glyph
        self.setAccessibleName(tr("Connections: {word}", word=word))
        self.setFixedWidth(round(QFontMetricsF(self._theme.font("text.label")).horizontalAdvance(word)) + 32)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bad = self._glyph != "up"
        color = self._theme.color("header.text" if bad else "header.secondary")
        center = QPointF(10, HEIGHT / 2)
        painter.setPen(QPen(color, 1.8))
        if self._glyph == "up":
            painter.setBrush(color)
            painter.drawEllipse(center, 4, 4)
        elif self._glyph == "part":
            painter.drawArc(QRectF(center.x() - 5, center.y() - 5, 10, 10), 30 * 16, 250 * 16)
        else:
            for sign in (-1, 1):
                painter.drawLine(center + QPointF(-5, -5 * sign), center + QPointF(5, 5 * sign))
        painter.setFont(self._theme.font("text.word" if bad else "text.label"))
        painter.setPen(color)
        painter.drawText(QPointF(22, HEIGHT / 2 + 5), self.word)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class Rule(QWidget):
    """A thin upright line between groups."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(17, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(8, 12, 1, HEIGHT - 24, self._theme.color("header.secondary"))


class SimulatorChip(FlatButton):
    """The word SIMULATOR on every window of a simulated plant; opens the instructor panel."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, tr("SIMULATOR"))
        self.setToolTip(tr("Instructor panel (Ctrl+I)"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 3.5, -1.5, -3.5)
        painter.setPen(QPen(self._theme.color("header.text"), 2.0 if self.hasFocus() else 1.2))
        painter.setBrush(self._theme.brush("simulated"))
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(self.font())
        painter.setPen(self._theme.color("background" if self._theme.dark else "header.text"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


# what is left out of a narrow header, in this order
_NO_DATE, _NO_PLACE, _COMPACT, _NO_PLANT, _NO_USER = range(1, 6)
_LAST = _NO_USER
_STEPS = (_NO_PLANT, _NO_PLACE, _NO_USER)
_SPACE = 20 + 16 + 16 + 16 + 12 + 3 * 17


class Header(QWidget):
    """One line, 44 px: everything that stands on every display."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedHeight(HEIGHT)
        self.plant = Text(theme, font="title", color="header.text")
        self.place = Text(theme, font="text.label", color="header.secondary")
        self.tabs = Tabs(theme)
        self.counts = AlarmCounts(theme)
        self.health = Health(theme)
        self.chip = SimulatorChip(theme)
        self.user = Text(theme, font="text.label", color="header.secondary")
        self.clock = Text(theme, font="text.strong", color="header.text")
        self.chip.hide()
        self._time, self._left_out = "–", 0
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 16, 0)
        row.setSpacing(0)
        for text in (self.plant, self.place, self.user, self.clock):
            text.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        row.addWidget(self.plant)
        row.addSpacing(16)
        row.addWidget(self.place)
        row.addSpacing(16)
        row.addStretch(2)
        row.addWidget(self.tabs)
        row.addStretch(3)
        for widget in (self.chip, None, self.counts, Rule(self._theme), self.health, Rule(self._theme)):
            row.addSpacing(12) if widget is None else row.addWidget(widget)
        row.addWidget(self.user)
        row.addWidget(Rule(self._theme))
        self.clock.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.clock)

    def set_titles(self, titles: Iterable[str]) -> None:
        """Room for the longest display title, so that the tabs never move from one display to the next."""
        metrics = metrics_of(self._theme.font("text.label"))
        self.place.setFixedWidth(round(max((metrics.horizontalAdvance(t) for t in titles), default=0)) + 4)
        self.fit_width()

    def set_time(self, at_ns: int, zone: tzinfo) -> None:
        self._time = clock_text(at_ns, zone) if at_ns else "–"
        self._show_time()

    def _show_time(self) -> None:
        """Without the date where there is no room; the tooltip has it all."""
        short = self._left_out >= _NO_DATE
        self.clock.set_text(self._time.rpartition("  ")[2] if short else self._time)
        self.clock.setToolTip(f"{self._time}\n{self.user.full_text}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_width()

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit_width()
        return handled

    def fit_width(self) -> None:
        """Leave out what says least until the rest has room, so that nothing is cut or covered."""
        out = next((n for n in range(_LAST) if self._need(n) <= self.width()), _LAST)
        over = self._need(out) - self.width()
        wide = self.tabs.width_for(compact=out >= _COMPACT)
        self.tabs.set_compact(out >= _COMPACT, max(wide - over, wide / 3) if over > 0 else 0.0)
        for step, text in zip(_STEPS, (self.plant, self.place, self.user), strict=True):
            text.setVisible(out < step)
        self._left_out = out
        self._show_time()

    def _need(self, out: int) -> float:
        """Width of everything that is still there after ``out`` steps."""
        texts = (self.plant, self.place, self.user)
        widths = (max(text.sizeHint().width(), text.minimumWidth()) for text in texts)
        shown = sum(width for width, step in zip(widths, _STEPS, strict=True) if out < step)
        clock = "00:00:00" if out >= _NO_DATE else "30 Sep 2026  00:00:00"
        shown += metrics_of(self._theme.font("text.strong")).horizontalAdvance(clock) + 4
        chip = self.chip.sizeHint().width() if not self.chip.isHidden() else 0
        fixed = self.counts.width() + self.health.width() + chip + _SPACE
        return shown + fixed + self.tabs.width_for(compact=out >= _COMPACT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("header"))
