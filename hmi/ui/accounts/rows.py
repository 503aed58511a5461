"""The list on the left: one row for each account, active ones first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QPainter

from hmi.client.people import AccountInfo
from hmi.core.texts import tr
from hmi.ui.accounts.words import short_rights, state_words
from hmi.ui.paint import metrics_of
from hmi.ui.rows import RowList, RowModel, draw_cut
from hmi.ui.theme import Theme

ROW, LEFT = 58, 16


def _spoken(row: AccountInfo) -> str:
    return f"{row.name} ({row.user}): {state_words(row)}"


class AccountList(RowList):
    """``turned``: another row is the chosen one. ``title_of`` names an area."""

    turned = Signal()

    def __init__(self, theme: Theme, title_of: Callable[[str], str]) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._plain, self._title_of = theme.plain, title_of
        self.accounts = RowModel[AccountInfo](_spoken)
        self.setModel(self.accounts)
        self.setAccessibleName(tr("Accounts"))
        self.selectionModel().currentChanged.connect(lambda *_: self.turned.emit())

    @property
    def current(self) -> AccountInfo | None:
        rows = self.accounts.rows
        return rows[self.chosen] if 0 <= self.chosen < len(rows) else None

    def show_rows(self, rows: Sequence[AccountInfo]) -> None:
        """Other rows; the account that was chosen stays so when it is among them."""
        ordered = sorted(
            rows, key=lambda row: (row.state != "active", row.state == "removed", row.name.lower())
        )
        if ordered == self.accounts.rows:
            return
        was = self.current.user if self.current is not None else ""
        self.accounts.set_rows(ordered)
        self.choose(next((n for n, row in enumerate(ordered) if row.user == was), 0))

    def choose_user(self, user: str) -> None:
        places = [n for n, row in enumerate(self.accounts.rows) if row.user == user]
        if places:
            self.choose(places[0])

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.accounts.rows[number], self._plain
        color = "text" if row.state == "active" else "text.label"
        end = state_words(row)
        wide = metrics_of(theme.font("text.word")).horizontalAdvance(end)
        room = box.width() - LEFT - 28 - wide
        draw_cut(painter, theme, "text.strong", color, QPointF(LEFT, 24), f"{row.name}  ({row.user})", room)
        draw_cut(painter, theme, "text.word", color, QPointF(box.width() - 12 - wide, 24), end, wide + 4)
        under = short_rights(row, self._title_of)
        draw_cut(
            painter, theme, "text.label", "text.secondary", QPointF(LEFT, 44), under, box.width() - LEFT - 12
        )
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)
