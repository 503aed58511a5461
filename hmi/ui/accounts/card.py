"""The step before a change: what is changed, the entries it needs, and nothing that is done by a slip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from hmi.client.people import AccountInfo
from hmi.core.texts import tr
from hmi.ui.accounts.words import ACTS
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.asking import AskPanel
from hmi.ui.flow import Flow
from hmi.ui.people.fields import PasswordField
from hmi.ui.people.words import ROLES
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

_WITH_PASSWORD: Final = frozenset({"add", "passwd"})
_WITH_ROLES: Final = frozenset({"add", "grant", "revoke"})
_WIDE: Final = 360
# plant-wide alone: it belongs to no area
_NOT_BY_AREA: Final = frozenset({"security"})
_ROLES: Final = tuple(role for role in ROLES if role not in {"instructor", "view"})


class AccountCard(AskPanel):
    """``confirmed``: act, user and the further fields of the request, once. Esc or Cancel: ``cancelled``."""

    confirmed = Signal(str, str, object)

    def __init__(self, theme: Theme, title_of: Callable[[str], str]) -> None:
        super().__init__(theme)
        self._title_of, self._act, self._user, self.area = title_of, "", "", ""
        self.areas: Sequence[str] = ()
        self.question = Text(theme, font="heading", wrap=True)
        self.follows = Text(theme, font="text", color="text.secondary", wrap=True)
        self.user, self.name = Field(theme, tr("User, such as k.lind")), Field(theme, tr("Full name"))
        self.first, self.second = PasswordField(theme, tr("Password")), PasswordField(theme, tr("Once more"))
        self.roles = {role: self._toggle(role) for role in _ROLES}
        self.place = FlatButton(theme, "", self._choose_area)
        self.yes = FlatButton(theme, "", self._confirm, strong=True)
        self.no = FlatButton(theme, tr("Cancel"), self.cancelled.emit)
        self.problem = Text(theme, font="text.strong", wrap=True)
        for field in self._fields():
            field.setMaximumWidth(theme.px(_WIDE))
            field.textChanged.connect(lambda _: self._enable())
            field.returnPressed.connect(self._confirm)
        self._lay_out()

    def _fields(self) -> tuple[Field, ...]:
        return self.user, self.name, self.first, self.second

    def _toggle(self, role: str) -> FlatButton:
        button = FlatButton(self.theme, tr(ROLES[role][0]))
        button.setCheckable(True)
        button.toggled.connect(lambda _: self._enable())
        return button

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 2, 8, 0)
        column.setSpacing(10)
        column.addWidget(self.question)
        column.addWidget(self.follows)
        for field in self._fields():
            column.addWidget(field)
        self._rights = QWidget()
        rights = QVBoxLayout(self._rights)
        rights.setContentsMargins(0, 0, 0, 0)
        rights.setSpacing(8)
        rights.addWidget(Text(self.theme, tr("Rights"), font="text.small.strong", color="text.label"))
        row = Flow(6)
        for button in self.roles.values():
            row.addWidget(button)
        rights.addLayout(row)
        where = QHBoxLayout()
        where.addWidget(Text(self.theme, tr("Where"), font="text.label", color="text.label", fit=True))
        where.addWidget(self.place)
        where.addStretch(1)
        rights.addLayout(where)
        column.addWidget(self._rights)
        column.addStretch(1)
        scroller = scrolled(self.theme, body)
        scroller.setAccessibleName(tr("What is changed"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 14, 8, 14)
        outer.setSpacing(10)
        outer.addWidget(scroller, 1)
        outer.addWidget(self.problem)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.yes)
        buttons.addWidget(self.no)
        buttons.addStretch(1)
        outer.addLayout(buttons)

    def ask(self, act: str, one: AccountInfo | None) -> None:
        """Begin with empty fields. Without an account: a new one."""
        self._act, self._user, self.area = act, one.user if one is not None else "", ""
        self.wipe()
        button, question, follows = ACTS.get(act, _ADD)
        self.question.set_text(tr(question, user=one.name or one.user if one is not None else ""))
        self.follows.set_text(tr(follows) if follows else "")
        self.follows.setVisible(bool(follows))
        for field in (self.user, self.name):
            field.setVisible(act == "add")
        for field in (self.first, self.second):
            field.setVisible(act in _WITH_PASSWORD)
        self._rights.setVisible(act in _WITH_ROLES)
        self.yes.setText(tr(button))
        self.yes.setAccessibleName(tr(button))
        self.yes.updateGeometry()
        self._take_area("")
        self.say("")
        first = next((field for field in self._fields() if not field.isHidden()), self.no)
        first.setFocus()

    def wipe(self) -> None:
        """Nothing that was typed stays behind."""
        for field in (self.user, self.name):
            field.clear()
        for field in (self.first, self.second):
            field.wipe()
        for button in self.roles.values():
            button.setChecked(False)

    def say(self, problem: str) -> None:
        """Why it was not done; what was written stays."""
        self.problem.set_text(problem)
        self.problem.setVisible(bool(problem))
        self._enable()

    def _choose_area(self) -> None:
        menu = QMenu(self)
        for area in ("", *self.areas):
            menu.addAction(self._area_words(area)).triggered.connect(
                lambda _=False, area=area: self._take_area(area)
            )
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.place.mapToGlobal(self.place.rect().bottomLeft()))

    def _take_area(self, area: str) -> None:
        self.area = area
        words = f"{self._area_words(area)} ▾"
        self.place.setText(words)
        self.place.setAccessibleName(tr("Where: {area}", area=self._area_words(area)))
        self.place.updateGeometry()
        for role in _NOT_BY_AREA:
            self.roles[role].setChecked(self.roles[role].isChecked() and not area)
            self.roles[role].set_enabled(not area, tr("This right belongs to the whole plant."))
        self._enable()

    def _area_words(self, area: str) -> str:
        return self._title_of(area) if area else tr("Everywhere")

    def _chosen(self) -> list[str]:
        return [role for role, button in self.roles.items() if button.isChecked()]

    def _missing(self) -> str:
        """What has to be entered before it can be done."""
        if self._act == "add" and not (self.user.text().strip() and self.name.text().strip()):
            return tr("Enter user and full name first.")
        if self._act in _WITH_PASSWORD and not self.first.text():
            return tr("Enter a password first.")
        if self._act in _WITH_PASSWORD and self.first.text() != self.second.text():
            return tr("The two passwords differ.")
        if self._act in {"grant", "revoke"} and not self._chosen():
            return tr("Choose a right first.")
        return ""

    def _enable(self) -> None:
        why = self._missing()
        self.yes.set_enabled(not why, why)

    def _confirm(self) -> None:
        if not self.yes.isEnabled():
            self.say(self._missing())
            return
        self.yes.set_enabled(False, tr("The runtime is asked."))
        request: dict[str, Any] = {}
        if self._act in _WITH_ROLES:
            request |= {"roles": self._chosen(), "area": self.area}
        if self._act in _WITH_PASSWORD:
            request["password"] = self.first.text()
        if self._act == "add":
            self._user = self.user.text().strip()
            request["name"] = self.name.text().strip()
        self.confirmed.emit(self._act, self._user, request)


_ADD: Final = (
    "Make the account",
    "A new account",
    "The password is for the first sign-in only. What a person does stands under the name in the records for ever.",
)
