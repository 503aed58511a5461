"""A field for a password: masked, wiped, and it says when the caps lock seems to be on."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from hmi.ui.theme import Theme
from hmi.ui.widgets import Field

MOST: Final = 256


class PasswordField(Field):
    """``capsTurned``: True when a letter came out large without Shift, or small with it."""

    capsTurned = Signal(bool)

    def __init__(self, theme: Theme, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, hint, parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setMaxLength(MOST)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        hidden = Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData
        self.setInputMethodHints(hidden | Qt.InputMethodHint.ImhNoPredictiveText)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        letter, shift = event.text(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if len(letter) == 1 and letter.isalpha() and letter.lower() != letter.upper():
            self.capsTurned.emit(letter.isupper() != shift)
        elif event.key() == Qt.Key.Key_CapsLock:
            self.capsTurned.emit(False)  # what it is now only the next letter tells

    def take(self) -> str:
        """What was typed; the field is empty after that, and nothing can be undone back into it."""
        typed = self.text()
        self.wipe()
        return typed

    def wipe(self) -> None:
        self.setText("")
