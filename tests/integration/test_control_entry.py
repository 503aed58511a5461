"""A control on a display of a real runtime: what is entered reaches the device and reads back from it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from pymodbus.client import ModbusTcpClient
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from waterworks_session import PLANT, WaterworksSession

from hmi.client.socket import SocketClient
from hmi.ui.commands.steps import Given
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
SP, MODE = "intake/fic101.sp", "intake/fic101.mode"
PATIENCE_MS = 60_000
CONTROLS = {
    "schema": "display/1",
    "name": "controls",
    "title": "Controls",
    "level": 3,
    "elements": [
        {"id": "entry", "type": "entry", "x": 100, "y": 100, "tag": SP},
        {"id": "mode", "type": "selector", "x": 900, "y": 100, "tag": MODE},
        {"id": "slider", "type": "slider", "x": 500, "y": 100, "tag": SP},
    ],
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WaterworksSession]:
    folder = tmp_path_factory.mktemp("controls")
    plant = folder / "waterworks"
    shutil.copytree(PLANT, plant)
    (plant / "displays" / "controls.json").write_text(json.dumps(CONTROLS), encoding="utf-8")
    made = WaterworksSession(folder, plant)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def window(session: WaterworksSession, qtbot: Any) -> Iterator[StationWindow]:
    mailbox = Mailbox()
    link = Link(lambda listener: SocketClient(session.data, listener), mailbox)
    station = Station(link, mailbox)
    made = StationWindow(Theme.load("light"), station, display="controls")
    link.start()
    station.start()
    made.show()
    qtbot.waitUntil(
        lambda: (
            station.status is not None
            and {SP, MODE} <= station.values.keys()
            and not station.commands.why(MODE)
        ),
        timeout=PATIENCE_MS,
    )
    yield made
    station.stop()
    made.controls.close()
    made.hide()
    link.close()
    made.deleteLater()


def in_device(session: WaterworksSession) -> float:
    """The set point as the simulated PLC holds it, asked over Modbus past the runtime."""
    host, _, port = session.endpoints["connections"]["plc1"][0].removeprefix("tcp://").rpartition(":")
    client = ModbusTcpClient(host, port=int(port))
    try:
        assert client.connect()
        registers = client.read_holding_registers(500, count=2, device_id=1).registers
    finally:
        client.close()
    return client.convert_from_registers(registers, client.DATATYPE.FLOAT32)


def index_of(window: StationWindow, identity: str) -> int:
    scene = window.mimic.view.scene
    assert scene is not None
    return next(n for n, element in enumerate(scene.elements) if element.id == identity)


def choose_automatic(window: StationWindow, qtbot: Any) -> None:
    """The loop starts in cascade: its set point takes no entry until the selector has put it in automatic."""
    road = window.station.commands
    if window.station.values[MODE].value != 1:
        assert road.why(SP) == "Not met: Loop is in automatic"
        window.controls.activate(index_of(window, "mode"))
        card = window.controls.card
        assert card is not None
        next(button for button, choice in card.buttons if choice.value == 1).click()
        assert card.dialogue.confirm is not None
        card.dialogue.confirm.yes.click()
    qtbot.waitUntil(lambda: window.station.values[MODE].value == 1 and not road.why(SP), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.controls.card is None, timeout=PATIENCE_MS)


def test_an_entry_writes_a_set_point_that_reads_back(
    session: WaterworksSession, window: StationWindow, qtbot: Any
) -> None:
    choose_automatic(window, qtbot)
    before = window.station.values[SP].value
    assert isinstance(before, float)
    assert in_device(session) == pytest.approx(before)
    wanted = round(before) + 50.5
    window.controls.activate(index_of(window, "entry"))
    card = window.controls.card
    assert card is not None
    assert card.entry is not None
    QTest.keyClicks(card.entry.field, f"{wanted:.1f}".replace(".", ","))
    QTest.keyClick(card.entry.field, Qt.Key.Key_Return)
    assert card.dialogue.confirm is not None
    assert in_device(session) == pytest.approx(before)
    QTest.keyClick(card.dialogue.confirm.yes, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.controls.card is None, timeout=PATIENCE_MS)
    outcome = window.station.commands.outcome(SP)
    assert outcome is not None
    assert "read back" in outcome.text
    qtbot.waitUntil(lambda: window.station.values[SP].value == pytest.approx(wanted), timeout=PATIENCE_MS)
    assert in_device(session) == pytest.approx(wanted)


def test_a_value_that_changed_behind_the_question_is_refused_by_the_runtime_too(
    window: StationWindow, qtbot: Any
) -> None:
    """The station already blocks it; a station that did not see the change is refused by the gate."""
    choose_automatic(window, qtbot)
    station = window.station
    now = station.values[SP].value
    assert isinstance(now, float)
    results: list[Any] = []
    asked = dataclasses.replace(station.commands.propose(SP, now + 1.0), expected=now - 25.0)
    station.submit(asked, Given(), owner=window, done=results.append, failed=results.append)
    qtbot.waitUntil(lambda: bool(results), timeout=PATIENCE_MS)
    assert results[0].state.value == "refused"
    assert "has changed to" in results[0].text


def test_a_slider_that_is_dragged_and_not_confirmed_writes_nothing(
    session: WaterworksSession, window: StationWindow, qtbot: Any
) -> None:
    choose_automatic(window, qtbot)
    before = in_device(session)
    view = window.mimic.view
    index = index_of(window, "slider")
    place = view.place_of(index).translated(view.mapFromGlobal(window.rect().topLeft()))
    for share in (0.4, 0.8):
        at = place.topLeft() + (place.bottomRight() - place.topLeft()) * share
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at)
    assert window.controls.card is not None
    assert window.controls.card.dialogue.confirm is not None
    window._escape()
    window._escape()
    assert window.controls.card is None
    ages = window.station.mailbox.ages
    later = ages.heartbeat + 10
    qtbot.waitUntil(lambda: ages.heartbeat >= later, timeout=PATIENCE_MS)
    assert in_device(session) == pytest.approx(before)
