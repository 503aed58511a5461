"""The strip below every display, and the page that one click makes of it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.ui.alarms.delegate import ROW
from hmi.ui.alarms.model import AlarmModel, Filter
from hmi.ui.alarms.table import HEADER, AlarmTable
from hmi.ui.flow import Flow
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.widgets import Field, FlatButton, Panel, Text

STRIP_ROWS = 4
LEAST_ROWS = 3  # standards 2.2
_LARGE = 1.5
_AROUND = 22  # what stands above and below the rows


def _rows(theme: Theme) -> int:
    """One row less for large texts: the display keeps its room."""
    return STRIP_ROWS if theme.scale < _LARGE else LEAST_ROWS


def strip_height(theme: Theme) -> int:
    """Of the alarm strip with this size of text, in pixels."""
    return theme.px(HEADER) + _rows(theme) * theme.px(ROW) + _AROUND


def make_model(station: Station) -> AlarmModel:
    """A model that shows times in the plant's zone and values in their tag's format."""
    zones: dict[str, object] = {}

    def time_of(at_ns: int) -> str:
        name = station.plant.zone if station.plant else "UTC"
        zone = zones.setdefault(name, zone_of(name))
        return time_text(at_ns, zone)  # type: ignore[arg-type]

    def info_of(tag: str) -> TagInfo | None:
        return station.catalogue.tags.get(tag)

    def area_title(path: str) -> str:
        areas = station.plant.areas if station.plant else []
        return next((a.get("title", path) for a in areas if a["path"] == path), path)

    model = AlarmModel(time_of, info_of)
    model.area_title = area_title
    return model


class AlarmStrip(QWidget):
    """Header and the four most urgent alarms; never covered by anything."""

    enlargeAsked = Signal()

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedHeight(strip_height(theme))
        self.model = make_model(station)
        self.panel = Panel(theme)
        self.table = AlarmTable(theme, self.model)
        self.more = FlatButton(theme, tr("All alarms"), self.enlargeAsked.emit, quiet=True, font="text.small")
        self.more.setToolTip(tr("Alarm list (Ctrl+L)"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 6, 12, 10)
        outer.addWidget(self.panel)
        inner = QVBoxLayout(self.panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.table)
        self.more.setParent(self.panel)
        self.table.setMinimumHeight(theme.px(HEADER) + _rows(theme) * theme.px(ROW))

    def resizeEvent(self, event: object) -> None:
        size = self.more.sizeHint()
        self.more.setGeometry(
            self.width() - 24 - size.width() - 8, 2, size.width(), self._theme.px(HEADER) - 3
        )
        self.more.raise_()


class AlarmPage(Panel):
    """The full list with its filters; acknowledges what is selected or in view."""

    closeAsked = Signal()
    ackAsked = Signal(list)

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, fill="background")
        self.model = make_model(station)
        self.table = AlarmTable(theme, self.model)
        self.table.empty_text = tr("No alarm passes the filter")
        self.search = Field(theme, tr("Find tag or text"))
        self.search.setFixedWidth(theme.px(240))
        self.count = Text(theme, font="text.label", color="text.label")
        self._priorities = [self._priority_button(theme, p) for p in (1, 2, 3, 4)]
        self._areas: list[FlatButton] = []
        self._filters = Flow()
        self._theme, self._station = theme, station
        self._lay_out()
        self.search.textChanged.connect(lambda _: self.refilter())

    def _priority_button(self, theme: Theme, priority: int) -> FlatButton:
        button = FlatButton(theme, tr("P{n}", n=priority), self.refilter)
        button.setCheckable(True)
        button.setToolTip(tr("Show priority {n} only", n=priority))
        return button

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 2)
        outer.setSpacing(8)
        outer.addLayout(self._title_bar())
        self._fill_filters()
        outer.addLayout(self._filters)
        panel = Panel(self._theme)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.table)
        outer.addWidget(panel, 1)

    def _title_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(Text(self._theme, tr("Alarm list"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.count, 1)
        bar.addWidget(FlatButton(self._theme, tr("Acknowledge selected"), self._ack_selected))
        bar.addWidget(FlatButton(self._theme, tr("Acknowledge visible"), self._ack_visible))
        bar.addWidget(FlatButton(self._theme, tr("Back to display"), self.closeAsked.emit))
        return bar

    def _fill_filters(self) -> None:
        self._filters.addWidget(self.search)
        self._filters.add_space(12)
        for button in self._priorities:
            self._filters.addWidget(button)
        self._filters.add_space(12)

    def set_areas(self, areas: list[tuple[str, str]]) -> None:
        """(path, title) of every area that can be filtered by."""
        for button in self._areas:
            self._filters.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._areas = []
        for path, title in areas:
            button = FlatButton(self._theme, title)
            button.setCheckable(True)
            button.setProperty("area", path)
            button.clicked.connect(lambda _=False, b=button: self._only(b))
            self._areas.append(button)
            self._filters.addWidget(button)

    def _only(self, chosen: FlatButton) -> None:
        for button in self._areas:
            if button is not chosen:
                button.setChecked(False)
        self.refilter()

    def show_area(self, path: str) -> None:
        for button in self._areas:
            button.setChecked(button.property("area") == path)
        self.refilter()

    def show_only(self, prefix: str) -> None:
        """Only the alarms below a prefix of tag names; the filter that does it is the one the operator sees."""
        area = prefix.rstrip("/.")
        known = area in {str(button.property("area")) for button in self._areas}
        for button in self._priorities:
            button.setChecked(False)
        self.search.setText("" if known else prefix)
        self.show_area(area if known else "")

    def refilter(self) -> None:
        area = next((str(b.property("area")) for b in self._areas if b.isChecked()), "")
        chosen = frozenset(p for p, b in enumerate(self._priorities, 1) if b.isChecked())
        self.model.set_filter(Filter(area, chosen, self.search.text()))
        self.tell_count()

    def tell_count(self) -> None:
        total = len(self._station.alarms)
        self.count.set_text(tr("{shown} of {total} alarms", shown=len(self.model.shown), total=total))

    def _ack_selected(self) -> None:
        self.ackAsked.emit([row.occurrence_id for row in self.table.selected_rows()])

    def _ack_visible(self) -> None:
        self.ackAsked.emit(self.table.visible_unacked())


def global_box(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())
