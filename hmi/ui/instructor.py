"""The instructor panel of a simulated plant: time, malfunctions, snapshots; through the runtime only."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Panel, Text

WIDTH, HEIGHT = 480, 560
SPEEDS = (1.0, 2.0, 5.0, 10.0)
ASK_MS = 2_000
SHOWN = 40


class InstructorPanel(Panel):
    """Shows what the simulator says; every button is a request."""

    closed = Signal()

    def __init__(self, theme: Theme, station: Station, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._station = station
        self._rows: dict[str, tuple[FlatButton, Text]] = {}
        self._frozen = False
        self._active: set[str] = set()
        self._titles: dict[str, str] = {}
        self.search = Field(theme, tr("Find a malfunction"))
        self.search.textChanged.connect(lambda _: self._show_rows())
        self.more = Text(theme, font="text.small", color="text.label")
        self.state = Text(theme, tr("Asking the simulator …"), font="text.label", color="text.secondary")
        self.run = FlatButton(theme, tr("Freeze"), self._freeze_or_run)
        self.step = FlatButton(theme, tr("Step 10 s"), lambda: self._ask("step", seconds=10))
        self.speeds = [self._speed(rate) for rate in SPEEDS]
        self.list = QVBoxLayout()
        self.snapshot = Field(theme, tr("Snapshot name"))
        self.take_snapshot = FlatButton(theme, tr("Take"), lambda: self._name("snapshot"))
        self.restore = FlatButton(theme, tr("Restore"), lambda: self._name("restore"))
        self._lay_out()
        station.rights.changed.connect(self._judge)
        self._judge()
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(lambda: self._ask("status"))
        self._timer.start()
        self._ask("status")

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(WIDTH), self.theme.px(HEIGHT))

    def _judge(self) -> None:
        """Without the right the simulation can be looked at."""
        why = self._station.rights.why_no_instructor()
        acting = [self.run, self.step, *self.speeds, self.take_snapshot, self.restore]
        for button in (*acting, *(button for button, _ in self._rows.values())):
            button.set_enabled(not why, why)

    def close_panel(self) -> None:
        self._timer.stop()
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def _speed(self, rate: float) -> FlatButton:
        button = FlatButton(self.theme, f"{rate:g}×", lambda: self._ask("speed", rate=rate))
        button.setCheckable(True)
        return button

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(self.theme, tr("Instructor"), font="title"), 1)
        head.addWidget(FlatButton(self.theme, tr("Close"), self.close_panel, quiet=True))
        column.addLayout(head)
        column.addWidget(self.state)
        first = QHBoxLayout()
        first.setSpacing(4)
        for button in (self.run, self.step):
            first.addWidget(button)
        first.addSpacing(8)
        for button in self.speeds:
            first.addWidget(button)
        first.addStretch(1)
        column.addLayout(first)
        find = QHBoxLayout()
        find.addWidget(Text(self.theme, tr("Malfunctions"), font="text.strong"), 2)
        find.addWidget(self.more, 1)
        find.addWidget(self.search, 3)
        column.addLayout(find)
        column.addWidget(self._scroll(), 1)
        column.addWidget(Text(self.theme, tr("Snapshots"), font="text.strong"))
        last = QHBoxLayout()
        last.addWidget(self.snapshot, 1)
        last.addWidget(self.take_snapshot)
        last.addWidget(self.restore)
        column.addLayout(last)

    def _scroll(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        palette = area.palette()
        palette.setColor(QPalette.ColorRole.Window, self.theme.color("panel"))
        area.setPalette(palette)
        inner = QWidget()
        self.list.setContentsMargins(0, 0, 8, 0)
        self.list.setSpacing(2)
        inner.setLayout(self.list)
        self.list.addStretch(1)
        area.setWidget(inner)
        return area

    def _ask(self, verb: str, **arguments: Any) -> None:
        self._station.simulator(verb, arguments, owner=self, done=self._take)

    def _freeze_or_run(self) -> None:
        self._ask("run" if self._frozen else "freeze")

    def _name(self, verb: str) -> None:
        name = self.snapshot.text().strip()
        if name:
            self._ask(verb, name=name)
        else:
            self._station.notice.emit(tr("Type the name of the snapshot first."))

    def _take(self, answer: dict[str, Any]) -> None:
        if not answer.get("ok", False):
            self._station.notice.emit(str(answer.get("error", tr("The simulator refused."))))
            return
        if "available" not in answer:
            self._ask("status")
            return
        self._frozen = bool(answer.get("frozen"))
        rate = float(answer.get("rate", 1.0))
        self.run.setText(tr("Run") if self._frozen else tr("Freeze"))
        words = tr("Frozen") if self._frozen else tr("Running at {rate}×", rate=f"{rate:g}")
        saved = ", ".join(map(str, answer.get("snapshots", ())))
        self.state.set_text(tr("{state}   snapshots: {names}", state=words, names=saved) if saved else words)
        for button, speed in zip(self.speeds, SPEEDS, strict=True):
            button.setChecked(not self._frozen and speed == rate)
        self._active = {
            str(m.get("id") if isinstance(m, dict) else m) for m in answer.get("malfunctions", ())
        }
        self._titles = {str(m["id"]): str(m.get("title", m["id"])) for m in answer.get("available", ())}
        self._show_rows()

    def _show_rows(self) -> None:
        """Active ones first, then what the search finds; at most ``SHOWN`` rows are built."""
        wanted = self.search.text().strip().casefold()
        found = [i for i, t in self._titles.items() if wanted in t.casefold() or i in self._active]
        found = sorted(found, key=lambda identity: identity not in self._active)[:SHOWN]
        if list(self._rows) != found:
            self._build_rows(found)
        for identity, (button, text) in self._rows.items():
            is_set = identity in self._active
            button.setChecked(is_set)
            button.setText(tr("Clear") if is_set else tr("Set"))
            text.set_role("text" if is_set else "text.secondary")
        self.more.set_text(tr("{shown} of {all}", shown=len(found), all=len(self._titles)))

    def _build_rows(self, identities: list[str]) -> None:
        for _button, text in self._rows.values():
            line = text.parentWidget()
            if line is not None:
                self.list.removeWidget(line)
                line.deleteLater()
        self._rows = {}
        for identity in identities:
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            text = Text(self.theme, self._titles[identity], font="text.label")
            button = FlatButton(self.theme, tr("Set"), lambda i=identity: self._toggle(i))
            button.setCheckable(True)
            row.addWidget(text, 1)
            row.addWidget(button)
            self.list.insertWidget(self.list.count() - 1, line)
            self._rows[identity] = (button, text)
        self._judge()

    def _toggle(self, identity: str) -> None:
        action = "clear" if identity in self._active else "set"
        self._ask("malfunction", id=identity, action=action, severity=1.0, ramp_s=0, delay_s=0)
