"""The page of alarms: lists, filters, areas, acts and the sheet of the alarm in use."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarm_store import AlarmNews
from hmi.ui.alarms.acts import AlarmActs
from hmi.ui.alarms.bars import ActBar, FilterBar, TitleBar
from hmi.ui.alarms.columns import ACTIVE, HIDDEN, Choice, choice_from
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.alarms.lists import HiddenLists
from hmi.ui.alarms.menu import act_menu
from hmi.ui.alarms.sheet import AlarmSheet
from hmi.ui.alarms.side import AreaSide
from hmi.ui.alarms.strip import area_titles, make_model, take_news
from hmi.ui.alarms.table import AlarmTable
from hmi.ui.notice import Banner
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Panel

SECTION: Final = "alarm_list"
TICK_MS: Final = 1_000
SHEET_WIDTH: Final = 404
_SHEET_FROM, _SIDE_FROM = 1480, 1180
_COMPACT = 390  # of the page's height, in pixels at 100 %


class AlarmPage(Panel):
    """One of four lists at a time. Its filter, columns and parts are kept for the user.

    ``guidanceAsked``: the sheet has no room here. Everything asked of the runtime goes through ``acts``.
    """

    closeAsked = Signal()
    figuresAsked = Signal()
    guidanceAsked = Signal(object)

    def __init__(
        self,
        theme: Theme,
        station: Station,
        acts: AlarmActs,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station, self._acts, self._settings = theme, station, acts, settings
        self.list_name = "active"
        self._taking = False
        self.model = make_model(station)
        self.lists = HiddenLists(station, self)
        self.table = AlarmTable(theme, self.model)
        self.title_bar = TitleBar(theme)
        self.filter_bar = FilterBar(theme)
        self.act_bar = ActBar(theme, acts)
        self.flood = Banner(theme)
        self.side = AreaSide(theme, station)
        self.sheet = AlarmSheet(theme, station)
        self._choices = {"active": Choice(ACTIVE), "hidden": Choice(HIDDEN)}
        self._lay_out()
        self._connect()
        self._beat = QTimer(self)
        self._beat.setInterval(TICK_MS)
        self._beat.timeout.connect(self._tick)
        self._beat.start()
        self.take_settings()

    # layout

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 2)
        outer.setSpacing(6)
        outer.addLayout(self.title_bar)
        outer.addWidget(self.filter_bar)
        outer.addWidget(self.flood)
        body = QHBoxLayout()
        body.setSpacing(8)
        self._side_panel = self._framed(self.side, 0)
        self._sheet_panel = self._framed(scrolled(self._theme, self.sheet), 12)
        self._sheet_panel.setFixedWidth(self._theme.px(SHEET_WIDTH))
        body.addWidget(self._side_panel)
        body.addWidget(self._framed(self.table, 0), 1)
        body.addWidget(self._sheet_panel)
        outer.addLayout(body, 1)
        outer.addWidget(self.act_bar)

    def _framed(self, widget: QWidget, margin: int) -> Panel:
        panel = Panel(self._theme)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(1 + margin, 1 + margin, 1 + margin // 2, 1 + margin // 2)
        inner.addWidget(widget)
        return panel

    def _connect(self) -> None:
        station, bar, filters = self._station, self.title_bar, self.filter_bar
        filters.types_of = lambda tag: station.catalogue.types_of(tag)
        station.alarmsTurned.connect(self._take_news)
        for told in (station.alarmsChanged, station.clock.landed, station.clock.turned):
            told.connect(self.tell)
        station.statusChanged.connect(self._judge_acts)
        self.lists.changed.connect(self._take_hidden)
        bar.listAsked.connect(self.show_list)
        bar.closeAsked.connect(self.closeAsked)
        bar.figures.clicked.connect(self.figuresAsked)
        bar.silenceAsked.connect(lambda: self._acts.silence(self.filter_bar.filter.area))
        bar.newAsked.connect(self._show_new)
        bar.columns.clicked.connect(self._pick_columns)
        bar.acts.clicked.connect(self._pick_act)
        for button in (bar.areas, bar.details, bar.filters):
            button.clicked.connect(self._parts_turned)
        filters.turned.connect(self._filter_turned)
        filters.foldAsked.connect(self.model.set_folds)
        self.side.areaChosen.connect(filters.show_area)
        self.table.rowChosen.connect(self._row_chosen)
        self.table.actAsked.connect(self._acts.do)
        self.table.guidanceAsked.connect(self._guide)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._judge_acts())
        self.table.header.chosen.connect(self._choose_columns)
        self.act_bar.asked.connect(self._act)
        self._acts.refused.connect(self.act_bar.tell)
        self._acts.done.connect(self.lists.refresh)
        self.model.turned.connect(self._model_turned)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange_parts()

    def _arrange_parts(self) -> None:
        """What has room for all of it; the rest is one button away."""
        width, height = self.width() / self._theme.scale, self.height() / self._theme.scale
        compact, bar = height < _COMPACT, self.title_bar
        bar.set_room(compact=compact, side=width >= _SIDE_FROM, sheet=width >= _SHEET_FROM)
        self.filter_bar.setVisible(not compact or bar.filters.isChecked())
        self.act_bar.set_compact(compact)
        self._side_panel.setVisible(width >= _SIDE_FROM and bar.areas.isChecked())
        self._sheet_panel.setVisible(width >= _SHEET_FROM and bar.details.isChecked())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self.side.refresh()

    # which list

    def show_list(self, name: str) -> None:
        """Active, shelved, suppressed or out of service: one click."""
        if name == self.list_name:
            return
        self.list_name = name
        self.model.set_folds(folds=False)
        self.model.set_hold(False)
        self.lists.want(name)
        self.filter_bar.set_hidden_list(name != "active")
        self.table.take_choice(self._choice)
        self.refresh()

    def refresh(self) -> None:
        """Everything that is known by now."""
        active = self.list_name == "active"
        self.model.set_rows((self._station.alarms if active else self.lists.rows).values())
        self.tell()

    def _take_news(self, news: AlarmNews) -> None:
        if self.isVisible() and self.list_name == "active":
            take_news(self.model, news)

    def _take_hidden(self) -> None:
        if self.list_name != "active":
            self.refresh()

    # filters

    def set_areas(self, areas: list[tuple[str, str]]) -> None:
        """(path, title) of every area that can be filtered by."""
        self.filter_bar.set_areas(areas)
        self.side.refresh()

    def show_area(self, path: str) -> None:
        self.filter_bar.show_area(path)

    def show_only(self, prefix: str) -> None:
        """Only the alarms below a prefix of tag names; the filter that does it is the one the operator sees."""
        self.show_list("active")
        self.filter_bar.show_only(prefix)

    def _filter_turned(self) -> None:
        self.model.judge_age(self._station.now())
        self.model.set_filter(self.filter_bar.filter_at(self._station.now()))
        self.side.show_area(self.filter_bar.filter.area)
        self.tell()
        self._keep()

    def _model_turned(self) -> None:
        self.title_bar.tell_new(self.model.waiting)
        self._renew_sheet()
        self._judge_acts()

    def tell(self) -> None:
        """Counts of the lists, how much the filter lets through, and a flood."""
        store = self._station.alarm_store
        self.title_bar.tell_counts(self.list_name, {**store.counts, "active": len(store.rows)})
        total = self._tell_count()
        self.table.empty_text = self._empty_words(total)
        floods = store.floods if self.list_name == "active" else []
        self.filter_bar.set_flood(bool(floods))
        self.model.set_folds(bool(floods) and self.filter_bar.fold.isChecked())
        title = area_titles(self._station)
        areas = ", ".join(f"{title(f.area) or tr('the plant')} ({f.alarms})" for f in floods)
        words = tr("Alarm flood: {areas}. Consequential alarms are folded; nothing is dropped.", areas=areas)
        self.flood.set_text(words if floods else "")

    def _tell_count(self) -> int:
        """How many stand in this list; what is listed while nobody tells is called old."""
        active = self.list_name == "active"
        total = len(self._station.alarms if active else self.lists.rows)
        old = "" if active else self.lists.problem
        if self._station.lacks_alarms:
            old = tr("Not all alarms of then are known.")
        elif not self._station.hears(""):
            old = tr("Not known: the runtime is silent. What is listed is old.")
        self.filter_bar.tell_count(self.model.passing, total, old)
        return total

    def _empty_words(self, total: int) -> str:
        if self.list_name != "active" and not self.lists.is_known:
            return self.lists.problem or tr("Asking …")
        if self._station.lacks_alarms:
            return tr("Not known")
        if total:
            return tr("No alarm passes the filter")
        empty = {"shelved": "No alarm is shelved", "suppressed": "No alarm is suppressed",
                 "out_of_service": "No alarm is out of service"}  # fmt: skip
        return tr(empty.get(self.list_name, "No alarms"))

    # the alarm in use

    def _row_chosen(self, row: AlarmInfo | None) -> None:
        if row is not None:
            self.sheet.show_row(row)
        self._judge_acts()

    def _renew_sheet(self) -> None:
        """The sheet follows its alarm wherever it stands in the list."""
        shown = self.sheet.row
        if shown is None:
            return
        found = self._station.alarms.get(shown.occurrence_id) or self.lists.rows.get(shown.alarm_id)
        if found is None:
            self.sheet.end()
        elif found is not shown or self.sheet.ended:
            self.sheet.show_row(found)

    def _guide(self, row: AlarmInfo) -> None:
        if self._sheet_panel.isVisible():
            self.sheet.show_row(row)
        else:
            self.guidanceAsked.emit(row)

    # acts

    def chosen_rows(self) -> list[AlarmInfo]:
        return self.table.selected_rows()

    def _act(self, act: str) -> None:
        if act == "ACK_VISIBLE":
            self._acts.do("ACK", self.table.visible_unacked())
        elif act == "ACK_AREA":
            path = self.filter_bar.filter.area
            self._acts.acknowledge_area(area_titles(self._station)(path), self.model.shown)
        else:
            self._acts.do(act, self.chosen_rows())

    def _judge_acts(self) -> None:
        if self.isVisible():
            self.act_bar.judge(self.chosen_rows(), area=self.filter_bar.filter.area)

    def _pick_act(self) -> None:
        button = self.title_bar.acts
        menu = act_menu(self, self._acts, self.chosen_rows())
        menu.addSeparator()
        menu.addAction(tr("Columns…"), self._pick_columns)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    # columns and what is kept

    @property
    def _kind(self) -> str:
        return "active" if self.list_name == "active" else "hidden"

    @property
    def _choice(self) -> Choice:
        return self._choices[self._kind]

    def _pick_columns(self) -> None:
        button = self.title_bar.columns if self.title_bar.columns.isVisible() else self.title_bar.acts
        self.table.header.column_menu().popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _choose_columns(self, choice: Choice | None) -> None:
        """None: the usual ones."""
        usual = Choice(ACTIVE if self._kind == "active" else HIDDEN)
        self._choices[self._kind] = choice or usual
        self.table.take_choice(self._choice)
        self._keep()

    def _parts_turned(self) -> None:
        self._arrange_parts()
        self._keep()

    def take_settings(self) -> None:
        """What this user left the list like."""
        kept = self._settings.get(SECTION)
        self._taking = True
        for kind, usual in (("active", ACTIVE), ("hidden", HIDDEN)):
            columns = kept.get(f"{kind}_columns")
            self._choices[kind] = choice_from(columns if isinstance(columns, dict) else {}, usual)
        self.table.take_choice(self._choice)
        self.filter_bar.take(kept)
        self.title_bar.take(kept)
        self._arrange_parts()
        self._taking = False

    def _keep(self) -> None:
        if not self._taking:
            columns: dict[str, Any] = {f"{k}_columns": c.to_settings() for k, c in self._choices.items()}
            self._settings.put(SECTION, {**columns, **self.filter_bar.kept(), **self.title_bar.kept()})

    # time

    def _tick(self) -> None:
        if self.isVisible():
            self.model.judge_age(self._station.now())
            self.table.refresh_times()
            self._tell_count()

    def _show_new(self) -> None:
        self.table.show_top()
        self.table.setFocus()

    def flash(self, lit: bool) -> None:
        """Phase of the blinking borders."""
        if self.isVisible():
            self.table.flash(lit)
            self.side.flash(lit)

    def show_alarm(self, row: AlarmInfo) -> None:
        """Choose an alarm that is in the list."""
        place = self.model.place_of(row)
        if place >= 0:
            self.table.selectRow(place)
