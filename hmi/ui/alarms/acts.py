"""Everything an operator may do with alarms, asked for in one place: from a list, a faceplate, a display or a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QWidget

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.dialogs import NoteCard, ReasonCard, ShelveCard, Shelving
from hmi.ui.closing import OneQuestion
from hmi.ui.station import Station
from hmi.ui.theme import Theme

TITLES: Final = {
    "ACK": "Acknowledge", "SHELVE": "Shelve…", "UNSHELVE": "Unshelve", "RESET": "Reset", "COMMENT": "Comment…",
    "OOS": "Out of service…", "RTS": "Return to service", "NOTE": "Note…",
}  # fmt: skip
KEYS: Final = {
    "ACK": "A", "SHELVE": "V", "UNSHELVE": "U", "RESET": "R", "COMMENT": "C", "OOS": "O", "RTS": "O", "NOTE": "N",
}  # fmt: skip
_DEEDS: Final = {"OOS": "out_of_service", "RTS": "out_of_service", "NOTE": "note", "COMMENT": "comment"}
_NOTHING: Final = {
    "ACK": "It is acknowledged already.", "SHELVE": "It is hidden already.", "UNSHELVE": "It is not shelved.",
    "RESET": "It has no latch, or is not acknowledged yet.", "OOS": "It is out of service already.",
    "RTS": "It is not out of service.", "COMMENT": "", "NOTE": "",
}  # fmt: skip
_CHOOSE: Final = "Choose an alarm first."


def takes(act: str, row: AlarmInfo) -> bool:
    """Whether an act makes sense for an alarm in this state; the runtime decides."""
    if act == "ACK":
        return is_unacked(row)
    if act == "SHELVE":
        return row.state not in {"SHLVD", "DSUPR", "OOSRV"}
    if act == "OOS":
        return row.state != "OOSRV"
    wanted = {"UNSHELVE": "SHLVD", "RESET": "LATCH-ACKED", "RTS": "OOSRV"}
    return act not in wanted or row.state == wanted[act]


class AlarmActs(OneQuestion):
    """Asks the runtime, which decides; its events change the lists, never a click.

    ``refused`` carries sentences, [] when something new is asked; ``said`` one sentence about what was done.
    """

    refused = Signal(list)
    said = Signal(str)
    done = Signal()

    def __init__(self, theme: Theme, station: Station, window: QWidget, area: Callable[[], QRect]) -> None:
        """``area`` is the room of the window that a question may cover."""
        super().__init__(window)
        self._theme, self._station, self._window, self._area = theme, station, window, area

    # what may be done

    def why_not(self, act: str, rows: Sequence[AlarmInfo]) -> str:
        """Why an act cannot be asked for now, in one sentence; empty when it can."""
        if not rows:
            return tr(_CHOOSE)
        for row in rows:
            if self._station.status_of(row.tag_name) is None or not self._station.hears(row.area):
                return tr("The runtime does not answer.")
            if why := self._station.rights.why_not(_DEEDS.get(act, "acknowledge"), row.area):
                return why
        able = [row for row in rows if takes(act, row)]
        if not able:
            return tr(_NOTHING[act])
        if act == "SHELVE":
            whys = [self._no_right_to_shelve(row) for row in able]
            return whys[0] if all(whys) else ""
        return ""

    def may(self, act: str, row: AlarmInfo) -> bool:
        """Whether the person at the station has the right to it; the alarm itself may still object."""
        return not self._station.rights.why_not(_DEEDS.get(act, "acknowledge"), row.area)

    def no_right(self, area: str = "") -> str:
        """Why nothing in an area (anywhere, without one) can be acknowledged; empty when something can."""
        rights = self._station.rights
        return rights.why_not("acknowledge", area) if area else rights.why_nowhere("acknowledge")

    def _no_right_to_shelve(self, row: AlarmInfo) -> str:
        """Priority 1 takes more than the right to acknowledge."""
        return self._station.rights.why_not("shelve_first", row.area) if row.priority == 1 else ""

    # what is done

    def do(self, act: str, rows: Sequence[AlarmInfo]) -> None:
        """Carry out an act on those that it makes sense for; asks for a reason where one is needed."""
        if act == "OOS" and rows and all(row.state == "OOSRV" for row in rows):
            act = "RTS"  # one key goes there and back
        self.refused.emit([])
        if why := self.why_not(act, rows):
            self.refused.emit([why])
            return
        able = [row for row in rows if takes(act, row)]
        if act == "ACK":
            self.acknowledge([row.occurrence_id for row in able])
        elif act == "SHELVE":
            self._ask_how_to_shelve(able)
        elif act == "OOS":
            card = ReasonCard(self._theme, self._window, self._area, able)
            self.open_question(card, lambda given: self._ask("OOS", able, reason=given[0], comment=given[1]))
        elif act == "COMMENT":
            card = NoteCard(self._theme, self._window, self._area, tr("Comment"), _names(able))
            self.open_question(card, lambda text: self._ask("COMMENT", able, comment=text))
        elif act == "NOTE":
            self.note(able[0].tag_id or able[0].alarm_id, able[0].tag_name)
        else:
            self._ask(act, able)

    def acknowledge(self, occurrence_ids: list[str]) -> None:
        """These occurrences and no later ones."""
        if occurrence_ids:
            self.refused.emit([])
            self._station.link.ask(
                lambda client: client.acknowledge(occurrence_ids),
                owner=self, done=self._answered, failed=self._failed,
            )  # fmt: skip

    def acknowledge_area(self, area: str, rows: Sequence[AlarmInfo]) -> None:
        """All of an area that are listed now; the caller shows them."""
        inside = [row for row in rows if is_unacked(row)]
        if why := self.why_not("ACK", inside):
            self.refused.emit([f"{area}: {why}" if area else why])
            return
        self.acknowledge([row.occurrence_id for row in inside])

    def silence(self, area: str = "") -> None:
        """Stop the sound; nothing is acknowledged by that. A lost runtime cannot be asked: its tone stops here."""
        if self._station.sounds is not None:
            self._station.sounds.silence_lost()
        self._station.link.ask(
            lambda client: client.silence(area),
            owner=self,
            done=lambda _: self._silenced(),
            failed=self._failed,
        )

    def _silenced(self) -> None:
        self.said.emit(tr("Sound stopped. Nothing is acknowledged; the next alarm sounds again."))

    def note(self, object_id: str, name: str) -> None:
        """A note on any object, for the log and the next shift."""
        self.refused.emit([])
        if why := self.why_no_note(name):
            self.refused.emit([why])
            return
        card = NoteCard(self._theme, self._window, self._area, tr("Note"), name)
        self.open_question(card, lambda text: self._send_note(object_id, name, text))

    def why_no_note(self, name: str) -> str:
        """Why no note can be written on a tag or instance of this name; empty when one can."""
        catalogue = self._station.catalogue
        found = catalogue.tags.get(name) or catalogue.instances.get(name)
        rights = self._station.rights
        return rights.why_not("note", found.area) if found is not None else rights.why_nowhere("note")

    def _send_note(self, object_id: str, name: str, text: str) -> None:
        self._station.link.ask(
            lambda client: client.note(object_id, text), owner=self,
            done=lambda _: self.said.emit(tr("The note on {name} is kept.", name=name)), failed=self._failed,
        )  # fmt: skip

    def _ask_how_to_shelve(self, rows: list[AlarmInfo]) -> None:
        able = [row for row in rows if not self._no_right_to_shelve(row)]
        left = len(rows) - len(able)
        card = ShelveCard(self._theme, self._window, self._area, able, self._station)
        if left:
            self.refused.emit([tr("{n} of priority 1 are left out: they need the right to tune.", n=left)])
        self.open_question(card, lambda given: self._shelve(able, given))

    def _shelve(self, rows: list[AlarmInfo], given: Shelving) -> None:
        self._ask(
            "SHELVE", rows, seconds=given.seconds, one_shot=given.one_shot, reason=given.reason,
            comment=given.comment,
        )  # fmt: skip

    def _ask(
        self,
        act: str,
        rows: Sequence[AlarmInfo],
        *,
        seconds: float = 0,
        one_shot: bool = False,
        reason: str = "",
        comment: str = "",
    ) -> None:
        ids = [row.alarm_id for row in rows]
        self._station.link.ask(
            lambda client: client.act_on_alarms(
                act, ids, seconds=seconds, one_shot=one_shot, reason=reason, comment=comment
            ),
            owner=self, done=self._answered, failed=self._failed,
        )  # fmt: skip

    def _answered(self, problems: list[str]) -> None:
        if problems:
            self.refused.emit(list(problems))
        self.done.emit()

    def _failed(self, sentence: str) -> None:
        self.refused.emit([sentence])

    # questions


def _names(rows: Sequence[AlarmInfo]) -> str:
    if len(rows) == 1:
        return f"{rows[0].tag_name}: {rows[0].message}"
    return tr("{n} alarms", n=len(rows))
