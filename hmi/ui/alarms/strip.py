"""The strip below every display: the most urgent alarms, how many there are, and the button that stops the sound."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.alarms import list_of
from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.ui.alarm_store import AlarmNews
from hmi.ui.alarms.delegate import ROW
from hmi.ui.alarms.model import AlarmModel
from hmi.ui.alarms.rules import key_of
from hmi.ui.alarms.table import HEADER, AlarmTable
from hmi.ui.paint import painting
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.widgets import FlatButton, Panel, Text, plain

STRIP_ROWS = 4
LEAST_ROWS = 3  # standards 2.2
_LARGE = 1.5
_AROUND = 18  # what stands above and below the rows
_TITLES = 560  # of the column titles that stay readable, in pixels at 100 %


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

    model = AlarmModel(time_of, info_of)
    model.area_title = area_titles(station)
    model.now = station.now
    return model


def area_titles(station: Station) -> Callable[[str], str]:
    """Title of an area by its path; the path where the plant has none."""

    def title(path: str) -> str:
        areas = station.plant.areas if station.plant else []
        return next((a.get("title") or path for a in areas if a["path"] == path), path)

    return title


def take_news(model: AlarmModel, news: AlarmNews) -> None:
    """One portion of what turned, into a model of the active list."""
    rows = [row for row in news.rows if list_of(row) == "active"]
    model.apply(rows, [key_of(row) for row in news.gone])


class _Tail(QWidget):
    """Lies over the end of the column titles."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))


class AlarmStrip(QWidget):
    """Header and the most urgent alarms; never covered by anything, and never held back."""

    enlargeAsked = Signal()
    silenceAsked = Signal()

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._station = theme, station
        self.setFixedHeight(strip_height(theme))
        self.model = make_model(station)
        self.panel = Panel(theme)
        self.table = AlarmTable(theme, self.model, holds=False)
        self.more = FlatButton(theme, tr("All alarms"), self.enlargeAsked.emit, quiet=True, font="text.small")
        self.more.setToolTip(tr("Alarm list (Ctrl+L)"))
        self.silence = FlatButton(theme, tr("Silence"), self.silenceAsked.emit, font="text.small")
        self.silence.setToolTip(plain(tr("Stop the sound (S). Silence acknowledges nothing.")))
        self.flood = Text(theme, font="text.small.strong", fit=True)
        self.told = Text(theme, font="text.small", color="text.label", fit=True)
        self._lay_out()
        self.table.foldAsked.connect(lambda _: self.enlargeAsked.emit())
        station.alarmsTurned.connect(lambda news: take_news(self.model, news))
        for told in (station.alarmsChanged, station.clock.landed, station.clock.turned):
            told.connect(self.tell)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 6, 12, 10)
        outer.addWidget(self.panel)
        inner = QVBoxLayout(self.panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.table)
        self.tail = _Tail(self._theme, self.panel)
        row = QHBoxLayout(self.tail)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(10)
        row.addStretch(1)
        for widget in (self.flood, self.told, self.silence, self.more):
            row.addWidget(widget)
        for button in (self.silence, self.more):
            button.setFixedHeight(self._theme.px(HEADER) - 3)
        theme = self._theme
        self.table.setMinimumHeight(theme.px(HEADER) + _rows(theme) * theme.px(ROW))
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def refresh(self) -> None:
        """Everything that is known by now."""
        self.model.set_rows(self._station.alarms.values())
        self.tell()

    def tell(self) -> None:
        """Counts, flood, and what the journal has not stored."""
        store = self._station.alarm_store
        floods = [flood.area for flood in store.floods]
        titles = ", ".join(area_titles(self._station)(area) or tr("the plant") for area in floods)
        self.flood.set_text(tr("Alarm flood: {areas}", areas=titles) if floods else "")
        self.model.set_folds(bool(floods))
        counts = store.counts
        waiting = sum(pair[0] for areas in store.areas.values() for pair in areas.values())
        parts = [tr("{n} unacknowledged of {total}", n=waiting, total=len(store.rows))]
        for name, words in (
            ("shelved", "{n} shelved"), ("suppressed", "{n} suppressed"), ("out_of_service", "{n} out of service"),
        ):  # fmt: skip
            if counts.get(name):
                parts.append(tr(words, n=counts[name]))
        unknown = self._station.lacks_alarms
        self.table.empty_text = tr("Not known") if unknown else tr("No alarms")
        self.table.viewport().update()
        if unknown:
            parts = [tr("not all alarms are known")]
        if store.unstored:
            parts.insert(0, tr("{n} NOT STORED", n=store.unstored))
        self.told.set_text("  ·  ".join(parts))
        self._place_tail()

    def resizeEvent(self, event: object) -> None:
        self._place_tail()

    def _place_tail(self) -> None:
        """At the right end of the titles: what has no room gives way to what matters more."""
        most = self.panel.width() - self._theme.px(_TITLES)
        self.flood.setVisible(bool(self.flood.full_text))
        self.told.setVisible(True)
        for widget in (self.told, self.flood):
            if self.tail.sizeHint().width() > most:
                widget.setVisible(False)
        self.told.setToolTip(plain(self.told.full_text))
        end = self.panel.width() - 8
        left = end - self.tail.sizeHint().width()
        under = self.table.columnViewportPosition(self.table.columnAt(left))
        left = under if 0 <= under < left else left  # a title is covered whole or not at all
        self.tail.setGeometry(left, 1, end - left, self._theme.px(HEADER) - 1)
        self.tail.raise_()
