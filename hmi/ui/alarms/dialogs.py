"""What an act on alarms asks first: how long and why to shelve, why to take out of service, a comment, a note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.alarms import SHELVE_REASONS
from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.words import REASONS
from hmi.ui.closing import Question
from hmi.ui.flow import Flow
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import local_time, zone_of
from hmi.ui.widgets import Field, FlatButton, Text

WIDTH: Final = 460
TIMES: Final = ((900, "15 min"), (1_800, "30 min"), (3_600, "1 h"), (14_400, "4 h"))
MOST_S: Final = 12 * 3_600
MOST_FIRST_S: Final = 3_600
SHIFT_ENDS: Final = (6, 14, 22)
"""Hours of the plant's clock at which a shift ends."""


class Shelving(NamedTuple):
    """What was chosen."""

    seconds: float
    one_shot: bool
    reason: str
    comment: str


def end_of_shift_s(now_ns: int, zone: str) -> float:
    """Seconds to the next end of a shift on the plant's clock."""
    now = local_time(now_ns, zone_of(zone))
    for hours in (*SHIFT_ENDS, SHIFT_ENDS[0] + 24):
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        end = (day + timedelta(days=hours // 24)).replace(hour=hours % 24)
        if end > now:
            return (end - now).total_seconds()
    return float(MOST_S)


class Choice:
    """A row of buttons of which one is pressed."""

    def __init__(self, theme: Theme, words: Sequence[tuple[str, str]], turned: Callable[[], object]) -> None:
        """``words``: what is meant by each button, and what stands on it."""
        self.buttons = {name: FlatButton(theme, text, lambda n=name: self.choose(n)) for name, text in words}
        self._turned = turned
        for button in self.buttons.values():
            button.setCheckable(True)

    @property
    def chosen(self) -> str:
        return next((name for name, button in self.buttons.items() if button.isChecked()), "")

    def choose(self, name: str) -> None:
        for own, button in self.buttons.items():
            button.setChecked(own == name)
        self._turned()

    def flow(self) -> Flow:
        made = Flow(6)
        for button in self.buttons.values():
            made.addWidget(button)
        return made


class ActCard(Question):
    """Title, what it is about, then what is asked; Enter agrees, Esc gives up (the answer is None)."""

    def __init__(
        self, theme: Theme, parent: QWidget, area: Callable[[], QRect], title: str, about: str, agree: str
    ) -> None:
        super().__init__(theme, parent, area)
        self.setWindowTitle(title)
        self.setFixedWidth(min(theme.px(WIDTH), area().width() - 24))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 18, 24, 16)
        self._column.setSpacing(8)
        self._column.addWidget(Text(theme, title, font="title"))
        self._column.addWidget(Text(theme, about, color="text.secondary"))
        self.why = Text(theme, font="text.small", color="text.label", wrap=True)
        self.agree = FlatButton(theme, agree, self._agree, strong=True)
        self.give_up = FlatButton(theme, tr("Cancel"), lambda: self.settle(None))
        self.rejected.connect(lambda: self.settle(None))

    def finish_layout(self) -> None:
        self._column.addSpacing(4)
        self._column.addWidget(self.why)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.give_up)
        row.addWidget(self.agree)
        self._column.addLayout(row)
        self.judge()

    def label(self, words: str) -> None:
        self._column.addWidget(Text(self._theme, words, font="text.small.strong", color="text.label"))

    def problem(self) -> str:
        """Why it cannot be agreed to yet; empty when it can."""
        raise NotImplementedError

    def answer(self) -> object:
        raise NotImplementedError

    def judge(self) -> None:
        problem = self.problem()
        self.agree.set_enabled(not problem, problem)
        self.why.set_text(problem)
        self.setFixedHeight(
            self._column.totalHeightForWidth(self.width())
        )  # rows of buttons may need two lines

    def _agree(self) -> None:
        if not self.problem():
            self.settle(self.answer())


class NoteCard(ActCard):
    """One field of text; ``answered`` carries it."""

    def __init__(
        self, theme: Theme, parent: QWidget, area: Callable[[], QRect], title: str, about: str
    ) -> None:
        super().__init__(theme, parent, area, title, about, tr("Keep"))
        self.field = _field(theme, tr("What the others should know"), 500)
        self.field.textChanged.connect(lambda _: self.judge())
        self.field.entered.connect(lambda _: self._agree())
        self._column.addWidget(self.field)
        self.finish_layout()
        self.field.setFocus()

    def problem(self) -> str:
        return "" if self.field.text().strip() else tr("Write a few words first.")

    def answer(self) -> object:
        return self.field.text().strip()


class ReasonCard(ActCard):
    """Why an alarm goes out of service; ``answered`` carries (reason, work order or comment)."""

    def __init__(
        self, theme: Theme, parent: QWidget, area: Callable[[], QRect], rows: Sequence[AlarmInfo]
    ) -> None:
        super().__init__(
            theme, parent, area, tr("Take out of service"), about(rows), tr("Take out of service")
        )
        self.reasons = Choice(theme, [(name, tr(REASONS[name])) for name in SHELVE_REASONS], self.judge)
        self.field = _field(theme, tr("Work order or comment"), 200)
        self.field.entered.connect(lambda _: self._agree())
        self.label(tr("Reason"))
        self._column.addLayout(self.reasons.flow())
        self._column.addWidget(self.field)
        words = tr("It stays out of service until somebody returns it, and stands in the hand-over.")
        self._column.addWidget(Text(theme, words, wrap=True, color="text.label", font="text.small"))
        self.finish_layout()

    def problem(self) -> str:
        return "" if self.reasons.chosen else tr("Choose a reason.")

    def answer(self) -> object:
        return self.reasons.chosen, self.field.text().strip()


class ShelveCard(ActCard):
    """How long, or until the next return, and why; ``answered`` carries a ``Shelving``."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        area: Callable[[], QRect],
        rows: Sequence[AlarmInfo],
        station: Station,
    ) -> None:
        super().__init__(theme, parent, area, tr("Shelve"), about(rows), tr("Shelve"))
        self._has_first = any(row.priority == 1 for row in rows)
        zone = station.plant.zone if station.plant else "UTC"
        self._shift_s = end_of_shift_s(station.now(), zone)
        spans = [(str(seconds), tr(words)) for seconds, words in TIMES]
        self.times = Choice(theme, [*spans, ("shift", tr("End of shift"))], self.judge)
        self.one_shot = FlatButton(theme, tr("Ends at its return to normal"))
        self.one_shot.setCheckable(True)
        self.reasons = Choice(theme, [(name, tr(REASONS[name])) for name in SHELVE_REASONS], self.judge)
        self.field = _field(theme, tr("Comment"), 200)
        self.field.textChanged.connect(lambda _: self.judge())
        self.field.entered.connect(lambda _: self._agree())
        self._lay_out()
        self._bar_long_times()
        self.times.choose("900")

    def _lay_out(self) -> None:
        self.label(tr("For at most"))
        self._column.addLayout(self.times.flow())
        self.label(tr("One-shot"))
        row = QHBoxLayout()
        row.addWidget(self.one_shot)
        row.addStretch(1)
        self._column.addLayout(row)
        self.label(tr("Reason"))
        self._column.addLayout(self.reasons.flow())
        self._column.addWidget(self.field)
        self.finish_layout()

    def _bar_long_times(self) -> None:
        if self._has_first:
            for name, button in self.times.buttons.items():
                if self._seconds(name) > MOST_FIRST_S:
                    button.set_enabled(False, tr("Priority 1 is shelved for one hour at most."))

    def _seconds(self, name: str) -> float:
        return min(self._shift_s, MOST_S) if name == "shift" else float(name)

    def problem(self) -> str:
        if not self.reasons.chosen:
            return tr("Choose a reason.")
        if self.reasons.chosen == "other" and not self.field.text().strip():
            return tr("Say in the comment what the other reason is.")
        return ""

    def answer(self) -> object:
        seconds = self._seconds(self.times.chosen or "900")
        return Shelving(seconds, self.one_shot.isChecked(), self.reasons.chosen, self.field.text().strip())


def about(rows: Sequence[AlarmInfo]) -> str:
    """What a question is about, in one line."""
    if len(rows) == 1:
        return f"{rows[0].tag_name}: {rows[0].message}"
    return tr("{n} alarms: {first} and others", n=len(rows), first=rows[0].message)


def _field(theme: Theme, hint: str, most: int) -> Field:
    field = Field(theme, hint)
    field.setMaxLength(most)
    return field
