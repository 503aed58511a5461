"""Controls of a further runtime: its own heartbeat, rights and life decide, and only they."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtTest import QTest
from shell_plant import good
from test_second_runtime import Desk, open_two, twin_display

pytestmark = pytest.mark.qt
OWN, SOUTH = "intake/fic1.sp", "south::intake/fic1.sp"


def with_controls(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The twin display with an entry for each runtime."""
    info = twin_display()
    entries = [
        {"id": f"entry_{n}", "type": "entry", "x": 100 + 400 * n, "y": 600, "tag": tag}
        for n, tag in enumerate((OWN, SOUTH))
    ]
    document = {**info.document, "elements": [*info.document["elements"], *entries]}
    made = msgspec.structs.replace(info, document=document)
    monkeypatch.setattr("test_second_runtime.twin_display", lambda: made)
    return open_two(qtbot)


def blocked(desk: Desk) -> list[str]:
    scene = desk.window.mimic.view.scene
    assert scene is not None
    desk.station.judged.emit()
    return [inputs.control.blocked for inputs in scene.inputs if inputs.element.id.startswith("entry_")]


def ready(qtbot: Any, desk: Desk) -> None:
    qtbot.waitUntil(lambda: {OWN, SOUTH} <= desk.station.values.keys())
    qtbot.waitUntil(lambda: blocked(desk) == ["", ""])


def test_a_silent_further_runtime_blocks_its_own_controls_alone(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_controls(qtbot, monkeypatch) as desk:
        ready(qtbot, desk)
        desk.south.lose_link("silent")
        for _ in range(5):
            desk.pass_s(0.5)
            desk.home.tick({OWN: good(40.0)})
            desk.look()
        assert blocked(desk) == ["", "The runtime does not answer."]


def test_an_entry_of_the_further_runtime_is_sent_to_it_with_its_heartbeat(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_controls(qtbot, monkeypatch) as desk:
        ready(qtbot, desk)
        scene = desk.window.mimic.view.scene
        assert scene is not None
        index = next(n for n, e in enumerate(scene.elements) if e.id == "entry_1")
        desk.window.controls.activate(index)
        card = desk.window.controls.card
        assert card is not None
        assert card.entry is not None
        QTest.keyClicks(card.entry.field, "44")
        card.entry.ask()
        assert card.dialogue.confirm is not None
        card.dialogue.confirm.yes.click()
        qtbot.waitUntil(lambda: len(desk.south.submitted) == 1)
        (command,) = desk.south.submitted
        assert (command.tag_id, command.value, command.expected) == ("t_intake/fic1.sp", 44.0, 40.0)
        assert command.heartbeat > 5_000
        assert desk.home.submitted == []
