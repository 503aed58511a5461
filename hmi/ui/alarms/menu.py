"""What can be done with alarms, as entries of a menu: in a list, on a faceplate, at an object of a display."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.acts import KEYS, TITLES, AlarmActs
from hmi.ui.widgets import plain

ACTS = ("ACK", "SHELVE", "UNSHELVE", "RESET", "COMMENT", "OOS", "RTS")


def add_acts(menu: QMenu, acts: AlarmActs, rows: Sequence[AlarmInfo], *, keys: bool = True) -> None:
    """Every act; one that cannot be asked for stays and says why. ``keys``: of the list, shown beside."""
    menu.setToolTipsVisible(True)
    for act in ACTS:
        why = acts.why_not(act, rows)
        words = f"{tr(TITLES[act])}\t{KEYS[act]}" if keys else tr(TITLES[act])
        action = QAction(words, menu)
        action.setEnabled(not why)
        action.setToolTip(plain(why))
        action.triggered.connect(lambda _=False, act=act: acts.do(act, rows))
        menu.addAction(action)


def act_menu(parent: QWidget, acts: AlarmActs, rows: Sequence[AlarmInfo]) -> QMenu:
    """A menu of the acts alone; deletes itself."""
    menu = QMenu(parent)
    add_acts(menu, acts, rows)
    menu.aboutToHide.connect(menu.deleteLater)
    return menu


def add_object_acts(
    menu: QMenu, acts: AlarmActs, rows: Sequence[AlarmInfo], object_id: str, name: str
) -> None:
    """At the menu of an object: the acts on its alarms, where it has any, and a note on the object itself."""
    if rows:
        menu.addSeparator()
        words = rows[0].message if len(rows) == 1 else tr("{n} alarms", n=len(rows))
        title = QAction(words, menu)
        title.setEnabled(False)
        menu.addAction(title)
        add_acts(menu, acts, rows, keys=False)
    menu.addSeparator()
    note = QAction(tr("Note…"), menu)
    why = acts.why_no_note(name) if object_id else tr("The plant does not know this object.")
    note.setEnabled(not why)
    note.setToolTip(plain(why))
    menu.setToolTipsVisible(True)
    note.triggered.connect(lambda: acts.note(object_id, name))
    menu.addAction(note)
