"""What the alarm engine looks up for one plant revision; made without touching an engine, on any thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from hmi.alarms._bypass import BYPASS_PREFIX, bypass_alarm, bypass_id, bypass_named
from hmi.alarms._condition_state import Alarm, Case
from hmi.alarms._conditions import comparator_at, comparator_of
from hmi.alarms._first_out import FirstOut
from hmi.alarms._lockouts import LOCKOUT_PREFIX, is_lockout, lockout_alarm
from hmi.alarms._slope import Slope
from hmi.alarms._system import SYSTEM_PREFIX, is_of, is_system_alarm, system_alarm
from hmi.core.alarms import Priority
from hmi.core.collector import without_collector
from hmi.core.errors import ConfigurationError
from hmi.expressions import Expression, compile_expression
from hmi.project.plant import AlarmDef, Plant

LINK_PREFIX = "link:"
CHANNEL_PREFIX = "notify:"
CERTIFICATE_PREFIX = "certificate:"
OWN_CERTIFICATE = "own"
STATIONS_CERTIFICATE = "stations"
EXPORT_CERTIFICATE = "export/"
"""Before the name of a job that is a server with a certificate of its own."""
_EXPIRY = {30: Priority.P3, 7: Priority.P2}
LIMITS = ("high", "high_high", "low", "low_low")
_PLAIN = frozenset((*LIMITS, "discrete"))


class AlarmTables:
    """Every alarm in its first state, the alarms and ``suppress_when`` rules that read each handle, and one
    link alarm for each connection, one for each way of notification. ConfigurationError when an alarm of the plant
    does not work.

    The units behind a connection are known to its driver only: the alarm of a unit is made when it is first
    asked for. Its id is ``link:CONNECTION/UNIT``. So are those of certificates: ``certificate:own/DAYS``,
    ``certificate:link/CONNECTION/DAYS`` and ``certificate:export/JOB/DAYS``, and those of bypassed conditions
    (``hmi.alarms._bypass``).
    """

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.alarms: dict[str, Alarm] = {}
        self.of_handle: dict[int, list[Alarm]] = {}
        self.rules: dict[int, list[Alarm]] = {}
        self.links: dict[str, Alarm] = {}
        self._units: dict[str, dict[str, Alarm]] = {}
        self._bad: dict[str, list[Alarm]] = {}
        with without_collector():
            for definition in plant.alarms:
                self._add(definition)
        self.channels = {one.name: _channel_alarm(one.name) for one in plant.notifications}
        self.alarms.update((one.definition.id, one) for one in self.channels.values())
        self.first_out = FirstOut(plant, self.alarms.values())
        for name, one in plant.connections.items():
            made = _own_link_alarm(name) if one.own else _link_alarm(name)
            self.links[name] = self.alarms[LINK_PREFIX + name] = made

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

    def certificate(self, key: str, days: int) -> Alarm:
        """The alarm of a certificate that ends within 30 or 7 days; ``key`` is own, stations, ``link/CONNECTION``
        or ``export/JOB``.
        """
        alarm_id = f"{CERTIFICATE_PREFIX}{key}/{days}"
        if alarm_id not in self.alarms:
            self.alarms[alarm_id] = _certificate_alarm(alarm_id, key, days)
        return self.alarms[alarm_id]

    def certificates(self) -> tuple[tuple[str, int], ...]:
        """Key and days of those that were asked for."""
        asked = (key for key in self.alarms if key.startswith(CERTIFICATE_PREFIX))
        parts = (key.removeprefix(CERTIFICATE_PREFIX).rpartition("/") for key in asked)
        return tuple((key, int(days)) for key, _, days in parts)

    def bypass(self, tag_id: str, condition: str) -> Alarm:
        """The alarm of a condition that is left out for commands to a tag."""
        alarm_id = bypass_id(tag_id, condition)
        if alarm_id not in self.alarms:
            self.alarms[alarm_id] = bypass_alarm(self.plant, tag_id, condition)
        return self.alarms[alarm_id]

    def bypasses(self) -> tuple[Alarm, ...]:
        """Those that were asked for."""
        return tuple(alarm for key, alarm in self.alarms.items() if key.startswith(BYPASS_PREFIX))

    def system(self, name: str) -> Alarm:
        """The alarm of the product itself that has this name."""
        alarm_id = SYSTEM_PREFIX + name
        if alarm_id not in self.alarms:
            self.alarms[alarm_id] = system_alarm(name)
        return self.alarms[alarm_id]

    def lockout(self, kind: str, name: str) -> Alarm:
        """The alarm of wrong passwords; ``kind`` is account or station."""
        alarm_id = f"{LOCKOUT_PREFIX}{kind}/{name}"
        if alarm_id not in self.alarms:
            self.alarms[alarm_id] = lockout_alarm(kind, name)
        return self.alarms[alarm_id]

    def lockouts(self) -> tuple[Alarm, ...]:
        """Those that were asked for."""
        return tuple(alarm for key, alarm in self.alarms.items() if key.startswith(LOCKOUT_PREFIX))

    def _recall_certificate(self, alarm_id: str) -> None:
        key, _, days = alarm_id.removeprefix(CERTIFICATE_PREFIX).rpartition("/")
        kept_here = key in {OWN_CERTIFICATE, STATIONS_CERTIFICATE}
        if key.startswith(EXPORT_CERTIFICATE):
            is_known = key.removeprefix(EXPORT_CERTIFICATE) in {job.name for job in self.plant.exports}
        else:
            is_known = kept_here or key.removeprefix("link/") in self.links
        if is_known and days in map(str, _EXPIRY):
            self.certificate(key, int(days))

    def recall(self, alarm_id: str) -> None:
        """Make the alarm of a unit, certificate or bypass that has this id, when the plant has such a thing."""
        if alarm_id.startswith(BYPASS_PREFIX):
            if (named := bypass_named(self.plant, alarm_id)) is not None:
                self.bypass(*named)
            return
        if is_lockout(alarm_id):
            kind, _, name = alarm_id.removeprefix(LOCKOUT_PREFIX).partition("/")
            self.lockout(kind, name)
            return
        if alarm_id.startswith(SYSTEM_PREFIX):
            name = alarm_id.removeprefix(SYSTEM_PREFIX)
            if is_system_alarm(name) and is_of(name, self.links, {job.name for job in self.plant.exports}):
                self.system(name)
            return
        if alarm_id.startswith(CERTIFICATE_PREFIX):
            self._recall_certificate(alarm_id)
            return
        connection, _, unit = alarm_id.removeprefix(LINK_PREFIX).rpartition("/")
        if alarm_id.startswith(LINK_PREFIX) and alarm_id not in self.alarms and connection in self.links:
            self.unit(connection, unit)

    def bad_of(self, connection: str) -> tuple[Alarm, ...]:
        """The bad-value alarms of a connection's tags."""
        return tuple(self._bad.get(connection, ()))

    def judges_plainly(self, alarm: Alarm) -> bool:
        """True when a Good value of its own tag is all that the alarm needs."""
        return alarm.definition.kind in _PLAIN and not alarm.cases

    def _add(self, definition: AlarmDef) -> None:
        tag = self.plant.by_id[definition.tag_id]
        alarm = Alarm(
            definition,
            tag.handle,
            comparator_of(definition),
            connection=tag.connection,
            limit=definition.limit,
        )
        self.alarms[definition.id] = alarm
        handles: Iterable[int] = (tag.handle,)
        if definition.kind not in _PLAIN or definition.limits_when:
            handles = self._prepare(alarm)
        if definition.count and definition.count_window_s:
            alarm.crossings = deque()
        alarm.disabled = not definition.enabled
        alarm.is_plain = self.judges_plainly(alarm) and definition.enabled
        if definition.suppress_when:
            self._add_rule(alarm)
        for handle in handles:
            self.of_handle.setdefault(handle, []).append(alarm)

    def _prepare(self, alarm: Alarm) -> set[int]:
        """What an alarm that is not plain needs; handles of the tags that it is judged by."""
        definition, handles = alarm.definition, {alarm.handle}
        if definition.kind == "bad":
            self._bad.setdefault(alarm.connection, []).append(alarm)
        if definition.kind == "expression":
            alarm.expression = self._compiled(definition, definition.expression)
            handles = self._read_by(alarm.expression, definition)
        if definition.kind in ("rate_up", "rate_down"):
            alarm.slope = Slope(definition.window_s)
        for name in definition.partners:
            alarm.partner = self._handle_of(name, definition)
            handles.add(alarm.partner)
        if definition.limits_when and definition.kind in LIMITS:
            alarm.cases = tuple(self._cases(alarm))
            for case in alarm.cases:
                handles |= self._read_by(case.when, definition) if case.when else set()
        return handles

    def _cases(self, alarm: Alarm) -> Iterator[Case]:
        """Limits by state, the plain limit last."""
        definition = alarm.definition
        for text, limit in definition.limits_when:
            yield Case(self._compiled(definition, text), limit, comparator_at(definition, limit))
        yield Case(None, definition.limit, alarm.compare)

    @staticmethod
    def _compiled(definition: AlarmDef, text: str) -> Expression:
        return compile_expression(text, file=definition.source.file, line=definition.source.line)

    def _add_rule(self, alarm: Alarm) -> None:
        """``suppress_when`` of the definition: an expression that hides the alarm by design while it is true."""
        rule = alarm.suppress_when = self._compiled(alarm.definition, alarm.definition.suppress_when)
        for handle in self._read_by(rule, alarm.definition):
            self.rules.setdefault(handle, []).append(alarm)

    def _read_by(self, expression: Expression, definition: AlarmDef) -> set[int]:
        """Handles of the tags that an expression of an alarm reads."""
        return {self._handle_of(name, definition) for name in expression.names}

    def _handle_of(self, name: str, definition: AlarmDef) -> int:
        tag = self.plant.by_name.get(name)
        if tag is None:
            raise ConfigurationError(
                f"the alarm {definition.name!r} reads {name!r}, which is not a tag",
                file=definition.source.file,
                line=definition.source.line,
                do="correct the name",
            )
        return tag.handle


def _link_alarm(connection: str) -> Alarm:
    return _silence(
        LINK_PREFIX + connection,
        connection,
        f"No communication with {connection}",
        "Check the device and its network; its values are not live",
    )


def _own_link_alarm(connection: str) -> Alarm:
    """No device is lost: something of the product itself does not tell how it does."""
    return _silence(
        LINK_PREFIX + connection,
        connection,
        f"{connection} gives no sign of life",
        "Its tags have no values; the health of the connections in the title bar says why",
        Priority.P4,
    )


def _unit_alarm(connection: str, unit: str) -> Alarm:
    return _silence(
        f"{LINK_PREFIX}{connection}/{unit}",
        f"{connection} unit {unit}",
        f"No communication with unit {unit} of {connection}",
        f"Check unit {unit} and its wiring; {connection} itself answers. The values of the unit are not live",
    )


def _channel_alarm(channel: str) -> Alarm:
    definition = AlarmDef(
        id=CHANNEL_PREFIX + channel,
        tag_id="",
        name=f"notification {channel}",
        kind="diagnostic",
        priority=Priority.P4,
        message=f"Alarms do not reach anybody by the notification {channel}",
        action="See the journal for the reason; until then tell people by other means",
    )
    return Alarm(definition, -1, lambda value, was: bool(value))


_CERTIFICATES = {
    OWN_CERTIFICATE: ("own certificate", "Renew it and trust the new one in the servers"),
    STATIONS_CERTIFICATE: ("certificate for other stations", "Renew it with: hmi tls PLANT renew"),
}


def _certificate_texts(key: str) -> tuple[str, str, str]:
    """Whose it is, what its end means, what to do."""
    if key.startswith(EXPORT_CERTIFICATE):
        job = key.removeprefix(EXPORT_CERTIFICATE)
        return (
            f"certificate of the server of export {job}",
            "A new one is made 7 days before the end, and clients are cut off until they trust that one",
            "Have the people of the clients trust the new one; docs/it.md tells how to make it on a day of your choice",
        )
    whose, action = _CERTIFICATES.get(
        key,
        (
            f"certificate of {key.removeprefix('link/')}",
            "Have it renewed in the server, then review the new one on the page Certificates",
        ),
    )
    return whose, "Without a valid one the connection does not come back once it is lost", action


def _certificate_alarm(alarm_id: str, key: str, days: int) -> Alarm:
    whose, consequence, action = _certificate_texts(key)
    definition = AlarmDef(
        id=alarm_id,
        tag_id="",
        name=whose,
        kind="diagnostic",
        priority=_EXPIRY[days],
        message=f"The {whose} ends within {days} days, or has ended",
        cause="Certificates are valid for a limited time",
        consequence=consequence,
        action=action,
    )
    return Alarm(definition, -1, lambda value, was: bool(value))


def _silence(alarm_id: str, name: str, message: str, action: str, priority: Priority = Priority.P2) -> Alarm:
    definition = AlarmDef(
        id=alarm_id, tag_id="", name=name, kind="link", priority=priority, message=message, action=action
    )
    return Alarm(definition, -1, lambda value, was: bool(value))
