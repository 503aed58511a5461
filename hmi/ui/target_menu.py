"""The menu of an object on a display: everything that can be opened about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget


def target_menu(parent: QWidget, entries: Iterable[tuple[str, Callable[[], object] | None]]) -> QMenu:
    """A menu that deletes itself; an entry without something to do is shown and cannot be chosen."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for words, do in entries:
        action = QAction(words, menu)
        action.setEnabled(do is not None)
        if do is not None:
            action.triggered.connect(lambda _=False, do=do: do())
        menu.addAction(action)
    return menu
