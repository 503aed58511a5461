"""Types of equipment: read, extended, checked once, and made ready to be expanded for each instance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hmi.core.values import Value
from hmi.project._alarm_fields import alarm_from_values
from hmi.project._command_fields import COMMAND_SOURCES, check_command
from hmi.project._draft import Draft
from hmi.project._fields import GROUPS, PLAIN, from_values
from hmi.project._findings import FieldError
from hmi.project._modes import check_modes, mode_conditions
from hmi.project._parameters import check_definition, check_uses
from hmi.project._read import TomlFile, read_toml
from hmi.project._schema import migrated
from hmi.project._shape import digest_document, shape
from hmi.project._templates import Template, has_holes, render, shown, template
from hmi.project.models import ModesModel, ParameterModel, TypeModel
from hmi.project.plant import ComponentType, Source

_ENDS = {"range": ("low", "high"), "normal": ("normal_low", "normal_high"), "raw": ("raw_low", "raw_high")}
_SIGNAL = MEMBER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_DECIDED_BY_TYPE = ("kind", "limit", "deadband", "on_delay", "off_delay", "priority", "latching", "ack")
_COMMAND_TARGETS = frozenset(COMMAND_SOURCES) - {"mode_conditions"}


@dataclass(slots=True)
class SignalPlan:
    """A signal ready to expand: ``fixed`` fields are shared, ``texts`` and ``open`` depend on the instance."""

    name: str
    raw: dict[str, Any]
    fixed: dict[str, Any]
    texts: tuple[tuple[str, Template], ...]
    open: frozenset[str]
    open_raw: dict[str, Any]
    source: Source

    def fields(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """TagDef fields for one instance; FieldError when a parameter does not fit."""
        out = dict(self.fixed)
        for target, text in self.texts:
            out[target] = text.render(values)
        if self.open:
            out.update(from_values(render(self.open_raw, values), self.open))
        return out


@dataclass(slots=True)
class AlarmPlan:
    """An alarm of a type: raw values with holes."""

    name: str
    raw: dict[str, Any]
    source: Source


@dataclass(slots=True)
class MemberPlan:
    """Equipment inside of a type. ``given`` are the parameters and overrides of the member as texts with holes."""

    name: str
    kind: str
    description: str
    connection: str
    given: dict[str, str]
    source: Source


@dataclass(slots=True)
class TypePlan:
    """A type with everything it inherits."""

    component: ComponentType
    parameters: Mapping[str, ParameterModel]
    signals: dict[str, SignalPlan]
    alarms: dict[str, AlarmPlan]
    members: dict[str, MemberPlan]


@dataclass(slots=True)
class _TypeFile:
    file: TomlFile
    data: dict[str, Any]


def load_types(folder: Path, draft: Draft) -> dict[str, TypePlan]:
    """All types of ``types/*.toml`` by name."""
    files = _read_all(folder / "types", draft)
    plans: dict[str, TypePlan] = {}
    for name, file in files.items():
        chain = _chain(name, files, draft)
        plan = _plan(chain, draft) if chain else None
        if plan is None:
            draft.broken_types.add(name)
        else:
            plans[name] = plan
            draft.types[name] = plan.component
            draft.signal_sources.update(
                {(name, signal.name): signal.source for signal in plan.signals.values()}
            )
            draft.extended_types.add(str(file.data.get("extends", "")))
        digest_document(draft, f"types/{file.file.path.name}", file.data)
    return plans


def _read_all(folder: Path, draft: Draft) -> dict[str, _TypeFile]:
    files: dict[str, _TypeFile] = {}
    for path in sorted(folder.glob("*.toml")):
        draft.broken_types.add(path.stem)
        file = read_toml(path, draft.findings)
        if file is None:
            continue
        line = file.lines.find(("schema",))
        data = migrated(file.data, "type", shown=file.shown, line=line, findings=draft.findings)
        if data is None:
            continue
        name = data.get("name", "")
        if not isinstance(name, str) or not name:
            draft.findings.error(
                file.shown, file.lines.find(("name",)), "the type has no name", 'write name = "…"'
            )
        elif name in files:
            what = f"the type {name} is already in {files[name].file.shown}"
            draft.findings.error(
                file.shown, file.lines.find(("name",)), what, "rename one of them", rule="duplicate-name"
            )
        else:
            files[name] = _TypeFile(file, data)
            draft.broken_types.discard(path.stem)
    return files


def _chain(name: str, files: Mapping[str, _TypeFile], draft: Draft) -> list[_TypeFile]:
    """The type and what it extends, the most general first; empty when that cannot be followed."""
    chain: list[_TypeFile] = []
    seen: list[str] = []
    while name:
        if name in seen or name not in files:
            last = chain[-1].file
            what = f"extends {name!r}, which {'leads back to it' if name in seen else 'is no type'}"
            rule = "type-cycle" if name in seen else "unknown-type"
            draft.findings.error(
                last.shown, last.lines.find(("extends",)), what, f"types: {', '.join(files)}", rule=rule
            )
            return []
        seen.append(name)
        chain.append(files[name])
        parent = files[name].data.get("extends", "")
        name = parent if isinstance(parent, str) else ""
    return chain[::-1]


def _plan(chain: list[_TypeFile], draft: Draft) -> TypePlan | None:
    own = chain[-1]
    merged: dict[str, Any] = {}
    for file in chain:
        merged = _merge(merged, file.data)
    model = shape(TypeModel, merged, own.file, draft)
    if model is None:
        return None
    _check_parameters(model.parameters, chain, draft)
    signals = _signals(merged, model, chain, draft)
    component = ComponentType(
        name=model.name,
        title=model.title or model.name,
        symbol=model.symbol,
        faceplate=model.faceplate,
        signals=tuple(signals),
        extra=dict(model.model_extra or {}),
        source=Source(own.file.shown, own.file.lines.find(("name",))),
        extends=str(own.data.get("extends", "")),
        parameters={name: parameter.type for name, parameter in model.parameters.items()},
        members={name: member.type for name, member in model.members.items()},
    )
    alarms = _alarms(merged, model.parameters, signals, chain, draft)
    return TypePlan(component, model.parameters, signals, alarms, _members(model, chain))


def _members(model: TypeModel, chain: list[_TypeFile]) -> dict[str, MemberPlan]:
    """As they are written; whether they fit is told when all types are known."""
    return {
        name: MemberPlan(
            name, one.type, one.description, one.connection, dict(_given(one.parameters)),
            _source(chain, "members", name),
        )
        for name, one in model.members.items()
    }  # fmt: skip


def _given(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """``speed.high = 80`` is a table in a table, and one override of the member."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _given(cast("Mapping[str, Any]", value), f"{path}{key}.")
        else:
            yield f"{path}{key}", shown(value)


def _merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in more.items():
        old = out.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        out[key] = _merge(old, value) if both and key != "states" else value  # type: ignore[arg-type]
    return out


def _source(chain: list[_TypeFile], *path: str) -> Source:
    """Where the most special file of the chain speaks of ``path``."""
    for file in reversed(chain):
        table: Any = file.data
        for part in path:
            table = table.get(part) if isinstance(table, dict) else None
        if table is not None:
            return Source(file.file.shown, file.file.lines.find(path))
    return Source(chain[-1].file.shown, 1)


def _check_parameters(parameters: Mapping[str, ParameterModel], chain: list[_TypeFile], draft: Draft) -> None:
    for name, model in parameters.items():
        try:
            check_definition(name, model)
        except FieldError as error:
            source = _source(chain, "parameters", name)
            draft.findings.error(source.file, source.line, f"parameter {name}: {error.text}", error.do)


def _signals(
    merged: Mapping[str, Any],
    model: TypeModel,
    chain: list[_TypeFile],
    draft: Draft,
) -> dict[str, SignalPlan]:
    plans: dict[str, SignalPlan] = {}
    parameters, modes = model.parameters, _modes(merged, model, chain, draft)
    for name, table in merged.get("signals", {}).items():
        source = _source(chain, "signals", name)
        if not _SIGNAL.fullmatch(name):
            what = f"{name!r} is not the name of a signal"
            draft.findings.error(source.file, source.line, what, "write letters, digits and _")
            continue
        try:
            check_uses(table, parameters)
            raw = flattened(name, table)
            if raw.get("writable"):
                raw["mode_conditions"] = mode_conditions(modes, merged["signals"], name)
                check_command(raw)
                if not raw.get("class"):
                    draft.without_class.append((f"signal {name}", source))
            plans[name] = signal_plan(name, raw, source)
        except FieldError as error:
            draft.findings.error(source.file, source.line, f"signal {name}: {error.text}", error.do)
    return plans


def _modes(
    merged: Mapping[str, Any], model: TypeModel, chain: list[_TypeFile], draft: Draft
) -> ModesModel | None:
    """The modes of a type; None when it has none, or some that do not fit."""
    if model.modes is None:
        return None
    try:
        check_modes(model.modes, merged.get("signals", {}))
    except FieldError as error:
        source = _source(chain, "modes")
        draft.findings.error(source.file, source.line, f"modes: {error.text}", error.do)
        return None
    return model.modes


def flattened(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """A signal's table with the field names of tags.csv."""
    raw: dict[str, Any] = {"description": f"{{description}} {name.replace('_', ' ')}"}
    for key, value in table.items():
        if key in _ENDS:
            raw.update(zip(_ENDS[key], value, strict=False))
        elif key == "command":
            raw["writable"] = table.get("writable", True)
            raw.update(_flat_command(value))
        else:
            raw[key] = value
    return raw


def _flat_command(table: Mapping[str, Any]) -> dict[str, Any]:
    raw = {key: value for key, value in table.items() if key in _COMMAND_TARGETS}
    raw.update(zip(("limit_low", "limit_high"), table.get("limits", ()), strict=False))
    raw.update(zip(("tune_low", "tune_high"), table.get("limits_tune", ()), strict=False))
    return raw


def signal_plan(name: str, raw: dict[str, Any], source: Source) -> SignalPlan:
    """Split a signal into what is the same for every instance and what is not."""
    moving = {key for key, value in raw.items() if has_holes(value)}
    open_groups = [g for g in GROUPS if moving.intersection(g.sources)]
    texts = tuple((g.target, template(raw[g.sources[0]])) for g in open_groups if g.target in PLAIN)
    open_targets = frozenset(g.target for g in open_groups if g.target not in PLAIN)
    closed = frozenset(g.target for g in GROUPS) - {g.target for g in open_groups}
    sources = {source for g in GROUPS if g.target in open_targets for source in g.sources}
    open_raw = {key: raw[key] for key in raw if key in sources}
    fixed = from_values(raw, closed)
    fixed.update(signal=name)
    return SignalPlan(name, raw, fixed, texts, open_targets, open_raw, source)


def _alarms(
    merged: Mapping[str, Any],
    parameters: Mapping[str, ParameterModel],
    signals: Mapping[str, SignalPlan],
    chain: list[_TypeFile],
    draft: Draft,
) -> dict[str, AlarmPlan]:
    plans: dict[str, AlarmPlan] = {}
    for name, table in merged.get("alarms", {}).items():
        source = _source(chain, "alarms", name)
        if table["signal"] not in signals:
            what = f"alarm {name}: the type has no signal {table['signal']!r}"
            draft.findings.error(source.file, source.line, what, f"its signals: {', '.join(signals)}")
            continue
        try:
            check_uses(table, parameters)
            if not any(has_holes(table.get(key)) for key in _DECIDED_BY_TYPE):
                alarm_from_values(table)
        except FieldError as error:
            draft.findings.error(source.file, source.line, f"alarm {name}: {error.text}", error.do)
            continue
        plans[name] = AlarmPlan(name, dict(table), source)
    return plans
