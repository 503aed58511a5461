"""The log and the hand-over of a window: their pages, and where their lines lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QPoint

from hmi.client.alarms import AlarmInfo, Handover, HandoverItem
from hmi.core.texts import tr
from hmi.ui.alarms.acts import AlarmActs
from hmi.ui.alarms.page import AlarmPage
from hmi.ui.files import FileDesk
from hmi.ui.handover.page import HandoverPage
from hmi.ui.handover.words import handover_csv, handover_html, note_text
from hmi.ui.log.export import log_csv
from hmi.ui.log.page import LogPage
from hmi.ui.log.words import Record, object_text, target_of
from hmi.ui.pages import Pages
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.target_menu import target_menu
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.travel import Travel


class LogbookWindow(Protocol):
    """What is needed of the window."""

    @property
    def stack(self) -> Pages: ...
    @property
    def travel(self) -> Travel: ...
    @property
    def acts(self) -> AlarmActs: ...
    @property
    def alarm_page(self) -> AlarmPage: ...


class Logbook(QObject):
    """Both pages and their ways; ``say`` tells one sentence."""

    def __init__(self, theme: Theme, station: Station, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._station = theme, station
        self.log = LogPage(theme, station, settings)
        self.handover = HandoverPage(theme, station)
        self.files = FileDesk(station, self)

    def join(self, window: LogbookWindow, say: Callable[[str], object]) -> None:
        """Put the pages into a window."""
        self._window, self._say = window, say
        log, handover = self.log, self.handover
        window.stack.add(log, lambda: log.rows)
        window.stack.add(handover, lambda: handover.rows)
        log.closeAsked.connect(self.toggle_log)
        log.handoverAsked.connect(self.toggle_handover)
        log.wayAsked.connect(self._go)
        log.noteAsked.connect(self._note)
        log.menuAsked.connect(self._menu)
        log.exportAsked.connect(self._export_log)
        handover.closeAsked.connect(self.toggle_handover)
        handover.logAsked.connect(self.toggle_log)
        handover.chosen.connect(self._go_item)
        handover.handOver.connect(self._hand_over)
        handover.exportAsked.connect(self._export_handover)
        self.files.said.connect(say)
        window.acts.done.connect(self.handover.ask)
        self._station.rights.changed.connect(self._judge_note)
        self._judge_note()

    def _judge_note(self) -> None:
        why = self._station.rights.why_nowhere("note")
        self.log.note.set_enabled(not why, why)

    def toggle_log(self) -> None:
        """The log, and back."""
        self._window.stack.toggle(self.log)

    def toggle_handover(self) -> None:
        """The hand-over, and back."""
        self._window.stack.toggle(self.handover)

    # where a line leads to

    def name_of(self, object_id: str) -> str:
        """The name of a tag or instance by its id; empty when the plant has none."""
        catalogue = self._station.catalogue
        for known in (catalogue.tags, catalogue.instances):
            for name, one in known.items():
                if one.id == object_id:
                    return name
        row = self._standing(object_id)
        return row.tag_name if row is not None else ""

    def _standing(self, alarm_id: str) -> AlarmInfo | None:
        """The alarm in the active list."""
        return next((row for row in self._station.alarms.values() if row.alarm_id == alarm_id), None)

    def _place_of(self, record: Record) -> tuple[str, str]:
        """Target and display of a record's object; both empty when no display shows it."""
        object_id, said = str(record.get("object_id", "")), target_of(record)
        catalogue = self._station.catalogue
        target = self.name_of(object_id)
        if not target and (said in catalogue.tags or said in catalogue.instances):
            target = said
        plant = self._station.plant
        shown = [one.name for one in plant.displays if one.id == object_id] if plant else []
        return target, shown[0] if shown else self._window.travel.address_of(target) if target else ""

    def _go(self, way: str, record: Record) -> None:
        if way == "alarm":
            self._show_alarm(str(record.get("object_id", "")))
            return
        target, display = self._place_of(record)
        self._lead(target, display, faceplate=way == "object")

    def _lead(self, target: str, display: str, *, faceplate: bool) -> None:
        travel = self._window.travel
        if target and faceplate:
            travel.lead_to(target, display)
        elif display:
            travel.open(display)
        else:
            self._say(tr("No display shows the object of this line."))

    def _show_alarm(self, alarm_id: str) -> None:
        row = self._standing(alarm_id)
        if row is None:
            self._say(tr("This alarm does not stand in the active list now; the log has all that it did."))
            return
        window = self._window
        if window.stack.current is not window.alarm_page:
            window.stack.toggle(window.alarm_page)
        window.alarm_page.show_alarm(row)

    def _go_item(self, item: HandoverItem) -> None:
        catalogue = self._station.catalogue
        is_named = item.name in catalogue.tags or item.name in catalogue.instances
        target = self.name_of(item.object_id) or (item.name if is_named else "")
        self._lead(
            target, item.display or (self._window.travel.address_of(target) if target else ""), faceplate=True
        )

    def _menu(self, record: Record, at: QPoint) -> None:
        log = self.log
        menu = target_menu(log, [
            (tr("Display and faceplate"), lambda: log.go("object", record)),
            (tr("Record in full"), log.show_full),
            (tr("Display"), lambda: log.go("display", record)),
            (tr("Alarm details"), (lambda: log.go("alarm", record)) if record.get("kind") == "alarm" else None),
            (tr("Only this object"), (lambda: log.go("only", record)) if record.get("object_id") else None),
            (tr("Note…"), (lambda: log.go("note", record)) if record.get("object_id") else None),
        ])  # fmt: skip
        menu.popup(at)

    # what is written

    def _note(self, record: Record | None) -> None:
        """On the object of the record that is chosen, else on the plant."""
        plant = self._station.plant
        object_id = str(record.get("object_id", "")) if record is not None else ""
        if object_id and record is not None:
            self._window.acts.note(object_id, self.name_of(object_id) or object_text(record))
        elif plant is not None:
            self._window.acts.note(plant.id, plant.title)

    def _hand_over(self, told: Handover) -> None:
        """Once for a press: the button waits for the answer."""
        plant = self._station.plant
        if plant is None:
            return
        if why := self._window.acts.why_no_note(plant.title):
            self._say(why)
            return
        text = note_text(told, zone_of(plant.zone))
        self.handover.set_kept(False)
        self._station.link.ask(
            lambda client: client.note(plant.id, text), owner=self,
            done=lambda _: self._handed_over(tr("Handed over. The counts are kept in the log.")),
            failed=lambda why: self._handed_over(tr("Not handed over: {why}", why=why)),
        )  # fmt: skip

    def _handed_over(self, sentence: str) -> None:
        self.handover.set_kept(True)
        self.handover.ask()
        self._say(sentence)

    def _export_log(self, records: list[Record]) -> None:
        zone = zone_of(self._station.plant.zone if self._station.plant else "UTC")
        self.files.write("log", self._station.now(), zone, "csv", lambda: log_csv(records, zone))

    def _export_handover(self, ending: str, told: Handover) -> None:
        plant = self._station.plant
        title, zone = (plant.title, zone_of(plant.zone)) if plant else ("", zone_of("UTC"))
        make = (
            (lambda: handover_html(told, title, zone))
            if ending == "html"
            else lambda: handover_csv(told, zone)
        )
        self.files.write("handover", told.until, zone, ending, make)
