"""The page that shows one display: builds its scene, feeds it, and judges its age."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from hmi.core.quality import BAD_NO_COMMUNICATION, BAD_WAITING_FOR_INITIAL_DATA, CODE_MASK
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import (
    Display,
    Samples,
    Scene,
    display_of_address,
    display_weight,
    load_display,
    shipped_definitions,
)
from hmi.ui.controls.watch import ControlWatch
from hmi.ui.crossing import crossing
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.view import MimicView
from hmi.ui.station import Station
from hmi.ui.theme import Theme

_UNSETTLED = frozenset((BAD_NO_COMMUNICATION, BAD_WAITING_FOR_INITIAL_DATA))


SMALL = 2_000  # elements: fewer are read within the turn of the event loop that asks for them


class MimicPage(QWidget):
    """One mimic view wired to the station; ``open`` changes the display. ``name`` is the address in view.

    ``shown`` comes when the scene of the display is there: at once, or later for a large one.
    """

    shown = Signal()

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._station = station
        self.view = MimicView(theme)
        self.controls = ControlWatch(station, self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._tags: frozenset[str] = frozenset()
        self._history: dict[str, int] = {}
        self.name = ""
        self._turn = 0
        self._one_at_a_time = Lock()
        self._preparing = QLabel(tr("Preparing the display …"), self)
        self._preparing.setTextFormat(Qt.TextFormat.PlainText)
        self._preparing.move(24, 24)
        self._preparing.hide()
        station.valuesChanged.connect(self._take)
        station.judged.connect(self._judge)
        station.images.arrived.connect(self.view.set_images)
        self.view.pastAsked.connect(self._past_asked)
        station.alarmsChanged.connect(self._alarms_changed)
        station.clock.landed.connect(self._landed)

    def open(self, address: str) -> bool:
        """Show the display of that name, with the arguments in its address; False when the plant has none.

        A large display is read beside the Qt thread: until it is there the page is empty and says so.
        """
        name, arguments = display_of_address(address)
        catalogue = self._station.catalogue
        source = catalogue.displays.get(name) if self._station.plant else None
        if source is None:
            return False
        self.name = address
        self._turn += 1

        def read() -> Display:
            return load_display(
                source.document, shipped_definitions(), file=source.file, names=catalogue, arguments=arguments
            )

        def build(values: Mapping[str, DataValue], now_ns: int) -> Scene:
            display = self._station.displays.display(address, source.document, catalogue, read)
            return Scene(display, catalogue, values, now_ns)

        if display_weight(source.document, catalogue) <= SMALL:
            self._show(build(self._station.values, self._station.now()))
        else:
            self._prepare(build, self._turn)
        return True

    def _prepare(self, build: Callable[[Mapping[str, DataValue], int], Scene], turn: int) -> None:
        """Nothing of the display before may be taken for this one meanwhile."""
        self._tags, self._history = frozenset(), {}
        self.view.set_scene(None)
        self._station.want(self, self.controls.show(None))
        self._preparing.show()

        def work() -> tuple[Scene, Hits] | None:
            with self._one_at_a_time:
                if turn != self._turn:
                    return None
                scene = build({}, 0)  # what is known is read on the Qt thread, when the scene is shown
                return scene, Hits.of(scene.elements).prepare()

        crossing().beside("display", self, work, lambda made: self._take_prepared(turn, made))

    def _take_prepared(self, turn: int, made: tuple[Scene, Hits] | None) -> None:
        if made is not None and turn == self._turn:
            self._show(*made)

    def _show(self, scene: Scene, hits: Hits | None = None) -> None:
        self._preparing.hide()
        self._tags = frozenset(scene.tags)
        if not scene.values:
            known = {tag: data for tag, data in self._station.values.items() if tag in self._tags}
            scene.apply(known, self._station.now())
        if self._station.clock.is_past:
            scene.show_past()
        scene.set_images(self._station.images.want(scene.image_names))
        if self._station.has_alarms:
            scene.set_alarms(self._station.tag_alarms)
        self.view.set_scene(scene, hits)
        self._judge()
        self._station.want(self, (*scene.tags, *self.controls.show(scene)))
        self._history = dict(scene.history_wants())
        self._ask_history()
        self.shown.emit()

    def _ask_history(self) -> None:
        """As soon as the runtime has told its time."""
        scene = self.view.scene
        if scene is None or not self._station.now():
            return
        for tag, span in self._history.items():
            self._station.read_samples(tag, span, owner=self, done=self._backfill_for(scene, tag))
        self._history = {}

    def _alarms_changed(self) -> None:
        self.view.set_alarms(self._station.tag_alarms)

    def _past_asked(self) -> None:
        """Another span was chosen on the display: its past is read again."""
        if (scene := self.view.scene) is not None:
            self._history = dict(scene.history_wants())
            self._ask_history()

    def _landed(self) -> None:
        """At another time: curves begin anew with the past of that time."""
        scene = self.view.scene
        if scene is not None and any(True for _ in scene.history_wants()):
            self.open(self.name)

    def _backfill_for(self, scene: Scene, tag: str) -> Callable[[Samples], None]:
        def take(samples: Samples) -> None:
            if self.view.scene is scene:
                self.view.backfill(tag, samples, self._station.now())

        return take

    def _take(self, changed: dict[str, object]) -> None:
        own = {tag: data for tag, data in changed.items() if tag in self._tags}
        if own:
            self.view.apply(own, self._station.now())  # type: ignore[arg-type]

    def _judge(self) -> None:
        if self._history:
            self._ask_history()
        self._ask_images()
        self.view.judge(self._station.looks_fresh, self._station.now(), hears=self._station.hears)

    def _ask_images(self) -> None:
        """A picture that did not arrive, because the link was down, is asked for again."""
        scene = self.view.scene
        missing = [name for name in scene.image_names if name not in scene.images] if scene else []
        if missing and self._station.mailbox.alive:
            self._station.images.want(missing)

    @property
    def is_settled(self) -> bool:
        """True when, beyond that, nothing in view still waits for its first value or its link."""
        scene = self.view.scene
        return (
            self.is_complete
            and scene is not None
            and all(name in scene.images for name in scene.image_names)
            and not any(data.status & CODE_MASK in _UNSETTLED for data in scene.values.values())
        )

    @property
    def is_complete(self) -> bool:
        """True when every tag in view has a value or an explicit mark from the runtime."""
        scene = self.view.scene
        return scene is not None and all(tag in scene.values for tag in scene.tags)
