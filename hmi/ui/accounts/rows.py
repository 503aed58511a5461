"""The list on the left: one row for each account, active ones first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter

from hmi.client.people import AccountInfo
from hmi.core.texts import tr
from hmi.ui.accounts.words import short_rights, state_words
from hmi.ui.paint import metrics_of
from hmi.ui.rows import draw_cut
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.theme import Theme

ROW, LEFT = 58, 16


def _spoken(row: AccountInfo) -> str:
    return f"{row.name} ({row.user}): {state_words(row)}"


class AccountList(ChoiceList[AccountInfo]):
    """``title_of`` names an area."""

    def __init__(self, theme: Theme, title_of: Callable[[str], str]) -> None:
        self._plain, self._title_of = theme.plain, title_of
        super().__init__(
            theme, ROW, self._paint_row, spoken=_spoken, key=lambda row: row.user, name=tr("Accounts")
        )

    def show_rows(self, rows: Sequence[AccountInfo]) -> None:
        """Active ones first."""
        self.set_rows(
            sorted(rows, key=lambda row: (row.state != "active", row.state == "removed", row.name.lower()))
        )

    def choose_user(self, user: str) -> None:
        places = [n for n, row in enumerate(self.rows) if row.user == user]
        if places:
            self.choose(places[0])

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.rows[number], self._plain
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
