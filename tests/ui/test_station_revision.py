"""Another plant revision under an open station: it follows, keeps its place, and shows nothing old as live."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from threading import current_thread, main_thread

import msgspec
from PySide6.QtCore import QRect
from shell_plant import good, open_station, plant
from test_second_runtime import SOUTH_LEVEL, open_two

from hmi.client.port import PlantInfo
from hmi.core.quality import BAD_WAITING_FOR_INITIAL_DATA
from hmi.core.values import DataValue
from hmi.mimics import Catalogue
from hmi.ui.commands.steps import Given

pytestmark = pytest.mark.qt

FLOW, LEVEL = "intake/fic1.pv", "outlet/lt2.pv"


def revised(tag: str, revision: str = "r2", **changes: object) -> PlantInfo:
    """The plant of the shell with one tag changed."""
    old = plant()
    tags = [msgspec.structs.replace(t, **changes) if t.name == tag else t for t in old.tags]
    return msgspec.structs.replace(old, revision=revision, tags=tags)


def value_in_view(desk, tag: str) -> DataValue:
    return desk.window.mimic.view.scene.values[tag]


def test_the_station_follows_and_keeps_the_open_display(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.window.open_display("outlet")
        qtbot.waitUntil(lambda: LEVEL in desk.station.values)
        scene = desk.window.mimic.view.scene
        desk.client.take_plant(revised(LEVEL, unit="cm"))
        qtbot.waitUntil(lambda: desk.station.plant.revision == "r2")
        assert desk.window.mimic.name == "outlet"
        assert desk.window.mimic.view.scene is not scene
        assert desk.station.catalogue.tags[LEVEL].unit == "cm"
        qtbot.waitUntil(lambda: LEVEL in desk.station.values)
        assert value_in_view(desk, LEVEL).is_good


def test_values_of_another_revision_wait_until_the_plant_is_known(qtbot) -> None:
    """A level in cm must never stand under m, and what stood there before is not live any more."""
    with open_station(qtbot) as desk:
        station, client = desk.station, desk.client
        qtbot.waitUntil(lambda: LEVEL in station.values)
        answer, client.plant = client.plant, _never  # type: ignore[method-assign]
        client.values[LEVEL] = good(250.0)
        client.take_plant(revised(LEVEL, unit="cm"))
        station.drain()
        assert LEVEL not in station.values
        assert value_in_view(desk, LEVEL).status == BAD_WAITING_FOR_INITIAL_DATA
        client.tick({LEVEL: good(251.0)})
        station.drain()
        assert value_in_view(desk, LEVEL).status == BAD_WAITING_FOR_INITIAL_DATA
        assert station.reading(LEVEL).data.is_bad
        client.plant = answer  # type: ignore[method-assign]
        station.ask_status()
        qtbot.waitUntil(lambda: station.plant.revision == "r2")
        qtbot.waitUntil(lambda: LEVEL in station.values)
        assert value_in_view(desk, LEVEL).value == 251.0
        assert station.catalogue.tags[LEVEL].unit == "cm"


async def _never() -> PlantInfo:
    raise OSError("not yet")


def test_a_command_decided_on_the_old_plant_carries_no_heartbeat(qtbot) -> None:
    with open_station(qtbot) as desk:
        station, client = desk.station, desk.client
        qtbot.waitUntil(lambda: LEVEL in station.values)
        client.plant = _never  # type: ignore[method-assign]
        client.take_plant(revised("intake/fic1.sp", unit="l/s"))
        station.drain()
        proposal = station.commands.propose("intake/fic1.sp", 40.0)
        sent = station.submit(
            proposal, Given(), owner=desk.window, done=lambda _: None, failed=lambda _: None
        )
        assert sent.heartbeat == 0


def test_a_new_plant_that_arrives_before_its_values_shows_none_of_the_old_ones(qtbot) -> None:
    with open_station(qtbot) as desk:
        station, client = desk.station, desk.client
        qtbot.waitUntil(lambda: LEVEL in station.values)
        subscribe, client.subscribe = client.subscribe, _no_subscription  # type: ignore[method-assign]
        client._plant = revised(LEVEL, unit="cm")
        station.ask_plant()
        qtbot.waitUntil(lambda: station.plant.revision == "r2")
        client.listener.on_live(_delta(client, {LEVEL: good(2.6)}))
        station.drain()
        assert LEVEL not in station.values
        client.subscribe = subscribe  # type: ignore[method-assign]
        station._subscribed = ()
        station._subscribe()
        qtbot.waitUntil(lambda: LEVEL in station.values)


async def _no_subscription(tags: object) -> None:
    return


def _delta(client, values: dict[str, DataValue]):
    from hmi.client.port import LiveUpdate

    return LiveUpdate(values=values, ages_ms={}, heartbeat=client.beat, arrived_ns=client.clock())


def test_an_unchanged_faceplate_stays_and_a_changed_one_is_made_again(qtbot) -> None:
    with open_station(qtbot) as desk:
        for target in ("intake/fic1", "intake/p1"):
            desk.window.open_faceplate(target, QRect(400, 400, 10, 10))
        loop, pump = desk.window.desk.cards
        place = loop.pos()
        desk.client.take_plant(revised(FLOW, unit="l/s"))
        qtbot.waitUntil(lambda: desk.station.plant.revision == "r2")
        assert pump in desk.window.desk.cards
        (made,) = (card for card in desk.window.desk.cards if card is not pump)
        assert made is not loop
        assert made.content.name == "intake/fic1"
        qtbot.waitUntil(lambda: made.pos() == place)


def test_the_alarm_page_stays_open_and_a_trend_loses_what_is_gone(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.window.open_trend([FLOW, LEVEL])
        desk.window.toggle_alarms()
        old = plant()
        gone = msgspec.structs.replace(
            old,
            revision="r2",
            tags=[t for t in old.tags if t.name != LEVEL],
            displays=[d for d in old.displays if d.name != "overview"],
            home="intake",
        )
        desk.client.take_plant(gone)
        qtbot.waitUntil(lambda: desk.station.plant.revision == "r2")
        assert desk.window.stack.currentWidget() is desk.window.alarm_page
        assert [pen.tag for pen in desk.window.trends[0].pens] == [FLOW]
        assert desk.window.mimic.name == "intake"


def test_a_reload_of_a_second_runtime_holds_back_its_values_only(qtbot) -> None:
    with open_two(qtbot) as desk:
        station = desk.station
        answer, desk.south.plant = desk.south.plant, _never  # type: ignore[method-assign]
        desk.south.values[LEVEL] = good(350.0)
        desk.south.take_plant(revised(LEVEL, unit="cm"))
        desk.home.tick({FLOW: good(43.0)})
        station.drain()
        assert SOUTH_LEVEL not in station.values
        assert value_in_view(desk, SOUTH_LEVEL).status == BAD_WAITING_FOR_INITIAL_DATA
        assert value_in_view(desk, FLOW).value == 43.0
        desk.south.plant = answer  # type: ignore[method-assign]
        qtbot.waitUntil(lambda: station.catalogue.tags[SOUTH_LEVEL].unit == "cm")
        qtbot.waitUntil(lambda: SOUTH_LEVEL in station.values and FLOW in station.values)
        assert value_in_view(desk, SOUTH_LEVEL).value == 350.0


def settled(qtbot, desk) -> None:
    """Every question that was asked before is answered: they are answered in turn."""
    answered: list[object] = []
    for _ in range(2):
        desk.station.link.ask(lambda client: client.plant(), owner=desk.station, done=answered.append)
    qtbot.waitUntil(lambda: len(answered) == 2)


def test_HM_14_the_tables_of_a_plant_are_made_beside_the_qt_thread_and_once(
    qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 100,000 tags they take a tenth of a second."""
    made: list[str] = []
    real = Catalogue.of
    monkeypatch.setattr(
        Catalogue, "of", staticmethod(lambda plant: (made.append(current_thread().name), real(plant))[1])
    )
    with open_station(qtbot) as desk:
        desk.client.take_plant(revised(LEVEL, unit="cm"))
        qtbot.waitUntil(lambda: desk.station.plant.revision == "r2")
        settled(qtbot, desk)  # questions that were on their way when the plant came
        asked, before = [], len(made)
        desk.station.ask_plant()
        desk.station.link.ask(lambda client: client.plant(), owner=desk.station, done=asked.append)
        qtbot.waitUntil(lambda: bool(asked))
    assert len(made) == before
    assert main_thread().name not in made
