"""Conditions on faceplates: live truth, blocked commands with their reason, reasons asked for, HM-15."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import QRect, Qt
from shell_plant import good, plant, values

from hmi.client.port import PlantInfo, TagInfo
from hmi.core import quality as q
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Reading, choices
from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import plant_info
from hmi.testing.client import START_NS, FakeClient, make_tag
from hmi.ui.commands.conditions import Standing, conditions_of, names_of, unmet
from hmi.ui.commands.reasons import name_of
from hmi.ui.commands.steps import warnings_of
from hmi.ui.faceplate.card import Faceplate
from hmi.ui.faceplate.condition_row import conditions_by_command
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
PLACE = QRect(400, 344, 90, 36)
REMOTE = ["'intake/p1.remote'", "Switch is in remote"]
LEVEL = ["'outlet/lt2.pv' > 1", "Level is above 1 m"]
LOCK = ["'intake/p1.fault'", "Process interlock"]


def guarded_plant() -> PlantInfo:
    """The small plant with a guarded start and a set point that may not jump."""
    made = plant()
    change = {
        "intake/p1.start": {"permissives": [REMOTE, LEVEL], "interlocks": [LOCK]},
        "intake/p1.stop": {"permissives": [REMOTE]},
        "intake/fic1.sp": {"max_step": 10.0},
    }
    tags = [msgspec.structs.replace(tag, **change.get(tag.name, {})) for tag in made.tags]
    return msgspec.structs.replace(made, tags=tags)


@contextmanager
def station_on(
    qtbot: Any, info: PlantInfo, data: Mapping[str, DataValue]
) -> Iterator[tuple[Any, FakeClient]]:
    """A window on a plant and a scripted runtime."""
    mailbox, made = Mailbox(), []

    def factory(listener: Any) -> FakeClient:
        made.append(FakeClient(listener, info, data))
        return made[0]

    link = Link(factory, mailbox)
    station = Station(link, mailbox)
    window = StationWindow(Theme.load("light"), station)
    link.start()
    station.start()
    window.show()
    qtbot.waitUntil(lambda: window.mimic.is_complete and station.status is not None)
    try:
        yield window, made[0]
    finally:
        station.stop()
        window.desk.close_all()
        window.hide()
        link.close()
        window.deleteLater()


def opened(qtbot: Any, window: StationWindow, target: str) -> Faceplate:
    """The faceplate of an object with all its values there."""
    card = window.desk.open(target, PLACE)
    assert card is not None
    station = window.station
    qtbot.waitUntil(lambda: all(tag in station.values for tag in card.tags if tag in station.catalogue.tags))
    card.refresh()
    return card


def button(card: Faceplate, text: str) -> Any:
    return next(b for row in card.commands.rows for b, _ in row.buttons if b.text() == text)


def reader(found: Mapping[str, Reading]) -> Any:
    return lambda tag: found.get(tag, Reading(tag, DataValue(None, q.BAD_WAITING_FOR_INITIAL_DATA, 0, 0)))


# conditions alone


def test_old_messages_without_conditions_decode() -> None:
    tag = make_tag("a/b.pv")
    old = msgspec.to_builtins(tag)
    del old["permissives"], old["interlocks"]
    assert msgspec.convert(old, TagInfo) == tag


@pytest.mark.parametrize(
    ("data", "stale", "permissive", "interlock"),
    [
        (good(True), False, Standing.MET, Standing.UNMET),
        (good(False), False, Standing.UNMET, Standing.MET),
        (good(True), True, Standing.UNKNOWN, Standing.UNKNOWN),
        (good(True).with_status(q.BAD_NO_COMMUNICATION), False, Standing.UNKNOWN, Standing.UNKNOWN),
        (good(True).with_status(q.UNCERTAIN_LAST_USABLE), False, Standing.UNKNOWN, Standing.UNKNOWN),
    ],
)
def test_a_condition_is_met_unmet_or_not_known(
    data: DataValue, stale: bool, permissive: Standing, interlock: Standing
) -> None:
    info = make_tag("a/x.start", permissives=[["'a/x.ok'", "ok"]], interlocks=[["'a/x.ok'", "lock"]])
    found = [
        c.standing(reader({"a/x.ok": Reading("a/x.ok", data, None, stale)}), 1) for c in conditions_of(info)
    ]
    assert found == [permissive, interlock]


def test_a_condition_that_does_not_compile_is_not_known_and_blocks() -> None:
    info = make_tag("a/x.start", permissives=[["'a/x.ok' +", "broken"]])
    assert unmet(info, reader({}), 1) == "Not known: broken"
    assert names_of([info]) == ()


def test_each_condition_is_listed_once_with_its_commands() -> None:
    tags = Catalogue.of(guarded_plant()).tags
    found = conditions_by_command([tags["intake/p1.start"], tags["intake/p1.stop"]])
    assert [(c.text, ", ".join(name_of(info) for info in infos)) for c, infos in found] == [
        ("Switch is in remote", "Start, Stop"),
        ("Level is above 1 m", "Start"),
        ("Process interlock", "Start"),
    ]


def test_the_plant_info_carries_the_conditions_of_every_command() -> None:
    made = open_plant(shipped_path("screens") / "waterworks")
    info = Catalogue.of(plant_info(made, Mode.SIMULATOR)).tags
    guarded = [
        tag for tag in made.tags if tag.command and (tag.command.permissives or tag.command.interlocks)
    ]
    assert len(guarded) > 20
    for tag in guarded:
        assert tag.command is not None
        assert info[tag.name].permissives == [list(pair) for pair in tag.command.permissives]
        assert info[tag.name].interlocks == [list(pair) for pair in tag.command.interlocks]
    assert set(names_of(info.values())) <= set(info)


# on the faceplate


def test_truth_on_the_faceplate_follows_the_plant(qtbot) -> None:
    data = values() | {"intake/p1.running": good(False)}
    with station_on(qtbot, guarded_plant(), data) as (window, client):
        card = opened(qtbot, window, "intake/p1")
        assert [row.shown for row in card.conditions] == [
            "✓ met Switch is in remote",
            "✓ met Level is above 1 m",
            "✓ not active Process interlock",
        ]
        assert button(card, "Start").isEnabled()
        client.tick({"outlet/lt2.pv": good(0.5), "intake/p1.fault": good(True)})
        qtbot.waitUntil(lambda: card.conditions[1].shown == "✗ not met Level is above 1 m")
        assert card.conditions[2].shown == "✗ active Process interlock"
        start = button(card, "Start")
        assert start.isVisible()
        assert not start.isEnabled()
        assert start.toolTip() == "Not met: Level is above 1 m; Active: Process interlock"
        assert "Level is above 1 m" in card.commands.why.full_text
        client.tick({"outlet/lt2.pv": good(0.5).with_status(q.BAD_SENSOR_FAILURE)})
        qtbot.waitUntil(lambda: card.conditions[1].shown == "? not known Level is above 1 m")
        assert client.submitted == []


def test_the_tags_of_conditions_are_subscribed_while_the_faceplate_is_open(qtbot) -> None:
    with station_on(qtbot, guarded_plant(), values()) as (window, client):
        window.open_display("intake")
        qtbot.waitUntil(lambda: "outlet/lt2.pv" not in client.tags)
        card = opened(qtbot, window, "intake/p1")
        assert "outlet/lt2.pv" in client.tags
        card.close_card()
        qtbot.waitUntil(lambda: "outlet/lt2.pv" not in client.tags)


# reasons


def test_cm_08_a_step_above_the_limit_is_a_warning() -> None:
    now = Reading("a/sp", good(50.0))
    free, tight = make_tag("a/sp"), make_tag("a/sp", max_step=5.0, unit="m")
    assert warnings_of(free, now, 90.0) == ()
    assert warnings_of(tight, now, 55.0) == ()
    assert warnings_of(tight, now, 55.1) == ("A step of 5.1 is larger than 5 m.",)


def test_cm_08_a_large_step_is_told_before_it_is_confirmed(qtbot) -> None:
    with station_on(qtbot, guarded_plant(), values()) as (window, client):
        card = opened(qtbot, window, "intake/fic1")
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("75")
        row.entry.ask()
        box = card.commands.confirm
        qtbot.wait(50)  # laid out
        assert "larger than" in box.proposal.warnings[0]
        assert any(box.proposal.warnings[0] == text.full_text for text in box.findChildren(Text))
        assert client.submitted == []
        qtbot.mouseClick(box.yes, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: len(client.submitted) == 1)
        assert client.submitted[0].confirmed


def test_a_small_step_warns_of_nothing(qtbot) -> None:
    with station_on(qtbot, guarded_plant(), values()) as (window, _):
        card = opened(qtbot, window, "intake/fic1")
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("45")
        row.entry.ask()
        assert card.commands.confirm.proposal.warnings == ()
        assert card.commands.confirm.yes.isEnabled()


def test_what_becomes_blocked_while_it_is_confirmed_cannot_be_sent(qtbot) -> None:
    data = values() | {"intake/p1.running": good(False)}
    with station_on(qtbot, guarded_plant(), data) as (window, client):
        card = opened(qtbot, window, "intake/p1")
        button(card, "Start").click()
        box = card.commands.confirm
        assert box.yes.isEnabled()
        client.tick({"intake/p1.fault": good(True)})
        qtbot.waitUntil(lambda: not box.yes.isEnabled())
        assert box.yes.toolTip() == "Active: Process interlock"
        box.yes.click()
        client.tick({"intake/p1.fault": good(False)})
        qtbot.waitUntil(box.yes.isEnabled)
        assert client.submitted == []


# HM-15


def _situations(info: PlantInfo) -> dict[str, dict[str, DataValue]]:
    """Every tag off, every tag on, everything Bad."""
    found: dict[str, dict[str, DataValue]] = {"off": {}, "on": {}, "bad": {}}
    for tag in info.tags:
        on = {"bool": True, "string": "x"}.get(tag.type, 1)
        off = {"bool": False, "string": ""}.get(tag.type, 0)
        found["on"][tag.name] = DataValue(on, q.GOOD, START_NS, START_NS)
        found["off"][tag.name] = DataValue(off, q.GOOD, START_NS, START_NS)
        found["bad"][tag.name] = DataValue(None, q.BAD_NO_COMMUNICATION, START_NS, START_NS)
    return found


def _without_reason(card: Faceplate) -> list[str]:
    """Commands of a faceplate that are disabled and do not say why; all of them stay in view."""
    silent = []
    for row in card.commands.rows:
        controls = [b for b, _ in row.buttons] + ([row.field, row.entry.set_button] if row.field else [])
        assert len(row.buttons) == len(choices(row.info))
        for control in controls:
            if control.isHidden() or (not control.isEnabled() and not control.toolTip().strip()):
                silent.append(f"{row.info.name}: {control.accessibleName()}")
    return silent


@pytest.mark.parametrize("situation", ["off", "on", "bad", "viewer"])
def test_HM_15_every_disabled_command_of_every_faceplate_has_a_reason(qtbot, situation: str) -> None:
    info = plant_info(open_plant(shipped_path("screens") / "waterworks"), Mode.SIMULATOR)
    data = _situations(info)["on" if situation == "viewer" else situation]
    with station_on(qtbot, info, data) as (window, client):
        if situation == "viewer":
            client.roles = ["view"]
            window.station.ask_status()
            qtbot.waitUntil(lambda: window.station.status.roles == ["view"])
        disabled, silent = 0, []
        window.station.want(window, data)
        qtbot.waitUntil(lambda: len(window.station.values) == len(data))
        for instance in info.instances:
            card = window.desk.open(instance.name, PLACE)
            assert card is not None
            silent += _without_reason(card)
            disabled += sum(not b.isEnabled() for row in card.commands.rows for b, _ in row.buttons)
            card.close_card()
        assert silent == []
        assert disabled > 20
