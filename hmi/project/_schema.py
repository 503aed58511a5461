"""Schema versions of the plant files, and the migrations from older ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hmi.project._findings import Findings

CURRENT = {"plant": 1, "type": 1, "display": 1, "scenario": 1}

# (kind, version) -> how a document of that version becomes one of version + 1, in place, so that TOML
# keeps its comments; what it does not know it leaves alone
MIGRATIONS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}


def schema_of(kind: str) -> str:
    """What the current version writes, as ``plant/1``."""
    return f"{kind}/{CURRENT[kind]}"


def migrated(
    data: dict[str, Any], kind: str, *, shown: str, line: int, findings: Findings
) -> dict[str, Any] | None:
    """The document in the current version; None and a finding for a version that cannot be read."""
    written = data.get("schema")
    if written is None:
        what = f"does not say its schema, read as {schema_of(kind)}"
        findings.warning(shown, 1, what, "run hmi format", rule="schema")
        return {"schema": schema_of(kind), **data}
    version = _version(written, kind)
    if version is None:
        do = f'write schema = "{schema_of(kind)}"'
        findings.error(shown, line, f"schema {written!r} is not known", do, rule="schema")
        return None
    if version > CURRENT[kind]:
        what = f"is written as {written}, this version reads up to {schema_of(kind)}"
        findings.error(shown, line, what, "open it with a newer Watchkeeper", rule="schema")
        return None
    return _upgrade(data, kind, version)


def _version(written: object, kind: str) -> int | None:
    if not isinstance(written, str):
        return None
    name, _, number = written.partition("/")
    if name != kind or not number.isascii() or not number.isdigit() or len(number) > 6:
        return None
    version = int(number)
    readable = version >= CURRENT[kind] or all((kind, v) in MIGRATIONS for v in range(version, CURRENT[kind]))
    return version if version and readable else None


def _upgrade(data: dict[str, Any], kind: str, version: int) -> dict[str, Any]:
    for step in range(version, CURRENT[kind]):
        data = MIGRATIONS[kind, step](data)
        data["schema"] = f"{kind}/{step + 1}"
    return data
