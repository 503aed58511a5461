"""``hmi import``: lists of tags that other programs wrote, into a plant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._import_preview import HowToImport, bring_in, progress
from hmi.cli._options import AsJson
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.plugins.definition import ImporterDefinition
    from hmi.project.importing import ImportContext, Told
    from hmi.project.plant import Plant


def import_(
    plant: Annotated[Path | None, typer.Argument(help="Plant folder (the one with plant.toml).")] = None,
    file: Annotated[Path | None, typer.Argument(help="File with tags.")] = None,
    kind: Annotated[str, typer.Option("--as", help="Kind of the file, where it is not recognised.")] = "",
    connection: Annotated[str, typer.Option(help="Connection of tags that name none.")] = "",
    area: Annotated[str, typer.Option(help="Put before names that begin with no area of the plant.")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=HEADER", help="Which column of a table is ours; repeat."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Setting of the kind; repeat.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Leave out what is at fault and take the rest.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show every change and every fault.")] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="Show the kinds of files and their settings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the tags of a file into a plant: shows the difference, asks, and writes all of it or nothing."""
    if list_:
        return _list()
    if plant is None or file is None:
        raise UsageError("name a plant folder and a file: hmi import PLANT FILE")
    how = HowToImport(str(file), dry_run, yes, as_json, show_all, skip_faulty)
    return _bring(plant, file, kind, (connection, area), (columns or (), set_ or ()), how)


def _bring(
    plant: Path,
    file: Path,
    kind: str,
    place: tuple[str, str],
    given: tuple[Sequence[str], Sequence[str]],
    how: HowToImport,
) -> None:
    from hmi.project import open_plant
    from hmi.project.import_kinds import kind_of, read_list, settings_of
    from hmi.project.import_names import legal_name

    connection, area = place[0], legal_name(place[1])
    columns, settings = (_pairs(one, option) for one, option in zip(given, ("--map", "--set"), strict=True))
    opened = open_plant(plant)
    found = _named(kind) if kind else kind_of(file)
    with progress() as told:
        context = _context(opened, connection, area, columns, told)
        imported = read_list(file, found, settings_of(found, settings), context)
    if not how.as_json:
        typer.echo(f"{file}: {found.title}")
    bring_in(plant, imported, how, area=area)


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for one in given:
        name, mark, text = one.partition("=")
        if not mark or not name.strip() or not text.strip():
            raise UsageError(f'{option} {one!r} has no =; write {option} name="Tag name"')
        out[name.strip()] = text.strip()
    return out


def _named(name: str) -> ImporterDefinition:
    from hmi.plugins import discovery

    return discovery.definition("importers", name)


def _context(plant: Plant, connection: str, area: str, columns: dict[str, str], told: Told) -> ImportContext:
    from hmi.project.importing import ImportContext

    reached = {one.name: one.driver for one in plant.connections.values() if not one.own}
    if connection and connection not in plant.connections:
        known = ", ".join(reached) or "none yet; add one to plant.toml"
        raise UsageError(f"the plant has no connection {connection!r}; it has: {known}")
    return ImportContext(
        connections=reached,
        areas=tuple(one.path for one in plant.areas),
        connection=connection or (next(iter(reached)) if len(reached) == 1 else ""),
        area=area,
        columns=columns,
        scans={one.name: one.period_ms for one in plant.scan_classes.values()},
        signals={one.name: one.signals for one in plant.types.values()},
        told=told,
    )


def _list() -> None:
    from hmi.project.import_kinds import import_kinds

    for kind in import_kinds():
        typer.echo(f"{kind.name}: {kind.title} ({' '.join(kind.suffixes)})")
        for setting in kind.settings:
            usual: Any = (
                str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
            )
            typer.echo(f"  --set {setting.name}={usual}  {setting.help}")
