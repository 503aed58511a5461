"""Takes what is done to the controls of a display to the road of commands; one question of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QWidget

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.mimics import Grip, Inputs, choices, pressed_value, track
from hmi.ui.commands.road import Outcome
from hmi.ui.commands.steps import Proposal
from hmi.ui.controls.card import ControlCard, number_words
from hmi.ui.faceplate.placement import place
from hmi.ui.labels import short_tag
from hmi.ui.mimic_page import MimicPage
from hmi.ui.station import Station
from hmi.ui.theme import Theme

if TYPE_CHECKING:
    from hmi.ui.window import StationWindow


class ControlDesk(QObject):
    """Opens the card of a control beside it, inside the working area and never over the control."""

    def __init__(self, theme: Theme, station: Station, window: StationWindow, page: MimicPage) -> None:
        super().__init__(window)
        self._theme, self._station, self._window, self._page = theme, station, window, page
        self._view, self._watch = page.view, page.controls
        self.card: ControlCard | None = None
        self._index = -1
        self._sent: dict[str, int] = {}  # tags under way from here, and the control that asked
        self._view.activated.connect(self.activate)
        self._view.gripped.connect(self._gripped)
        self._view.lookedElsewhere.connect(self._look)
        page.shown.connect(self.close)
        station.judged.connect(self._look)
        station.commands.turned.connect(self._turned)

    # what the operator does

    def activate(self, index: int) -> None:
        """A control was clicked, or chosen with Enter or Space."""
        inputs = self._inputs(index)
        info = self._usable(inputs)
        if inputs is None or info is None:
            return
        if self.card is not None and self._index == index:
            self.card.raise_()
            self.card.start()
        elif inputs.element.definition is not None and inputs.element.definition.control == "value":
            self._press(index, inputs, info)
        else:
            self._open(index, inputs, info).start()

    def _press(self, index: int, inputs: Inputs, info: TagInfo) -> None:
        """A routine command goes at once, any other one is asked about."""
        value, road = pressed_value(inputs), self._station.commands
        if value is None:
            self._say(info.name, tr("It cannot be said what a press would send."))
            return
        proposal = road.propose(info.name, value)
        if not proposal.is_routine or inputs.get("confirm") == "always":
            self._open(index, inputs, info).dialogue.ask(proposal)
        elif why := road.send(proposal):
            self._say(info.name, why)
        else:
            self._sent[info.name] = index

    def _gripped(self, index: int, grip: Grip, released: bool) -> None:
        inputs = self._inputs(index)
        info = self._usable(inputs, told=released)
        if inputs is None or info is None:
            if inputs is not None and released:
                self._forget_drag(inputs.written_tag)
            return
        if grip.kind == "choice":
            self._choose_state(index, inputs, info, int(grip.amount))
        else:
            self._choose_number(index, inputs, info, grip, released)

    def _choose_state(self, index: int, inputs: Inputs, info: TagInfo, number: int) -> None:
        found = choices(info)
        if number >= len(found):
            return
        if self._station.reading(info.name).data.value == found[number].value:
            self._say(info.name, tr("It is {state} already.", state=found[number].text))
            return
        self._open(index, inputs, info).ask(found[number].value, found[number].text)

    def _choose_number(self, index: int, inputs: Inputs, info: TagInfo, grip: Grip, released: bool) -> None:
        """A drag or a step moves the mark of the chosen value; only when it is let go is it asked about."""
        own, reading = track(inputs), self._station.reading(info.name)
        chosen = self._watch.target(info.name)
        now = chosen if chosen is not None else reading.number
        if own is None or now is None:
            return
        target = own.at(grip.amount) if grip.kind == "share" else own.moved(now, grip.amount)
        self._watch.ask(info.name, number_words(target, info), target)
        if released:
            self._open(index, inputs, info).choose(target)

    def _inputs(self, index: int) -> Inputs | None:
        scene = self._view.scene
        return scene.inputs[index] if scene is not None and 0 <= index < len(scene.inputs) else None

    def _usable(self, inputs: Inputs | None, *, told: bool = True) -> TagInfo | None:
        """The tag of a control that may act now; one that may not says why."""
        if inputs is None or inputs.element.definition is None:
            return None
        info = self._station.catalogue.tags.get(inputs.written_tag)
        why = "" if info is not None and info.writable else inputs.control.blocked
        why = why or self._station.commands.why(inputs.written_tag)
        if not why and inputs.element.definition.control == "track" and track(inputs) is None:
            why = tr("This slider has no range to move in.")
        if why and told:
            self._say(inputs.written_tag, why)
        return None if why else info

    def _say(self, tag: str, why: str) -> None:
        self._station.notice.emit(f"{short_tag(tag)}: {why}" if tag else why)

    # the card

    def _open(self, index: int, inputs: Inputs, info: TagInfo) -> ControlCard:
        """The card of this control, made when it is not open yet."""
        if self.card is not None and self._index == index:
            return self.card
        self._remove()
        definition = inputs.element.definition
        kind = definition.control if definition is not None else "value"
        own = track(inputs) if kind == "track" else None
        card = ControlCard(self._theme, self._station, info, kind, self._window, track=own)
        self.card, self._index = card, index
        card.closeAsked.connect(self.close)
        card.grown.connect(lambda: QTimer.singleShot(0, card, self._keep))
        card.dialogue.asked.connect(self._asked)
        card.dialogue.closed.connect(self._dropped)
        card.dialogue.ended.connect(self._ended)
        self._keep()
        card.show()
        card.raise_()
        return card

    def _asked(self, proposal: Proposal) -> None:
        self._watch.ask(proposal.info.name, proposal.new, proposal.number)

    def _dropped(self) -> None:
        """Sent or taken back: nothing is chosen any more."""
        if self.card is not None:
            self._watch.forget(self.card.info.name)
            if self._station.commands.pending(self.card.info.name) is not None:
                self._sent[self.card.info.name] = self._index
            self.card.target = None
            self.card.setFocus()

    def _ended(self, outcome: Outcome) -> None:
        """What was confirmed is told by the control itself; anything else stays until it is read."""
        if outcome.is_confirmed:
            self.close()

    def _turned(self, tag: str) -> None:
        """What was sent from here and needs words at its end finds them, also when its card was closed meanwhile."""
        outcome = self._station.commands.outcome(tag)
        if outcome is None or tag not in self._sent:
            return
        index = self._sent.pop(tag)
        if outcome.is_confirmed or (self.card is not None and self.card.info.name == tag):
            return
        inputs = self._inputs(index)
        if inputs is not None and inputs.written_tag == tag and self._view.isVisible() and self.card is None:
            self._open(index, inputs, outcome.proposal.info).dialogue.tell(outcome)
        else:
            self._say(tag, f"{outcome.proposal.words}: {outcome.text}")

    def _keep(self) -> None:
        """Beside its control after it grew; where it stands is kept while that is free."""
        if self.card is None or self._view.scene is None:
            return
        self.card.fit(self._window.working_area().height())
        self._place()

    def _place(self) -> None:
        if self.card is None or self._view.scene is None:
            return
        area = self._window.working_area()
        at = self._view.place_of(self._index)
        box = QRect(self._window.mapFromGlobal(at.topLeft()), at.size())
        now = self.card.geometry()
        if self.card.isVisible() and area.contains(now) and not now.intersects(box):
            return
        taken = [card.geometry() for card in self._window.desk.cards]
        self.card.move(place(box, self.card.size(), area, taken).topLeft())

    def _look(self) -> None:
        """A control out of view: its question is over. One that moved with the window keeps its card beside it."""
        if self.card is None:
            return
        if not self._view.isVisible() or not self._view.is_in_view(self._index):
            self.close()
        elif self.card.height() > self._window.working_area().height():
            self._keep()
        else:
            self._place()

    def cancel(self) -> bool:
        """What Esc does: a drag, else the question, else the card; True when there was one."""
        if self._view.let_go():
            for tag in self._watch.chosen:
                self._forget_drag(tag)
            return True
        if self.card is None:
            return False
        if self.card.dialogue.confirm is not None and self.card.kind != "value":
            self.card.dialogue.drop()
            self.card.start()
        else:
            self.close()
        return True

    def _forget_drag(self, tag: str) -> None:
        """A drag that came to nothing; what an open question asks for stays."""
        asks = self.card is not None and self.card.dialogue.confirm is not None and self.card.info.name == tag
        if not asks:
            self._watch.forget(tag)

    def close(self) -> None:
        """Nothing that was not confirmed is sent."""
        self._remove()

    def _remove(self) -> None:
        card, self.card, self._index = self.card, None, -1
        if card is None:
            return
        self._watch.forget(card.info.name)
        focused = card.isAncestorOf(QWidget.focusWidget(self._window) or self._window)
        card.close_card()
        if focused or card.hasFocus():
            self._view.setFocus()
