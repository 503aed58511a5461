"""plant.toml: identity, areas, scan classes and connections."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.project._draft import Draft
from hmi.project._drivers import check_value, driver
from hmi.project._exports import exports
from hmi.project._findings import FieldError
from hmi.project._ids import derived_id
from hmi.project._loopback import is_loopback
from hmi.project._notifications import notifications
from hmi.project._read import TomlFile, read_toml
from hmi.project._schema import migrated
from hmi.project._shape import digest_document, shape
from hmi.project._targets import alarm_targets
from hmi.project.models import ConnectionModel, PlantModel, SecurityModel
from hmi.project.plant import Area, ConnectionDef, HistoryRules, ScanClass, SessionRules, Source

DEFAULT_SCANS = {"fast": 250, "normal": 1000, "slow": 5000}


def load_head(folder: Path, draft: Draft) -> bool:
    """Read plant.toml; False when there is nothing to go on with."""
    file = read_toml(folder / "plant.toml", draft.findings)
    if file is None:
        return False
    draft.head_file, draft.home_line = file.shown, file.lines.find(("home",))
    draft.head_line = file.lines.find
    line = file.lines.find(("schema",))
    data = migrated(file.data, "plant", shown=file.shown, line=line, findings=draft.findings)
    model = shape(PlantModel, data, file, draft) if data is not None else None
    if data is None or model is None:
        return False
    data["id"] = _plant_id(model, file, draft)
    digest_document(draft, "plant.toml", data)
    draft.left_out = tuple(model.check.ignore)
    draft.head = {
        "id": data["id"],
        "name": model.name,
        "title": model.title or model.name,
        "zone": _zone(model.zone, file, draft),
        "home": model.home,
        "change_number": model.change_number,
        "texts": dict(model.texts),
        "alarm_targets": alarm_targets(model.alarm_targets, file, draft),
        "reload_watch": model.reload.watch,
        "area_control_required": model.security.area_control == "required",
        "sessions": _session_rules(model.security),
        "history": HistoryRules(
            **{one.name: getattr(model.history, one.name) for one in fields(HistoryRules)}
        ),
    }
    _areas(model, file, draft)
    draft.head["notifications"] = notifications(model.notifications, folder, file, draft)
    draft.head["exports"] = exports(model.exports, file, draft)
    scans = {**DEFAULT_SCANS, **model.scan}
    draft.scans = {name: ScanClass(name, period) for name, period in scans.items()}
    for name, connection in model.connection.items():
        _connection(name, connection, file, draft)
    _refuse_mixing(draft)
    _refuse_shared_lines(draft)
    return True


def _session_rules(model: SecurityModel) -> SessionRules:
    return SessionRules(**{one.name: getattr(model, one.name) for one in fields(SessionRules)})


def _plant_id(model: PlantModel, file: TomlFile, draft: Draft) -> str:
    source = Source(file.shown, file.lines.find(("id",)))
    if model.id:
        draft.claim_id(model.id, source)
        return model.id
    draft.findings.warning(
        file.shown, 1, "the plant has no id yet", "run hmi format to keep ids", rule="missing-id"
    )
    return derived_id("p", model.name)


def _zone(zone: str, file: TomlFile, draft: Draft) -> str:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if not zoneinfo.available_timezones():
            return zone  # no time-zone data on this machine: nothing to judge by
        line = file.lines.find(("zone",))
        draft.findings.error(
            file.shown, line, f"the time zone {zone!r} is not known", "write it as Europe/Berlin"
        )
    return zone


def _areas(model: PlantModel, file: TomlFile, draft: Draft) -> None:
    for index, area in enumerate(model.area):
        line = file.lines.find(("area", index, "path"))
        if area.path in draft.areas:
            what = f"the area {area.path!r} stands twice"
            draft.findings.error(file.shown, line, what, "remove one", rule="duplicate-name")
        draft.areas[area.path] = Area(area.path, area.title or area.path, area.parent)
    _area_rings(draft, file)
    for index, area in enumerate(model.area):
        if area.parent and area.parent not in draft.areas:
            line = file.lines.find(("area", index, "parent"))
            draft.findings.error(
                file.shown, line, f"the area {area.parent!r} above {area.path!r} is not known"
            )


def _area_rings(draft: Draft, file: TomlFile) -> None:
    for path, area in draft.areas.items():
        above, seen = area.parent, {path}
        while above and above not in seen:
            seen.add(above)
            above = draft.areas[above].parent if above in draft.areas else ""
        if above == path:
            line = file.lines.find(("area",))
            what = f"the area {path!r} lies in itself"
            draft.findings.error(file.shown, line, what, "correct its parent", rule="area-cycle")
            return


def _connection(name: str, model: ConnectionModel, file: TomlFile, draft: Draft) -> None:
    path = ("connection", name)
    source = Source(file.shown, file.lines.find(path))
    draft.connections[name] = ConnectionDef(
        name=name,
        driver=model.driver,
        endpoints=tuple(model.endpoints),
        settings=model.settings,
        simulated=model.simulated,
        life_counter=model.life_counter,
        source=source,
    )
    try:
        found = draft.drivers[model.driver] = driver(model.driver)
    except ConfigurationError as error:
        draft.findings.error(file.shown, file.lines.find((*path, "driver")), error.what, error.do)
        return
    if not found.reaches_device:
        draft.connections[name] = replace(draft.connections[name], endpoints=("",), own=True, simulated=False)
    elif not model.endpoints:
        what = f"connection {name} has no endpoints"
        draft.findings.error(file.shown, file.lines.find(path), what, "write the address of the device")
    for endpoint in model.endpoints:
        _endpoint(name, endpoint, found.check_endpoint, simulated=model.simulated, file=file, draft=draft)
    known = {s.name: s for s in found.settings}
    for key, value in model.settings.items():
        _setting(name, key, value, known.get(key), file, draft, found.check_setting)


def _endpoint(name: str, endpoint: str, check: Any, *, simulated: bool, file: TomlFile, draft: Draft) -> None:
    line = file.lines.find(("connection", name, "endpoints"))
    try:
        check(endpoint)
    except ConfigurationError as error:
        draft.findings.error(file.shown, line, f"connection {name}: {error.what}", error.do)
        return
    if simulated and not is_loopback(endpoint):
        what = f"connection {name} is simulated, but {endpoint} is not on this machine"
        draft.findings.error(file.shown, line, what, "use 127.0.0.1, or remove simulated = true")


def _setting(
    name: str,
    key: str,
    value: Any,
    known: Any,
    file: TomlFile,
    draft: Draft,
    check: Callable[[str, Any], None],
) -> None:
    line = file.lines.find(("connection", name, "settings", key))
    if known is None:
        what = f"connection {name}: the driver has no setting {key!r}"
        draft.findings.warning(file.shown, line, what, "it is kept; check the spelling")
        return
    try:
        check_value(known, value)
        check(key, value)
    except FieldError as error:
        draft.findings.error(file.shown, line, f"connection {name}: {error.text}", error.do)
    except ConfigurationError as error:
        draft.findings.error(file.shown, line, f"connection {name}: {error.what}", error.do)


def _refuse_mixing(draft: Draft) -> None:
    real = [c for c in draft.connections.values() if not c.simulated and not c.own]
    simulated = [c for c in draft.connections.values() if c.simulated]
    if real and simulated:
        odd = min(real, simulated, key=len)[0]
        what = f"simulated and real connections are mixed: {simulated[0].name} is simulated, {real[0].name} is not"
        draft.findings.error(odd.source.file, odd.source.line, what, "make two plants")


def _refuse_shared_lines(draft: Draft) -> None:
    """A serial port has one master: a second connection on it could never open."""
    owners: dict[str, str] = {}
    for connection in draft.connections.values():
        found = draft.drivers.get(connection.driver)
        for line in {found.own_line(endpoint) for endpoint in connection.endpoints} - {""} if found else ():
            owner = owners.setdefault(line, connection.name)
            if owner != connection.name:
                what = f"connections {owner} and {connection.name} both use {line}, which has room for one"
                do = f"give the points of {connection.name} to {owner}: a unit before the address tells them apart"
                draft.findings.error(connection.source.file, connection.source.line, what, do)
