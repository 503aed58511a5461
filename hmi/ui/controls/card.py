"""The card beside a control: an entry, a list of states or steps, then the question and how the command ended."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Choice, Track, choices, format_value, range_words
from hmi.ui.commands.dialogue import Dialogue
from hmi.ui.commands.number_entry import NumberEntry
from hmi.ui.commands.reasons import label_of
from hmi.ui.labels import short_tag
from hmi.ui.paint import painting
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

WIDTH = 316
_EDGE = 15
_IN_A_ROW = 3


class ControlCard(QWidget):
    """Non-modal; asks about one tag. It sends nothing by itself: the dialogue does, when it is confirmed."""

    closeAsked = Signal()
    grown = Signal()

    def __init__(
        self,
        theme: Theme,
        station: Station,
        info: TagInfo,
        kind: str,
        parent: QWidget,
        *,
        track: Track | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._station, self.info, self.kind = theme, station, info, kind
        self._track = track
        self.target: float | None = None
        self.entry: NumberEntry | None = None
        self.buttons: list[tuple[FlatButton, Choice]] = []
        self.steps: list[FlatButton] = []
        self.setFixedWidth(theme.px(WIDTH))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Command {name}", name=info.name))
        self.dialogue = Dialogue(theme, station.commands, [info.name], named=False)
        self.why = Text(theme, font="text.small", color="text", wrap=True)
        self.why.hide()
        self._lay_out()
        self.dialogue.grown.connect(self.grown)
        station.judged.connect(self.refresh)
        station.commands.turned.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        """Head and body; a body that is higher than the room for it is scrolled."""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 10, 1, 8)
        outer.setSpacing(4)
        self.head = self._made_head()
        outer.addLayout(self.head)
        self.scroller, self.body = QScrollArea(), QWidget()
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroller.setWidget(self.body)
        self.body.setAutoFillBackground(False)
        self.scroller.viewport().setAutoFillBackground(False)
        outer.addWidget(self.scroller, 1)
        self._fill(QVBoxLayout(self.body))

    def _made_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(_EDGE - 1, 0, _EDGE - 1, 0)
        title = f"{short_tag(self.info.name)}  {label_of(self.info) if self.info.signal else ''}".rstrip()
        head.addWidget(Text(self._theme, title, font="text.strong"), 1)
        head.addWidget(FlatButton(self._theme, tr("Close"), self.closeAsked.emit, quiet=True))
        return head

    def _fill(self, column: QVBoxLayout) -> None:
        column.setContentsMargins(_EDGE - 1, 0, _EDGE - 1, 4)
        column.setSpacing(6)
        column.addWidget(Text(self._theme, self.info.description, font="text.small", color="text.label"))
        if self.kind == "number":
            column.addWidget(self._made_entry())
        elif self.kind == "choice":
            column.addLayout(self._made_choices())
        elif self.kind == "track":
            column.addLayout(self._made_steps())
            column.addWidget(Text(self._theme, self._range_words(), font="text.small", color="text.label"))
        column.addWidget(self.why)
        column.addWidget(self.dialogue)

    def _may_tune(self) -> bool:
        return self._station.rights.may("tune", self.info.area)

    def _range_words(self) -> str:
        return range_words(self.info, tunes=self._may_tune())

    def _made_entry(self) -> NumberEntry:
        self.entry = NumberEntry(self._theme, self.info, tunes=self._may_tune, width=132)
        self.entry.asked.connect(self.ask)
        self.entry.show_range()
        self.entry.field.textChanged.connect(lambda _: self.grown.emit())
        return self.entry

    def _made_choices(self) -> QHBoxLayout | QVBoxLayout:
        found = choices(self.info)
        box = QHBoxLayout() if len(found) <= _IN_A_ROW else QVBoxLayout()
        box.setSpacing(4)
        for choice in found:
            button = FlatButton(self._theme, choice.text)
            button.clicked.connect(lambda _=False, c=choice: self.ask(c.value, c.text))
            self.buttons.append((button, choice))
            box.addWidget(button)
        return box

    def _made_steps(self) -> QHBoxLayout:
        """Coarse and fine steps; the arrow keys and the page keys do the same."""
        row = QHBoxLayout()
        row.setSpacing(4)
        assert self._track is not None
        fine, coarse = f"{self._track.step:g}", f"{self._track.coarse:g}"
        for words, count, key in (
            (f"−{coarse}", -10, "PgDown"),
            (f"−{fine}", -1, "Left"),
            (f"+{fine}", 1, "Right"),
            (f"+{coarse}", 10, "PgUp"),
        ):
            button = FlatButton(self._theme, words)
            button.clicked.connect(lambda _=False, n=count, b=button: self._step_with(b, n))
            button.setAccessibleName(tr("Change by {step}", step=words))
            QShortcut(
                QKeySequence(key), self, lambda n=count, b=button: self._step_with(b, n),
                context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
            )  # fmt: skip
            self.steps.append(button)
            row.addWidget(button)
        return row

    def start(self) -> None:
        """The keyboard goes to the first thing that can be done."""
        if self.dialogue.confirm is not None:
            self.dialogue.confirm.start()
        elif self.entry is not None and self.entry.field.isEnabled():
            self.entry.field.setFocus()
        else:
            usable = [b for b in (*self.steps, *(b for b, _ in self.buttons)) if b.isEnabled()]
            (usable[0] if usable else self).setFocus()

    # what is asked

    def ask(self, value: Value, words: str = "") -> None:
        self.dialogue.ask(self._station.commands.propose(self.info.name, value, words))

    def step(self, count: int) -> None:
        """Another number, so many fine steps on; it is only chosen by that."""
        now = self.target if self.target is not None else self._station.reading(self.info.name).number
        if self._track is not None and now is not None and not self._station.commands.why(self.info.name):
            self.choose(self._track.moved(now, count))

    def _step_with(self, button: FlatButton, count: int) -> None:
        """The keyboard stays with the steps, whatever the question about them asks for."""
        self.step(count)
        button.setFocus()

    def choose(self, target: float) -> None:
        self.target = target
        value = int(target) if self.info.type.startswith(("int", "uint")) else target
        self.ask(value, number_words(target, self.info))

    def refresh(self) -> None:
        """Everything stays; what may not be done now is disabled and says why."""
        why = self._station.commands.why(self.info.name)
        now = self._station.reading(self.info.name)
        if self.entry is not None:
            self.entry.set_blocked(why)
        for button, choice in self.buttons:
            held = not now.is_bad and now.data.value == choice.value
            reason = why or (tr("It is {state} already.", state=choice.text) if held else "")
            button.set_enabled(not reason, reason)
        for button in self.steps:
            button.set_enabled(not why, why)
        self.dialogue.refresh()
        told = self.kind != "value" and not self.dialogue.pending and self.dialogue.confirm is None
        turned = self.why.full_text != why or self.why.isHidden() is (bool(why) and told)
        self.why.set_text(why)
        self.why.setVisible(bool(why) and told)
        if turned:
            self.grown.emit()

    def close_card(self) -> None:
        self.dialogue.drop()
        self._station.judged.disconnect(self.refresh)
        self._station.commands.turned.disconnect(self.refresh)
        self.hide()
        self.deleteLater()

    # the card itself

    def fit(self, limit: int) -> None:
        """As high as what it says, at most ``limit`` pixels; the question or the end is always in view."""
        layout, outer = self.body.layout(), self.layout()
        if layout is None or outer is None:
            return
        layout.activate()
        inside = max(layout.totalHeightForWidth(self.width() - 2), layout.sizeHint().height())
        margins = outer.contentsMargins()
        around = margins.top() + margins.bottom() + outer.spacing() + self.head.sizeHint().height()
        self.setFixedHeight(min(inside + around, limit))
        shown = self.dialogue.confirm or self.dialogue.result
        if shown.isVisible():
            self.scroller.ensureWidgetVisible(shown, 0, 8)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
            painter.setPen(QPen(self._theme.color("focus" if self.hasFocus() else "outline.body"), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
            painter.fillRect(1, 1, self.width() - 2, 3, self._theme.color("header"))


def number_words(number: float, info: TagInfo) -> str:
    """A number that was chosen, in the tag's format and with its unit."""
    return f"{format_value(number, info).strip()} {info.unit}".strip()
