"""A start of a station: what is read ahead, what waits for the first display, and what is asked once."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import sys
import time

import msgspec
from PySide6.QtWidgets import QWidget
from shell_plant import Desk, open_station, plant

from hmi.client.port import Event, PlantInfo
from hmi.mimics import Catalogue, shipped_definitions
from hmi.plugins import discovery
from hmi.testing.client import make_tag
from hmi.ui import ahead, atlas
from hmi.ui.ahead import ReadAhead
from hmi.ui.atlas import AtlasMaker

pytestmark = pytest.mark.qt


def test_elements_are_read_in_small_parts_until_all_are_there(qtbot) -> None:  # type: ignore[no-untyped-def]
    with open_station(qtbot) as desk:
        with qtbot.waitSignal(ReadAhead(desk.station).destroyed):
            pass
        assert "hmi.elements.pump.paint" in sys.modules
        assert shipped_definitions().keys() == set(discovery.names("elements"))


def test_nothing_more_is_read_once_the_plant_is_there(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    read: list[int] = []

    def endless():  # type: ignore[no-untyped-def]
        while True:
            read.append(1)
            yield "one"

    monkeypatch.setattr(ahead, "_steps", endless)
    with open_station(qtbot) as desk:
        one = ReadAhead(desk.station)
        qtbot.waitUntil(lambda: bool(read))
        with qtbot.waitSignal(one.destroyed):
            desk.station.plantLoaded.emit()
        before = len(read)
        qtbot.wait(1)
        assert len(read) == before


def test_an_element_whose_picture_cannot_be_read_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    part = discovery.part

    def broken(kind: str, name: str, module: str) -> object:
        if name == "bar":
            raise ImportError(name)
        return part(kind, name, module)

    monkeypatch.setattr(discovery, "part", broken)
    assert list(ahead._steps())[-1] == discovery.names("elements")[-1]


def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows with each question for the status."""
    found, ask = list[str](), desk.station.ask_status

    def counted() -> None:
        found.append("status")
        ask()

    monkeypatch.setattr(desk.station, "ask_status", counted)
    return found


@pytest.mark.parametrize("kind", ["connection", "status", "points", "certificates", "session", "overrun"])
def test_the_status_is_asked_for_once_however_many_events_came(  # type: ignore[no-untyped-def]
    qtbot, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with open_station(qtbot) as desk:
        for timer in desk.station._timers:
            timer.stop()
        desk.station.drain()
        questions = asked(desk, monkeypatch)
        for number in range(17):
            desk.station.mailbox.on_event(Event(number, kind, {"name": f"plc{number}"}))
        desk.station.drain()
        assert questions == ["status"]
        desk.station.drain()
        assert questions == ["status"]


def test_what_is_looked_up_in_a_large_plant_is_made_after_a_rest_and_given_up_for_another(  # type: ignore[no-untyped-def]
    qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    rest = time.sleep
    monkeypatch.setattr(atlas, "_FIRST_S", 0.001)

    def rested(seconds: float) -> None:
        rests.append(seconds)
        rest(seconds)

    monkeypatch.setattr(atlas.time, "sleep", rested)
    parent = QWidget()
    qtbot.addWidget(parent)
    maker = AtlasMaker(parent)
    first, second = plant(), larger()
    maker.make(first, Catalogue.of(first))
    maker.make(second, Catalogue.of(second))
    qtbot.waitUntil(maker.is_ready)
    assert maker.atlas.plant is second
    assert {len(one.tags) * 0.001 for one in (first, second)} <= set(rests)


def larger() -> PlantInfo:
    made = plant()
    return msgspec.structs.replace(made, tags=[*made.tags, *(make_tag(f"intake/x{n}.pv") for n in range(5))])
