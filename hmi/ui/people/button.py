"""The user's place in the title bar: who is signed in, whether the station is locked, what still counts down."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.core.texts import tr
from hmi.ui.header_parts import HeaderButton
from hmi.ui.people.words import left_text, name_of, short_roles
from hmi.ui.rights import Rights
from hmi.ui.tabs import HEIGHT
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

IDLE_TOLD_S: Final = 60
_TEXT_AT: Final = 22
_MOST: Final = 170  # px at 100 % for a name; the tooltip has all of it
_APART: Final = 7.0  # of each line from the middle
_DIGITS: Final = str.maketrans("123456789", "000000000")


class UserButton(HeaderButton):
    """A person (a lock while locked), the name, and below it the role or what counts down."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.full_text, self.state = "", ""
        self._locked = self._urgent = self._short = False
        self.setFixedHeight(theme.px(HEIGHT))
        self._say(tr("Sign in"), tr("view only"), "")

    def show_rights(self, rights: Rights) -> None:
        """Take the session as it is now; cheap when nothing of it is told otherwise."""
        session, idle, elevated = rights.session, rights.idle_left_s(), rights.elevated_left_s()
        role = short_roles(session, rights.title_of)
        self._locked = session.locked
        self._urgent = session.locked or 0 <= idle <= IDLE_TOLD_S or elevated >= 0
        if not session.user:
            self._say(tr("Sign in"), tr("view only"), tr("Nobody is signed in: everything is shown."))
        elif session.locked:
            self._say(name_of(session), tr("locked"), tr("Locked: nothing can be operated."))
        elif 0 <= idle <= IDLE_TOLD_S:
            self._say(name_of(session), tr("locks in {time}", time=left_text(idle)), role)
        elif elevated >= 0:
            words = tr("elevated {time}", time=left_text(elevated))
            self._say(name_of(session), words, role)
        else:
            self._say(name_of(session), tr("simulator") if session.demo else role, "")

    def _say(self, name: str, state: str, detail: str) -> None:
        if (name, state) == (self.full_text, self.state):
            return
        self.full_text, self.state = name, state
        self.setAccessibleName(f"{name}, {state}")
        self.setToolTip(plain("\n".join(filter(None, (f"{name}, {state}", detail, tr("People (Ctrl+U)"))))))
        self._fit()
        self.update()

    def set_short(self, short: bool) -> None:
        """The sign alone, where there is no room for words."""
        if short != self._short:
            self._short = short
            self._fit()
            self.update()

    @property
    def needed(self) -> int:
        """Width with the words, in pixels; it does not move while a time counts down."""
        name = QFontMetricsF(self._theme.font("text.label")).horizontalAdvance(self.full_text)
        state = self.state.translate(_DIGITS)
        below = QFontMetricsF(self._theme.font("text.small.strong")).horizontalAdvance(state)
        room, most = self._theme.px(_TEXT_AT + 2), self._theme.px(_MOST)
        return room + round(max(min(name, most), min(below, most))) + 2

    @property
    def needed_short(self) -> int:
        return self._theme.px(22)

    def _fit(self) -> None:
        self.setFixedWidth(self.needed_short if self._short else self.needed)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.underMouse() or self.isDown():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.brush("header.edge"))
                painter.drawRoundedRect(QRectF(QPointF(), size).adjusted(1, 6, -1, -6), 4, 4)
            color = theme.color("header.text" if self._urgent or not self._is_signed else "header.secondary")
            draw_person(painter, QPointF(10, HEIGHT / 2), color, locked=self._locked)
            if not self._short:
                self._words(painter, theme, size.width())
            painter.resetTransform()
            self.paint_focus(painter)

    @property
    def _is_signed(self) -> bool:
        return self.full_text != tr("Sign in")

    def _words(self, painter: QPainter, theme: Theme, width: float) -> None:
        room = width - _TEXT_AT - 2
        strong = ".strong" if self._urgent else ""
        lines = (
            (self.full_text, "text.label", "header.text", -_APART),
            (self.state, f"text.small{strong}", "header.text" if strong else "header.secondary", _APART),
        )
        for words, font, color, aside in lines:
            painter.setFont(theme.font(font))
            painter.setPen(theme.color(color))
            cut = QFontMetricsF(theme.font(font)).elidedText(words, Qt.TextElideMode.ElideRight, room + 2)
            box = QRectF(_TEXT_AT, aside, room + 4, HEIGHT)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)


def draw_person(painter: QPainter, center: QPointF, color: QColor, *, locked: bool) -> None:
    """A head with shoulders; a padlock instead while locked. About 16 px high."""
    painter.save()
    pen = QPen(color, 1.7)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = center.x(), center.y()
    if locked:
        painter.drawArc(QRectF(x - 3.8, y - 7.5, 7.6, 9.5), 0, 180 * 16)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(x - 5.5, y - 1.5, 11, 8.5), 1.2, 1.2)
    else:
        painter.drawEllipse(QPointF(x, y - 3.8), 3.2, 3.2)
        painter.drawArc(QRectF(x - 6.2, y + 1.4, 12.4, 12), 0, 180 * 16)
    painter.restore()
