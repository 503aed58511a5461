"""``hmi where``: everything that uses a tag, an instance, an alarm or a display; and what nothing uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._options import AsJson, PlantFolder
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.check.where import Use, WhereUsed
    from hmi.project.draft import Draft


def where(
    plant: PlantFolder,
    name: Annotated[
        str, typer.Argument(help="Tag, instance, type, display, or alarm (its id or name).")
    ] = "",
    unused: Annotated[bool, typer.Option("--unused", help="List the tags that nothing uses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cross-reference: displays, expressions, alarms, commands, exports, history, training and notifications."""
    from hmi.check import WhereUsed
    from hmi.project.draft import read_draft

    if bool(name) is unused:
        raise UsageError("name one thing of the plant, or write --unused")
    draft = read_draft(plant)
    if not draft.head:
        first = draft.findings.items[0]
        raise UsageError(first.sentence)
    used = WhereUsed(draft, lines=True)
    if unused:
        return _unused(used, as_json=as_json)
    found = _found(used, draft, name)
    if as_json:
        typer.echo(json.dumps([{"of": kind, "name": n, "uses": [u.as_dict() for u in uses]} for kind, n, uses in found],
                              ensure_ascii=False, indent=1))  # fmt: skip
        return None
    for kind, own, uses in found:
        typer.echo(f"{kind} {own}: {_count(len(uses))}")
        print_table(("used by", "name", "element", "what", "where"), [_row(use) for use in uses])
    return None


def _found(used: WhereUsed, draft: Draft, name: str) -> list[tuple[str, str, list[Use]]]:
    """(kind, name, uses) of each thing of the plant that is called so."""
    found: list[tuple[str, str, list[Use]]] = []
    if name in draft.by_name:
        found.append(("tag", name, used.of_tag(name)))
    if name in draft.instances:
        found.append(("instance", name, used.of_instance(name)))
    if name in draft.types:
        found.append(("type", name, used.of_type(name)))
    if name in draft.displays:
        found.append(("display", name, used.of_display(name)))
    for alarm in used.alarms_named(name):
        tag = draft.by_id.get(alarm.tag_id)
        found.append(("alarm", f"{tag.name if tag else ''} {alarm.name}".strip(), used.of_alarm(alarm)))
    if not found:
        from hmi.check import meant

        known = (*draft.by_name, *draft.instances, *draft.types, *draft.displays)
        raise UsageError(
            f"{name}: the plant has nothing of this name; {meant(name, known, 'hmi tags lists the tags')}"
        )
    return found


def _row(use: Use) -> tuple[str, ...]:
    place = f"{Path(use.source.file).name}:{use.source.line}" if use.source.file else ""
    return use.kind, use.name, use.element, use.text, place


def _count(number: int) -> str:
    return (
        "used nowhere" if not number else "used in one place" if number == 1 else f"used in {number} places"
    )


def _unused(used: WhereUsed, *, as_json: bool) -> None:
    tags = list(used.unused_tags())
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "name": tag.name,
                "description": tag.description,
                "file": tag.source.file,
                "line": tag.source.line,
            }
            for tag in tags
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    print_table(
        ("tag", "description", "where"),
        [(tag.name, tag.description, f"{Path(tag.source.file).name}:{tag.source.line}") for tag in tags],
    )
    typer.echo(f"{len(tags)} tags are used by nothing", err=True)
