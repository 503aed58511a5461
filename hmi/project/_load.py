"""Loads a plant folder: reads every file, reports everything it finds, gives a plant when nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hmi.core.collector import without_collector
from hmi.core.errors import ConfigurationError
from hmi.project._alarms import load_alarms
from hmi.project._calculations import load_calculations
from hmi.project._displays import load_displays
from hmi.project._draft import Draft, TrainingFile
from hmi.project._findings import Finding, Findings
from hmi.project._head import load_head
from hmi.project._members import join_members
from hmi.project._read import read_toml
from hmi.project._release import check_release
from hmi.project._schema import migrated
from hmi.project._shape import digest_document
from hmi.project._tags import load_tags
from hmi.project._types import load_types
from hmi.project.folder_files import read_whole
from hmi.project.plant import Plant


@dataclass(frozen=True, slots=True)
class LoadResult:
    """``plant`` is None when there is an error among the findings that is not contained in one display."""

    plant: Plant | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.is_error)


def load_plant(folder: Path | str) -> LoadResult:
    """Read a plant folder; never raises for what is in it."""
    draft = read_draft(Path(folder))
    plant = None if draft.findings.has_errors else as_plant(draft)
    return LoadResult(plant, tuple(draft.findings.items))


def open_plant(folder: Path | str) -> Plant:
    """The plant, or ConfigurationError with the first error and how many more there are."""
    result = load_plant(folder)
    if result.plant is not None:
        return result.plant
    blocking = [finding for finding in result.errors if finding.blocks]
    first, more = blocking[0], len(blocking) - 1
    do = f"{first.do + '; ' if first.do else ''}hmi check shows {more} more" if more else first.do
    raise ConfigurationError(first.text, file=first.file, line=first.line, do=do)


def read_draft(folder: Path) -> Draft:
    """Everything that could be read, with the findings; also of a plant with errors."""
    with without_collector():
        try:
            return read_whole(folder, lambda: _read(folder))
        except ConfigurationError as error:  # half of a change is no plant
            draft = Draft(str(folder))
            draft.findings.failed(str(folder), 0, error)
            return draft


def _read(folder: Path) -> Draft:
    draft = Draft(str(folder))
    if not is_plant_folder(folder, draft.findings) or not load_head(folder, draft):
        return draft
    findings = draft.findings
    findings.stage = "type-file"
    types = join_members(load_types(folder, draft), draft)
    findings.stage = "tag-row"
    load_tags(folder, types, draft)
    findings.stage = "calculation-row"
    load_calculations(folder, draft)
    findings.stage = "alarm-row"
    load_alarms(folder, draft)
    check_release(draft)
    findings.stage = "display-file"
    load_displays(folder, draft)
    findings.stage = "training-file"
    _load_training(folder, draft)
    findings.stage = "plant-file"
    _check_life_counters(draft)
    return draft


def is_plant_folder(folder: Path, findings: Findings) -> bool:
    do = "name a folder with a plant.toml, or make one with hmi new"
    if not folder.exists():
        findings.error(str(folder), 0, "there is no such folder", do)
    elif not folder.is_dir():
        findings.error(str(folder), 0, "is a file, not a plant folder", do)
    elif not (folder / "plant.toml").is_file():
        findings.error(str(folder), 0, "is not a plant folder: it has no plant.toml", do)
    else:
        return True
    return False


def _load_training(folder: Path, draft: Draft) -> None:
    for path in sorted((folder / "training").glob("*.toml")):
        file = read_toml(path, draft.findings)
        if file is None:
            continue
        line = file.lines.find(("schema",))
        data = migrated(file.data, "scenario", shown=file.shown, line=line, findings=draft.findings)
        if data is not None:
            digest_document(draft, f"training/{path.name}", data)
            draft.training[path.name] = TrainingFile(file.shown, data, file.text)


def _check_life_counters(draft: Draft) -> None:
    for connection in draft.connections.values():
        name, source = connection.life_counter, connection.source
        if not name:
            continue
        tag = draft.by_name.get(name)
        if tag is None:
            what = f"connection {connection.name}: the life counter {name!r} is not a tag"
            draft.findings.error(source.file, source.line, what, "name a tag of tags.csv")
        elif tag.connection != connection.name:
            what = f"connection {connection.name}: the life counter {name} does not come over this connection"
            draft.findings.error(source.file, source.line, what, "name a tag that does")


def as_plant(draft: Draft) -> Plant:
    """The immutable plant of a draft."""
    return Plant(
        **draft.head,
        revision=draft.digest.hexdigest(),
        folder=draft.folder,
        areas=tuple(draft.areas.values()),
        scan_classes=draft.scans,
        connections=draft.connections,
        tags=tuple(draft.tags),
        alarms=tuple(draft.alarms),
        instances=draft.instances,
        types=draft.types,
        displays=draft.displays,
        by_name=draft.by_name,
        by_id=draft.by_id,
    )
