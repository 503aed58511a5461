"""The OPC UA server of the exporter on a free port, for its tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from export_stream import Stream, context, series
from opcua_plant import free_port

from hmi.core.values import ValueType
from hmi.export.port import ExportTag
from hmi.exporters.opcua_server._exporter import OpcuaServerExporter
from hmi.exporters.opcua_server.definition import SETTINGS, check
from hmi.security import certificates
from hmi.security.trust import TrustList

BARE = {"low": None, "high": None, "unit": "", "unit_code": ""}
NODE = "ns=2;s="


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    found = {one.name: one.default for one in SETTINGS} | {
        "endpoint": f"opc.tcp://127.0.0.1:{free_port()}/watchkeeper",
        "accounts": {"scada": "password"},
        "pki": str(folder / "pki"),
        **more,
    }
    check(found)
    return found


def open_settings(folder: Path, **more: Any) -> dict[str, Any]:
    """Without security, to this machine."""
    return settings(folder, security="none", accounts={}, **more)


def every_type() -> list[ExportTag]:
    return [
        series(0),
        series(1, type=ValueType.INT64),
        series(2, type=ValueType.UINT64, **BARE),
        series(3, type=ValueType.FLOAT32, low=-5.0, high=5.0),
        series(4, type=ValueType.BOOL, states={0: "closed", 1: "open"}, **BARE),
        series(5, type=ValueType.ENUM, states={0: "off", 1: "manual", 2: "auto"}, **BARE),
        series(6, type=ValueType.ENUM, states={-1: "fault", 10: "run"}, **BARE),
        series(7, type=ValueType.STRING, **BARE),
        series(8, type=ValueType.TIME, **BARE),
        series(9, type=ValueType.BYTES, **BARE),
        series(10, type=ValueType.ARRAY, **BARE),
        series(11, type=ValueType.STRUCTURE, **BARE),
        series(12, low=None, high=None),
    ]


@contextmanager
def serving(
    chosen: dict[str, Any], tags: Sequence[ExportTag], **more: Any
) -> Iterator[tuple[OpcuaServerExporter, Stream]]:
    """The exporter with its server running; afterwards nothing of it is left."""
    exporter, stream = OpcuaServerExporter(chosen, context(**more)), Stream(tags)
    exporter.open()
    try:
        exporter.describe(stream.schema)
        yield exporter, stream
    finally:
        exporter.close()
    assert not [one.name for one in threading.enumerate() if one.name == "opcua-server-job"]


def trust_all(chosen: dict[str, Any]) -> int:
    """Trust whoever waits in ``rejected``, as a person does after a look; how many there were."""
    store = TrustList(Path(chosen["pki"]))
    waiting = store.rejected()
    for one in waiting:
        store.trust(certificates.facts(one).sha1)
    return len(waiting)


def login(chosen: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a client connects with."""
    return {
        "connect": chosen["endpoint"], "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "user": "scada",
        "password": "password", **more,
    }  # fmt: skip
