"""Small plants for tests and benchmarks, built without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hmi.core.values import DataValue
from hmi.project import keep_handles
from hmi.project.plant import AlarmDef, ConnectionDef, Plant, ScanClass, TagDef

SCANS = {
    "fast": ScanClass("fast", 250),
    "normal": ScanClass("normal", 1_000),
    "slow": ScanClass("slow", 5_000),
}


def make_tag(name: str, **fields: object) -> TagDef:
    """A tag called ``name`` with the id ``t_<name>``; its handle is set by ``make_plant``."""
    has_no_device = fields.get("expression") or fields.get("manual")
    given: dict[str, object] = {"connection": "" if has_no_device else "plc1", **fields}
    return TagDef(id=f"t_{name}", name=name, handle=0, **given)  # type: ignore[arg-type]


def make_plant(
    tags: Sequence[TagDef],
    alarms: Sequence[AlarmDef] = (),
    connections: Mapping[str, ConnectionDef] | None = None,
    revision: str = "r1",
    previous: Plant | None = None,
) -> Plant:
    """A plant of these tags, in this order; with ``previous`` as the next revision of that one."""
    placed = tuple(replace(tag, handle=index) for index, tag in enumerate(tags))
    used = sorted({tag.connection for tag in placed if tag.connection})
    made = {name: ConnectionDef(name, "fake", ("fake://1",), simulated=True) for name in used}
    plant = Plant(
        id="p_test00",
        name="test",
        title="Test plant",
        revision=revision,
        zone="UTC",
        folder="",
        areas=(),
        scan_classes=SCANS,
        connections={**made, **(connections or {})},
        tags=placed,
        alarms=tuple(alarms),
        instances={},
        types={},
        displays={},
        by_name={tag.name: tag for tag in placed},
        by_id={tag.id: tag for tag in placed},
    )
    return plant if previous is None else keep_handles(plant, previous)


def good(value: object, at: int = 1) -> DataValue:
    """A Good value of the instant ``at``."""
    return DataValue(value, 0, at, at)  # type: ignore[arg-type]
