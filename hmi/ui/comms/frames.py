"""Messages on the wire of the chosen connection: switched on for a minute, paused, filtered, copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.comms import FRAMES_MOST_S, FrameInfo, Frames
from hmi.core.texts import tr
from hmi.ui.comms.words import frame_line, frame_text, is_bad_frame, matches
from hmi.ui.sheets.columns import Column
from hmi.ui.sheets.grid import TextGrid
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

KEPT: Final = 2_000
COLUMNS: Final = (
    Column("at", "Time", 17),
    Column("direction", "Way", 8, 700),
    Column("unit", "Unit", 5, 620),
    Column("what", "Function", 24),
    Column("where", "Addresses", 16, 520),
    Column("size", "Length", 8, 820, True),
    Column("took", "Took", 9, 0, True),
    Column("result", "Result", 28),
)  # fmt: skip


class FramesPanel(QWidget):
    """``switchAsked``: keep frames for so many seconds, 0 ends it. ``wantsRaw``: the bytes are shown."""

    switchAsked = Signal(float)
    said = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.zone: tzinfo = UTC
        self._kept: deque[FrameInfo] = deque(maxlen=KEPT)
        self._name, self._left_s, self._why_not, self.newest = "", 0.0, "", 0
        self._paused: tuple[FrameInfo, ...] = ()
        self._is_current, self._lacks_bytes = False, False
        self.switch = FlatButton(theme, "", self._ask, strong=True)
        self.pause = self._turning(theme, tr("Pause"))
        self.bytes = self._turning(theme, tr("Bytes"))
        self.copy = FlatButton(theme, tr("Copy"), self.copy_shown)
        self.filter = Field(theme, tr("Filter: unit, function, address, result"))
        self.note = Text(theme, font="text.label", color="text.label")
        self.raw = Text(theme, font="text", wrap=True)
        self.raw.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.raw.setMinimumWidth(1)
        self.grid = TextGrid[FrameInfo](
            theme, COLUMNS, text=lambda row, key: frame_text(row, key, self.zone), key=lambda row: row.number,
            name=tr("Messages on the wire"), strong=lambda row, key: key == "result" and is_bad_frame(row),
        )  # fmt: skip
        self._lay_out()
        self.filter.textChanged.connect(lambda _: self._show())
        self.pause.toggled.connect(self._hold)
        self.bytes.toggled.connect(self._turn_bytes)
        self.grid.list.turned.connect(self._show_raw)
        self._enable()

    def _turning(self, theme: Theme, words: str) -> FlatButton:
        button = FlatButton(theme, words)
        button.setCheckable(True)
        return button

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 6, 12, 0)
        bar.setSpacing(6)
        for widget in (self.switch, self.pause, self.bytes, self.copy):
            bar.addWidget(widget)
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.note, 1)
        column.addLayout(bar)
        column.addWidget(self.grid, 1)
        self.raw.setContentsMargins(12, 0, 12, 6)
        column.addWidget(self.raw)

    # what is shown

    def turn_to(self, name: str) -> None:
        """Another connection: nothing of the one before stays."""
        if name != self._name:
            self._name = name
            self.forget()

    def forget(self) -> None:
        """What is here belongs to another connection or another person."""
        self.newest, self._left_s, self._is_current, self._lacks_bytes = 0, 0.0, False, False
        self._kept.clear()
        self._paused = ()
        self._show()

    def set_current(self, *, is_current: bool) -> None:
        """Whether the runtime tells how it is now; whether it records is not known without that."""
        if is_current != self._is_current:
            self._is_current = is_current
            self._enable()

    @property
    def after(self) -> int:
        """The frames after this number are wanted; all of them again where their bytes are lacking."""
        return 0 if self._lacks_bytes and self.wants_raw else self.newest

    def _turn_bytes(self) -> None:
        self._lacks_bytes = self._lacks_bytes or bool(self._kept)
        self._show_raw()

    def _hold(self, is_paused: bool) -> None:
        """The list stands still as it is now; a filter looks through what stands."""
        self._paused = tuple(self._kept) if is_paused else ()
        self._show()

    @property
    def wants_raw(self) -> bool:
        return self.bytes.isChecked()

    def take(self, name: str, found: Frames, *, raw: bool = False) -> None:
        """What came since ``newest``; numbers that begin anew are another runtime's. ``raw``: asked with the bytes."""
        if name != self._name or self._why_not:
            return
        if found.newest < self.newest:
            self._kept.clear()
            self.newest = 0
        self._left_s, self._is_current = found.left_s, True
        if raw and self._lacks_bytes:
            self._add_bytes(found.frames)
        self._lacks_bytes = self._lacks_bytes or (not raw and bool(found.frames))
        new = [frame for frame in found.frames if frame.number > self.newest]
        if new:
            self.newest = new[-1].number
            self._kept.extend(new)
        if new and not self.pause.isChecked():
            self._show()
        self._enable()

    def _add_bytes(self, frames: Sequence[FrameInfo]) -> None:
        """The same frames once more, now with their bytes."""
        known = {frame.number: frame for frame in frames}
        self._kept = deque((known.get(one.number, one) for one in self._kept), maxlen=KEPT)
        self._paused = tuple(known.get(one.number, one) for one in self._paused)
        self._lacks_bytes = False
        self._show()

    @property
    def shown(self) -> Sequence[FrameInfo]:
        return self.grid.list.rows

    def _show(self) -> None:
        """Newest first; what is paused stands still."""
        wanted, kept = self.filter.text(), self._paused if self.pause.isChecked() else self._kept
        found = [frame for frame in reversed(kept) if matches(frame, wanted)]
        is_at_newest = self.grid.list.chosen <= 0
        self.grid.set_rows(found, tr("No message fits the filter.") if kept else tr("No messages yet."))
        if is_at_newest:
            self.grid.list.choose(0)  # who looks at the newest one goes on doing so
        self._show_raw()
        self._enable()

    def _show_raw(self) -> None:
        one = self.grid.list.current
        text = ""
        if self.bytes.isChecked() and one is not None:
            none = (
                "The bytes are asked for." if self._lacks_bytes else "The bytes of this message are not kept."
            )
            text = one.raw or tr(none)
        self.raw.set_text(text)
        self.raw.setVisible(bool(text))

    def copy_shown(self) -> None:
        """What is shown, in the order of time, into the clipboard."""
        rows = list(reversed(self.shown))
        QGuiApplication.clipboard().setText("\n".join(frame_line(row, self.zone) for row in rows))
        self.said.emit(tr("{n} messages are in the clipboard.", n=f"{len(rows):,}"))

    # switching

    def allow(self, why_not: str) -> None:
        """Why the person may not switch it on, nor see what was kept; empty when they may."""
        self._why_not = why_not
        if why_not:
            self.forget()
        self._enable()

    def _ask(self) -> None:
        self.switchAsked.emit(0.0 if self._records else FRAMES_MOST_S)

    @property
    def _records(self) -> bool:
        return self._is_current and self._left_s > 0

    def _enable(self) -> None:
        words = tr("Stop") if self._records else tr("Record for {s} s", s=f"{FRAMES_MOST_S:g}")
        if self.switch.text() != words:
            self.switch.setText(words)
            self.switch.setAccessibleName(words)
            self.switch.updateGeometry()
        why = self._why_not or ("" if self._name else tr("No connection is chosen."))
        self.switch.set_enabled(not why, why)
        self.copy.set_enabled(bool(self.shown), tr("There is nothing to copy."))
        self.note.set_text(self._note())

    def _note(self) -> str:
        if self._why_not:
            return self._why_not
        state = tr("recording, {s} s left", s=f"{self._left_s:.0f}") if self._records else tr("not recording")
        if not self._is_current:
            state = tr("whether it records is not known")
        paused = tr(", shown as of the pause") if self.pause.isChecked() else ""
        return tr("{n} messages, {state}{paused}", n=f"{len(self._kept):,}", state=state, paused=paused)
