"""calculations.csv: calculated tags of the plant, and those that every instance of a type gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.core.values import EURange, ValueType
from hmi.expressions import compile_expression
from hmi.project._convert import number, span
from hmi.project._draft import Draft
from hmi.project._findings import FieldError
from hmi.project._ids import IdMaker, ids_in
from hmi.project._read import read_csv
from hmi.project.calculation import BASES, DAY, HOUR, KINDS, KPI, MONTH, TOTAL, USUAL_GOOD, CalculationRule
from hmi.project.columns import (
    CALCULATION_COLUMNS,
    digest_rows,
    digested,
    note_missing_ids,
    warn_unknown_columns,
)
from hmi.project.plant import Instance, Source, TagDef

FILE = "calculations.csv"
_SIGNAL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_HOURS = frozenset(("hours", "state_hours"))
Row = dict[str, str]


def load_calculations(folder: Path, draft: Draft) -> None:
    """Read calculations.csv when there is one; after the tags, before the alarms."""
    path = folder / FILE
    if not path.exists():
        return
    file = read_csv(path, ("name", "kind"), draft.findings)
    if file is None:
        return
    warn_unknown_columns(file, CALCULATION_COLUMNS, draft)
    draft.digest.update(f"{FILE}\0".encode())
    order = sorted(range(len(file.header)), key=lambda index: file.header[index])
    columns = [(file.header[index], index) for index in order if file.header[index]]
    missing: list[int] = []
    texts: list[str] = []
    maker = IdMaker(ids_in(file.header, file.rows))
    for line, cells in file.rows:
        row = {name: text for name, i in columns if i < len(cells) and (text := cells[i].strip())}
        source = Source(file.shown, line)
        if not row.get("id"):
            missing.append(line)
            row["id"] = maker.for_calculation(row)
        texts.append(digested(row))
        if draft.claim_id(row["id"], source):
            _add_row(row, source, draft)
    digest_rows(draft, texts)
    note_missing_ids(file.shown, missing, draft)
    _check_kpis(draft)


def _add_row(row: Row, source: Source, draft: Draft) -> None:
    name = row.get("name", "")
    try:
        for fields, instance in _tags_of(row, draft):
            tag = draft.add_tag(fields, source)
            if tag is not None and instance is not None:
                signals = {**instance.signals, row["name"]: tag.id}
                draft.instances[instance.name] = replace(instance, signals=signals)
    except FieldError as error:
        draft.refuse(name, source, error)


def _tags_of(row: Row, draft: Draft) -> Iterator[tuple[dict[str, Any], Instance | None]]:
    """The fields of one tag, or of one for each instance of a type."""
    kind = row.get("type", "")
    if not kind:
        of = _known(row.get("of", ""), row, draft)
        fields = {"id": row["id"], "name": row["name"], **_fields(row, of, {}, draft)}
        yield {**fields, "area": draft.area_for(row["name"], "", Source())}, None
        return
    component = draft.types.get(kind)
    if component is None:
        raise FieldError(f"{kind!r} is not a type of this plant", f"use one of {', '.join(draft.types)}")
    if not _SIGNAL.fullmatch(row["name"]) or row["name"] in component.signals:
        raise FieldError(f"{row['name']!r} cannot be the name of a further signal of the type {kind}")
    if row.get("of", "") not in component.signals and row.get("kind") != KPI:
        raise FieldError(f"the type {kind} has no signal {row.get('of', '')!r}")
    heirs = {name for name in draft.types if kind in _chain(name, draft)}
    for name in heirs:
        draft.types[name] = replace(draft.types[name], signals=(*draft.types[name].signals, row["name"]))
    for one in [one for one in draft.instances.values() if one.type in heirs]:
        of = draft.by_id.get(one.signals.get(row.get("of", ""), ""))
        if of is None and row.get("kind") != KPI:
            continue  # the instance does not have the signal, or it has been reported
        words = {"name": one.name, "description": one.description}
        fields = {"id": f"{one.id}.{row['name']}", "name": f"{one.name}.{row['name']}", "instance": one.name}
        more = {"signal": row["name"], "area": one.area}
        yield {**fields, **_fields(row, of, words, draft), **more}, one


def _chain(name: str, draft: Draft) -> Iterator[str]:
    """A type and those that it extends."""
    while name in draft.types:
        yield name
        name = draft.types[name].extends


def _known(name: str, row: Row, draft: Draft) -> TagDef | None:
    if row.get("kind") == KPI:
        return None
    if not name:
        raise FieldError("names no tag that it is calculated of", "write it into the column of")
    tag = draft.by_name.get(name)
    if tag is None and not draft.is_known(name):
        raise FieldError(f"is calculated of {name!r}, which is not known", "name a tag of tags.csv")
    return tag


def _fields(row: Row, of: TagDef | None, words: Mapping[str, str], draft: Draft) -> dict[str, Any]:
    rule = _rule(row, of, words)
    description = row.get("description", "")
    for name, text in words.items():
        description = description.replace(f"{{{name}}}", text)
    ends: EURange | None = span(row.get("low", ""), row.get("high", ""), "range")
    return {
        "calculation": rule, "type": ValueType.FLOAT64, "history": True, "description": description,
        "unit": row.get("unit", "") or ("h" if rule.kind in _HOURS else ""), "range": ends,
        "format": row.get("format", ""),
    }  # fmt: skip


def _rule(row: Row, of: TagDef | None, words: Mapping[str, str]) -> CalculationRule:
    kind, base = row.get("kind", ""), row.get("base", "")
    if kind not in KINDS:
        raise FieldError(f"the calculation {kind!r} is not known", f"use one of {', '.join(KINDS)}")
    if kind == TOTAL and base not in BASES:
        what = (
            "a total needs the time base of its unit" if not base else f"the time base {base!r} is not known"
        )
        raise FieldError(what, f"write {', '.join(BASES)} into the column base: of m³/h it is h")
    if of is not None and not of.history:
        raise FieldError(f"is calculated of {of.name}, which is not recorded", "write history = true for it")
    if of is not None and of.calculation is not None:
        raise FieldError(f"is calculated of {of.name}, which is calculated itself", "use a kpi for that")
    if kind == KPI and not row.get("expression"):
        raise FieldError("is a kpi and has no expression")
    expression = row.get("expression", "")
    for name, text in words.items():
        expression = expression.replace(f"{{{name}}}", text)
    good = number(row.get("good", USUAL_GOOD), "good")
    if not 0 <= good <= 100:
        raise FieldError(f"good {good:g} is no percentage", "write 0 to 100")
    return CalculationRule(
        kind=kind, of=of.id if of is not None else "", every=_every(row.get("every", DAY)),
        base_s=BASES.get(base, 1.0), state=number(row.get("state", "1"), "state"), expression=expression, good=good,
    )  # fmt: skip


def _every(text: str) -> str:
    if text in (HOUR, DAY, MONTH):
        return text
    times = text.split()
    if not times or not all(_TIME.fullmatch(one) for one in times) or len(set(times)) < len(times):
        raise FieldError(
            f"every {text!r} is no period",
            "write hour, day, month or beginnings of shifts: 06:00 14:00 22:00",
        )
    return " ".join(sorted(times))


def _check_kpis(draft: Draft) -> None:
    """Their parts are known when all rows have been read."""
    for tag in draft.tags:
        rule = tag.calculation
        if rule is None or not rule.is_kpi:
            continue
        try:
            _check_kpi(tag, rule, draft)
        except FieldError as error:
            draft.findings.error(tag.source.file, tag.source.line, f"{tag.name}: {error.text}", error.do)


def _check_kpi(tag: TagDef, rule: CalculationRule, draft: Draft) -> None:
    source = tag.source
    try:
        names = compile_expression(rule.expression, file=source.file, line=source.line).names
    except ConfigurationError as error:
        raise FieldError(error.what, error.do) from error
    if not names:
        raise FieldError("the kpi reads no calculated tag")
    for name in names:
        part = draft.by_name.get(name)
        if part is None or part.calculation is None or part.calculation.is_kpi:
            raise FieldError(f"the kpi reads {name!r}, which is no calculated tag", "name rows of this file")
        if part.calculation.every != rule.every:
            raise FieldError(f"the kpi reads {name}, whose periods are others", "give both the same every")
