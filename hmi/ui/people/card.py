"""Signing in, unlocking, taking over, elevating, another password: one question, beside the user's place.

It covers neither the title bar nor the alarms and blocks nothing: viewing goes on behind it, the silence button and
every key outside its fields work as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hmi.client.people import SignIn
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.ui.alarms.dialogs import Choice
from hmi.ui.link import Verb
from hmi.ui.people.fields import PasswordField
from hmi.ui.people.sheet import PeopleSheet
from hmi.ui.people.words import name_of
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

WAIT_TICK_MS: Final = 250
SPANS: Final = ((300, "5 min"), (900, "15 min"), (1_800, "30 min"), (3_600, "1 h"))


class Mode(Enum):
    """What the card asks for."""

    SIGN_IN = "sign_in"
    OTHER = "other"
    UNLOCK = "unlock"
    ELEVATE = "elevate"
    PASSWORD = "password"


_TITLES: Final = {
    Mode.SIGN_IN: "Sign in", Mode.OTHER: "Change of person", Mode.UNLOCK: "Unlock", Mode.ELEVATE: "Elevate",
    Mode.PASSWORD: "Change password",
}  # fmt: skip
_ABOUT: Final = {
    Mode.OTHER: "The next person signs in and {name} is signed out. Everything on the screen stays as it is.",
    Mode.UNLOCK: "The station is locked by {name}.",
    Mode.ELEVATE: "The rights of another account, for a while, besides those of {name}. Both are in the journal.",
    Mode.PASSWORD: "For {name}.",
}
_AGREE: Final = {
    Mode.SIGN_IN: "Sign in", Mode.OTHER: "Sign in", Mode.UNLOCK: "Unlock", Mode.ELEVATE: "Elevate",
    Mode.PASSWORD: "Change",
}  # fmt: skip
_WITH_USER: Final = frozenset((Mode.SIGN_IN, Mode.OTHER, Mode.ELEVATE))


class PersonCard(PeopleSheet):
    """What was typed as a password is wiped with each try, and when the card goes. ``said``: what was done."""

    said = Signal(str)

    def __init__(self, theme: Theme, station: Station, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._station, self._rights = station, station.rights
        self.mode = Mode.SIGN_IN
        self._must_change = self._asking = False
        self._wait_until, self._refusal = 0, ""
        self.notice = self.paragraph(self.body, color="text.secondary")
        self.about = self.paragraph(self.body, color="text.secondary")
        self.user = Field(theme, tr("User"))
        self.password = PasswordField(theme, tr("Password"))
        self.new = PasswordField(theme, tr("New password"))
        self.again = PasswordField(theme, tr("New password again"))
        self.spans = Choice(theme, [(str(seconds), tr(words)) for seconds, words in SPANS], lambda: None)
        self._span_row = QWidget()
        self._labels: dict[QWidget, Text] = {}
        self.caps = self.paragraph(self.told, font="text.small.strong")
        self.problem = self.paragraph(self.told, font="text.strong")
        self.agree = FlatButton(theme, "", self._send, strong=True)
        self.give_up = FlatButton(theme, tr("Cancel"), self.close_panel)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._span_row.setLayout(self.spans.flow())
        rows: list[tuple[QWidget, str]] = [(field, field.placeholderText()) for field in self._fields()]
        for number, (widget, words) in enumerate([*rows, (self._span_row, tr("For at most"))]):
            label = Text(self.theme, words, font="text.label", color="text.label", fit=True)
            self._labels[widget] = label
            grid.addWidget(label, number, 0)
            grid.addWidget(widget, number, 1)
        self.body.addLayout(grid)
        self.body.addStretch(1)
        self.foot.addStretch(1)
        self.foot.addWidget(self.give_up)
        self.foot.addWidget(self.agree)

    def _fields(self) -> tuple[Field, ...]:
        return (self.user, self.password, self.new, self.again)

    def _connect(self) -> None:
        self.user.entered.connect(lambda _: self.start_at(self.password))
        for field in (self.password, self.new, self.again):
            field.entered.connect(lambda _, field=field: self._entered(field))
            field.capsTurned.connect(self._show_caps)
        self._ticks = QTimer(self)
        self._ticks.setInterval(WAIT_TICK_MS)
        self._ticks.timeout.connect(self._judge)
        self._rights.changed.connect(self._session_turned)

    # opening and closing

    def ask(self, mode: Mode, area: QRect) -> None:
        """Open it for one thing; what it was open for before is given up."""
        self.mode, self._must_change, self._refusal = mode, False, ""
        self.user.setText("")
        self._wipe()
        self.spans.choose(str(SPANS[1][0]))
        self._show_mode()
        self.open_panel(area)
        self.settle_height()
        self.start_at(self.user if mode in _WITH_USER else self.password)

    def close_panel(self) -> None:
        self._wipe()
        self._ticks.stop()
        super().close_panel()

    def _wipe(self) -> None:
        for field in (self.password, self.new, self.again):
            field.wipe()
        self._show_caps(False)

    def _show_mode(self) -> None:
        session, mode = self._rights.session, self.mode
        self.title.set_text(tr(_TITLES[mode]))
        self.setAccessibleName(tr(_TITLES[mode]))
        shows_notice = mode in (Mode.SIGN_IN, Mode.OTHER)
        notice = session.notice if shows_notice else ""
        if shows_notice and not session.accounts and not session.user:
            notice = "\n".join(
                filter(None, (notice, tr("There are no accounts yet: hmi user PLANT add makes one.")))
            )
        self.tell(self.notice, notice)
        self.tell(self.about, tr(_ABOUT[mode], name=name_of(session)) if mode in _ABOUT else "")
        self._show_fields()
        self._judge()

    def _show_fields(self) -> None:
        with_new = self.mode is Mode.PASSWORD or self._must_change
        for widget, shown in (
            (self.user, self.mode in _WITH_USER), (self.new, with_new), (self.again, with_new),
            (self._span_row, self.mode is Mode.ELEVATE),
        ):  # fmt: skip
            widget.setVisible(shown)
            self._labels[widget].setVisible(shown)
        self.settle_height()

    def _show_caps(self, on: bool) -> None:
        self.tell(self.caps, tr("Caps lock seems to be on.") if on else "")

    def _session_turned(self) -> None:
        """What it asks for is about somebody who is not there any more."""
        if self.isHidden() or self._asking:
            return
        session = self._rights.session
        ours = {Mode.UNLOCK: session.locked, Mode.ELEVATE: bool(session.user) and not session.locked}
        if not ours.get(self.mode, True):
            self.close_panel()

    # asking

    def _entered(self, field: PasswordField) -> None:
        """Enter goes on to the next empty field, with the last one it agrees."""
        fields = [f for f in (self.password, self.new, self.again) if not f.isHidden()]
        later = [f for f in fields[fields.index(field) + 1 :] if not f.text()]
        if later:
            self.start_at(later[0])
        else:
            self._send()

    def _missing(self) -> str:
        """What is still to be typed; empty when everything is."""
        if self.mode in _WITH_USER and not self.user.text().strip():
            return tr("Type your user name.")
        if not self.password.text():
            return tr("Type the password.")
        if self.new.isHidden():
            return ""
        if not self.new.text():
            return tr("Type a new password, twice.")
        return "" if self.new.text() == self.again.text() else tr("The new passwords are not the same.")

    def _send(self) -> None:
        if self._asking or self._wait_s() > 0:
            return
        if missing := self._missing():
            self._refuse(missing)
            return
        verb = self._verb()
        self._wipe()
        self._asking, self._refusal = True, ""
        self._judge()
        mode = self.mode
        self._station.link.ask(
            verb, owner=self, done=lambda answer: self._answered(mode, answer), failed=self._failed
        )

    def _verb(self) -> Verb:
        """What is asked, with what was typed; nothing else keeps it."""
        user, password = self.user.text().strip(), self.password.take()
        if self.mode is Mode.UNLOCK:
            return lambda client: client.unlock(password)
        if self.mode is Mode.ELEVATE:
            seconds = float(self.spans.chosen or SPANS[0][0])
            return lambda client: client.elevate(user, password, seconds)
        new = self.new.take() if not self.new.isHidden() else ""
        own = self._rights.session.user if self.mode is Mode.PASSWORD else user
        return lambda client: client.sign_in(own, password, new)

    def _answered(self, mode: Mode, answer: SignIn) -> None:
        self._asking = False
        self._station.ask_status()
        if self.isHidden() or mode is not self.mode:
            if not answer.refusal:
                self.said.emit(self._done_words(mode, answer))
            return
        if answer.must_change and not self._must_change and (answer.refusal or not answer.token):
            self._must_change = True
            self._show_fields()
            self._refuse(tr("The password has to be changed: type it again and a new one twice."))
            self.start_at(self.password)
        elif answer.refusal:
            self._wait_until = monotonic_ns() + answer.wait_ms * NS_PER_MS
            self._refuse(answer.refusal)
            self.start_at(self.password)
        else:
            self.close_panel()
            self.said.emit(self._done_words(mode, answer))

    def _done_words(self, mode: Mode, answer: SignIn) -> str:
        name = name_of(answer.session)
        words: dict[Mode, Callable[[], str]] = {
            Mode.UNLOCK: lambda: tr("Unlocked by {name}.", name=name),
            Mode.ELEVATE: lambda: tr("Elevated rights for {name}. They end by themselves.", name=name),
            Mode.PASSWORD: lambda: tr("The password of {name} is changed.", name=name),
        }
        return words.get(mode, lambda: tr("Signed in: {name}.", name=name))()

    def _failed(self, sentence: str) -> None:
        self._asking = False
        if not self.isHidden():
            self._refuse(sentence)

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self._judge()

    def _wait_s(self) -> int:
        """Whole seconds until another try is taken."""
        left = self._wait_until - monotonic_ns()
        return -(-left // NS_PER_S) if left > 0 else 0

    def _judge(self) -> None:
        """What stands on the button and below the fields now; a wait counts down."""
        wait = self._wait_s()
        words = self._refusal
        if wait:
            words = tr("{refusal} The next try in {n} s.", refusal=self._refusal, n=wait)
        self.tell(self.problem, tr("Asking …") if self._asking else words)
        self.agree.setText(tr(_AGREE[self.mode]))
        self.agree.setAccessibleName(tr(_AGREE[self.mode]))
        self.agree.set_enabled(not wait and not self._asking, words)
        if wait and not self._ticks.isActive():
            self._ticks.start()
        elif not wait:
            self._ticks.stop()
