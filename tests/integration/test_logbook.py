"""The log and the hand-over of a real runtime: what happens and what is written stands in both, found by its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

from waterworks_session import WaterworksSession

from hmi.client.socket import SocketClient
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
PATIENCE_MS = 60_000
TAG = "distribution/p501a.fault"


@pytest.fixture
def window(tmp_path: Path, qtbot: Any) -> Iterator[StationWindow]:
    session = WaterworksSession(tmp_path)
    station = None
    try:
        session.start()
        mailbox = Mailbox()
        link = Link(lambda listener: SocketClient(session.data, listener), mailbox)
        station = Station(link, mailbox)
        made = StationWindow(Theme.load("light"), station)
        link.start()
        station.start()
        made.show()
        qtbot.waitUntil(lambda: station.plant is not None and station.status is not None, timeout=PATIENCE_MS)
        yield made
    finally:
        if station is not None:
            station.stop()
            made.controls.close()
            made.close()
        session.stop()


def asked(window: StationWindow, qtbot: Any, question: Any) -> Any:
    """The answer of the runtime."""
    answers: list[Any] = []
    station = window.station
    station.link.ask(question, owner=station, done=answers.append, failed=answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    return answers[0]


def test_a_trip_a_shelf_and_a_note_stand_in_the_log_and_in_the_hand_over(
    window: StationWindow, qtbot: Any
) -> None:
    station = window.station
    trip = {"id": "pump_trip-p501a", "action": "set"}
    asked(window, qtbot, lambda client: client.simulator("malfunction", trip))
    qtbot.waitUntil(lambda: any(row.tag_name == TAG for row in station.alarms.values()), timeout=PATIENCE_MS)
    row = next(row for row in station.alarms.values() if row.tag_name == TAG)
    shelving = {"seconds": 900, "reason": "maintenance", "comment": "impeller"}
    assert asked(
        window, qtbot, lambda client: client.act_on_alarms("SHELVE", [row.alarm_id], **shelving)
    ) == []  # fmt: skip
    asked(window, qtbot, lambda client: client.note(row.tag_id, "Fitter is on the way"))

    log, handover = window.logbook.log, window.logbook.handover
    window.logbook.toggle_log()
    qtbot.waitUntil(
        lambda: {"ALM", "SHELVE", "note"} <= {record["event"] for record in log.model.records},
        timeout=PATIENCE_MS,
    )
    assert [record["seq"] for record in log.model.records] == sorted(
        (record["seq"] for record in log.model.records), reverse=True
    )
    log.search.setText("fitter")
    qtbot.waitUntil(
        lambda: [record["event"] for record in log.model.records] == ["note"], timeout=PATIENCE_MS
    )

    window.logbook.toggle_handover()
    qtbot.waitUntil(lambda: handover.told is not None, timeout=PATIENCE_MS)
    told = handover.told
    assert told is not None
    (shelved,) = told.sections["shelved"]
    assert (shelved.object_id, shelved.actor) == (row.alarm_id, "demo-operator")
    assert "maintenance" in shelved.reason
    assert [item.text for item in told.sections["notes"]] == ["Fitter is on the way"]
