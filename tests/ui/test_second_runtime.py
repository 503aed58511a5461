"""A display bound to two runtimes: what one of them does never touches what is shown of the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import QRect
from shell_plant import Time, display, good, plant, values

from hmi.client.federation import Federation, FurtherRuntime
from hmi.client.port import ConnectionInfo, DisplayInfo
from hmi.testing.client import FakeClient, make_alarm
from hmi.ui.commands.steps import Given
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
FLOW, SOUTH_FLOW, SOUTH_LEVEL = "intake/fic1.pv", "south::intake/fic1.pv", "south::outlet/lt2.pv"
TWIN = ("intake/fic1.pv", SOUTH_FLOW, SOUTH_LEVEL, "west::outlet/lt2.pv")


@dataclass
class Desk:
    """A window on two runtimes that hold the same plant; each has a test's hand on it."""

    window: StationWindow
    station: Station
    home: FakeClient
    south: FakeClient
    time: Time

    @property
    def stale(self) -> frozenset[str]:
        return self.window.mimic.view.scene.stale  # type: ignore[union-attr]

    def pass_s(self, seconds: float) -> None:
        self.time.pass_s(seconds)

    def look(self) -> None:
        """What the station's timers do."""
        self.station.drain()
        self.station.judged.emit()
        self.window._tick()


def twin_display() -> DisplayInfo:
    """The home display, with an expression over both runtimes and equipment of the other one."""
    info = display("overview", level=1, tags=TWIN)
    sum_of_both = {"expr": f"'{FLOW}' + '{SOUTH_FLOW}'"}
    more: list[dict[str, Any]] = [
        {"id": "e_sum", "type": "text", "x": 100, "y": 400, "w": 200, "h": 20, "text": sum_of_both},
        {
            "id": "e_pump",
            "type": "pump",
            "x": 400,
            "y": 400,
            "w": 36,
            "h": 36,
            "instance": "south::intake/p1",
        },
    ]
    document = {**info.document, "elements": [*info.document["elements"], *more]}
    return msgspec.structs.replace(info, document=document)


@contextmanager
def open_two(qtbot: Any, *, theme: str = "light") -> Iterator[Desk]:
    clock = Time()
    boxes = {name: Mailbox(clock) for name in ("", "south")}
    made: dict[str, FakeClient] = {}
    home_plant = msgspec.structs.replace(plant(), displays=[twin_display(), *plant().displays[1:]])
    plants = {"": home_plant, "south": plant()}
    shown = {"": values(), "south": values() | {FLOW: good(77.0), "outlet/lt2.pv": good(3.5)}}

    def of(name: str) -> Any:
        def make(listener: Any) -> FakeClient:
            links = [ConnectionInfo("plc1", "modbus", "up", 0, "")]
            made[name] = FakeClient(listener, plants[name], shown[name], connections=links, clock=clock)
            return made[name]

        return make

    further = [FurtherRuntime("south", of("south"), boxes["south"])]
    link = Link(lambda listener: Federation(of(""), listener, further), boxes[""])
    station = Station(link, boxes[""], further={"south": boxes["south"]})
    window = StationWindow(Theme.load(theme), station)
    link.start()
    made["south"].beat = 5_000
    station.start()
    window.show()
    qtbot.waitUntil(lambda: SOUTH_LEVEL in station.values and FLOW in station.values)
    qtbot.waitUntil(lambda: station.status_of(SOUTH_FLOW) is not None and window.mimic.is_complete)
    try:
        yield Desk(window, station, made[""], made["south"], clock)
    finally:
        station.stop()
        window.desk.close_all()
        window.hide()
        link.close()
        window.deleteLater()


def test_one_display_shows_both_runtimes_side_by_side(qtbot) -> None:
    with open_two(qtbot) as desk:
        scene = desk.window.mimic.view.scene
        assert scene is not None
        assert (scene.values[FLOW].value, scene.values[SOUTH_FLOW].value) == (42.0, 77.0)
        assert scene.unknown_tags == ("west::outlet/lt2.pv",)
        texts = {element.id: look for element, look in zip(scene.elements, scene.looks, strict=True)}
        assert "119" in str(texts["e_sum"])
        assert "RUN" in str(texts["e_pump"])
        assert desk.stale == frozenset()


def test_HM_08_a_dead_second_runtime_makes_exactly_its_own_values_stale(qtbot) -> None:
    with open_two(qtbot) as desk:
        desk.south.lose_link("the runtime was silent for 2 s")
        for _ in range(5):
            desk.pass_s(0.5)
            desk.home.tick({FLOW: good(43.0)})
            desk.look()
        assert desk.stale == {tag for tag in desk.station.values if tag.startswith("south::")}
        assert {SOUTH_FLOW, SOUTH_LEVEL, "south::intake/p1.running"} <= desk.stale
        assert not desk.station.reading(FLOW).stale
        assert desk.station.reading(FLOW).data.value == 43.0
        assert desk.station.reading(SOUTH_FLOW).stale
        assert not desk.window.banner.isVisible()
        scene = desk.window.mimic.view.scene
        assert scene is not None
        looks = {element.id: look for element, look in zip(scene.elements, scene.looks, strict=True)}
        assert "dotted" not in str(looks["e_0"])
        assert "dotted" in str(looks["e_1"])
        qtbot.waitUntil(lambda: "south" in (desk.window._tick() or desk.window.header.health.word))
        assert desk.window.header.health.word == "south down"


def test_a_silent_home_runtime_leaves_the_other_one_live(qtbot) -> None:
    with open_two(qtbot) as desk:
        desk.home.lose_link()
        for _ in range(5):
            desk.pass_s(0.5)
            desk.south.tick({FLOW: good(78.0)})
            desk.look()
        assert desk.stale == {FLOW}
        assert desk.station.reading(SOUTH_FLOW).data.value == 78.0
        assert "home runtime" in desk.window.banner.text.full_text


def test_a_display_that_is_changed_keeps_both_subscriptions_apart(qtbot) -> None:
    with open_two(qtbot) as desk:
        desk.window.open_display("intake")
        qtbot.waitUntil(lambda: desk.south.tags == () and desk.home.tags == (FLOW,))
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: SOUTH_LEVEL.removeprefix("south::") in desk.south.tags)
        qtbot.waitUntil(lambda: desk.window.mimic.is_complete)
        desk.look()
        assert desk.stale == frozenset()


def test_a_command_carries_the_heartbeat_of_its_own_runtime(qtbot) -> None:
    with open_two(qtbot) as desk:
        for tag, value in (("south::intake/fic1.sp", 41.0), ("intake/fic1.sp", 40.0)):
            proposal = desk.station.commands.propose(tag, value)
            desk.station.submit(
                proposal, Given(confirmed=True), owner=desk.window, done=lambda _: None, failed=pytest.fail
            )
        qtbot.waitUntil(lambda: bool(desk.south.submitted and desk.home.submitted))
        (there,), (here,) = desk.south.submitted, desk.home.submitted
        assert (there.tag_id, there.value) == ("t_intake/fic1.sp", 41.0)
        assert 5_000 < there.heartbeat <= desk.station.further["south"].ages.heartbeat
        assert 0 < here.heartbeat <= desk.station.mailbox.ages.heartbeat < 1_000


def test_a_faceplate_of_the_other_runtime_goes_by_its_rights_and_its_life(qtbot) -> None:
    with open_two(qtbot) as desk:
        desk.south.roles = ["view"]
        qtbot.waitUntil(lambda: "operate" not in desk.station.status_of(SOUTH_FLOW).roles)  # type: ignore[union-attr]
        card = desk.window.desk.open("south::intake/p1", QRect(400, 344, 90, 36))
        own = desk.window.desk.open("intake/p1", QRect(400, 344, 90, 36))
        assert card is not None
        assert own is not None
        assert card.content.title == "south: Raw pump 1"
        card.refresh()
        own.refresh()
        assert "no right" in card.commands.why.full_text  # type: ignore[union-attr]
        assert "no right" not in own.commands.why.full_text  # type: ignore[union-attr]

        def silent() -> bool:
            desk.pass_s(2.5)  # again where a sign of life was still on its way
            desk.home.tick()
            desk.look()
            card.refresh()
            own.refresh()
            return "does not answer" in card.commands.why.full_text  # type: ignore[union-attr]

        qtbot.waitUntil(silent)
        assert "does not answer" not in own.commands.why.full_text  # type: ignore[union-attr]


def test_alarms_of_both_stand_in_one_list_with_the_runtime_in_the_area_column(qtbot) -> None:
    with open_two(qtbot) as desk:
        desk.home.raise_alarms(make_alarm(FLOW, 1, priority=2))
        desk.south.raise_alarms(make_alarm(FLOW, 1, priority=1))
        model = desk.window.strip.model
        qtbot.waitUntil(lambda: model.rowCount() == 2)
        assert [row.area for row in model.shown] == ["south::Intake", "intake"]
        assert [model.area_title(row.area) for row in model.shown] == ["south::Intake", "Intake"]
        desk.window._ack_top()
        qtbot.waitUntil(lambda: desk.south.acknowledged == ["o_1"])
        qtbot.waitUntil(lambda: desk.station.alarms["south::o_1"].state == "ACKED")
        assert desk.home.acknowledged == []
        desk.south.raise_alarms()
        qtbot.waitUntil(lambda: list(desk.station.alarms) == ["o_1"])
