"""The page that shows one display: builds its scene, feeds it, and judges its age."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.core.history import HistoryPage
from hmi.core.quality import BAD_NO_COMMUNICATION, BAD_WAITING_FOR_INITIAL_DATA, CODE_MASK
from hmi.mimics import Scene, load_display, shipped_definitions
from hmi.ui.mimic.view import MimicView
from hmi.ui.station import Station
from hmi.ui.theme import Theme

_UNSETTLED = frozenset((BAD_NO_COMMUNICATION, BAD_WAITING_FOR_INITIAL_DATA))


class MimicPage(QWidget):
    """One mimic view wired to the station; ``open`` changes the display."""

    def __init__(self, theme: Theme, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._station = station
        self.view = MimicView(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._tags: frozenset[str] = frozenset()
        self._history: dict[str, int] = {}
        self.name = ""
        station.valuesChanged.connect(self._take)
        station.judged.connect(self._judge)
        station.alarmsChanged.connect(lambda: self.view.set_alarms(station.tag_alarms))

    def open(self, name: str) -> bool:
        """Show the display of that name; False when the plant has none."""
        plant = self._station.plant
        info = next((d for d in plant.displays if d.name == name), None) if plant else None
        if info is None:
            return False
        scene = Scene(load_display(info.document, shipped_definitions()), self._station.catalogue)
        self.name = name
        self._tags = frozenset(scene.tags)
        known = {tag: data for tag, data in self._station.values.items() if tag in self._tags}
        scene.apply(known, self._station.now())
        scene.set_alarms(self._station.tag_alarms)
        self.view.set_scene(scene)
        self._judge()
        self._station.want(self, scene.tags)
        self._history = dict(scene.history_wants())
        self._ask_history()
        return True

    def _ask_history(self) -> None:
        """As soon as the runtime has told its time."""
        scene = self.view.scene
        if scene is None or not self._station.now():
            return
        for tag, span in self._history.items():
            self._station.read_history(tag, span, owner=self, done=self._backfill_for(scene, tag))
        self._history = {}

    def _backfill_for(self, scene: Scene, tag: str) -> Callable[[HistoryPage], None]:
        def take(page: HistoryPage) -> None:
            if self.view.scene is scene:
                self.view.backfill(tag, page.samples, self._station.now())

        return take

    def _take(self, changed: dict[str, object]) -> None:
        own = {tag: data for tag, data in changed.items() if tag in self._tags}
        if own:
            self.view.apply(own, self._station.now())  # type: ignore[arg-type]

    def _judge(self) -> None:
        if self._history:
            self._ask_history()
        self.view.judge(self._station.mailbox.fresh, self._station.now())

    @property
    def is_settled(self) -> bool:
        """True when, beyond that, nothing in view still waits for its first value or its link."""
        scene = self.view.scene
        return (
            self.is_complete
            and scene is not None
            and not any(data.status & CODE_MASK in _UNSETTLED for data in scene.values.values())
        )

    @property
    def is_complete(self) -> bool:
        """True when every tag in view has a value or an explicit mark from the runtime."""
        scene = self.view.scene
        return scene is not None and all(tag in scene.values for tag in scene.tags)
