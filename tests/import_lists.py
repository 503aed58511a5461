"""What the tests of importers share: a list read into a new plant, checked, and read a second time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hmi.check import check_plant
from hmi.plugins import discovery
from hmi.project import new_plant, open_plant
from hmi.project.import_kinds import kind_of, read_list, settings_of
from hmi.project.import_plan import ImportPlan, apply_import, plan_import
from hmi.project.importing import ImportContext, Imported
from hmi.project.plant import Plant

DATA = Path(__file__).parent / "data" / "import"


def read(kind: str, file: Path, context: ImportContext | None = None, **given: str) -> Imported:
    """The list as the importer proposes it."""
    definition = discovery.definition("importers", kind)
    return read_list(file, definition, settings_of(definition, given), context or ImportContext())


def context_of(folder: Path, **more: Any) -> ImportContext:
    """What an importer is told of a plant, as the command line tells it."""
    plant = open_plant(folder)
    reached = {one.name: one.driver for one in plant.connections.values()}
    scans = {one.name: one.period_ms for one in plant.scan_classes.values()}
    areas = tuple(one.path for one in plant.areas)
    signals = {one.name: one.signals for one in plant.types.values()}
    known = {"connections": reached, "areas": areas, "scans": scans, "signals": signals}
    return ImportContext(**{**known, **more})


def plant_with_free_registers(folder: Path) -> Path:
    """A new plant whose own tags do not read the first registers, which lists begin with."""
    made = new_plant(folder)
    tags = made / "tags.csv"
    tags.write_text(
        re.sub(r",HR(\d+),", lambda found: f",HR{50_000 + int(found[1])},", tags.read_text("utf-8"))
    )
    return made


def errors_of(folder: Path) -> list[str]:
    """Errors that the check of the plant finds."""
    return [finding.sentence for finding in check_plant(folder) if finding.severity == "error"]


def imported_twice(
    tmp_path: Path, kind: str, file: Path, *, skip_faulty: bool = False, **how: Any
) -> tuple[Plant, ImportPlan]:
    """A new plant with the list in it: recognised, without an error, and a second run changes nothing."""
    folder = plant_with_free_registers(tmp_path / "plant")
    assert kind_of(file).name == kind
    settings: Mapping[str, str] = how.pop("settings", {})
    context = context_of(folder, **how)
    first = plan_import(
        folder, read(kind, file, context, **settings), area=context.area, skip_faulty=skip_faulty
    )
    assert not first.is_blocked, [fault for fault in first.faults if fault.is_error]
    apply_import(first)
    assert errors_of(folder) == []
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    context = context_of(folder, **how)
    second = plan_import(
        folder, read(kind, file, context, **settings), area=context.area, skip_faulty=skip_faulty
    )
    assert (second.added, second.changed, second.sentences) == (0, 0, ())
    if not second.is_blocked:
        apply_import(second)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return open_plant(folder), first
