"""``hmi browse``: what a device has, as tags and types to look at, to write into a table, or to take into a plant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._browse_secret import keep_password, with_secrets
from hmi.cli._import_preview import HowToImport, bring_in, progress
from hmi.cli._options import AsJson, DataDir
from hmi.core.errors import CommunicationError, UsageError

if TYPE_CHECKING:
    from hmi.cli._browse_target import Target
    from hmi.project.importing import Imported, Told
    from hmi.project.plant import Plant


@dataclass(frozen=True, slots=True)
class Where:
    """What becomes of a proposal."""

    match: str
    tree: bool
    out: Path | None
    into: Path | None
    area: str
    how: HowToImport


_Device = Annotated[
    str,
    typer.Argument(
        metavar="URL|CONNECTION", help="opc.tcp://host:4840, modbus://host:502, or a connection of PLANT."
    ),
]
_Plant = Annotated[
    Path | None, typer.Argument(help="Plant whose connections, certificates and trust list count.")
]
_Root = Annotated[str, typer.Option(help="OPC UA: node to begin at; by default the folder Objects.")]
_Most = Annotated[str, typer.Option("--max", metavar="N", help="OPC UA: nodes that are read at most.")]
_Depth = Annotated[str, typer.Option(metavar="N", help="OPC UA: levels below the root.")]
_Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Option of the browse; repeat.")
]
_Match = Annotated[str, typer.Option(help="Only names like this, with * and ?.")]
_Tree = Annotated[bool, typer.Option("--tree", help="Show a tree.")]
_Out = Annotated[
    Path | None, typer.Option("-o", "--out", help="Write a table, .csv or .xlsx, for hmi import.")
]
_Into = Annotated[
    Path | None, typer.Option(help="Take what is proposed into this plant, as hmi import does.")
]
_Connection = Annotated[str, typer.Option(help="Connection that the tags get.")]
_Area = Annotated[str, typer.Option(help="Area that the names begin with.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="With --into: only show what would change.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Write without asking, and over a file that is there.")]
_SkipFaulty = Annotated[bool, typer.Option("--skip-faulty", help="With --into: leave out what is at fault.")]
_All = Annotated[bool, typer.Option("--all", help="With --into: show every change.")]
_User = Annotated[str, typer.Option(help="User name at the device; the password is asked for.")]
_Security = Annotated[str, typer.Option(help="OPC UA: auto, none or the name of a policy.")]
_Trust = Annotated[
    str,
    typer.Option(metavar="THUMBPRINT", help="Trust the certificate with this SHA-256 (without a plant)."),
]
_List = Annotated[bool, typer.Option("--list", help="Show what --set takes.")]


def browse(
    target: _Device = "",
    plant: _Plant = None,
    root: _Root = "",
    most: _Most = "",
    depth: _Depth = "",
    set_: _Set = None,
    match: _Match = "",
    tree: _Tree = False,
    out: _Out = None,
    into: _Into = None,
    connection: _Connection = "",
    area: _Area = "",
    dry_run: _DryRun = False,
    yes: _Yes = False,
    skip_faulty: _SkipFaulty = False,
    show_all: _All = False,
    user: _User = "",
    security: _Security = "",
    trust: _Trust = "",
    list_: _List = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what a device has and propose tags and types for it; the device is only read."""
    if list_:
        return _list()
    if not target:
        raise UsageError("name a device: hmi browse opc.tcp://host:4840, or hmi browse CONNECTION PLANT")
    how = HowToImport(target, dry_run, yes, as_json, show_all, skip_faulty)
    where = Where(match, tree, out, into, _area(area), how)
    _check(where, trust, plant)
    given = _given(root=root, max_nodes=most, max_depth=depth) | _pairs(set_ or [])
    found = _target(target, plant or into, connection, data)
    found = replace(found, settings=_settings(found, user, security))
    with progress() as told:
        imported = _browsed(found, given, where.area, trust, told)
    _end(found, _matching(imported, match, where.area), where)
    if user and into is not None and not dry_run:
        keep_password(found, into, data, yes=yes)
    return None


def _area(text: str) -> str:
    from hmi.project.import_names import legal_name

    return legal_name(text)


def _check(where: Where, trust: str, plant: Path | None) -> None:
    how = where.how
    if where.into is None and (how.dry_run or how.skip_faulty or how.show_all):
        raise UsageError("--dry-run, --skip-faulty and --all go with --into")
    if where.into is not None and (where.out is not None or where.tree):
        raise UsageError("--into goes without -o and --tree")
    if where.out is not None and where.tree:
        raise UsageError("-o goes without --tree")
    if trust and (plant is not None or where.into is not None):
        raise UsageError("--trust goes without a plant; a plant has hmi trust PLANT accept")


def _given(**options: str) -> dict[str, str]:
    return {name: text for name, text in options.items() if text}


def _pairs(given: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for one in given:
        name, mark, text = one.partition("=")
        if not mark or not name.strip():
            raise UsageError(f"--set {one!r} has no =; write --set max_seconds=60")
        out[name.strip()] = text.strip()
    return out


def _target(text: str, plant: Path | None, connection: str, data: Path | None) -> Target:
    from hmi.cli._browse_target import target_of
    from hmi.project import open_plant

    opened: Plant | None = open_plant(plant) if plant else None
    return target_of(text, opened, connection, data)


def _settings(target: Target, user: str, security: str) -> dict[str, Any]:
    """Those of the connection with its secrets, or with a user and a policy from the command line."""
    from hmi.cli._passwords import hidden_line
    from hmi.plugins.discovery import definition

    known = {one.name for one in definition("drivers", target.driver).settings}
    found = dict(target.settings) if user else with_secrets(target)
    for name, value in (("user", user), ("security", security)):
        if value and name not in known:
            raise UsageError(f"--{name} does not go with {target.driver}")
    if user:
        found |= {"user": user, "password": hidden_line(f"Password of {user} at the device (not shown): ")}
        found.pop("password_file", None)
    if security:
        found["security"] = security
    return found


# --- browsing -------------------------------------------------------------------------------------------


def _browsed(target: Target, given: Mapping[str, str], area: str, trust: str, told: Told) -> Imported:
    import asyncio
    import logging

    from hmi.cli._browse_target import accept, unknown_certificate
    from hmi.plugins.discovery import definition, part
    from hmi.project import paths_in
    from hmi.project.import_kinds import values_of
    from hmi.project.importing import BrowseAsk, Browser

    module = part("drivers", target.driver, "browser")
    for name in ("asyncua", "hmi.drivers"):  # a sentence at the end says what they would log
        logging.getLogger(name).setLevel(logging.CRITICAL)
    options = values_of(module.BROWSE_OPTIONS, given, f"browsing {target.driver}")
    folders = {"plant": Path(target.plant.folder if target.plant is not None else ""), "data": target.data}
    settings = paths_in(target.settings, definition("drivers", target.driver).settings, folders)
    ask = BrowseAsk(
        target.endpoint, settings, options, target.connection, area=area, data=target.data, told=told
    )
    browser: Browser = module.create()
    try:
        return asyncio.run(browser.browse(ask))
    except CommunicationError as error:
        if not trust:
            raise unknown_certificate(target, error) from error
        accept(target, trust, error)
    return asyncio.run(browser.browse(ask))


def _matching(imported: Imported, match: str, area: str) -> Imported:
    """Rows with such a name, with the area in front or without, and the types that they need."""
    if not match:
        return imported
    rows = [
        row
        for row in imported.rows
        if fnmatchcase(row.name, match) or (area and fnmatchcase(row.name.removeprefix(f"{area}/"), match))
    ]
    if imported.rows and not rows:
        raise UsageError(
            f"none of the {len(imported.rows)} rows has a name like {match}; look at all of them without --match"
        )
    kinds = {row.cells["kind"] for row in rows}
    return replace(imported, rows=rows, types=[one for one in imported.types if one.name in kinds])


# --- what becomes of it ---------------------------------------------------------------------------------


def _end(target: Target, imported: Imported, where: Where) -> None:
    from hmi.cli import _browse_show as show

    if where.into is not None:
        proposed = replace(imported, connections=_connections(target, imported))
        return bring_in(where.into, proposed, where.how, area=where.area)
    if where.out is not None:
        _write(imported, where, where.out)
    elif where.how.as_json:
        return show.show_json(imported)
    elif where.tree:
        show.show_tree(imported.rows)
    else:
        show.show_table(imported.rows)
    show.show_notes(imported)
    if not where.how.as_json:
        typer.echo(f"{len(imported.rows)} rows, {len(imported.types)} types")
    return show.show_faults(imported, target.endpoint)


def _write(imported: Imported, where: Where, out: Path) -> None:
    from hmi.project.proposal_file import write_proposal

    for file in write_proposal(imported, out, overwrite=where.how.yes):
        typer.echo(f"{file}: written")
    area = f" --area {where.area}" if where.area else ""
    typer.echo(f"Next: look at it, take out what is not wanted, then: hmi import PLANT {out}{area}")


def _connections(target: Target, imported: Imported) -> list[Any]:
    """The connection itself where the plant has none of this name; a password never goes into a file."""
    from hmi.project.importing import ProposedConnection

    if not target.connection:
        if any(row.cells.get("address") or row.cells.get("parameters") for row in imported.rows):
            raise UsageError("say which connection of the plant the tags get: --connection NAME")
        return []
    there = target.plant.connections.get(target.connection) if target.plant is not None else None
    if there is not None:
        if target.endpoint not in there.endpoints:
            reached = ", ".join(there.endpoints) or "no device yet"
            typer.echo(
                f"note: connection {there.name} of the plant reaches {reached}, not this device", err=True
            )
        return []
    learned = next((one.settings for one in imported.connections if one.name == target.connection), {})
    kept = {name: value for name, value in {**target.settings, **learned}.items() if name != "password"}
    return [ProposedConnection(target.connection, target.driver, target.endpoint, kept)]


def _list() -> None:
    from hmi.cli._browse_target import DRIVERS
    from hmi.plugins.discovery import part

    for driver in dict.fromkeys(DRIVERS.values()):
        typer.echo(driver)
        for one in part("drivers", driver, "browser").BROWSE_OPTIONS:
            usual = str(one.default).lower() if isinstance(one.default, bool) else one.default
            typer.echo(f"  --set {one.name}={usual}  {one.help}")
