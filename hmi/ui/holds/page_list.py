"""The manual values and bypasses of the plant above the list of points: value, source, reason, person, until, end."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hmi.core.holds import Bypass, Override
from hmi.core.texts import tr
from hmi.ui.holds.rights import HoldRights
from hmi.ui.holds.wants import END_BYPASS, END_OVERRIDE, Want
from hmi.ui.holds.words import moment, person
from hmi.ui.mimic.words import value_words
from hmi.ui.rows import AnyIndex, RowList, draw_cut
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

MANUAL, BYPASSED = "manual", "bypassed"
ROW: Final = 28
MOST_ROWS: Final = 8
Hold = Override | Bypass
_SHARES: Final = (0.24, 0.16, 0.16, 0.20, 0.12, 0.12)


class HeldModel(QAbstractListModel):
    """One line for each, as ``cells``."""

    def __init__(self, station: Station) -> None:
        super().__init__()
        self._station = station
        self.rows: list[Hold] = []

    def show(self, rows: list[Hold]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        wanted = {
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        }
        if not index.isValid() or role not in wanted:
            return None
        return ", ".join(cell for cell in self.cells(index.row()) if cell).replace("<", "<\u200b")

    def cells(self, row: int) -> tuple[str, ...]:
        """Object, value or condition, source, reason, person, until."""
        station, hold = self._station, self.rows[row]
        name = station.catalogue.names.get(hold.tag_id, hold.tag_id)
        zone, now = self._zone(), station.now()
        until = tr("until {time}", time=moment(hold.expires, zone, now)) if hold.expires else tr("no end")
        if isinstance(hold, Bypass):
            what, source = hold.condition, tr("bypassed")
        else:
            what = f"M  {value_words(station.reading(name))}"
            source = tr("entered by hand")
            if not hold.manual:
                source = tr("source: {value}", value=station.beneath.words(name))
        return name, what, source, hold.reason, person(hold), until

    def _zone(self) -> tzinfo:
        return zone_of(self._station.plant.zone if self._station.plant else "UTC")


class HeldList(Panel):
    """There while there is one of what the page shows; ``asked`` carries a ``Want``."""

    asked = Signal(object)

    def __init__(self, theme: Theme, station: Station) -> None:
        super().__init__(theme)
        self._station, self._rights, self._kind = station, HoldRights(station), ""
        self.model = HeldModel(station)
        self.list = RowList(theme, ROW, self._paint_row)
        self.list.setModel(self.model)
        self.list.setAccessibleName(tr("Manual values and bypasses"))
        self.list.asked.connect(lambda _: self._judge())
        self.list.selectionModel().currentChanged.connect(lambda *_: self._judge())
        self.list.doubleClicked.connect(lambda _: self._end())
        self.title = Text(theme, font="text.small.strong", color="text.label")
        self.end = FlatButton(theme, tr("End…"), self._end)
        head = QHBoxLayout()
        head.setContentsMargins(10, 4, 6, 0)
        head.addWidget(self.title, 1)
        head.addWidget(self.end)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.list)
        station.holds.changed.connect(self.refresh)
        station.beneath.changed.connect(self.list.viewport().update)
        self.hide()

    def show_kind(self, state: str) -> None:
        """Of a filter of the page: manual values, bypasses, both without one, else none."""
        self._kind = state
        self.refresh()

    def refresh(self) -> None:
        holds, rows = self._station.holds.holds, list[Hold]()
        if self._kind in {"", MANUAL}:
            rows += holds.overrides
        if self._kind in {"", BYPASSED}:
            rows += holds.bypasses
        self.model.show(rows)
        values, bypasses = (
            sum(isinstance(r, Override) for r in rows),
            sum(isinstance(r, Bypass) for r in rows),
        )
        told = [tr("Manual values: {n}", n=values) if values else ""]
        told.append(tr("Bypassed conditions: {n}", n=bypasses) if bypasses else "")
        self.title.set_text("    ".join(filter(None, told)))
        self.list.setFixedHeight(self.theme.px(ROW) * min(len(rows), MOST_ROWS) + 2)
        self.setVisible(bool(rows))
        if rows and self.list.chosen < 0:
            self.list.choose(0)
        self._judge()
        self.want()

    def want(self) -> None:
        """The values and sources of what is in view; nothing while the page is not."""
        names = self._station.catalogue.names
        seen = [self.model.rows[n] for n in self.list.rows_in_view()] if self.isVisible() else []
        shown = [one for one in seen if isinstance(one, Override) and one.tag_id in names]
        self._station.want(self, [names[one.tag_id] for one in shown])
        self._station.beneath.want(self, [names[one.tag_id] for one in shown if not one.manual])

    def touch(self) -> None:
        """Values may be others now."""
        if self.isVisible():
            self.want()
            self.list.viewport().update()
            self._judge()

    @property
    def chosen(self) -> Hold | None:
        number = self.list.chosen
        return self.model.rows[number] if 0 <= number < len(self.model.rows) else None

    def _judge(self) -> None:
        hold = self.chosen
        why = tr("Choose a row first.") if hold is None else self._why_not(hold)
        self.end.set_enabled(not why, why)

    def _why_not(self, hold: Hold) -> str:
        catalogue = self._station.catalogue
        info = catalogue.tags.get(catalogue.names.get(hold.tag_id, ""))
        if info is None:
            return tr("The plant does not know this object.")
        if isinstance(hold, Bypass):
            return self._rights.why_not("operate", info.name, info.area)
        return self._rights.why_no_change("operate", info)

    def _end(self) -> None:
        if (hold := self.chosen) is not None:
            name = self._station.catalogue.names.get(hold.tag_id, "")
            self.asked.emit(Want(END_BYPASS if isinstance(hold, Bypass) else END_OVERRIDE, name, hold))

    def _paint_row(self, painter: QPainter, box: QRect, row: int) -> None:
        x, room = 10.0, box.width() - 16
        for number, (text, share) in enumerate(zip(self.model.cells(row), _SHARES, strict=True)):
            font, color = ("text.word", "text") if number < 2 else ("text.label", "text.secondary")
            draw_cut(painter, self.theme.plain, font, color, QPointF(x, 18.5), text, room * share - 10)
            x += room * share
