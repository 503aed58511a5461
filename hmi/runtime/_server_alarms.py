"""The alarms that connected servers keep: from acquisition to the lists, and what operators do with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from hmi.alarms import ServerBook, Standing, server_alarm_id
from hmi.commands import CommandGate
from hmi.core.alarms import AlarmRow, Priority
from hmi.core.clock import Clock
from hmi.core.commands import CommandState
from hmi.core.conditions import (
    ConditionAct,
    ConditionItem,
    ConditionOrder,
    ConditionUpdate,
    RefreshMark,
)
from hmi.core.identity import new_id
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.project.plant import Plant
from hmi.runtime._alarms import Act, AlarmDesk

log = logging.getLogger(__name__)

AT_ONCE = 100
HOUR_S = 3_600
LONGEST_S, LONGEST_P1_S = 12 * HOUR_S, HOUR_S
_ACTS = {
    "ACK": ConditionAct.ACKNOWLEDGE,
    "COMMENT": ConditionAct.COMMENT,
    "UNSHELVE": ConditionAct.UNSHELVE,
    "OOS": ConditionAct.OUT_OF_SERVICE,
    "RTS": ConditionAct.IN_SERVICE,
}
_WITH_REASON = (
    ConditionAct.SHELVE,
    ConditionAct.SHELVE_ONCE,
    ConditionAct.OUT_OF_SERVICE,
    ConditionAct.COMMENT,
)


class ServerAlarms:
    """One for a runtime; joins itself to the desk, whose lists then hold the alarms of servers too."""

    def __init__(self, plant: Plant, gate: CommandGate, desk: AlarmDesk, clock: Clock) -> None:
        self.book = ServerBook(plant)
        self._gate, self._desk, self._clock = gate, desk, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[str, tuple[Principal, ConditionOrder]] = {}
        desk.external, desk.elsewhere = self.act, self

    # ------------------------------------------------------------------ what the servers say

    def on_conditions(self, connection: str, items: Sequence[ConditionItem]) -> None:
        """Step 5 of a condition: its changes go to the journal, then to the lists."""
        self._desk.service.put(self.book.take(connection, items, self._clock.now_ns()))
        if self._gate.conditions.unknown:
            self._settle(connection, items)

    def link_down(self, connection: str) -> None:
        """Every row of the connection is unknown until the server tells it again; none is dropped."""
        self.book.link_down(connection)

    def _settle(self, connection: str, items: Sequence[ConditionItem]) -> None:
        """A call whose outcome is not known ends with the next word of the server on that condition."""
        told = {server_alarm_id(connection, one) for one in items if isinstance(one, ConditionUpdate)}
        ended = RefreshMark.END in items
        for alarm_id, act in list(self._gate.conditions.unknown.items()):
            standing = self.book.standing(alarm_id)
            if standing is not None and alarm_id in told and not standing.doubted:
                self._later(alarm_id, shows(act, standing))
            elif standing is None and (
                alarm_id in told or (ended and alarm_id.startswith(f"ua:{connection}/"))
            ):
                self._later(alarm_id, None)

    def _later(self, alarm_id: str, done: bool | None) -> None:
        self.book.settle(alarm_id)
        task = asyncio.create_task(self._gate.conditions.settle(alarm_id, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------------ for the desk

    def rows(self) -> tuple[AlarmRow, ...]:
        """Every row that stands in a list."""
        return (*self.book.active(), *self.book.hidden())

    def renew(self, put: Callable[[AlarmRow], bool]) -> None:
        """Rows that changed without an event; ``put`` says False while an event of one is on its way."""
        self.book.renew(put)

    # ------------------------------------------------------------------ another revision, and a restart

    def apply(self, plant: Plant) -> None:
        """Take another revision of the plant."""
        self._desk.service.put(self.book.apply(plant, self._clock.now_ns()))

    def restore(self, records: Iterable[JournalRecord]) -> None:
        """Go on where the journal ends; all of it is unknown until the servers tell it again."""
        self.book.restore(records)

    # ------------------------------------------------------------------ what operators do

    async def act(self, principal: Principal, act: Act, keys: Sequence[str]) -> list[str]:
        """Carry out an act on alarms of servers, by alarm id or, to acknowledge, by occurrence id.

        One sentence per refused one, and for each whose outcome is not known. Every one goes through the
        command gate once; none is sent later than its time to live after this call.
        """
        asked_ns = self._clock.monotonic_ns()
        problems: list[str] = []
        for portion in _portions(keys):
            orders = [(key, self._order(principal, act, key, asked_ns)) for key in portion]
            problems += await asyncio.gather(
                *(self._carry_out(principal, key, order) for key, order in orders)
            )
        return [problem for problem in problems if problem]

    async def _carry_out(self, principal: Principal, key: str, order: ConditionOrder | None) -> str:
        if order is None:
            return self._desk.sentence(key.rpartition("@")[0] or key, tr("this is no longer in the list"))
        self._asked[order.id] = principal, order
        try:
            result = await self._gate.call(principal, order)
        finally:
            was_sent = self._asked.pop(order.id, None) is None
        if result.state is CommandState.CONFIRMED:
            return ""
        if was_sent and result.state is CommandState.REFUSED:
            self.book.settle(order.alarm_id)
        return f"{order.name}: {result.text}"

    def sending(self, command_id: str) -> None:
        """The gate hands an order to acquisition: what the server tells next of its condition is our doing."""
        if (asked := self._asked.pop(command_id, None)) is not None:
            principal, order = asked
            self.book.expect(order.alarm_id, principal, order.comment)

    def _order(self, principal: Principal, act: Act, key: str, asked_ns: int) -> ConditionOrder | None:
        standing = self.book.standing(key)
        row = self.book.row(standing.alarm_id) if standing else None
        if standing is None or row is None:
            return None
        wanted = wanted_act(act, standing)
        last = standing.last
        return ConditionOrder(
            id=new_id("u"),
            alarm_id=standing.alarm_id,
            occurrence_id=standing.occurrence_id,
            name=f"{row.tag_name} {row.name}".strip(),
            connection=standing.connection,
            condition=last.condition,
            event_id=last.event_id,
            act=wanted,
            comment=words_of(act),
            seconds=act.seconds,
            asked_ns=asked_ns,
            objection=objection(
                wanted, act, standing, principal, may_tune=self._desk.may(principal, Role.TUNE, row.area)
            ),
        )


def words_of(act: Act) -> str:
    """What the server gets as the comment."""
    return ": ".join(filter(None, (act.reason, act.comment)))


def wanted_act(act: Act, standing: Standing) -> ConditionAct:
    """Reset of what waits to be confirmed is the Confirm of the server."""
    if act.name == "SHELVE":
        return ConditionAct.SHELVE_ONCE if act.one_shot else ConditionAct.SHELVE
    if act.name == "RESET":
        waits = standing.last.confirmed is False and standing.flags.acked
        return ConditionAct.CONFIRM if waits else ConditionAct.RESET
    return _ACTS[act.name]


def objection(
    wanted: ConditionAct, act: Act, standing: Standing, principal: Principal, *, may_tune: bool
) -> str:
    """Why nothing is sent at all; empty when the server may be asked."""
    if not standing.last.event_id:
        return tr("this is told by the runtime itself; the server knows nothing of it")
    if standing.unheard or standing.doubted:
        return tr("its state in the server is not known at present; nothing was sent")
    if standing.last.kind == "DialogConditionType":
        return tr("this is a question of the server; answer it there")
    if wanted is ConditionAct.ACKNOWLEDGE and standing.flags.acked:
        return tr("it is acknowledged already")
    if wanted in _WITH_REASON and not words_of(act).strip():
        return tr("this needs a reason")
    if wanted is ConditionAct.SHELVE or wanted is ConditionAct.SHELVE_ONCE:
        return _shelf_objection(wanted, act, standing, principal, may_tune=may_tune)
    return ""


def _shelf_objection(
    wanted: ConditionAct, act: Act, standing: Standing, principal: Principal, *, may_tune: bool
) -> str:
    urgent = standing.priority is Priority.P1
    if urgent and not may_tune:
        return tr("{user} may not shelve an alarm of priority 1", user=principal.user)
    longest = LONGEST_P1_S if urgent else LONGEST_S
    if wanted is ConditionAct.SHELVE and not 0 < act.seconds <= longest:
        return tr("an alarm of this priority may be shelved for at most {hours} h", hours=longest // HOUR_S)
    return ""


def shows(act: str, standing: Standing) -> bool:
    """Whether the state that the server told is the one that an act leads to."""
    flags, last = standing.flags, standing.last
    match act:
        case "ACK":
            return flags.acked
        case "CONFIRM":
            return last.confirmed is True
        case "SHELVE" | "SHELVE_ONCE":
            return flags.shelved
        case "UNSHELVE":
            return not flags.shelved
        case "RESET":
            return not flags.latched
        case "OOS":
            return flags.oos
        case "RTS":
            return not flags.oos
        case _:
            return False


def _portions(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
