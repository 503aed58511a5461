"""What has to be given before something is put on an object or taken away: time, reason, value, signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.people import SessionInfo
from hmi.client.port import TagInfo
from hmi.core.holds import TagKind
from hmi.core.identity import new_id
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import choices, is_number, is_whole, value_text
from hmi.ui.alarms.dialogs import ActCard, Choice
from hmi.ui.commands.number_entry import decimals_of
from hmi.ui.commands.reasons import name_of
from hmi.ui.commands.sign_panel import SignPanel
from hmi.ui.flow import Flow
from hmi.ui.holds.marks import ORDER, HoldSign
from hmi.ui.holds.words import NO_LOCK_OUT, kind_words
from hmi.ui.numbers import limit_problem, parse_number
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, Text

HOUR_S: Final = 3_600
SPANS: Final = (("3600", "1 h"), ("14400", "4 h"), ("28800", "8 h"))
OWN, ENDLESS = "own", "endless"
MOST_H: Final = 24
MOST_TAG_H: Final = 366 * 24
MOST_ENGINEER_H: Final = 30 * 24
_REASON_LIMIT, _ORDER_LIMIT, _TEXT_LIMIT = 500, 64, 200
Room = Callable[[], QRect]


class Span:
    """How long: buttons, and a field for a number of hours of one's own."""

    def __init__(
        self, theme: Theme, most_h: float, turned: Callable[[], object], *, endless: str = ""
    ) -> None:
        """``endless``: the words of a first button for no end; without it there is none."""
        self._most_h = most_h
        words = [(ENDLESS, endless)] if endless else []
        words += [(seconds, tr(text)) for seconds, text in SPANS] + [(OWN, tr("Other"))]
        self.field = Field(theme, tr("Hours"))
        self.field.setFixedWidth(theme.px(90))
        self.field.hide()
        self.field.textChanged.connect(lambda _: turned())
        self.choice = Choice(theme, words, lambda: self._chosen(turned))

    def _chosen(self, turned: Callable[[], object]) -> None:
        self.field.setVisible(self.choice.chosen == OWN)
        turned()
        if self.choice.chosen == OWN:
            self.field.setFocus()

    def add_to(self, column: QVBoxLayout) -> None:
        flow = self.choice.flow()
        flow.addWidget(self.field)
        column.addLayout(flow)

    @property
    def seconds(self) -> float:
        """0 = no end."""
        if self.choice.chosen == OWN:
            return (parse_number(self.field.text()).value or 0) * HOUR_S
        return 0.0 if self.choice.chosen == ENDLESS else float(self.choice.chosen)

    @property
    def problem(self) -> str:
        if self.choice.chosen != OWN:
            return ""
        typed = parse_number(self.field.text())
        if typed.value is None:
            return tr("Type for how many hours.")
        if typed.value <= 0:
            return tr("Type a number of hours above 0.")
        return limit_problem(typed.value, None, self._most_h, tr("h"))


class HoldCard(ActCard):
    """A question with a reason; what else it asks is its subclass's."""

    def __init__(self, theme: Theme, parent: QWidget, area: Room, title: str, about: str, agree: str) -> None:
        super().__init__(theme, parent, area, title, about, agree)
        self.reason = self.field(tr("Reason"), _REASON_LIMIT)

    def field(self, hint: str, most: int) -> Field:
        made = Field(self._theme, hint)
        made.setMaxLength(most)
        made.textChanged.connect(lambda _: self.judge())
        made.entered.connect(lambda _: self._agree())
        return made

    def tell(self, words: str) -> None:
        self._column.addWidget(Text(self._theme, words, wrap=True, color="text.label", font="text.small"))

    @property
    def given_reason(self) -> str:
        return self.reason.text().strip()

    @property
    def no_reason(self) -> str:
        return "" if self.given_reason else tr("Write a reason first.")


class EndCard(HoldCard):
    """Why something is taken away; ``answered`` carries the reason."""

    def __init__(
        self, theme: Theme, parent: QWidget, area: Room, title: str, about: str, agree: str, told: str = ""
    ) -> None:
        super().__init__(theme, parent, area, title, about, agree)
        if told:
            self.tell(told)
        self._column.addWidget(self.reason)
        self.finish_layout()
        self.reason.setFocus()

    def problem(self) -> str:
        return self.no_reason

    def answer(self) -> object:
        return self.given_reason


class Tagging(NamedTuple):
    """A control tag as it was chosen; ``seconds`` 0 = no end."""

    kind: TagKind
    reason: str
    work_order: str
    seconds: float


class TagCard(HoldCard):
    """Kind, reason, work order, time; ``answered`` carries a ``Tagging``."""

    def __init__(self, theme: Theme, parent: QWidget, area: Room, about: str) -> None:
        super().__init__(theme, parent, area, tr("Place a tag"), about, tr("Place tag"))
        self.kinds = Choice(theme, [(kind.value, kind_words(kind)) for kind in ORDER], self.judge)
        self.order = self.field(tr("Work order"), _ORDER_LIMIT)
        self.span = Span(theme, MOST_TAG_H, self.judge, endless=tr("Until removed"))
        flow = Flow(6)
        for kind, button in zip(ORDER, self.kinds.buttons.values(), strict=True):
            sign = HoldSign(theme, kind)
            sign.setFixedHeight(button.sizeHint().height())
            flow.addWidget(sign)
            flow.addWidget(button)
        self._column.addLayout(flow)
        for field in (self.reason, self.order):
            self._column.addWidget(field)
        self.label(tr("How long"))
        self.span.add_to(self._column)
        self.tell(tr(NO_LOCK_OUT))
        self.finish_layout()
        self.span.choice.choose(ENDLESS)

    def problem(self) -> str:
        return ("" if self.kinds.chosen else tr("Choose a kind.")) or self.no_reason or self.span.problem

    def answer(self) -> object:
        kind = TagKind(self.kinds.chosen)
        return Tagging(kind, self.given_reason, self.order.text().strip(), self.span.seconds)


class Manual(NamedTuple):
    """A manual value as it was given; ``seconds`` 0 = no end."""

    value: Value
    words: str
    reason: str
    seconds: float


class ValueCard(HoldCard):
    """Value, reason, time; ``answered`` carries a ``Manual``. ``source`` says what the source says meanwhile."""

    def __init__(
        self, theme: Theme, parent: QWidget, area: Room, info: TagInfo, *, most_h: float = MOST_H
    ) -> None:
        title = tr("Enter a value") if info.manual else tr("Manual value")
        about = f"{info.name}  {info.description}".strip()
        super().__init__(
            theme, parent, area, title, about, tr("Enter") if info.manual else tr("Use this value")
        )
        self.info = info
        self.source = Text(theme, font="text.label", color="text.label")
        self.value = self.field(tr("Value"), _TEXT_LIMIT)
        self.states: Choice | None = None
        self.span = Span(theme, most_h, self.judge, endless=tr("No end") if info.manual else "")
        if not info.manual:
            self._column.addWidget(self.source)
        self._ask_for_value()
        self._column.addWidget(self.reason)
        self.label(tr("How long"))
        self.span.add_to(self._column)
        if not info.manual:
            self.tell(
                tr("Nothing is written to the device. The value is marked as manual wherever it is shown.")
            )
        self.finish_layout()
        self.span.choice.choose(ENDLESS if info.manual else SPANS[-1][0])
        if self.states is None:
            self.value.setFocus()

    def _ask_for_value(self) -> None:
        info, theme = self.info, self._theme
        if not is_number(info) and (found := choices(info)):
            self._by_word = {str(n): choice for n, choice in enumerate(found)}
            self.states = Choice(theme, [(n, choice.text) for n, choice in self._by_word.items()], self.judge)
            self._column.addLayout(self.states.flow())
            return
        row = QHBoxLayout()
        self.value.setFixedWidth(theme.px(140))
        row.addWidget(self.value)
        row.addWidget(Text(theme, info.unit, font="unit", color="text.label", fit=True))
        self.read_back = Text(theme, font="text.small", color="text.secondary")
        row.addWidget(self.read_back, 1)
        self._column.addLayout(row)

    def given(self) -> tuple[Value, str, str]:
        """Value, its words, and why it is none."""
        info = self.info
        if self.states is not None:
            if not self.states.chosen:
                return None, "", tr("Choose a value.")
            value = self._by_word[self.states.chosen].value
            return value, value_text(info, value), ""
        if not is_number(info):
            text = self.value.text().strip()
            return text, text, "" if text else tr("Type a value.")
        typed = parse_number(self.value.text(), integer=is_whole(info), decimals=decimals_of(info))
        if typed.value is None:
            return None, "", typed.problem
        problem = limit_problem(typed.value, info.low, info.high, info.unit)
        value = int(typed.value) if is_whole(info) else typed.value
        return value, f"{typed.shown} {info.unit}".strip(), problem

    def problem(self) -> str:
        _, words, problem = self.given()
        if self.states is None:
            self.read_back.set_text(words if not problem else "")
        no_reason = "" if self.info.manual else self.no_reason
        return problem or no_reason or self.span.problem

    def answer(self) -> object:
        value, words, _ = self.given()
        return Manual(value, words, self.given_reason, self.span.seconds)

    def show_source(self, words: str) -> None:
        self.source.set_text(tr("Source: {value}", value=words))


class Bypassing(NamedTuple):
    """A bypass as it was given and signed; ``request_id`` is what the signature is to."""

    request_id: str
    info: TagInfo
    reason: str
    seconds: float
    signature: str


class BypassCard(HoldCard):
    """Command, reason, time and signature; ``answered`` carries a ``Bypassing``.

    ``signAsked``: user, password, meaning.
    """

    signAsked = Signal(str, str, str)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        area: Room,
        infos: Sequence[TagInfo],
        condition: str,
        session: SessionInfo,
    ) -> None:
        super().__init__(theme, parent, area, tr("Bypass a condition"), condition, tr("Bypass"))
        self.request_id, self.condition, self._signature = new_id("hr"), condition, ""
        self._infos = {info.id: info for info in infos}
        self.commands = Choice(theme, [(info.id, name_of(info)) for info in infos], self.judge)
        self.span = Span(theme, MOST_H, self.judge)
        self.sign = SignPanel(theme, session, other_person=False)
        self.sign.asked.connect(self._sign)
        self.label(tr("For the command"))
        self._column.addLayout(self.commands.flow())
        self._column.addWidget(self.reason)
        self.label(tr("How long"))
        self.span.add_to(self._column)
        self._column.addWidget(self.sign)
        self.tell(
            tr(
                "Only the check of this program is left out. The controller still checks the condition itself."
            )
        )
        self.finish_layout()
        self.commands.choose(infos[0].id)
        self.span.choice.choose(SPANS[-1][0])
        self.reason.setFocus()

    @property
    def info(self) -> TagInfo:
        """The command whose condition is left out."""
        return self._infos[self.commands.chosen]

    def _sign(self, user: str, password: str, meaning: str) -> None:
        """From now on it is this command: the signature is to nothing else."""
        for button in self.commands.buttons.values():
            button.set_enabled(False, tr("It is being signed."))
        self.signAsked.emit(user, password, meaning)

    def signed(self, signature: str, name: str, at: str) -> None:
        self._signature = signature
        self.sign.signed(name, at)
        self.judge()

    def not_signed(self, why: str) -> None:
        for button in self.commands.buttons.values():
            button.set_enabled(True)
        self.sign.refused(why)
        self.judge()

    def problem(self) -> str:
        return self.no_reason or self.span.problem or ("" if self._signature else tr("Sign first."))

    def answer(self) -> object:
        return Bypassing(self.request_id, self.info, self.given_reason, self.span.seconds, self._signature)
