"""A test of one point: read it from its device now and see what came; writing is a command like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.comms import PointTest
from hmi.client.port import TagInfo
from hmi.core import quality
from hmi.core.texts import tr
from hmi.ui.comms.marks import draw_state
from hmi.ui.comms.words import facts_of_test, ms_words
from hmi.ui.rows import draw_cut
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

MOST: Final = 500


def found_tags(tags: Sequence[TagInfo], wanted: str) -> list[TagInfo]:
    """Those with every word in name or description, at most ``MOST``."""
    words = wanted.lower().split()
    found = (tag for tag in tags if all(word in f"{tag.name} {tag.description}".lower() for word in words))
    return [tag for tag, _ in zip(found, range(MOST), strict=False)]


class PointPanel(QWidget):
    """``readAsked`` and ``writeAsked`` carry the name of a tag; a write opens the command entry of that tag."""

    readAsked = Signal(str)
    writeAsked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._plain = theme.plain
        self.zone: tzinfo = UTC
        self._tags: Sequence[TagInfo] = ()
        self._waiting = ""
        self.field = Field(theme, tr("Point: a part of its name or description"))
        self.list = ChoiceList[TagInfo](
            theme, 46, self._paint, spoken=lambda tag: f"{tag.name}: {tag.description}", key=lambda tag: tag.id,
            name=tr("Points of the connection"),
        )  # fmt: skip
        self.read = FlatButton(theme, tr("Read now"), self.ask, strong=True)
        self.write = FlatButton(theme, tr("Write…"), self._ask_write)
        self.empty = Text(
            theme, tr("Choose a point and read it."), font="title", color="text.label", wrap=True
        )
        self.sheet = FactSheet(theme, draw_state, "unit.up", tr("What the device said"))
        self._lay_out()
        self.field.textChanged.connect(lambda _: self._find())
        self.field.entered.connect(lambda _: self.ask())
        self.list.turned.connect(self._enable)
        self.list.asked.connect(lambda _: self.ask())
        self.show_test(None)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(16)
        left, right, bar = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(self.field)
        left.addWidget(self.list, 1)
        bar.addWidget(self.read)
        bar.addWidget(self.write)
        bar.addStretch(1)
        left.addLayout(bar)
        right.addWidget(self.empty)
        right.addWidget(self.sheet, 1)
        row.addLayout(left, 2)
        row.addLayout(right, 3)

    def set_tags(self, tags: Sequence[TagInfo]) -> None:
        """The points of another connection or plant."""
        if list(tags) != list(self._tags):
            self._tags = tags
            self.show_test(None)
            self._find()

    def _find(self) -> None:
        self.list.set_rows(found_tags(self._tags, self.field.text()))
        self._enable()

    def ask(self) -> None:
        """Read the chosen point; one question at a time."""
        tag = self.list.current
        if tag is not None and not self._waiting:
            self._waiting = tag.name
            self._enable()
            self.readAsked.emit(tag.name)

    def _ask_write(self) -> None:
        if (tag := self.list.current) is not None:
            self.writeAsked.emit(tag.name)

    def show_test(self, one: PointTest | None) -> None:
        """What came; None takes an older one away."""
        self._waiting = ""
        self.sheet.setVisible(one is not None)
        self.empty.setVisible(one is None)
        self.empty.set_text(tr("Choose a point and read it."))
        if one is not None:
            state = (
                "unit.silent" if one.fault else "unit.up" if not quality.is_bad(one.status) else "unit.missed"
            )
            words = tr("No value") if one.value is None else tr("Read in {ms}", ms=ms_words(one.took_ms))
            self.sheet.set_head(state, one.tag, words, one.fault)
            self.sheet.set_facts(list(facts_of_test(one, self.zone)))
        self._enable()

    def say(self, problem: str) -> None:
        """Why there is no test; an older one would be taken for it."""
        self.show_test(None)
        self.empty.set_text(problem)

    def _enable(self) -> None:
        tag = self.list.current
        none = "" if tag is not None else tr("No point is chosen.")
        waiting = tr("The device is asked.") if self._waiting else ""
        self.read.set_enabled(not (none or waiting), none or waiting)
        fixed = tr("The point takes no commands.") if tag is not None and not tag.writable else ""
        self.write.set_enabled(not (none or fixed), none or fixed)

    def _paint(self, painter: QPainter, box: QRect, number: int) -> None:
        tag, theme, room = self.list.rows[number], self._plain, box.width() - 24
        draw_cut(painter, theme, "text.word", "text", QPointF(12, 19), tag.name, room)
        draw_cut(painter, theme, "text.label", "text.secondary", QPointF(12, 37), tag.description, room)
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)
