"""A control tag, a manual value and a bypass on one object of a simulated plant, for pictures of the guide."""

from __future__ import annotations

from typing import Any

from hmi.client.people import HoldRequest
from hmi.client.port import TagInfo
from hmi.core.identity import new_id
from hmi.core.texts import tr
from hmi.ui.commands.conditions import conditions_of
from hmi.ui.faceplate.content import content_of
from hmi.ui.holds.acts import HoldActs
from hmi.ui.holds.cards import HOUR_S
from hmi.ui.station import Station


def hold_examples(station: Station, acts: HoldActs, name: str) -> None:
    """Asked for as an operator does; a plant that is not simulated is left alone."""
    content = content_of(name, station.catalogue)
    if content is None or not station.is_simulated:
        return
    found = acts.rights.find(content.name)
    reading = station.reading(content.main)
    if found is not None:
        _ask(station, acts, "place_tag", object_id=found.id, kind="caution", reason=tr("Vibration above normal"),
                  work_order="W-1204", seconds=24 * HOUR_S)  # fmt: skip
    if reading.info is not None and isinstance(reading.data.value, int | float):
        _ask(
            station, acts, "override", object_id=reading.info.id, value=round(reading.data.value, 1),
            reason=tr("Calibration"), seconds=4 * HOUR_S, heartbeat=station.heartbeat(content.main),
        )  # fmt: skip
    infos = [station.catalogue.tags[tag] for tag in content.commands]
    guarded = next((info for info in infos if conditions_of(info)), None)
    if guarded is not None:
        _bypass(station, acts, guarded)


def _bypass(station: Station, acts: HoldActs, info: TagInfo) -> None:
    """Signed by the built-in identity of a simulated plant."""
    number, condition, user = new_id("hr"), conditions_of(info)[-1].text, station.rights.session.user
    what: dict[str, Any] = {"command_id": number, "object_id": info.id, "value": condition}

    def signed(signature: str) -> None:
        _ask(
            station, acts, "bypass", id=number, object_id=info.id, condition=condition,
            reason=tr("Level switch stuck"), seconds=8 * HOUR_S, signatures=[signature],
            heartbeat=station.heartbeat(info.name),
        )  # fmt: skip

    station.link.ask(
        lambda client: client.sign(user, "", "Performed", **what),
        owner=acts, done=signed, failed=acts.said.emit,
    )  # fmt: skip


def _ask(station: Station, acts: HoldActs, act: str, **fields: Any) -> None:
    """As ``HoldActs.send``; what was done is seen on the picture."""
    request = HoldRequest(**{"id": new_id("hr"), "act": act, **fields})
    station.link.ask(
        lambda client: client.hold(request), owner=acts, done=lambda _: None, failed=acts.said.emit
    )
