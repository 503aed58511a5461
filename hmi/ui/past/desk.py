"""Time travel in one window: its bar, its frame and watermark, and the word of a live alarm that comes meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QWidget

from hmi.client.alarms import is_unacked
from hmi.core.texts import tr
from hmi.ui.frame import WIDTH as SIMULATOR_EDGE
from hmi.ui.past.bar import TimeBar
from hmi.ui.past.frame import PastFrame, Watermark, edge_of
from hmi.ui.times import clock_text, zone_of

if TYPE_CHECKING:
    from hmi.ui.window import StationWindow


class PastDesk(QObject):
    """``has_bar`` False: a picture of the past has no bar, so that the display is as large as it was."""

    def __init__(self, window: StationWindow) -> None:
        super().__init__(window)
        self._window, self._station = window, window.station
        self.clock = self._station.clock
        self.bar = TimeBar(window.theme, self._station)
        self.frame = PastFrame(window.theme, window)
        self.watermark = Watermark(window.theme, window)
        self.has_bar = True
        self._opened = False
        self._heard: frozenset[str] = frozenset()
        self.clock.turned.connect(self.refresh)
        self.clock.moved.connect(self._show_time)
        self._station.liveAlarmsChanged.connect(self._hear)
        self.bar.closed.connect(self.toggle)
        self.bar.said.connect(window.notice.say)
        self.clock.landed.connect(self._landed)
        window.stack.may_open = self._may_open

    def toggle(self) -> None:
        """The bar, while the station is live; in the past it stays."""
        if self.clock.is_past:
            self.bar.line.setFocus()
            return
        self._opened = not self._opened
        self.refresh()
        if self._opened:
            self.bar.open()
        else:
            self._window.stack.first.setFocus()

    @property
    def margin(self) -> int:
        """Width of the frames, in pixels; 0 while the past is not shown."""
        return self._inset + edge_of(self._inset) if self.clock.is_past else 0

    @property
    def _inset(self) -> int:
        return SIMULATOR_EDGE if self._station.is_simulated else 0

    def refresh(self) -> None:
        """The marks of the past are there exactly while it is shown."""
        past = self.clock.is_past
        shown = (past or self._opened) and self.has_bar
        turned = self.bar.isHidden() == shown
        if turned:
            self.bar.setVisible(shown)
            QTimer.singleShot(0, self, self._settle)
        self.bar.refresh()
        if self.frame.isHidden() == past:
            self.frame.setVisible(past)
            self.watermark.setVisible(past)
            self._window.holds.show_counts()
            self._leave_the_present()
            self._heard = frozenset(self._waiting())
        self._show_time()
        self.place()

    def _pages_of_the_past(self) -> tuple[QWidget, ...]:
        """The pages that can tell of another time; the others tell of the present alone."""
        window = self._window
        return window.mimic, window.alarm_page, window.logbook.log

    def _may_open(self, page: QWidget) -> bool:
        return page in self._pages_of_the_past() or self.may_act()

    def may_act(self) -> bool:
        """For what tells of the present alone; in the past it is refused in one sentence."""
        if self.clock.is_past:
            self._window.notice.say(tr("This page tells of the present. Go back to live first (Esc)."))
        return not self.clock.is_past

    def _leave_the_present(self) -> None:
        """What tells of another time than the one that is shown from here on is put away."""
        window = self._window
        if window.stack.current not in self._pages_of_the_past():
            window.stack.leave()
        if window.instructor is not None:
            window.instructor.close_panel()
        for panel in (window.overlays.why, window.overlays.guidance):
            if not panel.isHidden():
                panel.close_panel()

    def _landed(self) -> None:
        """Faceplates and the log begin anew with what was true then."""
        window = self._window
        window.desk.renew(all_of_them=True)
        if window.stack.current is window.logbook.log:
            window.logbook.log.ask()

    def _settle(self) -> None:
        self.bar.ask()
        self.place()
        self._window.keep_inside()

    def place(self) -> None:
        """Frame and watermark lie over everything else."""
        if self.clock.is_past:
            self.watermark.setGeometry(self._room())
            self.watermark.raise_()
            self.frame.cover(self._window.rect(), self._inset)

    def _room(self) -> QRect:
        """Display and pages; never the alarm strip."""
        return self._window.stack.geometry()

    def _show_time(self) -> None:
        if self.clock.is_past:
            plant = self._station.plant
            zone = zone_of(plant.zone if plant is not None else "UTC")
            self.watermark.say(clock_text(self.clock.position, zone))
            self._window.header.set_time(self.clock.position, zone)

    # live alarms

    def _waiting(self) -> dict[str, str]:
        rows = self._station.live_alarms.rows
        return {key: f"{row.tag_name} {row.name}" for key, row in rows.items() if is_unacked(row)}

    def _hear(self) -> None:
        """Nobody misses an alarm because they look at the past."""
        if not self.clock.is_past:
            return
        waiting = self._waiting()
        new = [words for key, words in waiting.items() if key not in self._heard]
        self._heard = frozenset(waiting)
        if new:
            more = tr(" and {n} more", n=len(new) - 1) if len(new) > 1 else ""
            self._window.notice.warn(
                tr("A live alarm has come: {words}{more}. Esc goes back to live.", words=new[0], more=more)
            )
            self._window.notice.raise_()
