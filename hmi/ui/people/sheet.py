"""What the panel of people and the sign-in have in common: beside the user's place, as high as what is in it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.ui.overlay import Overlay
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text

WIDTH: Final = 420
_EDGE: Final = 12


class PeopleSheet(Overlay):
    """A title, a body that scrolls where the screen is small, and a foot that is always in view."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._area = QRect()
        self.title = Text(theme, font="title")
        self._inside = QWidget()
        self.body = QVBoxLayout(self._inside)
        self.body.setContentsMargins(19, 0, 12, 6)
        self.body.setSpacing(6)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(6)
        self._scroller = self._scroll()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 12, 4, 12)
        self._column.setSpacing(6)
        self.head, self.told = QHBoxLayout(), QVBoxLayout()
        for layout in (self.head, self.told, self.foot):
            layout.setContentsMargins(19, 0, 12, 0)
        self.told.setSpacing(4)
        self.head.addWidget(self.title, 1)
        self._column.addLayout(self.head)
        self._column.addWidget(self._scroller, 1)
        self._column.addLayout(self.told)
        self._column.addLayout(self.foot)

    def _scroll(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(self.focusPolicy())
        palette = area.palette()
        palette.setColor(QPalette.ColorRole.Window, self.theme.color("panel"))
        area.setPalette(palette)
        area.setWidget(self._inside)
        return area

    def place_in(self, area: QRect) -> QRect:
        self._area = area
        width = min(self.theme.px(WIDTH), area.width() - 2 * _EDGE)
        margins = self._column.contentsMargins()
        room = width - margins.left() - margins.right()
        parts = [_height(layout, room) for layout in (self.head, self.body, self.told, self.foot)]
        height = sum(parts) + margins.top() + margins.bottom() + 3 * self._column.spacing() + 2
        height = min(height, area.height() - 2 * _EDGE)
        return QRect(area.right() - _EDGE - width + 1, area.top() + _EDGE // 2, width, height)

    def start_at(self, widget: QWidget) -> None:
        """Give it the keys, in view."""
        widget.setFocus()
        self._scroller.ensureWidgetVisible(widget, 0, 8)

    def settle_height(self) -> None:
        """What is in it has changed; whatever has the keys stays in view."""
        if not self.isHidden():
            QTimer.singleShot(0, self, self._keep_focus_in_view)
            self.fit(self._area)

    def _keep_focus_in_view(self) -> None:
        focus = self.focusWidget()
        if focus is not None and self._inside.isAncestorOf(focus):
            self._scroller.ensureWidgetVisible(focus, 0, 8)

    def paragraph(self, into: QVBoxLayout, *, color: str = "text", font: str = "text") -> Text:
        """A text of several lines, not in view while it has none."""
        made = Text(self.theme, font=font, color=color, wrap=True)
        made.hide()
        into.addWidget(made)
        return made

    def tell(self, text: Text, words: str) -> None:
        """Say something in a paragraph; the sheet is as high as it has to be."""
        if words != text.full_text or text.isHidden() == bool(words):
            text.set_text(words)
            text.setVisible(bool(words))
            self.settle_height()


def _height(layout: QLayout, width: int) -> int:
    layout.activate()
    needed = (
        layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
    )
    return max(needed, layout.totalMinimumSize().height())
