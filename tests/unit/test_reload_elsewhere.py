"""Which tags of another revision are read from another place, so that nothing of them ends a command of before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hmi.project.plant import ConnectionDef
from hmi.runtime._reload import _elsewhere
from hmi.testing.plant import make_plant, make_tag

PLC1 = ConnectionDef("plc1", "modbus", ("tcp://127.0.0.1:1502",), life_counter="a/life")


@pytest.mark.parametrize(
    ("tag", "connection", "is_elsewhere"),
    [
        ({"name": "a/other", "scan": "slow"}, {"life_counter": ""}, False),
        ({"address": "HR20"}, {}, True),
        ({"options": {"unit": 2}}, {}, True),
        ({}, {"endpoints": ("tcp://127.0.0.1:1503",)}, True),
        ({}, {"settings": {"unit": 2}}, True),
    ],
)
def test_what_is_read_elsewhere_is_told_from_a_link_that_only_opens_again(
    tag: dict[str, Any], connection: dict[str, Any], is_elsewhere: bool
) -> None:
    """An unknown command stays so, and blocks its item, where its own register can still be read."""
    old = make_plant([make_tag("a/sp", address="HR10"), make_tag("a/life")], connections={"plc1": PLC1})
    changed = [replace(old.tags[0], **tag), old.tags[1]]
    links = {"plc1": replace(PLC1, **connection)}
    new = make_plant(changed, connections=links, revision="r2", previous=old)
    assert ("t_a/sp" in _elsewhere(old, new, frozenset())) is is_elsewhere
