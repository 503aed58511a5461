"""What the alarm engine looks up for one plant revision; made without touching an engine, on any thread."""

from __future__ import annotations

from hmi.alarms._condition_state import Alarm
from hmi.alarms._conditions import comparator_of
from hmi.core.alarms import Priority
from hmi.core.errors import ConfigurationError
from hmi.expressions import Expression, compile_expression
from hmi.project.plant import AlarmDef, Plant

LINK_PREFIX = "link:"


class AlarmTables:
    """Every alarm in its first state, the alarms and ``suppress_when`` rules that read each handle, and one
    link alarm for each connection. ConfigurationError when an alarm of the plant does not work.

    The units behind a connection are known to its driver only: the alarm of a unit is made when it is first
    asked for. Its id is ``link:CONNECTION/UNIT``.
    """

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.alarms: dict[str, Alarm] = {}
        self.of_handle: dict[int, list[Alarm]] = {}
        self.rules: dict[int, list[Alarm]] = {}
        self.links: dict[str, Alarm] = {}
        self._units: dict[str, dict[str, Alarm]] = {}
        for definition in plant.alarms:
            self._add(definition)
        for name in plant.connections:
            self.links[name] = self.alarms[LINK_PREFIX + name] = _link_alarm(name)

    def unit(self, connection: str, unit: str) -> Alarm:
        """The link alarm of one device behind a connection."""
        own = self._units.setdefault(connection, {})
        if unit not in own:
            own[unit] = _unit_alarm(connection, unit)
            self.alarms[own[unit].definition.id] = own[unit]
        return own[unit]

    def units_of(self, connection: str) -> dict[str, Alarm]:
        """Alarms of the units that were asked for, by unit."""
        return dict(self._units.get(connection, {}))

    def recall_unit(self, alarm_id: str) -> None:
        """Make the unit's alarm that has this id, when it is one of a connection of this plant."""
        connection, _, unit = alarm_id.removeprefix(LINK_PREFIX).rpartition("/")
        if alarm_id.startswith(LINK_PREFIX) and alarm_id not in self.alarms and connection in self.links:
            self.unit(connection, unit)

    def _add(self, definition: AlarmDef) -> None:
        tag = self.plant.by_id[definition.tag_id]
        alarm = Alarm(definition, tag.handle, comparator_of(definition), connection=tag.connection)
        handles = {tag.handle}
        alarm.is_plain = definition.kind not in ("bad", "expression")
        if definition.kind == "expression":
            alarm.expression = compile_expression(definition.expression, file=definition.source.file)
            handles = self._read_by(alarm.expression, definition)
        self._add_rule(alarm)
        self.alarms[definition.id] = alarm
        for handle in handles:
            self.of_handle.setdefault(handle, []).append(alarm)

    def _add_rule(self, alarm: Alarm) -> None:
        """``suppress_when`` of the definition: an expression that hides the alarm by design while it is true."""
        text = str(alarm.definition.extra.get("suppress_when", "")).strip()
        if not text:
            return
        source = alarm.definition.source
        rule = alarm.suppress_when = compile_expression(text, file=source.file, line=source.line)
        for handle in self._read_by(rule, alarm.definition):
            self.rules.setdefault(handle, []).append(alarm)

    def _read_by(self, expression: Expression, definition: AlarmDef) -> set[int]:
        """Handles of the tags that an expression of an alarm reads."""
        for name in expression.names:
            if name not in self.plant.by_name:
                raise ConfigurationError(
                    f"the alarm {definition.name!r} reads {name!r}, which is not a tag",
                    file=definition.source.file,
                    line=definition.source.line,
                    do="correct the name",
                )
        return {self.plant.by_name[name].handle for name in expression.names}


def _link_alarm(connection: str) -> Alarm:
    return _silence(
        LINK_PREFIX + connection,
        connection,
        f"No communication with {connection}",
        "Check the device and its network; its values are not live",
    )


def _unit_alarm(connection: str, unit: str) -> Alarm:
    return _silence(
        f"{LINK_PREFIX}{connection}/{unit}",
        f"{connection} unit {unit}",
        f"No communication with unit {unit} of {connection}",
        f"Check unit {unit} and its wiring; {connection} itself answers. The values of the unit are not live",
    )


def _silence(alarm_id: str, name: str, message: str, action: str) -> Alarm:
    definition = AlarmDef(
        id=alarm_id, tag_id="", name=name, kind="link", priority=Priority.P2, message=message, action=action
    )
    return Alarm(definition, -1, lambda value, was: bool(value))
