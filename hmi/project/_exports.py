"""Reads ``[[exports]]`` of plant.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hmi.core.aggregates import AGGREGATE_NAMES
from hmi.core.clock import NS_PER_S
from hmi.core.errors import ConfigurationError
from hmi.core.query import problem_of_names, query
from hmi.plugins.definition import ExporterDefinition
from hmi.plugins.discovery import definition
from hmi.project._draft import Draft
from hmi.project._drivers import check_value, paths_in
from hmi.project._findings import FieldError
from hmi.project._loopback import is_loopback_host
from hmi.project._notifications import Problem
from hmi.project._read import TomlFile
from hmi.project.exports import ExportDef, ExportWhat
from hmi.project.models import ExportModel


def exporter(name: str) -> ExporterDefinition:
    """The definition of an exporter; ConfigurationError when there is none."""
    found = definition("exporters", name)
    if not isinstance(found, ExporterDefinition):
        raise ConfigurationError(f"the exporter {name!r} has no usable definition")
    return found


def exports(models: Sequence[ExportModel], file: TomlFile, draft: Draft) -> tuple[ExportDef, ...]:
    """The jobs as written; what does not work is a finding, and that job is left out."""
    found: list[ExportDef] = []
    names: set[str] = set()
    for index, model in enumerate(models):
        problems = list(_problems(model, draft))
        if model.name in names:
            problems.append(Problem("name", "this name stands twice", "rename one of them"))
        names.add(model.name)
        draft.export_lines[model.name] = file.lines.find(("exports", index, "tags"))
        for place, what, do in problems:
            path = ("exports", index, *place.split(".")) if place else ("exports", index)
            line = file.lines.find(path) or file.lines.find(("exports", index))
            draft.findings.error(file.shown, line, f"export {model.name}: {what}", do)
        if not problems:
            found.append(_definition(model))
    return tuple(found)


def settings_in(job: ExportDef, folders: Mapping[str, Path]) -> dict[str, Any]:
    """The settings of a job with the paths made absolute. ``folders``: the ``plant`` folder and the one of ``data``."""
    return paths_in(job.settings, exporter(job.to).settings, folders)


def _definition(model: ExportModel) -> ExportDef:
    settings = {one.name: one.default for one in exporter(model.to).settings} | dict(model.settings)
    return ExportDef(
        name=model.name,
        to=model.to,
        what=ExportWhat(model.what),
        tags=tuple(model.tags),
        aggregates=tuple(model.aggregates),
        interval_s=model.interval_s,
        every_s=model.every_s,
        since=_instant(model.since),
        quota_s=model.quota_days * 86_400.0,
        backfill_share=model.backfill_percent / 100.0,
        simulator=model.simulator,
        enabled=model.enabled,
        settings=settings,
    )


def _instant(text: str) -> int:
    """UTC ns of an ISO time or day; 0 for none, 1 for ``all``. ValueError where it is none."""
    if text in ("", "all"):
        return len(text[:1])
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return int(at.timestamp()) * NS_PER_S


def _problems(model: ExportModel, draft: Draft) -> Iterator[Problem]:
    yield from _of_what(model)
    yield from _of_tags(model, draft)
    try:
        _instant(model.since)
    except (ValueError, OverflowError):
        yield Problem(
            "since", f"{model.since!r} is not a time", "write 2026-11-28, 2026-11-28T06:00:00Z or all"
        )
    try:
        kind = exporter(model.to)
    except ConfigurationError as error:
        yield Problem("to", error.what, error.do)
        return
    wanted = ExportWhat(model.what).kind
    if wanted not in kind.takes:
        yield Problem("what", f"{model.to} takes no {wanted}", f"it takes {', '.join(sorted(kind.takes))}")
    yield from _of_settings(model, kind)


def _of_tags(model: ExportModel, draft: Draft) -> Iterator[Problem]:
    """Whether the queries can be read; their types are looked at when the types are known (``hmi.check``)."""
    for text in model.tags:
        try:
            asked = query(text)
        except ConfigurationError as error:
            yield Problem("tags", error.what, error.do)
            continue
        if problem := problem_of_names(asked, "area", draft.areas):
            yield Problem("tags", *problem)


def _of_what(model: ExportModel) -> Iterator[Problem]:
    if model.what == "aggregates" and not model.aggregates:
        yield Problem("aggregates", "no aggregate is named", 'write aggregates = ["Average"]')
    for name in model.aggregates:
        if name not in AGGREGATE_NAMES:
            yield Problem(
                "aggregates", f"there is no aggregate {name!r}", f"use {', '.join(AGGREGATE_NAMES)}"
            )
    if model.what != "aggregates" and model.aggregates:
        yield Problem(
            "aggregates", f"{model.what} have no aggregates", 'write what = "aggregates" or remove them'
        )
    if ExportWhat(model.what).kind == "events" and model.tags:
        yield Problem("tags", f"{model.what} are not chosen by tags", "remove tags")


def _of_settings(model: ExportModel, kind: ExporterDefinition) -> Iterator[Problem]:
    known = {one.name: one for one in kind.settings}
    given: Mapping[str, Any] = model.settings
    broken = False
    for name, value in given.items():
        if name not in known:
            yield Problem(
                f"settings.{name}", f"{name} is no setting of {kind.name}", f"settings: {', '.join(known)}"
            )
            broken = True
            continue
        try:
            check_value(known[name], value)
        except FieldError as error:
            yield Problem(f"settings.{name}", error.text, error.do)
            broken = True
    if broken:
        return
    settings = {one.name: one.default for one in kind.settings} | dict(given)
    try:
        kind.check(settings)
    except ConfigurationError as error:
        yield Problem("settings", error.what, error.do)
        return
    host = kind.host(settings)
    if model.simulator and host and not is_loopback_host(host):
        yield Problem(
            "simulator",
            "a simulated plant sends nothing to other machines",
            "use 127.0.0.1 or remove simulator",
        )
