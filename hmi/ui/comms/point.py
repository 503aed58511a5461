"""A test of one point: read it from its device now and see what came; writing is a command like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from itertools import islice
from typing import Final

from PySide6.QtCore import QPointF, QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.comms import PointTest
from hmi.client.port import TagInfo
from hmi.core import quality
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.ui.comms.marks import draw_state
from hmi.ui.comms.words import facts_of_test, ms_words
from hmi.ui.rows import draw_cut
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.theme import Theme
from hmi.ui.times import duration
from hmi.ui.widgets import Field, FlatButton, Text

MOST: Final = 500
FRESH_NS: Final = 10 * NS_PER_S
"""What was read longer ago is no longer said to be how it is now."""


def found_tags(tags: Sequence[TagInfo], wanted: str) -> list[TagInfo]:
    """Those with every word in name or description, at most ``MOST``."""
    return _found(tags, [_text_of(tag) for tag in tags], wanted)


def _text_of(tag: TagInfo) -> str:
    return f"{tag.name} {tag.description}".lower()


def _found(tags: Sequence[TagInfo], texts: Sequence[str], wanted: str) -> list[TagInfo]:
    words = wanted.lower().split()
    found = (tag for tag, text in zip(tags, texts, strict=True) if all(word in text for word in words))
    return list(islice(found, MOST))


class PointPanel(QWidget):
    """``readAsked`` and ``writeAsked`` carry the name of a tag; a write opens the command entry of that tag."""

    readAsked = Signal(str)
    writeAsked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._plain = theme.plain
        self.zone: tzinfo = UTC
        self._tags: Sequence[TagInfo] = ()
        self._texts: Sequence[str] = ()
        self._waiting = ""
        self._test: PointTest | None = None
        self._came_ns, self._is_current = 0, True
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
        self.list.turned.connect(self._turned)
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
            self._tags, self._texts = tags, [_text_of(tag) for tag in tags]
            self.show_test(None)
            self._find()

    def set_current(self, *, is_current: bool) -> None:
        """Called again and again: what was read is marked as past once it is old, or when nothing more is told."""
        self._is_current = is_current
        self._show_head()

    def _find(self) -> None:
        self.list.set_rows(_found(self._tags, self._texts, self.field.text()))
        self._turned()

    def _turned(self) -> None:
        """Of another point than the chosen one nothing stays in view."""
        tag = self.list.current
        if self._test is not None and (tag is None or tag.name != self._test.tag):
            self._test = None
            self._show()
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

    def take(self, tag: str, one: PointTest | None, problem: str = "") -> None:
        """The answer to ``readAsked``, or why there is none; nobody waits for that of a point no longer chosen."""
        if tag != self._waiting:
            return
        chosen = self.list.current
        if chosen is None or chosen.name != tag:
            self._waiting = ""
            self._enable()
            return
        self.show_test(one)
        if problem:
            self.empty.set_text(problem)

    def show_test(self, one: PointTest | None) -> None:
        """What came; None takes an older one away."""
        self._waiting = ""
        self._test, self._came_ns = one, monotonic_ns()
        self._show()
        self._enable()

    def _show(self) -> None:
        one = self._test
        self.sheet.setVisible(one is not None)
        self.empty.setVisible(one is None)
        self.empty.set_text(tr("Choose a point and read it."))
        if one is not None:
            self._show_head()
            self.sheet.set_facts(list(facts_of_test(one, self.zone)))

    def _show_head(self) -> None:
        one = self._test
        if one is None:
            return
        age_ns = monotonic_ns() - self._came_ns
        state = "unit.silent" if one.fault else "unit.up" if not quality.is_bad(one.status) else "unit.missed"
        words = tr("No value") if one.value is None else tr("Read in {ms}", ms=ms_words(one.took_ms))
        if age_ns > FRESH_NS or not self._is_current:
            state = "unknown"
            words = tr("Read {time} ago; it says nothing of now", time=duration(age_ns / NS_PER_S))
        self.sheet.set_head(state, one.tag, words, one.fault)

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
