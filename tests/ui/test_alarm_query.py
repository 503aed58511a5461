"""The alarm page takes queries in its search field, beside plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hmi.client.port import InstanceInfo, TypeInfo
from hmi.mimics import Catalogue
from hmi.testing.client import make_alarm, make_tag
from hmi.ui.alarms.rules import Filter

TAG = "intake/p101.speed"


@pytest.fixture
def filtered() -> Filter:
    instance = InstanceInfo("i_1", "intake/p101", "dosing_pump", "Pump", "intake", "", "", {"speed": TAG}, {})
    types = [TypeInfo("pump", "Pump", "", [], {}), TypeInfo("dosing_pump", "Doser", "pump", [], {})]
    catalogue = Catalogue(
        [make_tag(TAG, instance="intake/p101"), make_tag("intake/lt101")], [instance], types
    )
    return Filter(types_of=catalogue.types_of)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("type:pump", True),
        ("type:valve", False),
        ("-type:pump", False),
        ("area:intake type:dosing_pump", True),
        ("area:outlet", False),
        ("match:*.speed", True),
        ("signal:speed tripped", True),
        ("signal:speed nothing", False),
        ("type:pump tripped", True),
        ("type:", False),
        ("intake:", False),
    ],
)
def test_a_query_narrows_the_list(filtered: Filter, text: str, passes: bool) -> None:
    row = make_alarm(TAG, 1, message="Pump P-101 tripped", area="intake")
    assert replace(filtered, text=text).passes(row) is passes


def test_a_tag_of_no_equipment_has_no_type(filtered: Filter) -> None:
    assert filtered.types_of("intake/lt101") == ()
    assert filtered.types_of("gone") == ()
