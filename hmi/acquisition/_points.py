"""From a plant to what each connection's driver has to know; pure."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.acquisition.port import LinkSettings, Point
from hmi.core.errors import ConfigurationError
from hmi.core.quick import quick_rows
from hmi.project.plant import ConnectionDef, Plant, Source

_points = quick_rows(Point)
LOOPBACK = ("127.", "localhost", "[::1]", "::1")
Endpoints = Mapping[str, tuple[str, ...]]


def points_of(plant: Plant, connection: str) -> tuple[Point, ...]:
    """The points of one connection, by handle."""
    tags, scans = plant.by_connection.get(connection, ()), plant.scan_classes
    periods = {name: scan.period_ms for name, scan in scans.items()}
    return tuple(
        _points(
            (
                [tag.handle for tag in tags],
                [tag.address for tag in tags],
                [tag.type for tag in tags],
                [periods.get(tag.scan, 1_000) for tag in tags],
                [tag.command is not None for tag in tags],
                [tag.options for tag in tags],
            )
        )
    )


def connections_of(plant: Plant) -> Mapping[int, str]:
    """The connection of each tag that has one, by handle."""
    return {tag.handle: tag.connection for tag in plant.tags if tag.connection}


def endpoints_of(connection: ConnectionDef, override: Endpoints | None) -> tuple[str, ...]:
    """Endpoints to try in order; an override and every simulated endpoint have to be loopback."""
    if override is not None and connection.name in override:
        endpoints = override[connection.name]
        _need_loopback(
            connection.name, endpoints, "an endpoints file may name loopback addresses only", Source()
        )
        return endpoints
    if connection.simulated:
        rule = "a simulated connection reaches loopback addresses only"
        _need_loopback(connection.name, connection.endpoints, rule, connection.source)
    return connection.endpoints


def _need_loopback(name: str, endpoints: tuple[str, ...], rule: str, source: Source) -> None:
    for endpoint in endpoints:
        if not is_loopback(endpoint):
            text = f"connection {name}: {endpoint} is refused: {rule}"
            raise ConfigurationError(text, file=source.file, line=source.line, do="use 127.0.0.1")


def is_loopback(endpoint: str) -> bool:
    """True for ``scheme://127.x.y.z:port…``, localhost and ::1."""
    rest = endpoint.partition("://")[2]
    host = rest.split("/")[0].rsplit(":", 1)[0].rpartition("@")[2]
    return host in ("localhost", "[::1]", "::1") or _is_127(host)


def _is_127(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(p.isdigit() and int(p) < 256 for p in parts)


def settings_for(connection: ConnectionDef, endpoint: str, points: tuple[Point, ...]) -> LinkSettings:
    """What the driver is built from."""
    return LinkSettings(connection.name, endpoint, connection.settings, points)
