"""Points at what a plant defines and never uses, and at names that lead nowhere."""

from __future__ import annotations

from pathlib import Path

from hmi.check._suggest import meant
from hmi.check.where import WhereUsed, texts_in
from hmi.mimics import IMAGE_FOLDER
from hmi.project.draft import Draft


def check_unused(draft: Draft) -> None:
    """Warnings for connections and types without use; errors for instances with a dead display."""
    _check_connections(draft)
    _check_types(draft)
    _check_instances(draft)
    _check_areas(draft)
    if draft.displays and not draft.head.get("home"):
        draft.findings.warning(
            draft.head_file, 1, "the plant has no home display", 'write home = "…"', rule="no-home"
        )


def note_unused(draft: Draft) -> None:
    """What an engineer may want to know: tags and pictures that nothing has a use for, one finding for each file."""
    unused = list(WhereUsed(draft).unused_tags())
    if unused:
        first, more = unused[0], len(unused) - 1
        named = f"{first.name} and {more} more tags are" if more else f"{first.name} is"
        what = f"{named} read and used by nothing"
        do = "hmi where --unused lists them; record them, show them, or take them out"
        draft.findings.info(first.source.file, first.source.line, what, do, rule="unused-tag")
    shown = {text for display in draft.displays.values() for text in texts_in(display.document)}
    folder = Path(draft.folder) / IMAGE_FOLDER
    for path in sorted(folder.rglob("*.png")):
        name = path.relative_to(folder).as_posix()
        if name not in shown:
            draft.findings.info(str(path), 0, "no display shows this picture", rule="unused-picture")


def _check_connections(draft: Draft) -> None:
    used = {tag.connection for tag in draft.tags}
    for connection in draft.connections.values():
        if connection.name not in used and not connection.settings.get("alarms"):
            source = connection.source
            what = f"no tag uses the connection {connection.name}"
            draft.findings.warning(source.file, source.line, what, rule="unused-connection")


def _check_types(draft: Draft) -> None:
    used = {instance.type for instance in draft.instances.values()} | draft.extended_types
    for kind in draft.types.values():
        if kind.name not in used:
            what = f"no row of tags.csv is a {kind.name}"
            draft.findings.warning(kind.source.file, kind.source.line, what, rule="unused-type")


def _check_instances(draft: Draft) -> None:
    for instance in draft.instances.values():
        if instance.display in draft.broken_displays:
            continue
        if instance.display and instance.display not in draft.displays:
            what = f"{instance.name}: there is no display {instance.display!r}"
            do = meant(instance.display, draft.displays, "name a display of this plant")
            draft.findings.error(instance.source.file, instance.source.line, what, do, rule="dead-link")


def _check_areas(draft: Draft) -> None:
    if not draft.areas:
        return
    without = [tag for tag in draft.tags if not tag.area]
    if without:
        first, count = without[0], len(without)
        what = f"{first.name}{f' and {count - 1} more tags' if count > 1 else ''} belong to no area"
        draft.findings.warning(
            first.source.file, first.source.line, what, "add the area to plant.toml", rule="no-area"
        )
