"""The left side of the page: the settings as they are, those to try, the time, and how far the replay is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hmi.client.what_if import AlarmSettings
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.flow import Flow
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.what_if.words import TITLES, cell_words, shown_settings
from hmi.ui.widgets import Field, FlatButton, Panel, Text

DAYS: Final = ((1, "24 h"), (7, "7 d"), (30, "30 d"), (90, "90 d"), (365, "1 y"))
USUAL_DAYS: Final = 30
_FIELD: Final = 150


class SettingsForm(Panel):
    """``asked``: the cells that differ. ``cancelled``: the replay is not wanted any more. ``edited``: something else
    is typed or chosen.
    """

    asked = Signal(dict)
    cancelled = Signal()
    edited = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.settings: AlarmSettings | None = None
        self.fields: dict[str, Field] = {}
        self.days = USUAL_DAYS
        self._running = False
        self.problem = Text(theme, font="text.strong", wrap=True)
        self.ranges = {days: self._range_button(days, words) for days, words in DAYS}
        self.replay = FlatButton(theme, tr("Replay"), self._ask, strong=True)
        self.cancel = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self.bar, self.done = ProgressBar(theme), Text(theme, font="text.label", color="text.label")
        self._body = QWidget()
        self._rows = QVBoxLayout(self._body)
        self._lay_out()
        self.show_progress(None)

    def _lay_out(self) -> None:
        theme = self.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 10, 12)
        column.setSpacing(10)
        column.addWidget(Text(theme, tr("Settings to try"), font="title"))
        self._rows.setContentsMargins(0, 0, 6, 0)
        self._rows.setSpacing(8)
        scroller = scrolled(theme, self._body)
        scroller.setAccessibleName(tr("Settings to try"))
        column.addWidget(scroller, 1)
        column.addWidget(Text(theme, tr("Over the last"), font="text.label", color="text.label"))
        flow = Flow()
        for button in self.ranges.values():
            flow.addWidget(button)
        column.addLayout(flow)
        column.addWidget(self.problem)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.replay)
        row.addWidget(self.cancel)
        row.addWidget(self.done, 1)
        column.addLayout(row)
        column.addWidget(self.bar)

    def _range_button(self, days: int, words: str) -> FlatButton:
        button = FlatButton(self.theme, tr(words), lambda: self.choose_days(days))
        button.setCheckable(True)
        button.setChecked(days == self.days)
        return button

    def choose_days(self, days: int) -> None:
        """So many days up to now."""
        for own, button in self.ranges.items():
            button.setChecked(own == days)
        if days != self.days:
            self.days = days
            self.edited.emit()

    @property
    def first(self) -> QWidget:
        """What has the keys when the page opens."""
        return next(iter(self.fields.values()), self.replay)

    # what is shown

    def show_settings(self, settings: AlarmSettings | None, *, keep: bool = False) -> None:
        """The settings of an alarm, with empty fields; ``keep``: what was typed stays."""
        typed = self.changes if keep else {}
        self.settings = settings
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.fields = {}
        if settings is not None:
            for name in shown_settings(settings):
                self._rows.addWidget(self._row(name, settings))
                self.fields[name].setText(typed.get(name, ""))
        self._rows.addStretch(1)
        self.say(settings.problem if settings is not None else "")

    def _row(self, name: str, settings: AlarmSettings) -> QWidget:
        title, now = tr(TITLES[name]), cell_words(name, settings.cells.get(name, ""), settings)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(self.theme, title))
        words.addWidget(Text(self.theme, tr("now {value}", value=now), font="text.small", color="text.label"))
        row.addLayout(words, 1)
        field = self.fields[name] = Field(self.theme, tr("as it is"))
        field.setAccessibleName(tr("{setting}, now {value}", setting=title, value=now))
        field.setMaxLength(500)
        field.setFixedWidth(self.theme.px(_FIELD))
        field.entered.connect(lambda _: self._ask())
        field.textEdited.connect(lambda _: self.edited.emit())
        row.addWidget(field)
        return whole

    @property
    def changes(self) -> dict[str, str]:
        """The cells that were typed and differ."""
        cells = self.settings.cells if self.settings is not None else {}
        typed = {name: field.text().strip() for name, field in self.fields.items()}
        return {name: text for name, text in typed.items() if text and text != cells.get(name, "")}

    def say(self, problem: str) -> None:
        """Why there is no answer."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))

    def show_progress(self, done: float | None) -> None:
        """None: nothing is replayed."""
        self._running = done is not None
        self.bar.set_share(done or 0.0)
        self.bar.setVisible(self._running)
        self.cancel.setVisible(self._running)
        self.done.set_text(tr("{n} % replayed", n=round(100 * done)) if done is not None else "")
        why = tr("It is under way.") if self._running else ""
        why = why or (self.settings.problem if self.settings is not None else tr("No alarm is chosen."))
        self.replay.set_enabled(not why, why)

    def _ask(self) -> None:
        if self.settings is None or not self.replay.isEnabled():
            return
        if not self.changes:
            self.say(tr("Type another value for at least one setting."))
            return
        self.say("")
        self.asked.emit(self.changes)


class ProgressBar(QWidget):
    """A thin line that grows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._share = theme, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        """0 to 1."""
        self._share = min(max(share, 0.0), 1.0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40, self._theme.px(6))

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            box = QRectF(self.rect())
            painter.fillRect(box, self._theme.color("plot"))
            box.setWidth(box.width() * self._share)
            painter.fillRect(box, self._theme.color("text.label"))
