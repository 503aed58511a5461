"""The bar over a trend: how long, from when to when, live or not; what has no room stands in its menu as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.log.words import typed_time
from hmi.ui.theme import Theme
from hmi.ui.times import local_time
from hmi.ui.trend.views import View
from hmi.ui.widgets import Field, FlatButton, Text

RANGES_S: Final = (
    (900, "15 min"), (3600, "1 h"), (8 * 3600, "8 h"), (86_400, "24 h"), (7 * 86_400, "7 d"),
    (30 * 86_400, "30 d"), (365 * 86_400, "1 y"),
)  # fmt: skip
_FIELD: Final = 176
_GAP: Final = 4
_TITLE: Final = 150
_WIDE_TITLE: Final = 330


class TrendBar(QWidget):
    """Signals say what is wanted; nothing is decided here. ``asked`` carries the name of a menu and its place."""

    spanAsked = Signal(int)
    rangeAsked = Signal(object, object)  # 64 bits: an int of a signal has 32
    liveAsked = Signal()
    turned = Signal(int)
    asked = Signal(str, QPoint)
    said = Signal(str)
    enlargeAsked = Signal()
    closeAsked = Signal()

    def __init__(self, theme: Theme, zone: tzinfo) -> None:
        super().__init__()
        self._theme, self._zone = theme, zone
        self.title = Text(theme, font="title")
        self.when = Text(theme, font="text.label", color="text.label")
        self.back = self._button("←", lambda: self.turned.emit(-1), tr("Back to the stretch before"))
        self.forward = self._button("→", lambda: self.turned.emit(1), tr("Forward again"))
        self.ranges = [self._range(span, title) for span, title in RANGES_S]
        self.start, self.end = self._field(tr("From")), self._field(tr("To"))
        self.pause = FlatButton(theme, tr("Pause"), self.liveAsked.emit)
        self.groups = self._menu("groups", tr("Groups"))
        self.compare = self._menu("compare", tr("Compare"))
        self.export = self._menu("export", tr("Export"))
        self.more = self._menu("more", tr("More"))
        self.enlarge = FlatButton(theme, tr("Full page"), self.enlargeAsked.emit)
        self.close_button = FlatButton(theme, tr("Close"), self.closeAsked.emit, quiet=True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        row.addWidget(self.title, 3)
        row.addWidget(self.when, 2)
        for widget in self._controls:
            row.addWidget(widget)

    @property
    def _controls(self) -> list[QWidget]:
        return [
            self.back, self.forward, *self.ranges, self.start, self.end, self.pause, self.groups, self.compare,
            self.export, self.more, self.enlarge, self.close_button,
        ]  # fmt: skip

    @property
    def _by_need(self) -> list[QWidget]:
        """What is most missed first."""
        few, many = self.ranges[:3], self.ranges[3:]
        return [
            self.close_button, self.more, self.pause, *few, self.enlarge, *many[:2], self.back, self.forward,
            self.groups, self.compare, self.export, *many[2:], self.start, self.end,
        ]  # fmt: skip

    def _button(self, text: str, do: Callable[[], object], words: str) -> FlatButton:
        button = FlatButton(self._theme, text, do)
        button.setAccessibleName(words)
        button.setToolTip(words)
        return button

    def _range(self, span: int, title: str) -> FlatButton:
        button = FlatButton(self._theme, tr(title), lambda: self.spanAsked.emit(span))
        button.setCheckable(True)
        return button

    def _menu(self, name: str, title: str) -> FlatButton:
        button = FlatButton(self._theme, f"{title} ▾")
        button.setAccessibleName(title)
        button.clicked.connect(lambda: self.asked.emit(name, button.mapToGlobal(QPoint(0, button.height()))))
        return button

    def _field(self, name: str) -> Field:
        field = Field(self._theme, name)
        field.setFixedWidth(self._theme.px(_FIELD))
        field.entered.connect(lambda _: self.enter())
        return field

    def sizeHint(self) -> QSize:
        return QSize(600, self.pause.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """As many controls as there is room for beside the title; the menu has the others."""
        room = self.width() - self._theme.px(_TITLE if self.width() < self._theme.px(1200) else _WIDE_TITLE)
        left = room
        for widget in self._by_need:
            needs = (widget.width() if widget in (self.start, self.end) else widget.sizeHint().width()) + _GAP
            fits = left >= needs
            left = left - needs if fits else -1
            widget.setVisible(fits)

    def hidden_spans(self) -> Sequence[tuple[int, str]]:
        """Ranges that have no button now."""
        return [one for one, button in zip(RANGES_S, self.ranges, strict=True) if button.isHidden()]

    def show_view(self, view: View, *, has_before: bool, has_after: bool, is_past: bool) -> None:
        """Buttons and fields say what is in view; a field in which somebody is writing is left alone.

        ``is_past``: what can be followed is an instant of the past, not the present.
        """
        again = tr("Follow") if is_past else tr("Live")
        self.pause.setText(tr("Pause") if view.live else again)
        self.pause.setAccessibleName(self.pause.text())
        for button, (span, _) in zip(self.ranges, RANGES_S, strict=True):
            button.setChecked(abs(view.span - span * NS_PER_S) < NS_PER_S)
        self.back.set_enabled(has_before, tr("There is no stretch before"))
        self.forward.set_enabled(has_after, tr("There is no stretch after"))
        for field, at in ((self.start, view.start), (self.end, view.end)):
            if not field.hasFocus() and not field.isModified():
                field.setText(f"{local_time(at, self._zone):%Y-%m-%d %H:%M:%S}")
                field.setCursorPosition(0)

    def forget_typing(self) -> None:
        """Another stretch was chosen: what was typed for the one before counts no more."""
        for field in (self.start, self.end):
            field.setModified(False)

    def enter(self) -> None:
        """From and To as they were typed, on the plant's clock."""
        if problem := self.ask_range(self.start.text(), self.end.text()):
            self.said.emit(problem)

    def ask_range(self, start: str, end: str) -> str:
        """What is wrong with it in one sentence; empty when it is asked for."""
        try:
            begin = typed_time(start, self._zone)
            finish = typed_time(end, self._zone, is_end=True)
        except ValueError as error:
            return str(error)
        if not begin or not finish:
            return tr("Enter both ends, such as 2026-10-25 14:30.")
        if begin >= finish:
            return tr("The range ends before it begins.")
        self.forget_typing()
        self.rangeAsked.emit(begin, finish)
        return ""
