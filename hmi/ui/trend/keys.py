"""Every key of a trend in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent

from hmi.ui.trend.bar import RANGES_S

if TYPE_CHECKING:
    from hmi.ui.trend.panel import TrendPanel

Act = Callable[["TrendPanel"], object]
_PLAIN: Final = Qt.KeyboardModifier.NoModifier
_SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
_CTRL: Final = Qt.KeyboardModifier.ControlModifier
_CLOSER, _FURTHER = 0.7, 1 / 0.7
Key = Qt.Key


def _menu(name: str) -> Act:
    return lambda panel: panel.acts.open_menu(name, panel.mapToGlobal(QPoint(panel.width() // 3, 44)))


_ACTS: Final[dict[tuple[int, Qt.KeyboardModifier], Act]] = {
    (Key.Key_Space, _PLAIN): lambda panel: panel.toggle_live(),
    (Key.Key_L, _PLAIN): lambda panel: panel.toggle_live(),
    (Key.Key_Left, _PLAIN): lambda panel: panel.move_cursor(-1),
    (Key.Key_Right, _PLAIN): lambda panel: panel.move_cursor(1),
    (Key.Key_Left, _SHIFT): lambda panel: panel.move_cursor(-1, second=True),
    (Key.Key_Right, _SHIFT): lambda panel: panel.move_cursor(1, second=True),
    (Key.Key_Left, _CTRL): lambda panel: panel.pan(-0.1),
    (Key.Key_Right, _CTRL): lambda panel: panel.pan(0.1),
    (Key.Key_PageUp, _PLAIN): lambda panel: panel.pan(-1.0),
    (Key.Key_PageDown, _PLAIN): lambda panel: panel.pan(1.0),
    (Key.Key_Up, _PLAIN): lambda panel: panel.choose(-1),
    (Key.Key_Down, _PLAIN): lambda panel: panel.choose(1),
    (Key.Key_Plus, _PLAIN): lambda panel: panel.zoom(_CLOSER),
    (Key.Key_Minus, _PLAIN): lambda panel: panel.zoom(_FURTHER),
    (Key.Key_Backspace, _PLAIN): lambda panel: panel.turn(-1),
    (Key.Key_Backspace, _SHIFT): lambda panel: panel.turn(1),
    (Key.Key_C, _PLAIN): lambda panel: panel.toggle_second_cursor(),
    (Key.Key_X, _PLAIN): lambda panel: panel.model.set_cursors(None, None),
    (Key.Key_H, _PLAIN): lambda panel: panel.toggle_pen(panel.model.pen),
    (Key.Key_Delete, _PLAIN): lambda panel: (
        panel.model.pen is not None and panel.model.remove(panel.model.pen)
    ),
    (Key.Key_B, _PLAIN): lambda panel: panel.toggle_stacked(),
    (Key.Key_M, _PLAIN): lambda panel: panel.toggle_markers(),
    (Key.Key_0, _PLAIN): lambda panel: panel.scale_all(),
    (Key.Key_F, _PLAIN): lambda panel: panel.toggle_full(),
    (Key.Key_N, _PLAIN): lambda panel: panel.acts.ask_remark(),
    (Key.Key_J, _PLAIN): lambda panel: panel.acts.ask_range(),
    (Key.Key_G, _PLAIN): _menu("groups"),
    (Key.Key_E, _PLAIN): _menu("export"),
    (Key.Key_V, _PLAIN): _menu("compare"),
    (Key.Key_Menu, _PLAIN): _menu("more"),
    (Key.Key_F10, _SHIFT): _menu("more"),
}
for _number, (_span, _) in enumerate(RANGES_S):
    _ACTS[Key.Key_1 + _number, _PLAIN] = lambda panel, span=_span: panel.set_span(span)


def act_of(event: QKeyEvent) -> Act | None:
    """What a key does in a trend; None for one that is nobody's."""
    keys = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.key() in {Key.Key_Plus, Key.Key_Minus, Key.Key_Equal}:
        keys &= ~_SHIFT  # the sign stands above another one on many keyboards
    key = Key.Key_Plus if event.key() == Key.Key_Equal else event.key()
    return _ACTS.get((key, keys))
