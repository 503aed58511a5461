"""The dark title bar: the way about, plant, display, area tabs with their alarms, counts, health, user, clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.crumbs import Crumbs
from hmi.ui.header_parts import AlarmCounts, GlyphButton, Health, Rule, SimulatorChip
from hmi.ui.paint import metrics_of, painting
from hmi.ui.people.button import UserButton
from hmi.ui.points.badge import PointsBadge
from hmi.ui.rights import Rights
from hmi.ui.sound_chip import SoundChip
from hmi.ui.tabs import HEIGHT, Tabs
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text
from hmi.ui.trail import Crumb
from hmi.ui.widgets import Text

__all__ = ["HEIGHT", "Header"]

# what is left out of a narrow header, in this order
_NO_DATE, _NO_PLANT, _COMPACT, _NO_PLACE, _NO_USER, _NO_WAYS = range(1, 7)
_LAST = _NO_WAYS
_LEFT, _RIGHT, _GAP, _RULES = 6, 6, 12, 3 * 17


_CROWDED = 0.85  # of the width that the tabs want: with less they get a line of their own


class Header(QWidget):
    """Everything that stands on every display: one line of 44 px, a second one where texts are large."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedHeight(theme.px(HEIGHT))
        self.plant = Text(theme, font="title", color="header.text")
        self.areas = GlyphButton(theme, "areas", tr("Areas and displays (Ctrl+T)"))
        self.back = GlyphButton(theme, "back", tr("Back (Alt+Left)"))
        self.forward = GlyphButton(theme, "forward", tr("Forward (Alt+Right)"))
        self.up = GlyphButton(theme, "up", tr("Up a level (Alt+Up)"))
        self.seek = GlyphButton(theme, "find", tr("Find a tag, equipment, display or alarm (Ctrl+K)"))
        self.place = Crumbs(theme)
        self.tabs = Tabs(theme)
        self.counts = AlarmCounts(theme)
        self.points = PointsBadge(theme)
        self.health = Health(theme)
        self.chip = SimulatorChip(theme)
        self.sound = SoundChip(theme)
        self.user = UserButton(theme)
        self.clock = Text(theme, font="text.strong", color="header.text")
        self.menu = GlyphButton(theme, "menu", tr("Windows, theme and text size"))
        self.chip.hide()
        self._time, self._left_out, self._lines = "–", 0, 1
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._first, self._second = row, _ = QHBoxLayout(), QHBoxLayout()
        for line in (self._first, self._second):
            line.setContentsMargins(_LEFT, 0, _RIGHT, 0)
            line.setSpacing(0)
            column.addLayout(line)
        for text in (self.plant, self.clock):
            text.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        for button in self._ways():
            row.addWidget(button)
        for widget in (self.plant, self.place):
            row.addSpacing(_GAP)
            row.addWidget(widget)
        row.addSpacing(_GAP)
        row.addStretch(2)
        self._tabs_at = row.count()
        row.addWidget(self.tabs)
        row.addStretch(3)
        row.addWidget(self.seek)
        marks = (self.chip, None, self.sound, self.points, self.counts)
        for widget in (*marks, Rule(self._theme), self.health, Rule(self._theme)):
            row.addSpacing(12) if widget is None else row.addWidget(widget)
        row.addWidget(self.user)
        row.addWidget(Rule(self._theme))
        self.clock.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.clock)
        row.addWidget(self.menu)

    def _ways(self) -> tuple[GlyphButton, ...]:
        return (self.areas, self.back, self.forward, self.up)

    def set_trails(self, trails: Iterable[Sequence[Crumb]]) -> None:
        """Room for the longest way to a display, so that the tabs never move from one display to the next."""
        self.place.set_trails(trails)
        self.fit_width()

    def set_ways(self, *, back: str, forward: str, up: str) -> None:
        """The titles that the buttons lead to; empty for nowhere."""
        for button, title, words, none in (
            (self.back, back, tr("Back (Alt+Left)"), tr("Nothing to go back to")),
            (self.forward, forward, tr("Forward (Alt+Right)"), tr("Nothing to go forward to")),
            (self.up, up, tr("Up a level (Alt+Up)"), tr("This is the highest level")),
        ):
            button.set_possible(bool(title), f"{words}: {title}" if title else none)

    def show_rights(self, rights: Rights) -> None:
        """Who is signed in, and what counts down of it; cheap while nothing changes."""
        before = self.user.needed
        self.user.show_rights(rights)
        if self.user.needed != before:
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
        tabs = self.tabs.width_for(compact=True)
        short = self._need(_LAST, lines=1) - self.width()
        self._set_lines(2 if short > (1 - _CROWDED) * tabs else 1)
        out = next((n for n in range(_LAST) if self._need(n) <= self.width()), _LAST)
        over = self._need(out) - self.width()
        self.health.set_short(self._lines == 2 and over > 0)
        self._fit_tabs(out, over)
        self.plant.setVisible(out < _NO_PLANT)
        self.user.set_short(out >= _NO_USER)
        for button in (self.back, self.forward, self.up):
            button.setVisible(out < _NO_WAYS)  # keys and the tree of areas lead there too
        self.place.setVisible(out < _NO_PLACE)
        self.place.setFixedWidth(round(min(self.place.wide, self.place.narrow + max(0.0, -over))))
        self._left_out = out
        self._show_time()

    def _set_lines(self, lines: int) -> None:
        if lines == self._lines:
            return
        self._lines = lines
        (self._first if lines == 2 else self._second).removeWidget(self.tabs)
        if lines == 2:
            self._second.addWidget(self.tabs)
        else:
            self._first.insertWidget(self._tabs_at, self.tabs)
        self.setFixedHeight(lines * self._theme.px(HEIGHT))

    def _fit_tabs(self, out: int, over: float) -> None:
        if self._lines == 2:
            room = self.width() - _LEFT - _RIGHT
            compact = self.tabs.width_for(compact=False) > room
            wide = self.tabs.width_for(compact=compact)
            self.tabs.set_compact(compact, room if wide > room else 0.0)
            return
        wide = self.tabs.width_for(compact=out >= _COMPACT)
        self.tabs.set_compact(out >= _COMPACT, max(wide - over, wide / 3) if over > 0 else 0.0)

    def _need(self, out: int, *, lines: int = 0) -> float:
        """Width of everything that is still there after ``out`` steps, in the first of so many lines."""
        plant = max(self.plant.sizeHint().width(), self.plant.minimumWidth())
        shown = plant if out < _NO_PLANT else 0.0
        shown += self.user.needed if out < _NO_USER else self.user.needed_short
        clock = "00:00:00" if out >= _NO_DATE else "30 Sep 2026  00:00:00"
        shown += metrics_of(self._theme.font("text.strong")).horizontalAdvance(clock) + 4
        chip = self.chip.sizeHint().width() if not self.chip.isHidden() else 0
        shown += self.place.narrow if out < _NO_PLACE else 0
        buttons = (self.areas,) if out >= _NO_WAYS else self._ways()
        ways = sum(button.width() for button in (*buttons, self.seek, self.menu)) + 12
        marks = self.sound.needed + self.points.needed + self.counts.width() + self.health.needed + chip
        fixed = marks + ways + _LEFT + _RIGHT + 3 * _GAP + _RULES
        tabs = self.tabs.width_for(compact=out >= _COMPACT) if (lines or self._lines) == 1 else 0.0
        return shown + fixed + tabs

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("header"))
