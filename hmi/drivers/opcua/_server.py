"""Finds out what the server says about itself: namespaces, limits, identity and simulator session."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from asyncua import ua

from hmi.acquisition.port import DeviceIdentity
from hmi.drivers.opcua._session import Link

SIMULATOR_URI = "urn:watchkeeper:simulator"
SESSION_NODE = "Simulator.Session"
NAMESPACES, SERVERS = 2255, 2254
PRODUCT, MAKER, VERSION = 2261, 2263, 2264
LIMITS = {"read": 11_705, "write": 11_707, "items": 11_714, "browse": 11_710}
MAX_NAMESPACES = 10_000


@dataclass(slots=True)
class Server:
    """What was found; ``limits`` hold 0 where the server sets none."""

    namespaces: list[str] = field(default_factory=list)
    identity: DeviceIdentity = field(default_factory=DeviceIdentity)
    application_uri: str = ""
    limits: dict[str, int] = field(default_factory=dict)

    def chunk(self, kind: str, wanted: int) -> int:
        """Items of one request of a kind."""
        limit = self.limits.get(kind, 0)
        return max(1, min(wanted, limit) if limit else wanted)

    def mismatch(self, expected: Mapping[str, str]) -> str:
        """What differs from the expected identity, as a sentence part; empty when nothing does."""
        stated = asdict(self.identity) | {"application_uri": self.application_uri}
        return "; ".join(
            f"{name} is {stated.get(name, '')!r}, expected {value!r}"
            for name, value in expected.items()
            if stated.get(name, "") != value
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form for diagnostics."""
        return asdict(self.identity) | {"application_uri": self.application_uri, "limits": dict(self.limits)}


def _wish(node: ua.NodeId) -> ua.ReadValueId:
    wish = ua.ReadValueId()
    wish.NodeId, wish.AttributeId = node, ua.AttributeIds.Value
    return wish


def _good(value: ua.DataValue) -> Any:
    is_good = value.StatusCode is None or value.StatusCode.is_good()
    return value.Value.Value if is_good and value.Value is not None else None


async def namespaces_of(link: Link) -> list[str]:
    """The namespace table as it is now."""
    return _namespaces(_good((await link.read([_wish(ua.NodeId(NAMESPACES))]))[0]))


def _namespaces(answer: Any) -> list[str]:
    return [str(uri) for uri in (answer or [])[:MAX_NAMESPACES]]


async def look(link: Link) -> Server:
    """Two requests: the standard nodes, then the session of a simulator."""
    numbers = (NAMESPACES, SERVERS, PRODUCT, MAKER, VERSION, *LIMITS.values())
    answers = [_good(value) for value in await link.read([_wish(ua.NodeId(number)) for number in numbers])]
    namespaces = _namespaces(answers[0])
    servers = answers[1] or []
    limits = {
        kind: value if isinstance(value, int) else 0 for kind, value in zip(LIMITS, answers[5:], strict=True)
    }
    session = ""
    if SIMULATOR_URI in namespaces:
        node = ua.NodeId(SESSION_NODE, namespaces.index(SIMULATOR_URI))
        session = str(_good((await link.read([_wish(node)]))[0]) or "")
    product, maker, version = (str(answer or "") for answer in answers[2:5])
    uri = str(servers[0]) if servers else ""
    return Server(namespaces, DeviceIdentity(maker, product, version, session), uri, limits)
