"""One golden sample of each released version is kept and opened for ever (design 2b.11)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hmi.check import check_plant
from hmi.client._decode import LiveDecoder, event_of
from hmi.core import quality
from hmi.project import format_plant, open_plant

DATA = Path(__file__).resolve().parents[1] / "data"


def messages() -> list[dict[str, object]]:
    """A snapshot, a delta and an event as a runtime of API version 1 sent them."""
    return msgspec.json.decode((DATA / "live-api-1.json").read_bytes())


def test_the_live_messages_of_api_1_are_still_understood() -> None:
    snapshot, delta, event = messages()
    decoder = LiveDecoder()
    first = decoder.live(snapshot, 1_000)
    assert first.snapshot
    assert first.values["intake/ft101.pv"].value == 1248.5
    assert first.values["intake/p101a.running"].value is True
    assert first.values["site/total"].value == 2**64 - 1
    assert first.tag_group["intake/ft101.pv"] == "plc1:IR0"
    assert first.group_limits_ms == {"plc1:IR0": 3000}
    later = decoder.live(delta, 2_000)
    assert later.values["intake/ft101.pv"].status == quality.BAD_NO_COMMUNICATION
    assert later.values["intake/ft101.pv"].value is None
    assert later.ages_ms == {"plc1:IR0": 3200}
    assert event_of(event).kind == "alarms"


def test_the_plant_folder_of_schema_1_still_opens_and_is_canonical(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "plant"
    shutil.copytree(DATA / "plant-schema-1", folder)
    plant = open_plant(folder)
    assert {tag.name: tag.id for tag in plant.tags} == {
        tag.name: tag.id for tag in open_plant(DATA / "plant-schema-1").tags
    }
    assert not [finding for finding in check_plant(folder) if finding.is_error]
    assert format_plant(folder) == ()
