"""Every key of the operator window in one table: what is bound, and what the sheet of keys shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from hmi.ui.favourites import KEYS

MOVE, OBJECTS, ALARMS, TRENDS, WINDOW = "Moving about", "Objects", "Alarms", "Trends", "The window"
GROUPS: Final = (MOVE, OBJECTS, ALARMS, TRENDS, WINDOW)


PAGE, FLEET = "page", "fleet"


class Shortcut(NamedTuple):
    """``action`` names what is done; empty where the part that has the focus takes the key itself.

    ``owner``: who does it, the page in a window or the windows of the station together.
    """

    keys: tuple[str, ...]
    words: str
    group: str
    action: str = ""
    owner: str = PAGE


SHORTCUTS: Final = (
    Shortcut(("Ctrl+K",), "Find anything by its name", MOVE, "find"),
    Shortcut(("Ctrl+T",), "Areas and displays", MOVE, "areas"),
    Shortcut(("Alt+Up",), "Up a level", MOVE, "up"),
    Shortcut(("Alt+Left",), "Back", MOVE, "back"),
    Shortcut(("Alt+Right",), "Forward", MOVE, "forward"),
    Shortcut(("Ctrl+M",), "To the display", MOVE, "to_display"),
    Shortcut(("Alt++", "Alt+-"), "Enlarge the display, and back", MOVE),
    Shortcut(("Ctrl+Arrows",), "Move an enlarged display", MOVE),
    Shortcut(("Home", "0"), "The whole display again", MOVE),
    Shortcut(("Ctrl+B",), "The past: the line of time", MOVE, "time"),
    Shortcut(("Tab", "Shift+Tab"), "Next and previous control", MOVE),
    Shortcut(("Arrows",), "The object in that direction", OBJECTS),
    Shortcut(("Enter",), "Faceplate or linked display", OBJECTS),
    Shortcut(("Menu", "Shift+F10"), "Menu of the object", OBJECTS),
    Shortcut(("T",), "Trend of the faceplate", OBJECTS, "trend"),
    Shortcut(("W",), "Why this number?", OBJECTS, "why"),
    Shortcut(("D", "H", "G"), "Faceplate: its display, history, guidance", OBJECTS),
    Shortcut(("P",), "Pin the faceplate", OBJECTS),
    Shortcut(("U",), "From a part to what it is inside of", OBJECTS),
    Shortcut(("Shift+Arrows",), "Move the faceplate", OBJECTS),
    Shortcut(("Ctrl+L",), "Alarm list and back", ALARMS, "alarms"),
    Shortcut(("Ctrl+P",), "Forced and simulated points", ALARMS, "points"),
    Shortcut(("Ctrl+G",), "Figures of the alarms", ALARMS, "figures"),
    Shortcut(("Ctrl+J",), "Operator's log", ALARMS, "log"),
    Shortcut(("Ctrl+H",), "Hand-over of the shift", ALARMS, "handover"),
    Shortcut(("L", "O"), "Log: the alarm in its list, only this object", ALARMS),
    Shortcut(("Ctrl+D",), "To the alarm strip", ALARMS, "to_strip"),
    Shortcut(("Ctrl+Shift+A",), "Acknowledge the top alarm", ALARMS, "acknowledge_top"),
    Shortcut(("Enter",), "Its display and faceplate", ALARMS),
    Shortcut(("D",), "Its display", ALARMS),
    Shortcut(("G",), "Guidance: what to do", ALARMS),
    Shortcut(("A", "Shift+A"), "Acknowledge what is chosen, or all in view", ALARMS),
    Shortcut(("S",), "Silence: stop the sound, acknowledge nothing", ALARMS, "silence"),
    Shortcut(("V", "U"), "Shelve, unshelve", ALARMS),
    Shortcut(("R",), "Reset what is latched", ALARMS),
    Shortcut(("O",), "Out of service, and back", ALARMS),
    Shortcut(("C", "N"), "Comment the alarm, note on its object", ALARMS),
    Shortcut(("Home",), "Show what came while you read", ALARMS),
    Shortcut(("Left", "Right"), "Fold and unfold a group", ALARMS),
    Shortcut(("Space",), "Pause, and back to the present", TRENDS),
    Shortcut(("Left", "Right"), "Move cursor A; with Shift cursor B", TRENDS),
    Shortcut(("Ctrl+Left", "Ctrl+Right"), "Earlier, later; Page up and down: by a whole view", TRENDS),
    Shortcut(("+", "-"), "Less time, more time", TRENDS),
    Shortcut(("Backspace", "Shift+Backspace"), "The stretch before, and forward again", TRENDS),
    Shortcut(("1", "7"), "15 min, 1 h, 8 h, 24 h, 7 d, 30 d, 1 y", TRENDS),
    Shortcut(("J",), "From … to …", TRENDS),
    Shortcut(("Up", "Down"), "The pen before, the next pen", TRENDS),
    Shortcut(("C", "X"), "Second cursor, take the cursors away", TRENDS),
    Shortcut(("H", "Del"), "Hide the pen, remove it", TRENDS),
    Shortcut(("B", "0"), "A strip for each scale, all scales by the data", TRENDS),
    Shortcut(("M", "N"), "Alarms and remarks, a remark of one's own", TRENDS),
    Shortcut(("G", "V", "E"), "Groups, compare, export", TRENDS),
    Shortcut(("F",), "Full page, and back", TRENDS),
    Shortcut(("Ctrl+I",), "Instructor panel (simulator)", WINDOW, "instructor"),
    Shortcut(("Ctrl+U",), "People: sign in, sign out, change of person", WINDOW, "people"),
    Shortcut(("Ctrl+Shift+L",), "Lock, and unlock again", WINDOW, "lock"),
    Shortcut(("Ctrl+Shift+C",), "Certificates", WINDOW, "certificates"),
    Shortcut(("Ctrl+Shift+U",), "Accounts", WINDOW, "accounts"),
    Shortcut(("Ctrl+Shift+E",), "Exports", WINDOW, "exports"),
    Shortcut(("Ctrl+Shift+K",), "Connections", WINDOW, "comms"),
    Shortcut(("Alt+Y", "Alt+N"), "Hand over control of an area that is asked for, or keep it", WINDOW),
    Shortcut(("Ctrl+N",), "Another window", WINDOW, "new_window", FLEET),
    Shortcut(("Ctrl+W",), "Close this window", WINDOW, "close_window", FLEET),
    Shortcut(("Ctrl+Q",), "Close all windows", WINDOW, "close_all", FLEET),
    Shortcut(("F11",), "Full screen and back", WINDOW, "full_screen", FLEET),
    Shortcut(("Ctrl+Shift+T",), "Light or dark", WINDOW, "theme", FLEET),
    Shortcut(("Ctrl++", "Ctrl+="), "Larger texts", WINDOW, "larger", FLEET),
    Shortcut(("Ctrl+-",), "Smaller texts", WINDOW, "smaller", FLEET),
    Shortcut(("Ctrl+0",), "Texts of the usual size", WINDOW, "usual_size", FLEET),
    Shortcut(("Ctrl+Alt+Shift+Q",), "Leave the kiosk", WINDOW, "leave_kiosk", FLEET),
    Shortcut(("?",), "This sheet", WINDOW, "keys"),
    Shortcut(("Esc",), "Back to live; else close what was opened last", WINDOW, "escape"),
)  # fmt: skip


def bind(window: QWidget, actions: Mapping[str, Callable[[], object]], owner: str = PAGE) -> None:
    """Bind every key of the table that an owner acts on; KeyError when it does not know one of the actions."""
    for shortcut in SHORTCUTS:
        if shortcut.action and shortcut.owner == owner:
            for key in shortcut.keys:
                QShortcut(QKeySequence(key), window, actions[shortcut.action])


def bind_favourites(window: QWidget, go: Callable[[int], object], pin: Callable[[int], object]) -> None:
    """F1 to F12 open, with Ctrl they pin the display in view."""
    for number in KEYS:
        QShortcut(QKeySequence(f"F{number}"), window, lambda n=number: go(n))
        QShortcut(QKeySequence(f"Ctrl+F{number}"), window, lambda n=number: pin(n))
