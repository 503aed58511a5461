"""``hmi tls`` and ``hmi station``: what stations on other machines need from a runtime."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._passwords import hidden_line
from hmi.cli._tables import print_table
from hmi.cli._users import console_actor
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.security.stations import Stations
    from hmi.security.tls import ServerCertificate

_TLS = ("init", "renew", "show", "use")
_STATION = ("add", "renew", "list", "remove")


def tls(
    plant: PlantFolder,
    action: Annotated[str, typer.Argument(help=" ".join(_TLS))],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CERT KEY]", help="use: PEM files that somebody else made."),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="init, renew: name or address of this machine; may be repeated.")
    ] = None,
    passphrase: Annotated[
        bool,
        typer.Option(
            "--passphrase",
            help="use: the key is locked; its passphrase is asked for, or one line of standard input.",
        ),
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """The certificate that a runtime shows to stations on other machines; a running one takes a new one at once."""
    from hmi.project import open_plant
    from hmi.security.tls import TlsFolder

    _check_tls(action, files or [], host or [], passphrase)
    folder = TlsFolder(data_for(open_plant(plant).id, data))
    if action == "init":
        found = folder.init(host or [])
    elif action == "renew":
        found = folder.renew(host or [])
    elif action == "use":
        certificate, key = files or []
        opened = hidden_line(tr("Passphrase of the key (not shown): ")) if passphrase else ""
        found = folder.use(certificate, key, opened)
    else:
        found = folder.show()
    _print(found, as_json)


def station(
    plant: PlantFolder,
    action: Annotated[str, typer.Argument(help=" ".join(_STATION))],
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the station.")] = "",
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Stations on other machines that a runtime takes; a running one follows within seconds."""
    from hmi.project import open_plant
    from hmi.security.stations import Stations

    if action not in _STATION:
        known = ", ".join(_STATION)
        raise UsageError(
            tr("hmi station does not know {action}; use one of: {known}", action=repr(action), known=known)
        )
    if (action == "list") == bool(name):
        raise UsageError(tr("write: hmi station PLANT add NAME, renew NAME, remove NAME, or list"))
    stations = Stations(data_for(open_plant(plant).id, data))
    if action == "list":
        _list(stations, as_json)
    elif action == "remove":
        stations.remove(name, by=console_actor())
        typer.echo(tr("{name}: removed; a live connection of it ends within seconds", name=name))
    else:
        give = stations.add if action == "add" else stations.renew
        token = give(name, by=console_actor())
        typer.echo(
            tr("{name}: its token follows; it is shown this once and kept nowhere", name=name), err=True
        )
        typer.echo(token)


def _check_tls(action: str, files: list[Path], hosts: list[str], passphrase: bool) -> None:
    if action not in _TLS:
        raise UsageError(
            tr(
                "hmi tls does not know {action}; use one of: {known}",
                action=repr(action),
                known=", ".join(_TLS),
            )
        )
    if (action == "use") != (len(files) == 2) or (files and action != "use"):
        raise UsageError(tr("certificate and key belong to: hmi tls PLANT use CERT KEY"))
    if hosts and action not in ("init", "renew"):
        raise UsageError(tr("--{option} does not belong to hmi tls {action}", option="host", action=action))
    if passphrase and action != "use":
        raise UsageError(
            tr("--{option} does not belong to hmi tls {action}", option="passphrase", action=action)
        )


def _print(found: ServerCertificate, as_json: bool) -> None:
    from hmi.security.certificates import utc

    left = (found.valid_to - utc()).days
    authority = str(found.authority) if found.authority else ""
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "names": found.names, "valid_from": found.valid_from.isoformat(),
                    "valid_to": found.valid_to.isoformat(), "days_left": left, "sha256": found.sha256,
                    "issuer": found.issuer, "authority": authority,
                },
                indent=1,
            )
        )  # fmt: skip
        return
    typer.echo(f"{tr('names')}: {', '.join(found.names)}")
    typer.echo(f"{tr('valid until')}: {found.valid_to:%Y-%m-%d} ({tr('{days} days left', days=left)})")
    typer.echo(f"SHA-256: {found.sha256}")
    typer.echo(f"{tr('authority')}: {authority or found.issuer}")
    if authority:
        typer.echo(tr("Give that file to each station: hmi open https://HOST:PORT --ca FILE"))


def _list(stations: Stations, as_json: bool) -> None:
    active = [one for one in stations.all() if one.is_active]
    if as_json:
        rows = [{"name": one.name, "since": one.changed_at, "by": one.changed_by} for one in active]
        typer.echo(json.dumps(rows, indent=1))
        return
    lines = ([one.name, _day(one.changed_at), one.changed_by] for one in active)
    print_table(("station", "token since", "by"), lines)


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / NS_PER_S, UTC):%Y-%m-%d %H:%M} UTC"
