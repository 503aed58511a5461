"""What stands in the title bar: alarm counts, health, the simulator's word, and the buttons to move about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from hmi.client.port import AlarmInfo, ConnectionInfo
from hmi.core.texts import tr
from hmi.ui.paint import draw_alarm_mark, painting
from hmi.ui.tabs import HEIGHT
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, is_press_key, plain
from hmi.ui.zoom import zoomed


class HeaderButton(QAbstractButton):
    """Something in the title bar that does something: mouse, Space and Enter, with a ring while it has the focus."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_press_key(event):
            self.click()
        else:
            super().keyPressEvent(event)

    def paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("header.text"), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 6, -2, -6), 4, 4)


# strokes on a 16 by 16 grid; each is a list of points
_GLYPHS: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "areas": [[(2, 3.5), (14, 3.5)], [(5, 8), (14, 8)], [(5, 12.5), (14, 12.5)], [(2, 3.5), (2, 12.5)],
              [(2, 8), (3, 8)], [(2, 12.5), (3, 12.5)]],
    "back": [[(9.5, 3), (4.5, 8), (9.5, 13)], [(4.5, 8), (13, 8)]],
    "forward": [[(6.5, 3), (11.5, 8), (6.5, 13)], [(3, 8), (11.5, 8)]],
    "up": [[(3, 8), (8, 3), (13, 8)], [(8, 3), (8, 13.5)]],
    "find": [[(10.6, 10.6), (14.5, 14.5)]],
    "menu": [[(8, 3), (8, 3.2)], [(8, 8), (8, 8.2)], [(8, 13), (8, 13.2)]],
}  # fmt: skip
_SIDE: Final = 28


class GlyphButton(HeaderButton):
    """A drawn sign; ``words`` say what it does and by which key."""

    def __init__(self, theme: Theme, glyph: str, words: str) -> None:
        super().__init__(theme)
        self._glyph = glyph
        self.setFixedSize(theme.px(_SIDE), theme.px(HEIGHT))
        self.setAccessibleName(words)
        self.setToolTip(plain(words))

    def set_possible(self, possible: bool, words: str) -> None:
        """A button that leads nowhere stays in its place and says so."""
        self.setEnabled(possible)
        self.setAccessibleName(words)
        self.setToolTip(plain(words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.isEnabled() and (self.underMouse() or self.isDown()):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.brush("header.edge"))
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 6, -2, -6), 4, 4)
            self._sign(painter)
            self.paint_focus(painter)

    def _sign(self, painter: QPainter) -> None:
        painter.save()
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        width = 2.8 if self._glyph == "menu" else 1.7
        pen = QPen(self._theme.color("header.text" if self.isEnabled() else "header.secondary"), width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.translate(self.width() / 2, self.height() / 2)
        painter.scale(self._theme.scale, self._theme.scale)
        painter.translate(-8, -8)
        for stroke in _GLYPHS[self._glyph]:
            painter.drawPolyline([QPointF(*point) for point in stroke])
        if self._glyph == "find":
            painter.drawEllipse(QPointF(7, 7), 5, 5)
        painter.restore()


def _short_number(number: int) -> str:
    """At most three characters; the tooltip has all of them."""
    return str(number) if number < 1000 else f"{min(number // 1000, 99)}k"


class AlarmCounts(HeaderButton):
    """How many alarms stand, by priority; a click opens the alarm list."""

    STEP = 42

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._counts: Counter[int] = Counter()
        self.step = self.STEP
        self.setFixedSize(theme.px(4 * self.STEP), theme.px(HEIGHT))
        self.setAccessibleName(tr("Alarms by priority"))

    def set_alarms(self, rows: Iterable[AlarmInfo]) -> None:
        self.set_counts(Counter(row.priority for row in rows))

    def set_counts(self, counts: Counter[int]) -> None:
        """Standing alarms by priority."""
        if counts != self._counts:
            self._counts = counts
            self._make_room()
            words = [tr("priority {p}: {n}", p=p, n=counts[p]) for p in (1, 2, 3, 4)]
            self.setToolTip(tr("Standing alarms, {counts}", counts=", ".join(words)))
            self.update()

    def _make_room(self) -> None:
        """No number runs into the next mark."""
        longest = max(len(_short_number(self._counts[p])) for p in (1, 2, 3, 4))
        self.step = self.STEP + 9 * (longest - 1)
        self.setFixedSize(self._theme.px(4 * self.step), self._theme.px(HEIGHT))

    def count(self, priority: int) -> int:
        return self._counts[priority]

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, _):
            for index, priority in enumerate((1, 2, 3, 4)):
                number = self._counts[priority]
                center = QPointF(index * self.step + 12, HEIGHT / 2)
                if number:
                    draw_alarm_mark(painter, theme, priority, center, size=18)
                else:
                    self._empty(painter, center)
                painter.setPen(theme.color("header.text" if number else "header.secondary"))
                painter.setFont(theme.font("text.strong"))
                painter.drawText(QPointF(center.x() + 14, HEIGHT / 2 + 5), _short_number(number))
            painter.resetTransform()
            self.paint_focus(painter)

    def _empty(self, painter: QPainter, center: QPointF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("header.secondary"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(center, 6, 6)


class Health(HeaderButton):
    """Connections in one word and a glyph: a full disc, a broken ring, or a cross."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.word, self._glyph, self._short = tr("No runtime"), "down", False
        self.setFixedHeight(theme.px(HEIGHT))
        self._say(self.word, "down", "")

    def show_runtime_silent(self, text: str) -> None:
        self._say(tr("No runtime"), "down", text)

    def show_connections(self, connections: Sequence[ConnectionInfo], note: str = "") -> None:
        """``note``: a line below those of the connections."""
        broken = [c for c in connections if c.state != "up"]
        lines = [f"{c.name}: {c.state}{', ' + c.text if c.text else ''}" for c in connections]
        detail = "\n".join([*lines, note] if note else lines)
        if not broken:
            self._say(tr("All links up"), "up", detail)
        elif len(broken) == 1:
            self._say(tr("{name} {state}", name=broken[0].name, state=tr(broken[0].state)), "part", detail)
        else:
            self._say(tr("{n} of {all} links down", n=len(broken), all=len(connections)), "part", detail)

    def show_past(self) -> None:
        """Nothing live stands in a view of the past."""
        detail = tr(
            "How the links are is told live only. A link that was down then has its alarm in the list."
        )
        self._say(tr("Past"), "part", detail)

    def _say(self, word: str, glyph: str, detail: str) -> None:
        self.setToolTip(plain(detail))
        if (word, glyph) == (self.word, self._glyph) and self.minimumWidth():
            return
        self.word, self._glyph = word, glyph
        self.setAccessibleName(tr("Connections: {word}", word=word))
        self._fit()
        self.update()

    def set_short(self, short: bool) -> None:
        """The glyph alone, where there is no room for the word; the tooltip has it."""
        if short != self._short:
            self._short = short
            self._fit()
            self.update()

    @property
    def needed(self) -> int:
        """Width with the word, in pixels."""
        metrics = QFontMetricsF(self._theme.font("text.word"))
        return round(metrics.horizontalAdvance(self.word)) + self._theme.px(28)

    def _fit(self) -> None:
        self.setFixedWidth(self._theme.px(24) if self._short else self.needed)

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, _):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            bad = self._glyph != "up"
            color = theme.color("header.text" if bad else "header.secondary")
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
            painter.setFont(theme.font("text.word" if bad else "text.label"))
            painter.setPen(color)
            painter.drawText(QPointF(22, HEIGHT / 2 + 5), "" if self._short else self.word)
            painter.resetTransform()
            self.paint_focus(painter)


class Rule(QWidget):
    """A thin upright line between groups."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(17, theme.px(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(8, 12, 1, self.height() - 24, self._theme.color("header.secondary"))


class SimulatorChip(FlatButton):
    """The word SIMULATOR on every window of a simulated plant; opens the instructor panel."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, tr("SIMULATOR"))
        self.setToolTip(tr("Instructor panel (Ctrl+I)"))

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(1.5, 3.5, -1.5, -3.5)
            painter.setPen(QPen(self._theme.color("header.text"), 2.0 if self.hasFocus() else 1.2))
            painter.setBrush(self._theme.brush("simulated"))
            painter.drawRoundedRect(box, 3, 3)
            painter.setFont(self.font())
            painter.setPen(self._theme.color("background" if self._theme.dark else "header.text"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
