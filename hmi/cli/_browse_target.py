"""What ``hmi browse`` connects to: a URL, a connection of a plant, and the folder with certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hmi.core.errors import CommunicationError, UsageError

if TYPE_CHECKING:
    from hmi.project.plant import ConnectionDef, Plant

DRIVERS: Final[Mapping[str, str]] = {
    "opc.tcp": "opcua", "modbus": "modbus", "tcp": "modbus", "tls": "modbus", "udp": "modbus", "rtu+tcp": "modbus",
    "ascii+tcp": "modbus", "serial": "modbus", "ascii+serial": "modbus",
}  # fmt: skip
_ALONE: Final = "browse"
"""Folder of the certificates met without a plant."""
SHORTEST: Final = 16


@dataclass(frozen=True, slots=True)
class Target:
    """A device. ``data`` holds the certificates; ``plant`` is the one that knows the connection, or None; ``known`` is
    the connection of the plant that the settings are from, however the tags' own is called.
    """

    driver: str
    endpoint: str
    connection: str
    settings: Mapping[str, Any]
    data: Path
    plant: Plant | None = None
    known: ConnectionDef | None = None


def target_of(text: str, plant: Plant | None, name: str, data: Path | None) -> Target:
    """The device that ``text`` names: a URL, or a connection of the plant. ``name``: what tags get as connection."""
    from hmi.cli._options import data_for

    folder = data_for(plant.id if plant else _ALONE, data)
    scheme, mark, rest = text.partition(":")
    if mark and scheme.lower() in DRIVERS:
        endpoint = f"tcp:{rest}" if scheme.lower() == "modbus" else text
        known = _with_endpoint(plant, endpoint, name)
        settings = dict(known.settings) if known else {}
        connection = name or (known.name if known else "")
        return Target(DRIVERS[scheme.lower()], endpoint, connection, settings, folder, plant, known)
    if mark and "://" in text:
        raise UsageError(f"{text!r} is no address of a device; begin it with one of: {', '.join(DRIVERS)}")
    if plant is None:
        raise UsageError(
            f"{text!r} is no address such as opc.tcp://host:4840; to browse a connection of a plant write: "
            "hmi browse CONNECTION PLANT"
        )
    return _of_plant(text, plant, name, folder)


def _with_endpoint(plant: Plant | None, endpoint: str, name: str) -> ConnectionDef | None:
    """The connection of the plant that reaches this device, so that its settings count."""
    if plant is None:
        return None
    same = [one for one in plant.connections.values() if endpoint in one.endpoints and name in ("", one.name)]
    return same[0] if same else None


def _of_plant(text: str, plant: Plant, name: str, folder: Path) -> Target:
    connection = plant.connections.get(text)
    if connection is None or connection.own:
        known = ", ".join(one.name for one in plant.connections.values() if not one.own) or "none yet"
        raise UsageError(f"the plant has no connection {text!r}; it has: {known}")
    if not connection.endpoints:
        raise UsageError(
            f"connection {text} has no endpoint; give the address of the device instead of its name"
        )
    endpoint, settings = connection.endpoints[0], dict(connection.settings)
    return Target(connection.driver, endpoint, name or text, settings, folder, plant, connection)


# --- certificates ---------------------------------------------------------------------------------------


def unknown_certificate(target: Target, error: CommunicationError) -> CommunicationError:
    """The sentence of a refusal with the thumbprint that has to be compared, where that is what is missing."""
    print_ = _waiting(target, str(error))
    if not print_:
        return error
    if target.plant is not None:
        do = f"hmi trust {target.plant.folder} accept {print_[:SHORTEST]}"
    else:
        do = f"add --trust {print_}"
    return CommunicationError(
        f"{error}; its SHA-256 thumbprint is {print_}: when the device shows the same one, write: {do}"
    )


def accept(target: Target, fingerprint: str, error: CommunicationError) -> None:
    """Trust the certificate that was refused just now, if it is the one that was named; else raise the refusal."""
    from hmi.security.trust import PKI_FOLDER
    from hmi.security.trust_desk import TrustDesk, plain_hex

    print_ = _waiting(target, str(error))
    if not print_:
        raise error
    if plain_hex(fingerprint) != print_:
        raise UsageError(f"the device shows the thumbprint {print_}, which is not the one after --trust")
    TrustDesk(target.data / PKI_FOLDER).act("accept", print_)


def _waiting(target: Target, refusal: str) -> str:
    """SHA-256 of the certificate that this refusal is about; empty when it is about something else."""
    from hmi.security.sightings import sightings
    from hmi.security.trust import PKI_FOLDER, Fault, TrustList

    folder = target.data / str(target.settings.get("pki_dir") or PKI_FOLDER)
    met = [one for one in sightings(folder) if one.endpoint == target.endpoint]
    if not met:
        return ""
    last = max(met, key=lambda one: one.last_seen)
    verdict = TrustList(folder).verdict(last.der, host=last.host, application_uri=last.application_uri)
    is_it = verdict.has(Fault.UNTRUSTED) and verdict.text in refusal
    return last.fingerprint if is_it else ""
