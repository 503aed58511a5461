"""Settings of connections that show the alarms of their server: do they lead anywhere?"""

from __future__ import annotations

from hmi.check._suggest import meant
from hmi.project.draft import Draft
from hmi.project.plant import ConnectionDef


def check_server_alarms(draft: Draft) -> None:
    """An error for an area that does not exist, a warning for settings that nothing reads."""
    for connection in draft.connections.values():
        found = draft.drivers.get(connection.driver)
        if found is not None and any(setting.name == "alarms" for setting in found.settings):
            _check(connection, draft)


def _check(connection: ConnectionDef, draft: Draft) -> None:
    source, settings = connection.source, connection.settings
    area = settings.get("area", "")
    if isinstance(area, str) and area and area not in draft.areas:
        what = f"connection {connection.name}: there is no area {area!r}"
        do = meant(area, draft.areas, "name an area of this plant")
        draft.findings.error(source.file, source.line, what, do, rule="dead-link")
    if settings.get("alarms"):
        return
    idle = [name for name in ("severity", "area", "alarm_queue") if name in settings]
    if idle:
        what = f"connection {connection.name}: {idle[0]} is set, but the server's alarms are not shown"
        draft.findings.warning(
            source.file, source.line, what, "write alarms = true, or remove it", rule="setting-unused"
        )
