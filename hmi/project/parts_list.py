"""The parts list (SBOM) of the product: CycloneDX 1.6 from the lock file and what is installed (CR 7.8)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from hmi.core.errors import ConfigurationError
from hmi.project.packages import PRODUCT, needed_by, plain_name
from hmi.project.shipped import lock_file, shipped_path

SPEC_VERSION: Final = "1.6"
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>\S+)\s*(?:;(?P<marker>[^\\]*))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_LONGEST = 80
"""Longer than this the field holds the text of a licence, not its name."""
_LICENCES: Mapping[str, str] = {"fonts": "OFL-1.1", "sounds": "Apache-2.0"}
_UNSTATED: Mapping[str, dict[str, Any]] = {"owa-epanet": {"license": {"id": "MIT"}}}
"""Packages that state no licence in their metadata, by the licence text in their repository."""
_SUFFIXES = frozenset({".otf", ".ttf", ".wav", ".svg", ".png"})


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of the lock file. With a ``marker`` it ships for some platforms only."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def parts_list(lock: Path | None = None) -> dict[str, Any]:
    """The document, JSON types, the same for the same installation.

    ConfigurationError when another version is installed than the lock file says: that list would be wrong.
    """
    lock = lock or lock_file()
    text = lock.read_text(encoding="utf-8")
    needed = _needed_by_product()
    packages = [_package(entry, found, needed) for entry, found in _installed(read_lock(text), lock)]
    parts = sorted([*packages, *_files()], key=lambda part: (part["type"], part["name"], part["bom-ref"]))
    own = _own_version()
    serial = uuid5(NAMESPACE_URL, f"{PRODUCT} {own} {hashlib.sha256(repr(parts).encode()).hexdigest()}")
    product = {
        "type": "application",
        "bom-ref": PRODUCT,
        "name": PRODUCT,
        "version": own,
        "purl": f"pkg:pypi/{PRODUCT}@{own}",
        "licenses": [{"expression": "Apache-2.0"}],
    }
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": product},
        "components": parts,
        "dependencies": [{"ref": PRODUCT, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def read_lock(text: str) -> list[Locked]:
    """Entries of a lock file with hashes, in its order."""
    found: list[Locked] = []
    for block in re.split(r"\n(?=\S)", text):
        if (match := _ENTRY.match(block)) is not None:
            marker = (match["marker"] or "").strip()
            found.append(Locked(match["name"], match["version"], marker, tuple(_HASH.findall(block))))
    return found


def _installed(entries: list[Locked], lock: Path) -> Iterator[tuple[Locked, Distribution | None]]:
    """Entries of this platform. One with a marker that is not here in that version ships elsewhere."""
    for entry in entries:
        try:
            found = distribution(entry.name)
        except PackageNotFoundError:
            found = None
        if found is not None and found.version == entry.version:
            yield entry, found
        elif entry.marker:
            continue
        elif found is not None:
            raise ConfigurationError(
                f"{entry.name} {found.version} is installed, the lock file says {entry.version}",
                file=str(lock),
                do="install the packages of the lock file again",
            )


def _package(entry: Locked, found: Distribution | None, needed: set[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{plain_name(entry.name)}@{entry.version}"
    part: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": entry.name,
        "version": entry.version,
        "purl": purl,
        "scope": "required" if plain_name(entry.name) in needed else "optional",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in entry.hashes],
    }
    licence = licence_of(found) if found is not None else {}
    if licence := licence or _UNSTATED.get(plain_name(entry.name), {}):
        part["licenses"] = [licence]
    return part


def licence_of(package: Distribution) -> dict[str, Any]:
    """The licence that a package states, best known form first; empty when it states none."""
    meta = package.metadata
    if expression := _field(package, "License-Expression"):
        return {"expression": expression}
    named = [
        one.rpartition(" :: ")[2] for one in meta.get_all("Classifier") or () if one.startswith("License ::")
    ]
    stated = _field(package, "License")
    if stated and len(stated) <= _LONGEST and "\n" not in stated:
        return {"license": {"name": stated}}
    named = [name for name in named if name != "OSI Approved"]
    return {"license": {"name": " OR ".join(named)}} if named else {}


def _field(package: Distribution, name: str) -> str:
    return str((package.metadata.get_all(name) or [""])[0]).strip()


def _files() -> Iterator[dict[str, Any]]:
    """Fonts and sounds that lie in the product; its icons are drawn by its own code."""
    for folder, licence in _LICENCES.items():
        for file in sorted((shipped_path("resources") / folder).iterdir()):
            if file.suffix not in _SUFFIXES:
                continue
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            yield {
                "type": "file",
                "bom-ref": f"resources/{folder}/{file.name}",
                "name": f"resources/{folder}/{file.name}",
                "version": digest[:12],
                "scope": "required",
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": [{"license": {"id": licence}}],
            }


def _needed_by_product() -> set[str]:
    """Names of the packages that run with the product; all others of the lock file are for its developers."""
    try:
        return {plain_name(package.name) for package in needed_by(distribution(PRODUCT))}
    except PackageNotFoundError:
        return set()


def _own_version() -> str:
    try:
        return version(PRODUCT)
    except PackageNotFoundError:
        return "0"
