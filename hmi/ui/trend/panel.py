"""The trend: its bar, the chart and the table of pens, in the lower part of the window or on the whole page."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import date_text, time_text
from hmi.ui.trend.acts import TrendActs
from hmi.ui.trend.bar import RANGES_S, TrendBar
from hmi.ui.trend.chart import Chart
from hmi.ui.trend.groups import Group, TrendGroups
from hmi.ui.trend.keys import act_of
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.pens import Mode, Pen
from hmi.ui.trend.scale import made_scale
from hmi.ui.trend.table import PenTable, name_of
from hmi.ui.trend.ticks import span_text
from hmi.ui.widgets import Panel

LOW, ABOVE = 460, 80
SIDE, SIDE_SHARE = 320, 0.36
TABLE_SHARE: Final = 0.36
STEPS: Final = 200
_EDGE: Final = 4


class TrendPanel(Panel):
    """History and live in one view. ``closed``: it is gone; ``whyAsked``: why a value is what it is."""

    closed = Signal()
    whyAsked = Signal(str)
    said = Signal(str)
    placeAsked = Signal()

    def __init__(
        self,
        theme: Theme,
        station: Station,
        tags: list[str],
        parent: QWidget | None = None,
        *,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(theme, parent)
        self.model = TrendModel(theme, station, tags, RANGES_S[0][0] * NS_PER_S, self)
        self.groups = TrendGroups(settings or Settings(parent=self), self)
        if station.plant is not None:
            self.groups.open(station.plant)
        self.group_name = ""
        self.is_full = False
        self.bar = TrendBar(theme, self.model.zone)
        self.chart = Chart(theme, self.model)
        self.table = PenTable(theme, self.model)
        self.acts = TrendActs(self)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(tr("Trend"))
        self._lay_out()
        self._connect()
        self._tell()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(6)
        column.addWidget(self.bar)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(12)
        self._body.addWidget(self.chart, 1)
        self._body.addWidget(self.table)
        column.addLayout(self._body, 1)

    def _connect(self) -> None:
        bar, model, acts = self.bar, self.model, self.acts
        bar.spanAsked.connect(self.set_span)
        bar.rangeAsked.connect(self.show_range)
        bar.liveAsked.connect(self.toggle_live)
        bar.turned.connect(self.turn)
        bar.asked.connect(acts.open_menu)
        bar.enlargeAsked.connect(self.toggle_full)
        bar.closeAsked.connect(self.close_panel)
        bar.said.connect(self.said)
        acts.said.connect(self.said)
        self.chart.markersAsked.connect(acts.show_markers)
        self.chart.menuAsked.connect(lambda at: acts.open_menu("more", at))
        self.chart.dropped.connect(self.add)
        self.chart.turned.connect(self.turn)
        self.table.menuAsked.connect(acts.open_pen_menu)
        self.table.whyAsked.connect(self.whyAsked)
        model.told.connect(self._tell)
        model.pensChanged.connect(self._arrange)

    @property
    def pens(self) -> list[Pen]:
        return self.model.pens

    @property
    def live(self) -> bool:
        return self.model.is_live

    @property
    def span_s(self) -> int:
        return self.model.view.span // NS_PER_S

    def close_panel(self) -> None:
        self.acts.close_card()
        self.model.close()
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def close_last(self) -> None:
        """What was opened last: a card over the trend, the cursors, the trend."""
        if self.acts.close_card():
            return
        if self.model.cursor_a is not None or self.model.cursor_b is not None:
            self.model.set_cursors(None, None)
            return
        self.close_panel()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.acts.close_dialog()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The chart has the keys. (With a focus proxy Tab would skip the bar.)"""
        self.chart.setFocus()

    # place

    def place_in(self, area: QRect) -> None:
        """The lower part of the working area, or all of it."""
        if self.is_full:
            self.setGeometry(area)
            return
        height = min(
            self.theme.px(LOW) if self.theme.scale < 1.3 else area.height() - 8, area.height() - ABOVE
        )
        height = max(height, min(LOW, area.height() - ABOVE))
        self.setGeometry(area.x() + 12, area.bottom() - height - _EDGE, area.width() - 24, height)

    def toggle_full(self) -> None:
        """The whole page with all figures of the pens, and back."""
        self.is_full = not self.is_full
        self.bar.enlarge.setText(tr("Smaller") if self.is_full else tr("Full page"))
        self.bar.enlarge.setAccessibleName(self.bar.enlarge.text())
        self.placeAsked.emit()
        self.bar.arrange()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """The table below where there is a page for it, beside where there is not."""
        self._body.setDirection(
            QBoxLayout.Direction.TopToBottom if self.is_full else QBoxLayout.Direction.LeftToRight
        )
        self.table.set_compact(compact=not self.is_full)
        if self.is_full:
            height = min(self.table.wanted_height, round(self.height() * TABLE_SHARE))
            self.table.setMinimumSize(0, 0)
            self.table.setMaximumWidth(16_777_215)
            self.table.setFixedHeight(height)
        else:
            width = min(self.theme.px(SIDE), round(self.width() * SIDE_SHARE))
            self.table.setMinimumHeight(0)
            self.table.setMaximumHeight(16_777_215)
            self.table.setFixedWidth(width)
        self._tell()

    # what is shown

    def add(self, tags: list[str]) -> None:
        """More pens; it is said which could not be added, and why."""
        left = self.model.add(tags)
        known = self.model.station.catalogue.tags
        if full := [tag for tag in left if tag in known]:
            self.said.emit(tr("A trend has room for 16 pens; not added: {tags}.", tags=", ".join(full)))
        if unknown := [tag for tag in left if tag not in known]:
            self.said.emit(tr("This plant has no value {tags}.", tags=", ".join(unknown)))

    def set_span(self, span_s: int) -> None:
        """So many seconds up to the present, or around the middle of what is shown while the past is in view."""
        model = self.model
        self.bar.forget_typing()
        model.views.keep()
        if model.is_live:
            model.views.go_live(model.now, span_s * NS_PER_S)
        else:
            middle = (model.view.start + model.view.end) // 2
            if model.cursor_a is not None and model.view.start <= model.cursor_a <= model.view.end:
                middle = model.cursor_a
            half = span_s * NS_PER_S // 2
            model.views.show(middle - half, middle + half, model.now)
        model.moved(anew=True)

    def show_range(self, start: int, end: int) -> None:
        """From one instant to another (UTC ns)."""
        self.model.views.keep()
        self.model.views.show(start, end, self.model.now)
        self.model.moved(anew=True)

    def toggle_live(self) -> None:
        model = self.model
        self.bar.forget_typing()
        if model.is_live:
            model.views.pause()
        else:
            model.views.keep()
            model.views.go_live(model.now)
            model.set_cursors(None, None)
        model.moved()

    def turn(self, step: int) -> None:
        """Back to the stretch that was shown before (-1), or forward again."""
        views, now = self.model.views, self.model.now
        self.bar.forget_typing()
        if views.back(now) if step < 0 else views.forward(now):
            self.model.moved(anew=True)

    def zoom(self, factor: float) -> None:
        """Around cursor A where it is in view, else around the middle."""
        model = self.model
        view, cursor = model.view, model.cursor_a
        at = (
            cursor
            if cursor is not None and view.start <= cursor <= view.end
            else (view.start + view.end) // 2
        )
        model.views.keep()
        model.views.zoom(factor, at, model.now)
        model.moved(anew=True)

    def pan(self, share: float) -> None:
        """Later by a share of the span."""
        self.model.views.pan(round(self.model.view.span * share), self.model.now)
        self.model.moved()

    def move_cursor(self, step: int, *, second: bool = False) -> None:
        """Cursor A or B by so many hundredths of the view; one that leaves the view takes it along."""
        model = self.model
        view = model.view
        old = model.cursor_b if second else model.cursor_a
        here = old if old is not None else min(view.end, model.now)
        at = here + step * view.span // STEPS
        at = min(max(at, 0), model.now)
        model.set_cursors(*((model.cursor_a, at) if second else (at, model.cursor_b)))
        if not view.start <= at <= view.end:
            self.pan((at - view.start) / view.span if at < view.start else (at - view.end) / view.span)

    def choose(self, step: int) -> None:
        if self.pens:
            self.model.choose((self.model.chosen + step) % len(self.pens))

    def toggle_pen(self, pen: Pen | None) -> None:
        if pen is not None:
            self.table.toggle(self.pens.index(pen))

    def toggle_second_cursor(self) -> None:
        model = self.model
        if model.cursor_b is not None:
            model.set_cursors(model.cursor_a, None)
            return
        edge = min(model.view.end, model.now)
        a = (
            model.cursor_a
            if model.cursor_a is not None
            else model.view.start + (edge - model.view.start) // 3
        )
        model.set_cursors(a, a + (edge - a) // 2)

    def toggle_stacked(self) -> None:
        self.model.stacked = not self.model.stacked
        self.model.arrange()

    def toggle_markers(self) -> None:
        self.model.shows_markers = not self.model.shows_markers
        self.model.read_markers(anew=True)
        self.model.changed.emit()

    def scale_all(self) -> None:
        """Every scale by the data again."""
        for pen in self.pens:
            pen.mode, pen.manual = Mode.AUTO, None
        self.model.arrange()

    def show_group(self, group: Group) -> None:
        """Its pens with their axes, and its span."""
        self.group_name = group.name
        self.model.replace_all(group.tags)
        for pen in self.pens:
            pen.own_axis = pen.tag in group.axes
            if (ends := group.scales.get(pen.tag)) is not None:
                pen.mode, pen.manual = Mode.MANUAL, made_scale(*ends)
        self.model.stacked = group.stacked
        self.model.arrange()
        if group.span_s:
            self.set_span(group.span_s)
        self._arrange()

    def as_group(self, name: str, kind: str) -> Group:
        scales = {pen.tag: (pen.manual.low, pen.manual.high) for pen in self.pens if pen.manual is not None}
        axes = tuple(pen.tag for pen in self.pens if pen.own_axis)
        self.group_name = name
        return Group(
            name, tuple(pen.tag for pen in self.pens), kind, self.span_s, axes, scales, self.model.stacked
        )

    # texts

    def _tell(self) -> None:
        model = self.model
        views = model.views
        self.bar.show_view(
            model.view, has_before=views.has_before, has_after=views.has_after, is_past=model.is_past
        )
        self.bar.title.set_text(self._title())
        self.bar.when.set_text(self._when())
        self.table.show_columns()
        if self.table.currentIndex().row() != model.chosen and self.table.model().rowCount():
            self.table.setCurrentIndex(self.table.pens.index(model.chosen, 0))
        self.chart.setAccessibleDescription(self._when())

    def _title(self) -> str:
        if self.group_name:
            return self.group_name
        pen = self.model.pen
        if pen is None:
            return tr("Trend")
        return f"{name_of(pen)}  {pen.info.description}"

    def _when(self) -> str:
        model = self.model
        if model.cursor_a is None:
            if model.is_live:
                time = time_text(model.now, model.zone, millis=False)
                return tr("then  {time}", time=time) if model.is_past else tr("now  {time}", time=time)
            return tr(
                "{span} of {day}",
                span=span_text(model.view.span),
                day=date_text(model.view.start, model.zone),
            )
        text = tr("cursor  {time}", time=time_text(model.cursor_a, model.zone, millis=False))
        if model.cursor_b is None:
            return text
        return tr("{a}, B after {span}", a=text, span=span_text(model.cursor_b - model.cursor_a))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (act := act_of(event)) is not None:
            act(self)
        else:
            super().keyPressEvent(event)
