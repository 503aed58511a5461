"""A page that asks the runtime while it is in view, and one that asks back before something is done."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import tzinfo
from typing import Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.port import RuntimeClient
from hmi.core.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.ui.asking import AskPanel
from hmi.ui.pages import Pages
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

PATIENCE_NS: Final = 3 * NS_PER_S
"""Without an answer for so long beyond its period what is shown is no longer how it is now."""
Question = Callable[[RuntimeClient], Awaitable[Any]]


class AskingPage(Panel):
    """Puts ``_question`` once every ``period_ms``; ``_take`` gets the answer, ``_failed`` one sentence.

    ``said``: one sentence for the person. A page lays itself out below ``outer``, which begins with its title bar.
    """

    said = Signal(str)

    def __init__(
        self, theme: Theme, station: Station, title: str, period_ms: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent, fill="background")
        self._theme, self._station = theme, station
        self._asking, self._asked_ns, self._period_ns = False, 0, period_ms * NS_PER_MS
        self._told_ns = 0
        self._pages: Pages | None = None
        self.count = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(12, 10, 12, 12)
        self.outer.setSpacing(8)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(4)
        self.bar.addWidget(Text(theme, title, font="heading", fit=True))
        self.bar.addSpacing(12)
        self.bar.addWidget(self.count, 1)
        self.bar.addWidget(self.problem, 2)
        self.bar.addWidget(FlatButton(theme, tr("Back to display"), self.toggle))
        self.outer.addLayout(self.bar)
        self._timer = QTimer(self)
        self._timer.setInterval(period_ms)
        self._timer.timeout.connect(self._turn)

    def join(self, pages: Pages, say: Callable[[str], object]) -> None:
        """Put the page into a window."""
        self._pages = pages
        pages.add(self, self._first)
        self.said.connect(say)

    def toggle(self) -> None:
        """To the page, and from it back to the display."""
        if self._pages is not None:
            self._pages.toggle(self)

    # what a page fills in

    @abstractmethod
    def _first(self) -> QWidget:
        """The part that has the keys when the page opens."""
        raise NotImplementedError

    @abstractmethod
    def _question(self, client: RuntimeClient) -> Awaitable[Any]:
        """What is asked."""
        raise NotImplementedError

    @abstractmethod
    def _take(self, found: Any) -> None:
        """Show an answer."""
        raise NotImplementedError

    def _failed(self, why: str) -> None:
        """No answer: what was told before says nothing of how it is now."""
        self.problem.set_text(tr("Not current: {why}", why=why))

    # asking

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._told_ns and monotonic_ns() - self._told_ns > self._period_ns:
            self._failed(tr("the runtime is asked"))  # it was told before the page went out of view
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _turn(self) -> None:
        late_ns = monotonic_ns() - self._asked_ns - self._period_ns
        if self._asking and late_ns > PATIENCE_NS:
            self._failed(tr("the runtime has not answered for {s} s", s=f"{late_ns / NS_PER_S:.0f}"))
        self.ask()

    def ask(self) -> None:
        """One question at a time."""
        if self._asking:
            return
        self._asking, self._asked_ns = True, monotonic_ns()
        self._station.link.ask(self._question, owner=self, done=self._answered, failed=self._unanswered)

    def _answered(self, found: Any) -> None:
        self._asking, self._told_ns = False, monotonic_ns()
        self._take(found)

    def _unanswered(self, why: str) -> None:
        self._asking = False
        self._failed(why)

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant is not None else "UTC")


class DecidingPage(AskingPage):
    """Shows ``details`` and, before something is done, the step ``confirm`` in their place (``side``).

    What is decided is sent once; the step stays in view until the runtime has answered.
    """

    def __init__(
        self, theme: Theme, station: Station, title: str, period_ms: int, details: QWidget, confirm: AskPanel,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(theme, station, title, period_ms, parent)
        self._sent = False
        self._details, self._confirm, self.side = details, confirm, QStackedWidget()
        for card in (details, confirm):
            self.side.addWidget(card)
        confirm.cancelled.connect(self.give_up)

    @property
    def is_asking(self) -> bool:
        """The confirm step is in view."""
        return self.side.currentWidget() is self._confirm

    def hideEvent(self, event: QHideEvent) -> None:
        """What was half decided is not decided."""
        super().hideEvent(event)
        self._forget()

    def _forget(self) -> None:
        """Another person, fewer rights or another page: an open question belonged to the person before."""
        if not self._sent:
            self._back_to_details()

    def _show_step(self) -> None:
        self.side.setCurrentWidget(self._confirm)

    def give_up(self) -> None:
        """Back to the details; nothing was decided."""
        if not self._sent:
            self._back_to_details()
            self._list().setFocus()

    def _back_to_details(self) -> None:
        self.side.setCurrentWidget(self._details)

    @abstractmethod
    def _list(self) -> QWidget:
        """What has the keys without a question."""
        raise NotImplementedError

    def _send_once(self, verb: Question, done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        self._sent = True

        def settled(next_step: Callable[[Any], None], found: Any) -> None:
            self._sent = False
            next_step(found)

        self._station.link.ask(
            verb, owner=self, done=lambda found: settled(done, found), failed=lambda why: settled(failed, why)
        )

    def _end_step(self, text: str) -> None:
        """It was done: say so and look again."""
        self._back_to_details()
        self._list().setFocus()
        self.said.emit(text)
        self.ask()
