"""tags.csv: tags, and instances of types expanded into tags and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hmi.core.identity import is_tag_name
from hmi.core.values import Value
from hmi.project._alarms import add_type_alarms
from hmi.project._draft import Draft
from hmi.project._drivers import options_of, options_of_cells
from hmi.project._fields import CellReader, pairs, truth
from hmi.project._findings import FieldError
from hmi.project._ids import IdMaker, ids_in
from hmi.project._read import read_csv
from hmi.project._templates import has_holes, render
from hmi.project._types import SignalPlan, TypePlan, signal_plan
from hmi.project.columns import TAG_COLUMNS, digest_row, note_missing_ids, warn_unknown_columns
from hmi.project.models import ParameterModel
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
    maker = IdMaker(ids_in(file.header, file.rows))
    for line, cells in file.rows:
        width = len(cells)
        row = {name: text for name, i in columns if i < width and (text := cells[i].strip())}
        source = Source(file.shown, line)
        kind = row.get("kind", "tag")
        if not row.get("id"):
            missing.append(line)
            row["id"] = maker.for_tag(row)
        digest_row(draft, row)
        if not draft.claim_id(row["id"], source):
            continue
        if kind == "tag":
            _add_plain(row, reader, source, draft)
        else:
            _add_instance(row, types.get(kind), source, draft)
    note_missing_ids(file.shown, missing, draft)


def _add_plain(row: Row, reader: CellReader, source: Source, draft: Draft) -> None:
    name = row.get("name", "")
    try:
        fields = reader.fields(row)
        connection = draft.connections.get(fields.get("connection", ""))
        if connection is not None and connection.driver in draft.drivers:
            raw_type = row.get("type", "")
            fields["options"] = options_of_cells(connection.driver, row.get("options", ""), "", raw_type)
    except FieldError as error:
        draft.findings.error(source.file, source.line, f"{name}: {error.text}", error.do)
        return
    fields["id"], fields["name"] = row["id"], name
    fields["area"] = draft.area_for(name, row.get("area", ""), source)
    draft.add_tag(fields, source)


def _add_instance(row: Row, plan: TypePlan | None, source: Source, draft: Draft) -> None:
    name = row.get("name", "")
    problem = _problem_of_instance(row, name, plan, draft)
    if problem is not None or plan is None:
        text, do = (problem.text, problem.do) if problem else ("", "")
        draft.findings.error(source.file, source.line, f"{name}: {text}", do)
        return
    area = draft.area_for(name, row.get("area", ""), source)
    try:
        given = pairs(row.get("parameters", ""), "parameters")
        overrides = {key: given.pop(key) for key in list(given) if "." in key}
        parameters = _parameters(given, plan.parameters)
        targets = _overrides(overrides, plan)
    except FieldError as error:
        draft.findings.error(source.file, source.line, f"{name}: {error.text}", error.do)
        return
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
        if (tag_id := _add_signal(signal, row, values, targets.get(key, {}), source, draft))
    }
    draft.instances[name] = Instance(
        row["id"], name, plan.component.name, row.get("description", ""), area, signals, parameters,
        row.get("display", ""), source,
    )  # fmt: skip
    add_type_alarms(plan.alarms, draft.instances[name], values, targets, draft)


def _problem_of_instance(row: Row, name: str, plan: TypePlan | None, draft: Draft) -> FieldError | None:
    if plan is None:
        known = ", ".join(("tag", *draft.types))
        return FieldError(f"kind {row.get('kind')!r} is not a type of this plant", f"use one of {known}")
    if not is_tag_name(name) or "." in name:
        return FieldError(f"{name!r} is not the name of an instance", "write area/unit/equipment")
    first = draft.instances.get(name)
    if first is not None:
        return FieldError(f"is already in {first.source.file}:{first.source.line}", "rename one of them")
    return None


def _parameters(given: Mapping[str, str], wanted: Mapping[str, ParameterModel]) -> dict[str, Value]:
    for key in given:
        if key not in wanted:
            known = ", ".join(wanted) or "none"
            raise FieldError(f"the type has no parameter {key!r}", f"its parameters: {known}")
    out: dict[str, Value] = {}
    for key, model in wanted.items():
        if key in given:
            out[key] = _checked(key, _typed(key, given[key], model.type), model)
        elif model.default is None:
            raise FieldError(f"parameter {key!r} is missing", f"write {key}=… into the column parameters")
        else:
            out[key] = model.default
    return out


def _typed(key: str, text: str, kind: str) -> Value:
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return truth(text, key)
    except ValueError:
        raise FieldError(f"parameter {key} {text!r} is not of type {kind}") from None
    return text


def _checked(key: str, value: Value, model: ParameterModel) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = model.minimum, model.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise FieldError(f"parameter {key} is {value}", f"it goes from {low} to {high}")
    if model.choices is not None and value not in model.choices:
        raise FieldError(f"parameter {key} {value!r} is not known", f"use one of {model.choices}")
    return value


def _overrides(given: Mapping[str, str], plan: TypePlan) -> dict[str, dict[str, str]]:
    """``speed.high=80`` by signal (or alarm) and field."""
    out: dict[str, dict[str, str]] = {}
    for key, text in given.items():
        target, _, name = key.partition(".")
        if target not in plan.signals and target not in plan.alarms:
            raise FieldError(f"{key}: the type has neither a signal nor an alarm {target!r}")
        out.setdefault(target, {})[name] = text
    return out


def _add_signal(
    signal: SignalPlan, row: Row, values: Mapping[str, Value], changes: Row, source: Source, draft: Draft
) -> str:
    """The id of the tag, '' when it could not be made."""
    name = f"{values['name']}.{signal.name}"
    try:
        plan = signal_plan(signal.name, {**signal.raw, **changes}, signal.source) if changes else signal
        fields = plan.fields(values)
        _complete(fields, plan, row, values, draft)
    except FieldError as error:
        what = f"{name}: {error.text}"
        draft.findings.error(
            source.file, source.line, what, error.do or f"see {signal.source.file}:{signal.source.line}"
        )
        return ""
    fields.update(id=f"{row['id']}.{signal.name}", name=name, area=values["area"], instance=values["name"])
    tag = draft.add_tag(fields, source)
    return tag.id if tag else ""


def _complete(
    fields: dict[str, Any], plan: SignalPlan, row: Row, values: Mapping[str, Value], draft: Draft
) -> None:
    """Connection, scan class and options, which an instance may give for all its signals."""
    if "scan" not in fields and "scan" in row:
        fields["scan"] = row["scan"]
    if fields.get("expression"):
        return
    fields.setdefault("connection", row.get("connection", ""))
    connection = draft.connections.get(fields["connection"])
    if connection is None or connection.driver not in draft.drivers:
        return
    own, raw_type, cell = plan.raw.get("options", ""), plan.raw.get("type", ""), row.get("options", "")
    if isinstance(own, str) and not has_holes(own):
        fields["options"] = options_of_cells(connection.driver, own, cell, raw_type)
        return
    given = render(own, values)
    given = pairs(given, "options") if isinstance(given, str) else given
    fields["options"] = options_of(connection.driver, {**given, **pairs(cell, "options")}, raw_type)
