"""tags.csv: tags, and instances of types expanded into tags and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmi.core.identity import is_tag_name
from hmi.core.values import Value
from hmi.project._alarms import add_type_alarms
from hmi.project._convert import pairs
from hmi.project._draft import Draft
from hmi.project._drivers import Options, options_of, options_of_cells
from hmi.project._fields import CellReader
from hmi.project._findings import FieldError
from hmi.project._ids import IdMaker, ids_in
from hmi.project._members import divided, is_absent
from hmi.project._overrides import PRESENT, changed, note_scaling, note_unknown, overrides_of
from hmi.project._parameters import parameter_values
from hmi.project._read import read_csv
from hmi.project._templates import has_holes, render
from hmi.project._types import MemberPlan, SignalPlan, TypePlan, signal_plan
from hmi.project.columns import TAG_COLUMNS, digest_rows, digested, note_missing_ids, warn_unknown_columns
from hmi.project.plant import Instance, Source

Row = dict[str, str]


def load_tags(folder: Path, types: Mapping[str, TypePlan], draft: Draft) -> None:
    """Read tags.csv row by row."""
    file = read_csv(folder / "tags.csv", ("kind", "name"), draft.findings)
    if file is None:
        return
    warn_unknown_columns(file, TAG_COLUMNS, draft)
    draft.digest.update(b"tags.csv\0")
    order = sorted(range(len(file.header)), key=lambda index: file.header[index])
    columns = [(file.header[index], index) for index in order if file.header[index]]
    reader = CellReader(file.header)
    missing: list[int] = []
    texts: list[str] = []
    maker = IdMaker(ids_in(file.header, file.rows))
    for line, cells in file.rows:
        width = len(cells)
        row = {name: text for name, i in columns if i < width and cells[i] and (text := cells[i].strip())}
        source = Source(file.shown, line)
        kind = row.get("kind", "tag")
        if not row.get("id"):
            missing.append(line)
            row["id"] = maker.for_tag(row)
        texts.append(digested(row))
        if not draft.claim_id(row["id"], source):
            continue
        if kind == "tag":
            _add_plain(row, cells, reader, source, draft)
        else:
            _add_instance(row, types, source, draft)
    digest_rows(draft, texts)
    note_missing_ids(file.shown, missing, draft)


def _add_plain(row: Row, cells: list[str], reader: CellReader, source: Source, draft: Draft) -> None:
    name = row.get("name", "")
    try:
        fields = reader.fields(row, cells)
        connection = draft.connections.get(fields.get("connection", ""))
        if connection is not None and connection.driver in draft.drivers:
            raw_type = row.get("type", "")
            options = options_of_cells(connection.driver, row.get("options", ""), "", raw_type)
            fields["options"] = _noted(options, name, source, draft)
    except FieldError as error:
        draft.refuse(name, source, error)
        return
    if fields.get("command") is not None and "class" not in row:
        draft.without_class.append((name, source))
    fields["id"], fields["name"] = row["id"], name
    fields["area"] = draft.area_for(name, row.get("area", ""), source)
    draft.add_tag(fields, source)


def _add_instance(row: Row, types: Mapping[str, TypePlan], source: Source, draft: Draft) -> None:
    name, plan = row.get("name", ""), types.get(row["kind"])
    if plan is None and row["kind"] in draft.broken_types:
        draft.broken_names.add(name)
        return
    problem = _problem_of_instance(row, name, plan, draft)
    if problem is not None:
        draft.refuse(name, source, problem)
    if problem is not None or plan is None:
        return
    area = draft.area_for(name, row.get("area", ""), source)
    try:
        given = pairs(row.get("parameters", ""), "parameters")
    except FieldError as error:
        draft.refuse(name, source, error)
        return
    _expand(_Wanted(row, plan, given, {}, area, source), types, draft)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An instance to make. ``given`` is what its row says of it, ``usual`` what the type says that it is a member of.

    ``row`` of a member: that of the row with the id, name, description and connection of the member. ``path`` is what
    stands before a name in the cell of the row, ``p1.`` of its member p1.
    """

    row: Row
    plan: TypePlan
    given: Mapping[str, str]
    usual: Mapping[str, str]
    area: str
    source: Source
    path: str = ""
    parent: str = ""


def _expand(wanted: _Wanted, types: Mapping[str, TypePlan], draft: Draft) -> None:
    """The instance with its signals and alarms, then its members."""
    row, plan, source, area, name = wanted.row, wanted.plan, wanted.source, wanted.area, wanted.row["name"]
    try:
        of_members, own = divided({**wanted.usual, **wanted.given}, plan)
        overrides = {key: own.pop(key) for key in list(own) if "." in key}
        parameters = parameter_values(own, plan.parameters, path=wanted.path)
        targets = overrides_of(overrides, plan)
    except FieldError as error:
        draft.refuse(name, source, error)
        return
    if targets.unknown:  # of what the type says of its member its own file is told
        targets.unknown = {key: do for key, do in targets.unknown.items() if key in wanted.given}
        note_unknown(targets, name, source, draft)
    values = {
        **parameters,
        "name": name,
        "description": row.get("description", name),
        "area": area,
        "id": row["id"],
    }
    signals = {
        key: tag_id
        for key, signal in plan.signals.items()
        if key not in targets.absent_signals
        and (tag_id := _add_signal(signal, row, values, targets.signals.get(key, {}), source, draft))
    }
    draft.instances[name] = Instance(
        row["id"], name, plan.component.name, row.get("description", ""), area, signals, parameters,
        row.get("display", ""), source, wanted.parent,
    )  # fmt: skip
    alarms = {key: one for key, one in plan.alarms.items() if key not in targets.absent_alarms}
    add_type_alarms(alarms, draft.instances[name], values, targets.alarms, draft)
    for member in plan.members.values():
        _add_member(member, of_members.get(member.name, {}), wanted, values, types, draft)


def _add_member(
    member: MemberPlan, given: Mapping[str, str], owner: _Wanted, values: Mapping[str, Value],
    types: Mapping[str, TypePlan], draft: Draft,
) -> None:  # fmt: skip
    name = f"{owner.row['name']}/{member.name}"
    row = {key: text for key, text in owner.row.items() if key not in ("area", "parameters")}
    row.update(id=f"{row['id']}.{member.name}", name=name, kind=member.kind)
    try:
        usual = render(member.given, values)
        row["description"] = (
            render(member.description, values) or f"{values['description']} {member.name.replace('_', ' ')}"
        )
        row["connection"] = render(member.connection, values) or row.get("connection", "")
        if is_absent({**usual, **given}):
            return
    except FieldError as error:
        draft.refuse(name, owner.source, error)
        return
    plan = types[member.kind]
    problem = _problem_of_instance(row, name, plan, draft)
    if problem is not None:
        draft.refuse(name, owner.source, problem)
        return
    usual.pop(PRESENT, None)
    own = {key: text for key, text in given.items() if key != PRESENT}
    path = f"{owner.path}{member.name}."
    _expand(_Wanted(row, plan, own, usual, owner.area, owner.source, path, owner.row["name"]), types, draft)


def _problem_of_instance(row: Row, name: str, plan: TypePlan | None, draft: Draft) -> FieldError | None:
    if plan is None:
        known = ", ".join(("tag", *draft.types))
        return FieldError(f"kind {row.get('kind')!r} is not a type of this plant", f"use one of {known}")
    if not is_tag_name(name) or "." in name:
        return FieldError(f"{name!r} is not the name of an instance", "write area/unit/equipment", "name")
    first = draft.instances.get(name)
    if first is not None:
        where = f"{first.source.file}:{first.source.line}"
        return FieldError(f"is already in {where}", "rename one of them", "duplicate-name")
    return None


def _add_signal(
    signal: SignalPlan, row: Row, values: Mapping[str, Value], changes: Row, source: Source, draft: Draft
) -> str:
    """The id of the tag, '' when it could not be made."""
    name = f"{values['name']}.{signal.name}"
    try:
        plan = signal_plan(signal.name, changed(signal.raw, changes), signal.source) if changes else signal
        fields = plan.fields(values)
        options = _complete(fields, plan, row, values, draft)
    except FieldError as error:
        do = error.do or f"see {signal.source.file}:{signal.source.line}"
        draft.refuse(name, source, FieldError(error.text, do, error.rule))
        return ""
    if changes:
        note_scaling(fields, signal, values, changes, source, draft)
    if options is not None:
        fields["options"] = _noted(options, name, source, draft)
    fields.update(id=f"{row['id']}.{signal.name}", name=name, area=values["area"], instance=values["name"])
    tag = draft.add_tag(fields, source)
    return tag.id if tag else ""


def _complete(
    fields: dict[str, Any], plan: SignalPlan, row: Row, values: Mapping[str, Value], draft: Draft
) -> Options | None:
    """Set connection and scan class and return the options, which an instance may give for all its signals."""
    if "scan" not in fields and "scan" in row:
        fields["scan"] = row["scan"]
    if fields.get("expression") or fields.get("manual"):
        return None
    fields.setdefault("connection", row.get("connection", ""))
    connection = draft.connections.get(fields["connection"])
    if connection is None or connection.driver not in draft.drivers:
        return None
    own, raw_type, cell = plan.raw.get("options", ""), plan.raw.get("type", ""), row.get("options", "")
    if isinstance(own, str) and not has_holes(own):
        return options_of_cells(connection.driver, own, cell, raw_type)
    given = render(own, values)
    given = pairs(given, "options") if isinstance(given, str) else given
    return options_of(connection.driver, {**given, **pairs(cell, "options")}, raw_type)


def _noted(options: Options, name: str, source: Source, draft: Draft) -> Mapping[str, Any]:
    """The options as they are, with a warning for those that the driver does not know."""
    for key in options.unknown:
        what = f"{name}: the driver has no option {key!r}"
        draft.findings.warning(source.file, source.line, what, "it is kept; check the spelling")
    return options.values
