"""Moving about in one window: from display to display, back, up, and straight to an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QRect
from PySide6.QtWidgets import QStackedWidget

from hmi.client.port import AlarmInfo, PlantInfo
from hmi.core.principal import VIEWER
from hmi.core.texts import tr
from hmi.mimics import display_of_address
from hmi.ui.atlas import atlas_of
from hmi.ui.faceplate.desk import FaceplateDesk
from hmi.ui.favourites import Favourites
from hmi.ui.finder import element_for
from hmi.ui.header import Header
from hmi.ui.mimic_page import MimicPage
from hmi.ui.navigation import History
from hmi.ui.search.index import Entry
from hmi.ui.settings import Settings
from hmi.ui.station import Station
from hmi.ui.trail import Crumb, Ways


class TravelWindow(Protocol):
    """What moving about needs of the window."""

    station: Station
    header: Header
    mimic: MimicPage
    desk: FaceplateDesk

    @property
    def stack(self) -> QStackedWidget: ...

    def working_area(self) -> QRect: ...

    def open_faceplate(self, target: str, place: QRect) -> None: ...

    def open_trend(self, tags: list[str]) -> None: ...


class Travel(QObject):
    """Owns the history, the favourites and the map of the plant. ``moved`` is called with the address in view."""

    def __init__(self, window: TravelWindow, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._station = window, window.station
        self.settings = settings
        self.history = History()
        self.favourites = Favourites(settings, self)
        self.atlas = atlas_of(window.station)
        self.moved: Callable[[str], object] = str
        self._ways: Ways | None = None
        self._led_to: tuple[str, QRect] | None = None
        self.atlas.made.connect(self._atlas_made)
        header = window.header
        window.mimic.shown.connect(self._shown)
        header.back.clicked.connect(self.back)
        header.forward.clicked.connect(self.forward)
        header.up.clicked.connect(self.up)
        header.place.chosen.connect(self.open)

    # the plant

    def set_plant(self, plant: PlantInfo, wanted: str) -> None:
        """Another plant or revision: the display in view is built again; ``wanted`` is the first one to open."""
        self._ways = Ways(plant)
        self._window.header.set_trails(self._ways.trails() or [[Crumb("", "", 1)]])
        self.atlas.make(plant, self._station.catalogue)
        if self.atlas.is_ready():
            self._ways = self.atlas.atlas.ways
        self.favourites.set_plant(plant)
        self.know_user()
        name = self.history.current or wanted or plant.home
        if not self._show(name, renew=name == self._window.mimic.name):
            self._show(plant.displays[0].name if plant.displays else "")
        self.history.visit(self._window.mimic.name)
        self._tell_ways()

    def know_user(self) -> None:
        """Open the settings as soon as it is known whose they are."""
        plant, status = self._station.plant, self._station.status
        if plant is not None and status is not None:
            self.settings.open(plant.id, status.user or VIEWER.user)

    def title_of(self, address: str) -> str:
        return self._ways.title(address) if self._ways is not None and address else ""

    def _atlas_made(self) -> None:
        """Links are known now: they tell the way up where areas do not."""
        self._ways = self.atlas.atlas.ways
        self._tell_place()
        self._tell_ways()

    # from display to display

    def open(self, address: str) -> None:
        """Go to a display and remember it."""
        self._go(address, None)

    def _go(self, address: str, led_to: tuple[str, QRect] | None) -> None:
        self._led_to = led_to
        if self._show(address):
            self.history.visit(address)
            self._tell_ways()

    def _show(self, address: str, *, renew: bool = False) -> bool:
        """``renew``: the display in view is built again, and what is open on it stays."""
        window = self._window
        if renew:
            window.desk.renew()
        else:
            window.desk.display_left()
        if not window.mimic.open(address):
            if address:
                self._station.notice.emit(tr("There is no display {name}.", name=address))
            return False
        window.stack.setCurrentWidget(window.mimic)
        focus = window.header.window().focusWidget()
        if focus is not None and window.header.isAncestorOf(focus):
            window.mimic.view.setFocus()  # who chose a display goes on with it
        self._tell_place()
        return True

    def back(self) -> None:
        if self.history.can_back:
            self._led_to = None
            self._show(self.history.back())
            self._tell_ways()

    def forward(self) -> None:
        if self.history.can_forward:
            self._led_to = None
            self._show(self.history.forward())
            self._tell_ways()

    def up(self) -> None:
        """To the display one level up; there is none above the highest."""
        if self._ways is not None and (address := self._ways.up(self._window.mimic.name)):
            self.open(address)

    def open_favourite(self, number: int) -> None:
        if address := self.favourites.address(number):
            self.open(address)
        else:
            words = tr("F{n} opens nothing yet: Ctrl+F{n} pins the display in view.", n=number)
            self._station.notice.emit(words)

    def pin_favourite(self, number: int) -> None:
        address = self._window.mimic.name
        pinned = self.favourites.pin(number, address)
        words = "F{n} opens {title} from now on." if pinned else "F{n} is no longer pinned to {title}."
        self._station.notice.emit(tr(words, n=number, title=self.title_of(address)))

    # what the title bar says

    def _shown(self) -> None:
        """The scene of the display in view is there."""
        self._tell_place()
        self._point_out()

    def _tell_place(self) -> None:
        address, scene = self._window.mimic.name, self._window.mimic.view.scene
        if self._ways is None:
            return
        steps = self._ways.trail(address)
        if steps and scene is not None:
            steps[-1] = steps[-1]._replace(title=scene.display.title)
        self._window.header.place.set_trail(steps)
        self._window.header.tabs.set_active(display_of_address(address)[0], self._ways.area(address))
        self.moved(address)

    def area_of(self, address: str) -> str:
        """The path of the area of a display; empty for none."""
        return self._ways.area(address) if self._ways is not None else ""

    def _tell_ways(self) -> None:
        """Where back, forward and up lead to."""
        if self._ways is not None:
            self._window.header.set_ways(
                back=self.title_of(self.history.behind),
                forward=self.title_of(self.history.ahead),
                up=self.title_of(self._ways.up(self._window.mimic.name)),
            )

    # straight to an object

    def lead_to(self, target: str, display: str = "", place: QRect | None = None) -> None:
        """Show the display of a tag or instance, ring it there and open its faceplate.

        ``display`` is the address to use; without one the display in view stays if it shows the object.
        ``place`` is where the faceplate keeps clear of when no display shows the object.
        """
        scene = self._window.mimic.view.scene
        address = display
        if not address and (scene is None or element_for(scene, target) < 0):
            address = self.address_of(target)
        led_to = target, place or self._middle()
        self._window.stack.setCurrentWidget(self._window.mimic)
        if address and address != self._window.mimic.name:
            self._go(address, led_to)
        else:
            self._led_to = led_to
            self._point_out()

    def display_of_alarm(self, row: AlarmInfo) -> None:
        if address := row.display or self.address_of(row.tag_name):
            self.open(address)
        else:
            self._station.notice.emit(tr("No display shows {name}.", name=row.tag_name))

    def open_entry(self, entry: Entry) -> None:
        """Enter in the search."""
        if entry.kind == "display":
            self.open(entry.target)
        else:
            self.lead_to(entry.target)

    def trend_of_entry(self, entry: Entry) -> bool:
        """Ctrl+Enter in the search; False when nothing of it is recorded."""
        tags = self.tags_for_trend(entry.target) if entry.kind != "display" else []
        if tags:
            self._window.open_trend(tags)
        else:
            self._station.notice.emit(tr("{name} has no recorded values.", name=entry.title))
        return bool(tags)

    def address_of(self, target: str) -> str:
        """The display on which an object is found; empty for none."""
        where = self.atlas.atlas.where
        return where.address(target) if where is not None else ""

    def tags_for_trend(self, target: str) -> list[str]:
        """At most four: the tag itself, else the values of its faceplate that are recorded."""
        known = self._station.catalogue.tags
        if target in known and known[target].history:
            return [target]
        return [tag for tag in self._window.desk.tags_of(target) if known[tag].history][:4]

    def _middle(self) -> QRect:
        area = self._window.working_area()
        return QRect(self._window.mimic.mapToGlobal(area.center()), area.size() / 20)

    def _point_out(self) -> None:
        """What was led to, as soon as the display with it is there."""
        view = self._window.mimic.view
        if self._led_to is None or view.scene is None:
            return
        (target, place), self._led_to = self._led_to, None
        index = element_for(view.scene, target)
        view.point_out(index)
        self._window.open_faceplate(target, view.place_of(index) if index >= 0 else place)
