"""The operator window: header, display or alarm list, alarm strip; faceplates and trends beside objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, tzinfo

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QFocusEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.accounts.page import AccountsPage
from hmi.ui.alarms.acts import AlarmActs
from hmi.ui.alarms.page import AlarmPage
from hmi.ui.alarms.strip import AlarmStrip
from hmi.ui.certificates.page import CertificatesPage
from hmi.ui.certificates.words import counts_words
from hmi.ui.closing import CloseQuestion
from hmi.ui.comms.page import CommsPage
from hmi.ui.controls.desk import ControlDesk
from hmi.ui.exitcodes import CLOSED
from hmi.ui.exports.page import ExportsPage
from hmi.ui.faceplate.desk import FaceplateDesk
from hmi.ui.figures.page import FiguresPage
from hmi.ui.flash import flash
from hmi.ui.frame import WIDTH as FRAME
from hmi.ui.frame import SimulatorFrame
from hmi.ui.header import Header
from hmi.ui.holds.desk import HoldsDesk
from hmi.ui.instructor import InstructorPanel
from hmi.ui.logbook import Logbook
from hmi.ui.menus import Menus
from hmi.ui.mimic_page import MimicPage
from hmi.ui.navigation import History, in_area, places
from hmi.ui.notice import Banner, Notice
from hmi.ui.overlays import Overlays
from hmi.ui.pages import Pages
from hmi.ui.past.desk import PastDesk
from hmi.ui.people.bar import LockBar
from hmi.ui.people.desk import PeopleDesk
from hmi.ui.points.page import PointsPage
from hmi.ui.search.index import Entry
from hmi.ui.settings import Settings
from hmi.ui.shortcuts import bind, bind_favourites
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text, zone_of
from hmi.ui.travel import Travel
from hmi.ui.trend.panel import TrendPanel
from hmi.ui.what_if.page import WhatIfPage
from hmi.ui.why.choice import tag_in_focus

CLOCK_MS = 250
HISTORY_S = 8 * 3600


class StationWindow(QWidget):
    """One window of a station. ``exit_code`` is what the process ends with when it is closed."""

    windowClosed = Signal(int)

    def __init__(
        self,
        theme: Theme,
        station: Station,
        *,
        display: str = "",
        ask_on_close: bool = False,
        settings: Settings | None = None,
        at_once: bool = True,
    ) -> None:
        """``at_once`` False: the window is of no use until ``make_some`` has made all of it."""
        super().__init__()
        self.theme, self.station = theme, station
        self.exit_code = CLOSED
        self._wanted_display = display
        self.ask_on_close = ask_on_close
        self._zone: tzinfo = UTC
        self._making = self._make(settings or Settings(parent=self))
        while at_once and not self.make_some():
            pass

    def make_some(self) -> bool:
        """One part of the window, about 10 ms of work; True when it is whole."""
        return next(self._making, True)

    def _make(self, settings: Settings) -> Iterator[bool]:
        """Each part when the next one is asked for; False, for none is the last."""
        theme, station = self.theme, self.station
        self.header = Header(theme)
        self.banner, self.lock_bar = Banner(theme), LockBar(theme)
        self.mimic = MimicPage(theme, station)
        yield False
        self.acts = AlarmActs(theme, station, self, self.working_area)
        self.alarm_page = AlarmPage(theme, station, self.acts, settings)
        yield False
        self.points_page = PointsPage(theme, station)
        yield False
        self.figures_page, self.what_if = FiguresPage(theme, station), WhatIfPage(theme, station)
        yield False
        self.certificates, self.accounts = CertificatesPage(theme, station), AccountsPage(theme, station)
        yield False
        self.exports = ExportsPage(theme, station)
        yield False
        self.comms = CommsPage(theme, station)
        yield False
        self.logbook = Logbook(theme, station, settings, self)
        yield False
        self.strip = AlarmStrip(theme, station)
        self.stack = Pages(self.mimic, self.mimic.view)
        self.desk = FaceplateDesk(theme, station, self)
        self.controls = ControlDesk(theme, station, self, self.mimic)
        yield False
        self.travel = Travel(self, settings, self)
        self.overlays = Overlays(theme, station, self.travel, self, area=self.working_area)
        yield False
        self.menus = Menus(self)
        self.trends: list[TrendPanel] = []
        self.instructor: InstructorPanel | None = None
        self.close_question: CloseQuestion | None = None
        self.notice = Notice(theme, self)
        self.frame = SimulatorFrame(theme, self)
        self.frame.hide()
        self.people, self.holds = PeopleDesk(self, self.lock_bar), HoldsDesk(self)
        self.past = PastDesk(self)
        self._lay_out()
        self._connect()
        self._keys()
        self._timers()
        self.mimic.view.setFocus()

    def _lay_out(self) -> None:
        self.setWindowTitle("Watchkeeper")
        self.setMinimumSize(1024, 640)
        self.resize(1920, 1080)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.stack.add(self.alarm_page, lambda: self.alarm_page.table)
        self.stack.add(self.points_page, lambda: self.points_page.table)
        self.stack.add(self.figures_page, lambda: self.figures_page.first)
        self.what_if.join(self.stack, self.notice.say)
        self.logbook.join(self, self.notice.say)
        for page in (self.certificates, self.accounts, self.exports, self.comms):
            page.join(self.stack, self.notice.say)
        for widget in (self.header, self.past.bar, self.banner, self.lock_bar, self.holds.bar):
            layout.addWidget(widget)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.strip)

    def _connect(self) -> None:
        station = self.station
        station.plantLoaded.connect(self._plant_loaded)
        station.alarmsChanged.connect(self._alarms_changed)
        station.statusChanged.connect(self._status_changed)
        station.notice.connect(self.notice.say)
        station.clock.turned.connect(self._tick)
        self.header.tabs.chosen.connect(self.open_display)
        self.header.tabs.refused.connect(self.notice.say)
        self.stack.turned.connect(self.desk.setVisible)
        self.header.counts.clicked.connect(self.toggle_alarms)
        self.header.health.clicked.connect(self._say_health)
        self.header.chip.clicked.connect(self.toggle_instructor)
        if station.sounds is not None:
            station.sounds.told.connect(self.header.sound.show_state)
            self.header.sound.show_state(*station.sounds.words)
        self.header.sound.clicked.connect(lambda: self.notice.say(self.header.sound.accessibleName()))
        self.strip.enlargeAsked.connect(self.toggle_alarms)
        self.alarm_page.closeAsked.connect(self.toggle_alarms)
        for table in (self.strip.table, self.alarm_page.table):
            table.chosen.connect(self._alarm_chosen)
            table.displayAsked.connect(self.travel.display_of_alarm)
            table.menuAsked.connect(self.menus.open_for_alarm)
        self._connect_alarms()
        view = self.mimic.view
        view.elementClicked.connect(lambda _id, target, place: self.open_faceplate(target, place))
        view.displayAsked.connect(self.open_display)
        view.alarmsAsked.connect(self.list_alarms)
        view.targetMenu.connect(self.menus.open_for_object)
        view.carried = self.travel.tags_for_trend
        self.desk.trendAsked.connect(self.open_trend)
        self.desk.address_of = self.travel.address_of
        self.desk.historyAsked.connect(lambda tags: self.open_trend(tags, HISTORY_S))
        self.desk.whyAsked.connect(self.overlays.show_why)
        self.desk.displayAsked.connect(self.open_display)
        self.desk.guidanceAsked.connect(self.overlays.show_guidance)
        self._connect_ways()

    def _connect_alarms(self) -> None:
        """Acts go through one place; refusals are said beside the list, or in a note over a display."""
        acts, table = self.acts, self.strip.table
        table.actAsked.connect(acts.do)
        table.guidanceAsked.connect(self.overlays.show_guidance)
        table.jumped.connect(lambda: self.notice.say(tr("The list has just moved. Look and press again.")))
        self.strip.silenceAsked.connect(acts.silence)
        self.alarm_page.guidanceAsked.connect(self.overlays.show_guidance)
        acts.said.connect(self.notice.say)
        acts.refused.connect(self._say_refused)
        self.desk.actAsked.connect(acts.do)
        self.travel.settings.changed.connect(self.alarm_page.take_settings)

    def _say_refused(self, sentences: list[str]) -> None:
        if sentences and not self.alarm_page.isVisible():
            self.notice.say(" ".join(sentences))

    def _connect_ways(self) -> None:
        """Title bar and panels that lead somewhere."""
        header, overlays, travel = self.header, self.overlays, self.travel
        header.areas.clicked.connect(lambda: overlays.toggle(overlays.areas))
        header.seek.clicked.connect(lambda: overlays.toggle(overlays.find))
        travel.moved = self._moved
        overlays.areas.chosen.connect(self.open_display)
        overlays.find.openAsked.connect(self._open_entry)
        overlays.find.trendAsked.connect(self._trend_of_entry)
        overlays.why.displayAsked.connect(self.open_display)
        header.points.clicked.connect(self.toggle_points)
        self.points_page.closeAsked.connect(self.toggle_points)
        self.points_page.whyAsked.connect(overlays.show_why)
        self.points_page.chosen.connect(lambda row, place: travel.lead_to(row.name, "", place))
        self.figures_page.closeAsked.connect(self.toggle_figures)
        self.alarm_page.figuresAsked.connect(self.toggle_figures)
        self.figures_page.whatIfAsked.connect(self.what_if.open_for)
        self.figures_page.chosen.connect(lambda row, place: travel.lead_to(row.tag, "", place))
        self.comms.writeAsked.connect(travel.lead_to)
        for sheet in (overlays.guidance.sheet, self.alarm_page.sheet):
            sheet.wayAsked.connect(self.menus.go_from_alarm)

    def _keys(self) -> None:
        overlays = self.overlays
        bind(self, {
            "find": lambda: overlays.toggle(overlays.find), "areas": lambda: overlays.toggle(overlays.areas),
            "keys": lambda: overlays.toggle(overlays.keys), "up": self.travel.up,
            "back": self.back, "forward": self.forward, "alarms": self.toggle_alarms,
            "points": self.toggle_points, "figures": self.toggle_figures, "instructor": self.toggle_instructor,
            "trend": self._trend_of_focus,
            "why": self._why_of_focus, "to_strip": self.strip.table.setFocus,
            "to_display": self.mimic.view.setFocus, "acknowledge_top": self._ack_top, "escape": self._escape,
            "silence": self.acts.silence, "people": self.people.open, "lock": self.people.lock,
            "log": self.logbook.toggle_log, "handover": self.logbook.toggle_handover,
            "certificates": self.certificates.toggle, "time": self.past.toggle, "accounts": self.accounts.toggle,
            "exports": self.exports.toggle, "comms": self.comms.toggle,
        })  # fmt: skip
        bind_favourites(self, self.travel.open_favourite, self.travel.pin_favourite)

    def _timers(self) -> None:
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        flash().turned.connect(self._blink)

    def begin(self) -> None:
        """A window that opens after the station has begun shows what is known by then."""
        for begin_with in self.beginning:
            begin_with()

    @property
    def beginning(self) -> tuple[Callable[[], None], ...]:
        """What ``begin`` does, in parts that each take the present."""
        return self._begin_plant, self._begin_alarms, self._begin_list

    def _begin_plant(self) -> None:
        if self.station.plant is not None:
            self._plant_loaded()
            self._status_changed()
            self.past.refresh()

    def _begin_alarms(self) -> None:
        if self.station.plant is not None and self.station.has_alarms:
            self._alarms_changed()
            self.strip.refresh()

    def _begin_list(self) -> None:
        if self.station.plant is not None:
            if self.station.has_alarms:
                self.alarm_page.refresh()
            self.alarm_page.take_settings()

    def retire(self) -> None:
        """Show nothing more and want nothing more of the station; the window is deleted."""
        while not self.make_some():
            pass  # what was made half is taken down as a whole
        for timer in self.findChildren(QTimer):
            timer.stop()
        self.desk.close_all()
        self.controls.close()
        self.acts.close()
        self.holds.acts.close()
        for panel in (*self.trends, *self.overlays.opened, *filter(None, (self.instructor,))):
            panel.close_panel()
        self.station.want(self.mimic, ())
        self.hide()
        self.deleteLater()

    @property
    def is_asking(self) -> bool:
        """A question is open that must not go away unanswered."""
        card = self.controls.card
        asking = [one.commands.confirm for one in self.desk.cards] + ([card.dialogue.confirm] if card else [])
        asking += [self.close_question, self.holds.acts.card]
        return not self.overlays.person.isHidden() or any(one is not None for one in asking)

    @property
    def wanted_display(self) -> str:
        """The display that is opened first."""
        return self._wanted_display

    # what the runtime says

    def _plant_loaded(self) -> None:
        plant = self.station.plant
        assert plant is not None
        self._zone = zone_of(plant.zone)
        self.header.plant.set_text(plant.title)
        for model in (self.strip.model, self.alarm_page.model):
            model.forget_texts()
        found = places(plant)
        self.header.tabs.set_places(found)
        if self.station.has_alarms:
            self._alarms_changed()
        for page in (self.alarm_page, self.points_page, self.figures_page, self.logbook.log):
            page.set_areas([(place.area, place.title) for place in found if place.area])
        simulated = self.station.is_simulated
        self.header.chip.setVisible(simulated)
        self.frame.setVisible(simulated)
        self._cover()
        page = self.stack.current
        self.travel.set_plant(plant, self._wanted_display)
        self._renew_trends()
        if page is not self.stack.current:
            self.stack.toggle(page)

    def _renew_trends(self) -> None:
        """Another plant revision: a trend whose tags are no longer the same is made again with those left."""
        known = self.station.catalogue.tags
        for panel in list(self.trends):
            if any(known.get(pen.tag) != pen.info for pen in panel.pens):
                tags = [pen.tag for pen in panel.pens if pen.tag in known]
                panel.close_panel()
                if tags:
                    self.open_trend(tags)

    def _alarms_changed(self) -> None:
        areas = self.station.alarm_store.areas
        self.header.tabs.set_counts(areas)
        counts: Counter[int] = Counter()
        for priorities in areas.values():
            counts.update({int(priority): sum(pair) for priority, pair in priorities.items()})
        self.header.counts.set_counts(counts)

    def _status_changed(self) -> None:
        status = self.station.status
        if status is not None:
            self.people.show_session()
            self.travel.know_user()
            self.holds.show_counts()
        self._tick()

    def _tick(self) -> None:
        """Clock, health and the banner of a silent runtime."""
        self.header.set_time(self.station.clock.position, self._zone)
        self.header.show_rights(self.station.rights)
        alive = self.station.mailbox.alive
        if not alive:
            text = self.station.link_text or tr("The runtime gives no sign of life")
            self.header.health.show_runtime_silent(text)
        elif self.station.clock.is_past:
            self.header.health.show_past()
        elif self.station.status is not None:
            status = self.station.status
            self.header.health.show_connections(status.connections, counts_words(status.certificates))
        text = self._banner_text(alive)
        turned = bool(text) == self.banner.isHidden()
        self.banner.set_text(text)
        if turned:
            QTimer.singleShot(0, self, self.keep_inside)

    def _banner_text(self, alive: bool) -> str:
        if self.station.plant is None:
            return tr("Connecting to the runtime …") if not self.station.link_text else self.station.link_text
        if alive and self.station.clock.is_past:
            return ""  # bar, frame and watermark say it
        if alive and self.station.mailbox.is_history:
            at = clock_text(self.station.now(), self._zone)
            return tr("History: the plant at {time}. No value shown is live; the alarm list is.", time=at)
        if alive:
            status = self.station.status
            if self.station.is_simulated and status and status.rate == 0:
                return tr("The simulation is frozen. Time and values stand still.")
            return status.commands_blocked if status else ""
        seconds = f"{self.station.silence_s():.0f}" if self.station.mailbox.ages.heartbeat_ns else "–"
        if self.station.further:
            return tr("No sign of life from the home runtime for {n} s. Every value of it is old.", n=seconds)
        return tr("No sign of life from the runtime for {n} s. Every value shown is old.", n=seconds)

    def _blink(self, lit: bool) -> None:
        """Borders of unacknowledged marks, in phase with the mimic's."""
        self.strip.table.flash(lit)
        self.alarm_page.flash(lit)
        self.header.tabs.lit = lit
        if self.header.tabs.has_unacked:
            self.header.tabs.update()
        self.overlays.areas.flash(lit)

    # moving about

    def _moved(self, address: str) -> None:
        self.overlays.areas.set_address(address)
        self.holds.show_area(address)
        plant = self.station.plant.title if self.station.plant else ""
        words = [tr("SIMULATOR")] if self.station.is_simulated else []
        self.setWindowTitle(" – ".join([*words, plant, self.header.place.full_text]))

    @property
    def history(self) -> History:
        return self.travel.history

    def open_display(self, address: str) -> None:
        """Go to a display and remember it."""
        self.travel.open(address)

    def back(self) -> None:
        self.travel.back()

    def forward(self) -> None:
        self.travel.forward()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The side buttons of a mouse, wherever they were pressed."""
        if event.button() == Qt.MouseButton.BackButton:
            self.back()
        elif event.button() == Qt.MouseButton.ForwardButton:
            self.forward()

    def toggle_alarms(self) -> None:
        """Full alarm list and back; the strip stays."""
        self.stack.toggle(self.alarm_page)

    def toggle_points(self) -> None:
        """The list of forced and simulated points, and back."""
        self.stack.toggle(self.points_page)

    def toggle_figures(self) -> None:
        """The figures of the alarm system, and back."""
        self.stack.toggle(self.figures_page)

    def list_alarms(self, area: str) -> None:
        """The full alarm list, filtered to an area; where the list has no such area, by the text itself."""
        self.alarm_page.show_only(area)
        if self.stack.currentWidget() is not self.alarm_page:
            self.toggle_alarms()

    def _alarm_chosen(self, row: AlarmInfo, place: QRect) -> None:
        """From a row to its display and to its faceplate: one action."""
        self.travel.lead_to(row.tag_name, row.display, place)

    def _open_entry(self, entry: Entry) -> None:
        self.overlays.find.close_panel()
        self.travel.open_entry(entry)

    def _trend_of_entry(self, entry: Entry) -> None:
        if self.travel.trend_of_entry(entry):
            self.overlays.find.close_panel()
            self.trends[-1].setFocus()

    # faceplates and trends

    def working_area(self) -> QRect:
        """Where faceplates and trends may lie: between header and strip, inside the simulator's frame."""
        edge = max(FRAME if self.station.is_simulated else 0, self.past.margin)
        return self.stack.geometry().adjusted(edge, 0, -edge, 0)

    def open_faceplate(self, target: str, place: QRect) -> None:
        if target:
            local = QRect(self.mapFromGlobal(place.topLeft()), place.size())
            self.desk.open(target, local)
            self._cover()

    def open_trend(self, tags: list[str], span_s: int = 0) -> None:
        """A trend of the given tags over ``span_s`` seconds, in the lower part of the working area."""
        for panel in self.trends:
            panel.close_panel()
        panel = TrendPanel(self.theme, self.station, tags, self, settings=self.travel.settings)
        if span_s:
            panel.set_span(span_s)
        self.trends = [panel]
        panel.closed.connect(lambda: self.trends.clear())
        panel.whyAsked.connect(self.overlays.show_why)
        panel.said.connect(self.notice.say)
        panel.placeAsked.connect(lambda: panel.place_in(self.working_area()))
        panel.place_in(self.working_area())
        panel.show()
        panel.setFocus()
        self._cover()

    def add_to_trend(self, tags: list[str]) -> None:
        """More pens in the trend that is open; one is opened where there is none."""
        if self.trends:
            self.trends[-1].add(tags)
        else:
            self.open_trend(tags)

    def _trend_of_focus(self) -> None:
        row = self.alarm_page.table.current_row() if self.alarm_page.table.hasFocus() else None
        tags = [row.tag_name] if row is not None else self.desk.main_tags()
        if tags:
            self.open_trend(tags)

    def _why_of_focus(self) -> None:
        self.overlays.show_why(tag_in_focus(self.focusWidget(), self.desk.main_tags()))

    def toggle_instructor(self) -> None:
        if not self.station.is_simulated:
            return
        if self.instructor is not None:
            self.instructor.close_panel()
            return
        if not self.past.may_act():
            return
        self.instructor = InstructorPanel(self.theme, self.station, self)
        self.instructor.closed.connect(self._instructor_gone)
        area = self.working_area()
        size = self.instructor.sizeHint().boundedTo(area.size() - QSize(24, 12))
        right = self.header.chip.mapTo(self, QPoint(0, 0)).x() + self.header.chip.width()
        left = min(max(12, right - size.width()), self.width() - size.width() - 12)
        self.instructor.setGeometry(QRect(QPoint(left, area.top() + 6), size))
        self.instructor.show()
        self._cover()

    def _instructor_gone(self) -> None:
        self.instructor = None

    def _ack_top(self) -> None:
        self.acts.do("ACK", self.strip.table.visible_unacked()[:1])

    def _escape(self) -> None:
        """Back to live; else close what was opened last, a question about a command before anything else."""
        if self.station.clock.is_past:
            self.station.clock.go_live()
            return
        if self.controls.cancel():
            return
        self.mimic.view.point_out(-1)
        if self.trends:
            self.trends[-1].close_last()
        elif self.instructor is not None:
            self.instructor.close_panel()
        elif not self.overlays.close_last() and not self.desk.close_last():
            self.stack.leave()

    def _say_health(self) -> None:
        self.notice.say(self.header.health.toolTip().replace("\u200b", "") or self.header.health.word)

    def alarms_in(self, area: str) -> list[AlarmInfo]:
        return [row for row in self.station.alarms.values() if in_area(area, row.area)]

    # the window itself

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The display has the keys when nothing else wants them. (With a focus proxy Tab would skip the title bar.)"""
        self.stack.first.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cover()
        self.notice.place(QRect(0, self.header.height(), self.width(), self.strip.y() - self.header.height()))
        self.keep_inside()

    def keep_inside(self) -> None:
        """Everything over the display, after the room for it changed."""
        self.desk.keep_inside()
        self.overlays.keep_inside()
        for panel in self.trends:
            panel.place_in(self.working_area())

    def _cover(self) -> None:
        self.frame.cover(self.rect())
        self.past.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.ask_on_close and self.close_question is None:
            event.ignore()
            self.close_question = CloseQuestion(self.theme, self, self.working_area)
            self.close_question.answered.connect(self._close_with)
            self.close_question.open()
            return
        event.accept()
        self.windowClosed.emit(self.exit_code)

    def _close_with(self, code: int | None) -> None:
        """None: stay."""
        if code is None:
            self.close_question = None
            return
        self.exit_code = code
        self.close()
