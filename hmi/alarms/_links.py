"""Lost devices: one link alarm each, their tags' bad-value alarms are suppressed by design (standards 1.10)."""

from __future__ import annotations

from collections.abc import Collection

from hmi.alarms._book import Book
from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import Alarm
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState
from hmi.core.values import DataValue


class Links:
    """Connections, and units behind one that is up. Times are session time, UTC ns."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._down: set[str] = set()
        self._silent: dict[tuple[str, str], frozenset[str]] = {}

    def follow_plant(self) -> None:
        """Forget connections that the plant has no longer."""
        known = self._book.plant.connections.keys()
        self._down &= known
        self._silent = {key: own for key, own in self._silent.items() if key[0] in known}

    def link_down(self, connection: str, now_ns: int, found: list[AlarmChange]) -> None:
        """The device does not answer."""
        tables, reason = self._book.tables, f"link {connection} is down"
        self._down.add(connection)
        for unit, alarm in tables.units_of(connection).items():
            self._silent.pop((connection, unit), None)
            self._fold(alarm, reason, now_ns, found)
        for alarm in tables.bad_of(connection):
            self._fold(alarm, reason, now_ns, found)
        self._judge(tables.links.get(connection), True, now_ns, found)

    def link_up(self, connection: str, now_ns: int, found: list[AlarmChange]) -> None:
        """It answers again; its bad-value alarms show again with their tags' next values."""
        self._down.discard(connection)
        self._judge(self._book.tables.links.get(connection), False, now_ns, found)

    def unit_down(
        self, connection: str, unit: str, tag_ids: Collection[str], now_ns: int, found: list[AlarmChange]
    ) -> None:
        """One alarm for a silent device behind a connection that is up, instead of those of its tags."""
        own = self._silent[connection, unit] = frozenset(tag_ids)
        for alarm in self._book.tables.bad_of(connection):
            if alarm.definition.tag_id in own:
                self._fold(alarm, f"unit {unit} of {connection} is silent", now_ns, found)
        alarm = self._book.tables.unit(connection, unit)
        self._judge(alarm, True, now_ns, found)
        self._unfold(alarm, now_ns, found)

    def unit_up(self, connection: str, unit: str, now_ns: int, found: list[AlarmChange]) -> None:
        """The unit answers; a tag of it that is still Bad has its own delay from here."""
        alarm = self._book.tables.units_of(connection).get(unit)
        if alarm is not None:
            self._judge(alarm, False, now_ns, found)
            self._unfold(alarm, now_ns, found)
        own = self._silent.pop((connection, unit), frozenset())
        for alarm in self._book.tables.bad_of(connection) if own else ():
            if alarm.definition.tag_id in own:
                self.judge_bad(alarm, self._book.values[alarm.handle], now_ns, found)

    def judge_bad(self, alarm: Alarm, value: DataValue, now_ns: int, found: list[AlarmChange]) -> None:
        """The link alarm speaks for a lost device; a tag that was never read is not broken."""
        if (
            alarm.disabled
            or alarm.connection in self._down
            or value.status == quality.BAD_WAITING_FOR_INITIAL_DATA
        ):
            return
        if any(alarm.definition.tag_id in own for own in self._silent.values()):
            return
        if alarm.unknown:
            self._book.thaw(alarm)
        self._book.condition(alarm, value.is_bad, now_ns, found, value)
        self._unfold(alarm, now_ns, found)

    def _judge(self, link: Alarm | None, down: bool, now_ns: int, found: list[AlarmChange]) -> None:
        if link is not None and not link.disabled:
            self._book.condition(link, down, now_ns, found)
            link.unknown = False

    def _fold(self, alarm: Alarm, comment: str, now_ns: int, found: list[AlarmChange]) -> None:
        """A link alarm speaks for this one: hidden by design, and no delay of it goes on."""
        alarm.due, alarm.present = 0, alarm.flags.active
        if alarm.flags.state is not AlarmState.NORM and not alarm.link_hidden:
            refused = self._book.apply(alarm, AlarmEvent.SUPPRESS, now_ns, found, comment=comment)
            alarm.link_hidden = refused is None

    def _unfold(self, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
        if alarm.link_hidden:
            alarm.link_hidden = False
            self._book.apply(alarm, AlarmEvent.UNSUPPRESS, now_ns, found, comment="the link is up")
