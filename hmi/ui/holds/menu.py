"""What can be put on an object or a tag, as entries of a menu; what may not be asked for stays and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from hmi.core.holds import AreaControl
from hmi.core.texts import tr
from hmi.mimics import is_pulse
from hmi.ui.holds.acts import HoldActs
from hmi.ui.holds.control import control_over, is_ours
from hmi.ui.holds.words import position_words
from hmi.ui.station import Station
from hmi.ui.widgets import plain

MOST = 6


def add_entry(menu: QMenu, words: str, why: str, do: Callable[[], object]) -> None:
    menu.setToolTipsVisible(True)
    action = QAction(words, menu)
    action.setEnabled(not why)
    action.setToolTip(plain(why))
    action.triggered.connect(lambda _=False: do())
    menu.addAction(action)


def add_object_holds(menu: QMenu, acts: HoldActs, station: Station, target: str, tags: Sequence[str]) -> None:
    """A control tag on the object, and a manual value for each tag that is meant."""
    known = station.catalogue
    info = known.tags.get(target)
    name = info.instance if info is not None and info.instance in known.instances else target
    menu.addSeparator()
    add_entry(menu, tr("Place tag…"), acts.rights.why_no_tag(name), lambda: acts.place_tag(name))
    add_manual_values(menu, acts, station, tags)


def add_manual_values(menu: QMenu, acts: HoldActs, station: Station, tags: Sequence[str]) -> None:
    infos = [info for tag in tags if (info := station.catalogue.tags.get(tag)) is not None]
    infos = [info for info in infos if not is_pulse(info)][:MOST]
    for info in infos:
        why = acts.rights.why_no_override(info)
        words = tr("Manual value…")
        if len(infos) > 1:
            words = tr("Manual value of {name}…", name=info.description or info.signal or info.name)
        if info.manual:
            words = tr("Enter a value…")
        add_entry(menu, words, why, lambda info=info: acts.override(info))
        if (own := station.holds.override_of(info.id)) is not None:
            ended = tr("End the manual value of {name}…", name=info.signal or info.name)
            add_entry(menu, ended, why, lambda own=own: acts.end_override(own))


def add_area_control(menu: QMenu, acts: HoldActs, station: Station, area: str) -> None:
    """Claim, ask, take and release an area."""
    control = control_over(station, area)
    for words, why, do in area_entries(acts, station, area, control):
        add_entry(menu, words, why, do)


def area_entries(
    acts: HoldActs, station: Station, area: str, control: AreaControl | None
) -> list[tuple[str, str, Callable[[], object]]]:
    """Words, why not, and what is done."""
    why, title = acts.rights.why_no_claim(area), station.rights.title_of(area)
    if control is None:
        return [(tr("Take control of {area}", area=title), why, lambda: acts.claim(area))]
    if is_ours(station, control):
        held = station.rights.title_of(control.area)
        return [(tr("Release {area}", area=held), why, lambda: acts.release(control.area))]
    asked = tr("It is asked for already.") if control.asked_by else ""
    forced = acts.rights.why_no_claim(area, force=True)
    holder = position_words(control)
    return [
        (tr("Ask for control"), why or asked, lambda: acts.claim(area)),
        (tr("Take control without an answer…"), forced, lambda: acts.force(area, holder)),
    ]
