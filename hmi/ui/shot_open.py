"""Opens what a picture of the window is to show beside its display: a panel, a page, faceplates."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRect

from hmi.core.instants import instant
from hmi.core.openings import Opening, asked_of, trend_of
from hmi.ui.faceplate.content import content_of
from hmi.ui.holds.examples import hold_examples
from hmi.ui.times import zone_of
from hmi.ui.window import StationWindow


def open_all(window: StationWindow, openings: Iterable[Opening]) -> None:
    """In the order given; names that the plant does not know were refused before."""
    alone: dict[str, Callable[[], object]] = {
        "figures": window.toggle_figures,
        "certificates": window.certificates.toggle,
        "accounts": window.accounts.toggle,
        "exports": window.exports.toggle,
        "comms": window.comms.toggle,
        "handover": window.logbook.toggle_handover,
        "people": window.people.open,
        "areas": lambda: window.overlays.toggle(window.overlays.areas),
    }
    for opening in openings:
        if opening.kind in alone:
            alone[opening.kind]()
        else:
            _open(window, opening)


def _open(window: StationWindow, opening: Opening) -> None:
    """What is shown of something."""
    overlays = window.overlays
    match opening.kind:
        case "alarms":
            window.toggle_alarms()
            window.alarm_page.table.show_top()
        case "log":
            window.logbook.toggle_log()
            window.logbook.log.search.setText(opening.name)
        case "find":
            overlays.toggle(overlays.find)
            overlays.find.field.setText(opening.name)
        case "why":
            overlays.show_why(opening.name)
        case "points":
            window.toggle_points()
            window.points_page.choose_state(opening.name)
        case "trend":
            window.open_trend(*trend_of(opening.name))
            window.trends[-1].toggle_full()
        case "past":
            travel_to(window, opening.name)
        case "ask":
            _ask(window, *asked_of(opening.name))
        case "held":
            hold_examples(window.station, window.holds.acts, opening.name)
            window.open_faceplate(opening.name, _place_of(window, opening.name))
        case _:
            window.open_faceplate(opening.name, _place_of(window, opening.name))


def _ask(window: StationWindow, tag: str, number: float) -> None:
    """The question about a command on the faceplate of its object; nothing is sent."""
    road, info = window.station.commands, window.station.catalogue.tags[tag]
    target = info.instance or tag
    window.open_faceplate(target, _place_of(window, target))
    value = bool(number) if info.type == "bool" else number
    for card in window.desk.cards:
        if tag in card.content.commands:
            card.commands.dialogue.ask(road.propose(tag, value))


def travel_to(window: StationWindow, text: str) -> None:
    """To a time as ``hmi.core.instants`` reads it."""
    clock, plant = window.station.clock, window.station.plant
    clock.go_to(instant(text, clock.live_now(), zone_of(plant.zone if plant is not None else "UTC")))


def _place_of(window: StationWindow, target: str) -> QRect:
    """Where the display shows an object, or a value of it, on the screen; its middle when it does not show it."""
    view, catalogue = window.mimic.view, window.station.catalogue
    wanted, scene = content_of(target, catalogue), view.scene
    if wanted is not None and scene is not None:
        for index in range(len(scene.elements)):
            found = content_of(scene.target(index), catalogue)
            if found is not None and found.name == wanted.name:
                return view.place_of(index)
    middle = view.mapToGlobal(view.rect().center())
    return QRect(middle.x(), middle.y(), 1, 1)
