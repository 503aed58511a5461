"""alarms.csv, and the alarms that types bring with their instances."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hmi.core.quick import quick
from hmi.core.values import Value
from hmi.project._alarm_fields import alarm_from_values
from hmi.project._draft import Draft
from hmi.project._findings import FieldError
from hmi.project._ids import IdMaker, ids_in
from hmi.project._read import read_csv
from hmi.project._templates import render
from hmi.project.columns import ALARM_COLUMNS, digest_rows, digested, note_missing_ids, warn_unknown_columns
from hmi.project.plant import AlarmDef, Instance, Source, TagDef

_KNOWN = frozenset(ALARM_COLUMNS) - {"position"}  # who watches positions reads it from ``extra``
_TYPE_FIELDS = _KNOWN | {"signal", "title"}


_new_alarm = quick(AlarmDef)


def load_alarms(folder: Path, draft: Draft) -> None:
    """Read alarms.csv when there is one."""
    path = folder / "alarms.csv"
    if not path.exists():
        return
    file = read_csv(path, ("tag", "kind", "priority"), draft.findings)
    if file is None:
        return
    warn_unknown_columns(file, ALARM_COLUMNS, draft)
    draft.digest.update(b"alarms.csv\0")
    order = sorted(range(len(file.header)), key=lambda index: file.header[index])
    columns = [(file.header[index], index) for index in order if file.header[index]]
    missing: list[int] = []
    texts: list[str] = []
    maker = IdMaker(ids_in(file.header, file.rows))
    for line, cells in file.rows:
        width = len(cells)
        row = {name: text for name, i in columns if i < width and cells[i] and (text := cells[i].strip())}
        source = Source(file.shown, line)
        if not row.get("id"):
            missing.append(line)
            row["id"] = maker.for_alarm(row)
        texts.append(digested(row))
        if draft.claim_id(row["id"], source):
            _add_row(row, source, draft)
    digest_rows(draft, texts)
    note_missing_ids(file.shown, missing, draft)


def _add_row(row: dict[str, str], source: Source, draft: Draft) -> None:
    tag = draft.by_name.get(row.get("tag", ""))
    if tag is None and draft.is_known(row.get("tag", "")):
        return
    if tag is None:
        what = f"the alarm names the tag {row.get('tag', '')!r}, which is not known"
        draft.findings.error(source.file, source.line, what, "name a tag of tags.csv")
        return
    extra = {} if row.keys() <= _KNOWN else {name: text for name, text in row.items() if name not in _KNOWN}
    _add(row, tag, name=row.get("name", ""), alarm_id=row["id"], extra=extra, source=source, draft=draft)


def _add(
    raw: Mapping[str, Any],
    tag: TagDef,
    *,
    name: str,
    alarm_id: str,
    extra: Mapping[str, Any],
    source: Source,
    draft: Draft,
) -> None:
    try:
        fields = alarm_from_values(raw)
    except FieldError as error:
        draft.findings.error(source.file, source.line, f"alarm of {tag.name}: {error.text}", error.do)
        return
    name = name or fields["kind"]
    message = str(raw.get("message", "")) or f"{tag.description or tag.name} {name.replace('_', ' ')}"
    draft.alarms.append(
        _new_alarm(
            id=alarm_id,
            tag_id=tag.id,
            name=name,
            message=message,
            area=tag.area,
            extra=extra,
            source=source,
            **fields,
        )
    )


def add_type_alarms(
    alarms: Mapping[str, Any],
    instance: Instance,
    values: Mapping[str, Value],
    changes: Mapping[str, Mapping[str, str]],
    draft: Draft,
) -> None:
    """The alarms of one instance; ids are ``<instance id>.alarm.<name>``."""
    for name, plan in alarms.items():
        tag = draft.by_id.get(instance.signals.get(plan.raw["signal"], ""))
        if tag is None:
            continue
        try:
            raw = {**render(plan.raw, values), **changes.get(name, {})}
        except FieldError as error:
            draft.findings.error(plan.source.file, plan.source.line, f"alarm {name}: {error.text}", error.do)
            continue
        raw.setdefault("display", instance.display)
        extra = {key: value for key, value in raw.items() if key not in _TYPE_FIELDS}
        _add(
            raw,
            tag,
            name=str(raw.get("title", "")) or name,
            alarm_id=f"{instance.id}.alarm.{name}",
            extra=extra,
            source=instance.source,
            draft=draft,
        )
