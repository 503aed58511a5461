"""All pki folders of a plant: that of the runtime, those that connections name in their settings, and those of export
jobs that are servers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hmi.client.certificates import Certificates, in_order
from hmi.core.errors import ConfigurationError
from hmi.project.exports import EXPORTS_FOLDER
from hmi.project.plant import ConnectionDef, Plant
from hmi.security.certificates import days_left, load
from hmi.security.trust import PKI_FOLDER
from hmi.security.trust_desk import OWN, Done, TrustDesk

Desks = Sequence[TrustDesk]


def desks_of(plant: Plant, data: Path) -> list[TrustDesk]:
    """The first is that of the data folder, which holds the own certificate."""
    default, folders = data / PKI_FOLDER, dict[Path, dict[str, list[str]]]()
    folders[default] = {}
    for name, connection in plant.connections.items():
        chosen = connection.settings.get("pki_dir")
        folder = Path(str(chosen)) if chosen else default
        folders.setdefault(folder, {})[name] = _overrides(connection)
    return [
        *(TrustDesk(folder, accepted) for folder, accepted in folders.items()),
        *(TrustDesk(folder, is_client=True) for folder in served(plant, data) if folder not in folders),
    ]


def served(plant: Plant, data: Path) -> dict[Path, str]:
    """Folders of the export jobs that are servers, each with the first job that has it."""
    found: dict[Path, str] = {}
    for job in plant.exports:
        if job.settings.get("pki"):
            found.setdefault(data / EXPORTS_FOLDER / str(job.settings["pki"]), job.name)
    return found


def own_days(folder: Path) -> int | None:
    """Whole days until the own certificate of a pki folder ends; None where there is none that can be used."""
    try:
        return days_left(load(folder / OWN).certificate)
    except ConfigurationError:
        return None


def look(desks: Desks, states: Mapping[str, str], now_ns: int | None = None) -> Certificates:
    """One list of all folders; ``states`` are those of the connections."""
    first, *others = (desk.look(now_ns, states) for desk in desks)
    return msgspec.structs.replace(
        first,
        certificates=in_order(one for found in (first, *others) for one in found.certificates),
        lists=[one for found in (first, *others) for one in found.lists],
        waiting=sum(found.waiting for found in (first, *others)),
    )


def act(desks: Desks, what: str, fingerprint: str) -> tuple[TrustDesk, Done]:
    """In the folder that knows the certificate, else in the first; OSError when it cannot be written."""
    knowing = (desk for desk in desks[1:] if fingerprint and fingerprint in desk.find(fingerprint))
    desk = next(knowing, desks[0])
    return desk, desk.act(what, fingerprint)


def _overrides(connection: ConnectionDef) -> list[str]:
    given = connection.settings.get("overrides", [])
    return [str(word) for word in given] if isinstance(given, list | tuple) else []
