"""The right side: all that is known of the chosen certificate, and what may be done about it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hmi.client.certificates import CertificateInfo
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.certificates.marks import draw_state
from hmi.ui.certificates.words import ACTS, facts_of, state_words, title_of
from hmi.ui.flow import Flow
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Panel, Text

_LABEL: Final = 130
_ON_ONE: Final = ("accept", "reject", "remove")
_ON_OWN: Final = ("renew", "return")


class StateMark(QWidget):
    """The sign of a state by itself."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._state = theme, "trusted"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(30), self._theme.px(26))

    def set_state(self, state: str) -> None:
        self._state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            center = QPointF(self._theme.px(12), self.height() / 2)
            draw_state(painter, self._theme, self._state, center, self._theme.px(20))


class DetailsPanel(Panel):
    """``actAsked``: one of ``TRUST_ACTS`` for the certificate that is shown."""

    actAsked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.shown: CertificateInfo | None = None
        self._zone: tzinfo | None = None
        self.mark, self.name = StateMark(theme), Text(theme, font="heading", wrap=True)
        self.state = Text(theme, font="text.strong", color="text.secondary", wrap=True)
        self.reason = Text(theme, font="text", wrap=True)
        self.why = Text(theme, font="text.label", color="text.label", wrap=True)
        self.empty = Text(theme, font="title", color="text.label", wrap=True)
        self.buttons = {
            act: FlatButton(theme, f"{tr(ACTS[act])}…", lambda act=act: self.actAsked.emit(act))
            for act in (*_ON_ONE, *_ON_OWN)
        }
        self._facts, self._body = QWidget(), QWidget()
        self._scroller = scrolled(theme, self._body)
        self._scroller.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroller.setAccessibleName(tr("Details of the certificate"))
        self._why_not, self._returnable = "", False
        self._lay_out()
        self.show_one(None, None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(self.empty)
        column.addWidget(self._scroller, 1)
        row = Flow(8)
        for button in self.buttons.values():
            row.addWidget(button)
        column.addLayout(row)
        column.addWidget(self.why)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 2, 8, 0)
        self._column.setSpacing(10)
        self._column.addLayout(self._head())
        self._column.addWidget(self._facts)
        self._column.addStretch(1)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.state)
        words.addWidget(self.reason)
        head.addLayout(words, 1)
        return head

    def show_one(self, one: CertificateInfo | None, zone: tzinfo | None) -> None:
        """Another certificate, or the same with other facts."""
        if one is not None and (one, zone) == (self.shown, self._zone):
            return
        self.shown, self._zone = one, zone
        self._scroller.setVisible(one is not None)
        self.empty.setVisible(one is None)
        if one is not None and zone is not None:
            self.mark.set_state(one.state)
            self.name.set_text(title_of(one))
            self.state.set_text(state_words(one))
            self.reason.set_text(one.text)
            self.reason.setVisible(bool(one.text))
            self._list_facts(one, zone)
        self._enable()

    def _list_facts(self, one: CertificateInfo, zone: tzinfo) -> None:
        old, self._facts = self._facts, QWidget()
        self._column.replaceWidget(old, self._facts)
        old.deleteLater()
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(9)
        grid.setColumnMinimumWidth(0, self.theme.px(_LABEL))
        grid.setColumnStretch(1, 1)
        for number, (label, value) in enumerate(facts_of(one, zone)):
            strong = label in {tr("SHA-256"), tr("SHA-1"), tr("Before it")}
            shown = Text(self.theme, value, font="text.strong" if strong else "text", wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name = Text(self.theme, label, font="text.label", color="text.label", wrap=True)
            grid.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(shown, number, 1)

    def allow(self, why_not: str, *, returnable: bool) -> None:
        """``why_not``: why the person may not decide, empty when they may."""
        self._why_not, self._returnable = why_not, returnable
        self._enable()

    def _enable(self) -> None:
        one = self.shown
        self.why.set_text(self._why_not)
        self.why.setVisible(one is not None and bool(self._why_not))
        for act, button in self.buttons.items():
            button.setVisible(one is not None and act in (_ON_OWN if one.place == "own" else _ON_ONE))
            why = self._why_not or (self._why_pointless(act, one) if one is not None else "")
            button.set_enabled(not why, why)

    def _why_pointless(self, act: str, one: CertificateInfo) -> str:
        if act == "accept" and one.place in {"trusted", "issuer"}:
            return tr("It is trusted already.")
        if act == "reject" and one.place == "denied":
            return tr("It is rejected already.")
        if act == "return" and not self._returnable:
            return tr("There is no earlier certificate.")
        return ""
