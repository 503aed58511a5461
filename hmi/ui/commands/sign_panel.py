"""A signature to one command: who, password and meaning; then the printed name, time and meaning (21 CFR 11.50)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.people import SessionInfo
from hmi.core.texts import tr
from hmi.ui.flow import Flow
from hmi.ui.people.fields import PasswordField
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

MEANINGS: Final = ("Performed", "Approved", "Reviewed")
_DEMO: Final = "demo-instructor"


class SignPanel(QWidget):
    """``asked`` carries user, password and meaning; the password is wiped from its field with that.

    A built-in identity of a simulated plant has no password. Nothing here is ever kept.
    """

    asked = Signal(str, str, str)

    def __init__(self, theme: Theme, session: SessionInfo, *, other_person: bool) -> None:
        super().__init__()
        self._theme, self._session, self._other = theme, session, other_person
        self.meaning = MEANINGS[1] if other_person else MEANINGS[0]
        self.user = Field(theme, tr("User"))
        self.password = PasswordField(theme, tr("Password"))
        self.button = FlatButton(theme, tr("Sign"), self._ask)
        self.told = Text(theme, font="text.small", color="text", wrap=True)
        self.told.hide()
        self._entry = QWidget()
        self._lay_out()
        self._begin()

    def _lay_out(self) -> None:
        theme = self._theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        words = tr("Another person signs:") if self._other else tr("Sign with your password:")
        if self._session.demo:
            words = tr("Sign (the simulator asks for no password):")
        entry = QVBoxLayout(self._entry)
        entry.setContentsMargins(0, 0, 0, 0)
        entry.setSpacing(4)
        entry.addWidget(Text(theme, words, font="text.small", color="text.label"))
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.user, 1)
        row.addWidget(self.password, 1)
        entry.addLayout(row)
        entry.addLayout(self._meaning_row())
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(self.button)
        entry.addLayout(last)
        column.addWidget(self._entry)
        column.addWidget(self.told)
        self.password.returnPressed.connect(self._ask)
        self.user.returnPressed.connect(self.password.setFocus)

    def _meaning_row(self) -> Flow:
        row = Flow(4)
        self.meanings = {word: FlatButton(self._theme, tr(word)) for word in MEANINGS}
        for word, button in self.meanings.items():
            button.setCheckable(True)
            button.setChecked(word == self.meaning)
            button.clicked.connect(lambda _=False, w=word: self._choose(w))
            row.addWidget(button)
        return row

    def _begin(self) -> None:
        """Whose signature it can be: one's own name stands there already."""
        session = self._session
        if session.demo:
            self.user.setText(_DEMO if self._other else session.user)
            self.user.setReadOnly(True)
            self.password.hide()
        elif not self._other:
            self.user.setText(session.user)

    def _choose(self, word: str) -> None:
        self.meaning = word
        for own, button in self.meanings.items():
            button.setChecked(own == word)

    def start(self) -> None:
        """The keyboard goes to what is still to be typed."""
        first = self.user if not self.user.text() else self.password
        (self.button if self._session.demo else first).setFocus()

    def _ask(self) -> None:
        user, password = self.user.text().strip(), self.password.take()
        if not user or not (password or self._session.demo):
            self.say(tr("Give user and password."))
            return
        self.button.set_enabled(False, tr("The signature is being checked."))
        self.say("")
        self.asked.emit(user, password, self.meaning)

    def say(self, text: str) -> None:
        """Why it is not signed; another try may follow."""
        self.told.set_text(text)
        self.told.setVisible(bool(text))

    def refused(self, text: str) -> None:
        self.button.set_enabled(True)
        self.say(text)
        self.start()

    def signed(self, name: str, at: str) -> None:
        """The signature as it is read: printed name, date and time, meaning."""
        self._entry.hide()
        self.say(tr("Signed: {name}, {at}, {meaning}", name=name, at=at, meaning=tr(self.meaning).lower()))
