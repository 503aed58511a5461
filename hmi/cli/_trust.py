"""``hmi trust``: the certificates of a plant, with and without a running runtime."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.cli._tables import print_table
from hmi.core.clock import NS_PER_S
from hmi.core.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from hmi.client.certificates import CertificateInfo
    from hmi.project.plant import Plant
    from hmi.security.trust_desk import Done, TrustDesk

# verb -> what has to follow it
_VERBS: Final = {
    "list": "", "own": "", "renew": "", "return": "", "accept": "FINGERPRINT", "reject": "FINGERPRINT",
    "remove": "FINGERPRINT", "import": "FILE", "crl": "FILE",
}  # fmt: skip
_TELLING: Final = ("list", "own")
SHORTEST: Final = 8


def trust(
    plant: PlantFolder,
    verb: Annotated[str, typer.Argument(help=" ".join(_VERBS))] = "list",
    what: Annotated[str, typer.Argument(metavar="[FINGERPRINT|FILE]", help="At least 8 digits.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is kept in the journal.")] = "",
    issuer: Annotated[
        bool, typer.Option("--issuer", help="import: an authority in between, not trusted by itself.")
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Certificates of servers and the own one: list, decide, renew; a running runtime follows at once."""
    from hmi.project import open_plant
    from hmi.security.trust_desks import desks_of

    _check_asked(verb, what, reason, issuer=issuer, as_json=as_json)
    opened = open_plant(plant)
    folder = data_for(opened.id, data)
    desks = desks_of(opened, folder)
    try:
        if verb == "list":
            return _list(opened, folder, desks, as_json)
        if verb == "own":
            return _own(desks, as_json)
        _decide(desks, verb, what, reason, issuer=issuer)
    except OSError as error:
        raise UsageError(f"{folder}: this cannot be written ({error.strerror or error})") from error


def _check_asked(verb: str, what: str, reason: str, *, issuer: bool, as_json: bool) -> None:
    if verb not in _VERBS:
        raise UsageError(f"hmi trust does not know {verb!r}; write one of: {', '.join(_VERBS)}")
    wanted = _VERBS[verb]
    if wanted and not what:
        raise UsageError(f"{verb} needs more; write: hmi trust PLANT {verb} {wanted}")
    if what and not wanted:
        raise UsageError(f"{verb} takes nothing more than the plant, not {what!r}")
    if as_json and verb not in _TELLING:
        raise UsageError("--json goes with list and own")
    if issuer and verb != "import":
        raise UsageError("--issuer goes with import")
    if reason and verb in _TELLING:
        raise UsageError(f"--reason does not go with {verb}")


# --- telling --------------------------------------------------------------------------------------------


def _list(plant: Plant, data: Path, desks: Sequence[TrustDesk], as_json: bool) -> None:
    import msgspec

    from hmi.security.trust_desks import look

    found = look(desks, _states(data))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    rows = [*([found.own] if found.own else []), *found.certificates]
    if not rows and not found.lists:
        typer.echo("No certificate yet: one appears here when a connection has met its server.", err=True)
    header = ("State", "Connection", "Subject", "SHA-256", "Valid to", "Why")
    print_table(header, (_row(one) for one in rows))
    for one in found.lists:
        word = "current" if one.current else "out of date"
        print_table(header, [(word, "", f"revocation list of {one.issuer}", one.fingerprint,
                              _day(one.next_update) if one.next_update else "", f"{one.revoked} revoked")])  # fmt: skip


def _row(one: CertificateInfo) -> tuple[str, ...]:
    state = f"own, {one.state}" if one.place == "own" else one.state
    if one.changed_from:
        state = f"{state}, changed"
    where = ", ".join(
        f"{offer.connection} ({offer.state})" if offer.state else offer.connection for offer in one.offers
    )
    return state, where, one.subject, one.fingerprint, _day(one.valid_to), one.text


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / NS_PER_S, UTC):%Y-%m-%d}"


def _states(data: Path) -> dict[str, str]:
    """State of each connection where a runtime answers."""
    import asyncio

    from hmi.client.federation import Deaf
    from hmi.client.local import is_running
    from hmi.client.socket import SocketClient
    from hmi.core.errors import CommunicationError

    async def ask() -> dict[str, str]:
        client = SocketClient(data, Deaf())
        try:
            return {one.name: one.state for one in (await client.status()).connections}
        except CommunicationError:
            return {}
        finally:
            await client.close()

    return asyncio.run(ask()) if is_running(data) else {}


def _own(desks: Sequence[TrustDesk], as_json: bool) -> None:
    """Made when there is none, so that it can be trusted in the servers before the first connection."""
    import msgspec

    from hmi.client.certificates import grouped
    from hmi.security import certificates
    from hmi.security.trust_desk import OWN

    desk = desks[0]
    pair = certificates.load_or_create(desk.folder / OWN)
    found = desk.look().own
    if found is None:
        raise ConfigurationError("the own certificate cannot be read", file=str(pair.certificate_file))
    if as_json:
        told = {**msgspec.to_builtins(found), "file": str(pair.certificate_file)}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
        return
    for name, value in (
        ("File", str(pair.certificate_file)), ("Subject", found.subject), ("Application", found.uri),
        ("SHA-256", grouped(found.fingerprint)), ("SHA-1", grouped(found.sha1)),
        ("Valid", f"{_day(found.valid_from)} to {_day(found.valid_to)} ({found.days_left} days left)"),
    ):  # fmt: skip
        typer.echo(f"{name}: {value}")


# --- deciding -------------------------------------------------------------------------------------------


def _decide(desks: Sequence[TrustDesk], verb: str, what: str, reason: str, *, issuer: bool) -> None:
    from hmi.security import trust_desks, trust_notes

    if verb in ("import", "crl"):
        desk, done = desks[0], _import(desks[0], verb, Path(what), issuer=issuer)
    else:
        desk, done = trust_desks.act(desks, verb, _whole(desks, what) if what else "")
    if done.answer.refusal:
        typer.echo(done.answer.refusal, err=True)
        raise typer.Exit(1)
    trust_notes.leave(desk.folder, verb, done.fingerprint, reason, done.fields)
    typer.echo(f"{done.answer.text} ({done.fingerprint})")


def _whole(desks: Sequence[TrustDesk], given: str) -> str:
    """The one fingerprint that begins as given; SHA-256 or SHA-1."""
    from hmi.security.trust_desk import plain_hex

    wanted = plain_hex(given)
    if len(wanted) < SHORTEST:
        raise UsageError(f"{given!r} is too short; write at least {SHORTEST} digits of the fingerprint")
    found = sorted({one for desk in desks for one in desk.find(wanted)})
    if len(found) > 1:
        raise UsageError(f"{given!r} fits {len(found)} certificates; write more digits")
    return found[0] if found else wanted


def _import(desk: TrustDesk, verb: str, file: Path, *, issuer: bool) -> Done:
    from hmi.security.trust import read_certificate, read_list

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: this file cannot be read ({error.strerror or error})") from error
    if verb == "crl":
        revoked = read_list(content)
        if revoked is None:
            raise UsageError(f"{file}: this is no revocation list; give one as DER or PEM")
        return desk.take_list(revoked)
    certificate = read_certificate(content)
    if certificate is None:
        raise UsageError(f"{file}: this is no certificate; give one as DER or PEM")
    return desk.take(certificate, issuer=issuer)
