"""Points at what a plant defines and never uses, and at names that lead nowhere."""

from __future__ import annotations

from hmi.check._suggest import meant
from hmi.project.draft import Draft


def check_unused(draft: Draft) -> None:
    """Warnings for connections and types without use; errors for instances with a dead display."""
    _check_connections(draft)
    _check_types(draft)
    _check_instances(draft)
    _check_areas(draft)
    if draft.displays and not draft.head.get("home"):
        draft.findings.warning(draft.head_file, 1, "the plant has no home display", 'write home = "…"')


def _check_connections(draft: Draft) -> None:
    used = {tag.connection for tag in draft.tags}
    for connection in draft.connections.values():
        if connection.name not in used and not connection.settings.get("alarms"):
            source = connection.source
            draft.findings.warning(source.file, source.line, f"no tag uses the connection {connection.name}")


def _check_types(draft: Draft) -> None:
    used = {instance.type for instance in draft.instances.values()} | draft.extended_types
    for kind in draft.types.values():
        if kind.name not in used:
            draft.findings.warning(kind.source.file, kind.source.line, f"no row of tags.csv is a {kind.name}")


def _check_instances(draft: Draft) -> None:
    for instance in draft.instances.values():
        if instance.display in draft.broken_displays:
            continue
        if instance.display and instance.display not in draft.displays:
            what = f"{instance.name}: there is no display {instance.display!r}"
            do = meant(instance.display, draft.displays, "name a display of this plant")
            draft.findings.error(instance.source.file, instance.source.line, what, do)


def _check_areas(draft: Draft) -> None:
    if not draft.areas:
        return
    without = [tag for tag in draft.tags if not tag.area]
    if without:
        first, count = without[0], len(without)
        what = f"{first.name}{f' and {count - 1} more tags' if count > 1 else ''} belong to no area"
        draft.findings.warning(first.source.file, first.source.line, what, "add the area to plant.toml")
