"""The station's own controls: plain-text labels that cut with an ellipsis, flat buttons, flat fields.

Everything that shows text from a plant is made here, so that none of it is ever taken for mark-up.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QSizePolicy, QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme

GRID = 8
BUTTON_HEIGHT = 28
SIDE_BUTTONS = (Qt.MouseButton.BackButton, Qt.MouseButton.ForwardButton)


def plain(text: str) -> str:
    """Text for places where Qt itself guesses the format (tooltips): a ``<`` never opens mark-up."""
    return text.replace("<", "<\u200b")


class Text(QLabel):
    """One line or paragraph of plain text in a theme role; a single line is cut with … and tells all on hover.

    ``fit``: exactly as wide as its text (or as the width it is given), for labels without a stretch.
    """

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        font: str = "text",
        color: str = "text",
        wrap: bool = False,
        fit: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._font, self._role, self._full = theme, font, color, ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(font))
        self.setWordWrap(wrap)
        policy = QSizePolicy.Policy.Preferred if wrap else QSizePolicy.Policy.Ignored
        policy = QSizePolicy.Policy.Fixed if fit else policy
        self.setSizePolicy(policy, QSizePolicy.Policy.Fixed if not wrap else QSizePolicy.Policy.Minimum)
        self.set_role(color)
        self.set_text(text)

    @property
    def full_text(self) -> str:
        return self._full

    def set_role(self, color: str) -> None:
        self._role = color
        palette = self.palette()
        palette.setColor(self.foregroundRole(), self._theme.color(color))
        self.setPalette(palette)

    def set_text(self, text: str) -> None:
        if text == self._full:
            return
        self._full = text
        self.setAccessibleName(text)
        if self.wordWrap():
            self.setText(text)
            return
        if self.minimumWidth() < self.maximumWidth():  # a fixed width stays
            self.setMinimumWidth(min(self.fontMetrics().horizontalAdvance(text[:3]) + 12, 40))
        self._cut()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        if self.wordWrap():
            return super().sizeHint()
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height() + 2)

    def resizeEvent(self, event: object) -> None:
        if not self.wordWrap():
            self._cut()

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, max(self.width(), 8))
        self.setText(shown)
        self.setToolTip(plain(self._full) if shown != self._full else "")


def is_press_key(event: QKeyEvent) -> bool:
    """True for Enter; Qt presses its buttons with Space alone."""
    return event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.isAutoRepeat()


class FlatButton(QAbstractButton):
    """A flat button: rounded, one hairline, a focus ring; ``strong`` for the obvious next step."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        clicked: Callable[[], object] | None = None,
        *,
        strong: bool = False,
        quiet: bool = False,
        font: str = "text.word",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._strong, self._quiet = theme, strong, quiet
        self.setFont(theme.font(font))
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())

    def set_enabled(self, enabled: bool, why: str = "") -> None:
        """A button that may not be pressed stays, and says why."""
        self.setEnabled(enabled)
        self.setToolTip("" if enabled else plain(why))
        self.setAccessibleDescription("" if enabled else why)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(max(metrics.horizontalAdvance(self.text()) + 24, 32), self._theme.px(BUTTON_HEIGHT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_press_key(event):
            self.click()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def _roles(self) -> tuple[str, str, str]:
        """Fill, edge and text."""
        if not self.isEnabled():
            return ("panel.alternate", "panel.edge", "text.label")
        if self._strong or self.isChecked():
            return ("accent", "accent", "accent.text")
        if self.isDown():
            return ("button.pressed", "button.edge", "text")
        if self._quiet and not self.underMouse():
            return ("", "", "text.secondary")
        return ("selection" if self.underMouse() else "button", "button.edge", "text")

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            fill, edge, text = self._roles()
            box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
            if fill:
                painter.setPen(QPen(self._theme.color(edge), 1.0))
                painter.setBrush(self._theme.brush(fill))
                painter.drawRoundedRect(box, 4, 4)
            if self.hasFocus():
                painter.setPen(QPen(self._theme.color("focus"), 2.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), 5, 5)
            painter.setFont(self.font())
            painter.setPen(self._theme.color(text))
            cut = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - 10)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, cut)


class Field(QLineEdit):
    """A flat entry field."""

    entered = Signal(str)

    def __init__(self, theme: Theme, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFont(theme.font("text"))
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setFrame(False)
        self.setFixedHeight(theme.px(BUTTON_HEIGHT))
        self.setTextMargins(8, 0, 8, 0)
        self.setMaxLength(120)
        palette = self.palette()
        palette.setColor(self.backgroundRole(), theme.color("field"))
        palette.setColor(QPalette.ColorRole.Text, theme.color("text"))
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text, theme.color("text.label"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme.color("text.label"))
        self.setPalette(palette)
        self.returnPressed.connect(lambda: self.entered.emit(self.text()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            focused = self.hasFocus()
            painter.setPen(
                QPen(self._theme.color("focus" if focused else "button.edge"), 2.0 if focused else 1.0)
            )
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)


class Panel(QWidget):
    """A light panel with a hairline edge."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, fill: str = "panel") -> None:
        super().__init__(parent)
        self.theme, self._fill = theme, fill

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self.theme.color(self._fill))
            painter.setPen(self.theme.color("panel.edge"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
