"""What an import would change in a plant, shown before anything is written, and then written whole or not at all.

Rows find theirs by id, by name, or by their address where a tag was renamed in the plant; a second run of the same
list changes nothing. Only cells that the list names are compared, and nothing is ever removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hmi.project._findings import Finding
from hmi.project._import_alarms import plan_alarms
from hmi.project._import_change import ADDED, CHANGED, UNCHANGED, Change, Followed, Source, Work
from hmi.project._import_fitting import with_fitting_types
from hmi.project._import_head import CONNECTION, HEAD, TYPE, plan_head, plan_types, wanted_areas
from hmi.project._import_renames import follow_renames, left_behind
from hmi.project._import_rows import plan_rows
from hmi.project._in_force import alarm_rows, tag_rows
from hmi.project._load import open_plant
from hmi.project._shadow import ErrorsOf, errors_with, loading_errors, seen_with, stored_as
from hmi.project.folder_files import Files, FolderChanged, read_files, write_files
from hmi.project.importing import Imported, ImportFault, Place, Reference, Told
from hmi.project.new_names import NewNames
from hmi.project.plant import Plant

__all__ = ["ADDED", "CHANGED", "UNCHANGED", "Change", "Followed", "ImportPlan", "apply_import", "plan_import"]

ReferencesOf = Callable[[Path], Sequence[Reference]]
_ROUNDS: Final = 5
"""Leaving out a row may put another at fault, such as an alarm of it; it goes out with the next round."""
_ORDER: Final = {"connection": 0, "area": 1, "type": 2, "alarm": 4}
_PLURALS: Final = {"alarm": "alarms", "type": "types", "area": "areas", "connection": "connections"}


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The difference that an import makes. ``texts``: new texts of files by path below the folder.

    ``faults`` are those of the source and of the plant as it would be; with ``left_out`` the proposals at fault are
    not in the texts, and only a fault of none of them blocks. ``before``: the plant's files as they were compared.
    ``followed``: references that follow new names, by file.
    """

    folder: Path
    changes: tuple[Change, ...]
    texts: dict[str, str]
    faults: tuple[ImportFault, ...]
    notes: tuple[str, ...]
    before: Files
    followed: tuple[Followed, ...] = ()
    left_out: int = 0
    is_blocked: bool = False

    def count(self, verb: str) -> int:
        """How many things are added, changed or unchanged."""
        return sum(change.verb == verb for change in self.changes)

    @property
    def added(self) -> int:
        return self.count(ADDED)

    @property
    def changed(self) -> int:
        return self.count(CHANGED)

    @property
    def unchanged(self) -> int:
        return self.count(UNCHANGED)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What would change, one sentence a thing: ``tag intake/li101.pv: range 0 … 5 -> 0 … 10``."""
        return tuple(change.sentence for change in self.changes if change.verb != UNCHANGED)

    @property
    def summary(self) -> str:
        """``12 tags added, 3 changed, 985 unchanged; 1 type added``."""
        counts = Counter((_PLURALS.get(change.what, "tags"), change.verb) for change in self.changes)
        parts: list[str] = []
        for what in ("tags", *_PLURALS.values()):
            verbs = [(verb, counts[what, verb]) for verb in (ADDED, CHANGED, UNCHANGED) if counts[what, verb]]
            words = [f"{number} {verb}" for verb, number in verbs]
            if words:
                first = verbs[0][1]
                words[0] = words[0].replace(" ", f" {what if first != 1 else what[:-1]} ", 1)
                parts.append(", ".join(words))
        return "; ".join(parts) or "nothing to import"


def plan_import(
    folder: Path | str,
    imported: Imported,
    *,
    area: str = "",
    skip_faulty: bool = False,
    told: Told = lambda _what, _done, _of: None,
    errors_of: ErrorsOf = loading_errors,
    references_of: ReferencesOf | None = None,
) -> ImportPlan:
    """Compare proposals with the plant. ``area`` goes before every name that begins with no area of the plant.

    With ``skip_faulty`` proposals at fault are left out. ``errors_of``: what finds the faults of the plant as it would
    be, by its folder; ``hmi import`` gives the checks of ``hmi check``. ``references_of``: every reference of a plant
    folder, so that one that does not follow a new name is told. ConfigurationError when the plant itself does not open.
    """
    folder = Path(folder)
    before = read_files(folder)
    plant = open_plant(folder)
    imported, type_names = with_fitting_types(imported, plant)
    told("compare with the plant", 0, len(imported.rows))
    work = _planned(folder, imported, plant, before, area, Work(type_names=type_names))
    told("check the plant as it would be", 0, 0)
    _check(folder, errors_of, imported, work)
    faults, left_out = [*imported.faults, *work.faults], frozenset(work.at_fault)
    for _ in range(_ROUNDS if skip_faulty else 0):
        if not work.at_fault:
            break
        work = _planned(folder, imported, plant, before, area, Work(left_out, type_names=type_names))
        _check(folder, errors_of, imported, work)
        faults += [fault for fault in work.faults if fault.is_error]
        left_out |= work.at_fault
    if references_of is not None and work.renamed and not any(fault.is_error for fault in work.faults):
        left = _left_behind(folder, references_of, work)
        work.faults += left
        faults += left
    is_blocked = any(fault.is_error for fault in (work.faults if skip_faulty else faults))
    return ImportPlan(
        folder=folder,
        changes=tuple(work.changes),
        texts=work.texts,
        faults=tuple(sorted(faults, key=lambda fault: (fault.place.line, not fault.is_error))),
        notes=(*imported.notes, *work.notes),
        before=before,
        followed=tuple(work.followed),
        left_out=len(left_out) + sum(one.is_error for one in imported.faults) if skip_faulty else 0,
        is_blocked=is_blocked,
    )


def apply_import(plan: ImportPlan) -> tuple[Path, ...]:
    """Write the files of a plan, all or none, and return them.

    FolderChanged when the plant's files are not those that were compared; ConfigurationError when one cannot be
    written. A plan that is blocked is not to be applied.
    """
    if plan.is_blocked:
        raise ValueError("a plan with faults cannot be applied")
    if read_files(plan.folder) != plan.before:
        do = "nothing was written; run the import again and look at what it shows"
        raise FolderChanged(
            "was changed by somebody else since it was compared", file=str(plan.folder), do=do
        )
    files = {name: stored_as(text, plan.before.get(name)) for name, text in plan.texts.items()}
    return write_files(plan.folder, files, before=plan.before, what="hmi import").paths


def _planned(folder: Path, imported: Imported, plant: Plant, before: Files, area: str, work: Work) -> Work:
    work.areas = wanted_areas(imported.areas, area, plant)
    plan_rows(imported.rows, plant, tag_rows(folder), area, work)
    plan_types(imported.types, plant, before, work)
    plan_alarms(imported.alarms, alarm_rows(folder), work)
    text = (before.get(HEAD) or b"").decode("utf-8-sig").replace("\r\n", "\n")
    plan_head(text, imported.connections, work.names.values(), plant, work)
    follow_renames(before, work)
    work.changes.sort(key=lambda change: _ORDER.get(change.what, 3))
    return work


def _check(folder: Path, errors_of: ErrorsOf, imported: Imported, work: Work) -> None:
    """Faults of the plant as it would be, each at the proposal that it comes from."""
    if not work.texts:
        return
    found = errors_with(folder, work.texts, errors_of)
    known = Counter((Path(error.file).name, error.text) for error in (errors_of(folder) if found else ()))
    for error in found:
        key = (Path(error.file).name, error.text)
        if known[key]:
            known[key] -= 1
            continue
        source = _source_of(error, imported, work)
        if source is None:
            work.faults.append(ImportFault(f"{error.file}:{error.line}: {error.text}", Place(), error.do))
        else:
            work.refuse(source, error.text, _place_of(source, imported), error.do)


def _left_behind(folder: Path, references_of: ReferencesOf, work: Work) -> list[ImportFault]:
    """A name that is made of parts, or chosen by a pattern, leads elsewhere once a tag has another name."""
    lost = left_behind(references_of(folder), seen_with(folder, work.texts, references_of), work.renamed)
    new, faults = NewNames(work.renamed), list[ImportFault]()
    for one in lost:
        where = ".".join(filter(None, (one.user, one.element)))
        text = f"{one.file}:{one.line}: {one.kind} {where} does not follow {one.name}"
        if new(one.name) != one.name:
            text += f", which becomes {new(one.name)}"
        is_chosen = one.kind == "export"
        do = (
            "its query chooses by the name; look whether that is meant"
            if is_chosen
            else "the name is made of parts there: change that first, or keep the name"
        )
        faults.append(ImportFault(text, Place(), do, is_error=not is_chosen))
    return faults


def _source_of(error: Finding, imported: Imported, work: Work) -> Source | None:
    if (source := work.lines.get((error.file, error.line))) is not None:
        return source
    names: Sequence[str] = [f"types/{one.name}.toml" for one in imported.types]
    if error.file in names and error.file in work.texts:
        return Source(TYPE, names.index(error.file))
    if error.file == HEAD:
        for number, one in enumerate(imported.connections):
            if one.name in error.text:
                return Source(CONNECTION, number)
    return None


def _place_of(source: Source, imported: Imported) -> Place:
    match source.kind:
        case "row":
            return imported.rows[source.number].place
        case "alarm":
            return imported.alarms[source.number].place
        case "type":
            return imported.types[source.number].place
    return Place()
