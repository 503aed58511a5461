"""What people do with alarms: acknowledge, reset, shelve, take out of service, disable, comment (standards 1.8)."""

from __future__ import annotations

from collections.abc import Callable

from hmi.alarms._book import Book
from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import NORMAL, Alarm
from hmi.alarms._machine import Refused, Transition, is_hidden, step
from hmi.alarms._shelf import shelf_refusal
from hmi.core.alarms import AlarmEvent, AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.principal import Principal

NO_SUCH = Refused("there is no such alarm")
DISABLED = Refused("the alarm is disabled")
_WHILE_DISABLED = frozenset({AlarmEvent.ENABLE, AlarmEvent.COMMENT})


class Acts:
    """Each act gives its changes, or a refusal that the caller journals. Times are session time, UTC ns."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._special: dict[AlarmEvent, Callable[[Alarm, str], Refused | None]] = {
            AlarmEvent.COMMENT: _may_comment,
            AlarmEvent.SILENCE: _may_silence,
            AlarmEvent.DISABLE: _may_disable,
            AlarmEvent.ENABLE: _may_enable,
        }

    def carry_out(
        self, alarm_id: str, event: AlarmEvent, now_ns: int, principal: Principal, comment: str, reason: str
    ) -> list[AlarmChange] | Refused:
        """Every act but shelving, with all changes that follow of it."""
        alarm = self._book.alarms.get(alarm_id)
        if alarm is None:
            return NO_SUCH
        if alarm.disabled and event not in _WHILE_DISABLED:
            return DISABLED
        found: list[AlarmChange] = []
        if event in self._special:
            refused = self._special[event](alarm, comment)
            if refused is None:
                self._note(alarm, event, now_ns, found, principal, comment, reason)
        elif event is AlarmEvent.RESET and alarm.rank:
            refused = self._reset_group(alarm, now_ns, found, principal, comment)
        else:
            refused = self._book.apply(
                alarm, event, now_ns, found, principal=principal, comment=comment, reason=reason
            )
        return refused or found

    def shelve(
        self, alarm_id: str, now_ns: int, seconds: float, principal: Principal, comment: str, reason: str,
        *, one_shot: bool,
    ) -> AlarmChange | Refused:  # fmt: skip
        """Shelve for a time (``one_shot``: at most until the first return to normal); needs a reason."""
        alarm = self._book.alarms.get(alarm_id)
        if alarm is None:
            return NO_SUCH
        if alarm.disabled:
            return DISABLED
        if refused := shelf_refusal(alarm, seconds, comment or reason):
            return refused
        before = alarm.shelve_until, alarm.one_shot
        alarm.shelve_until, alarm.one_shot = now_ns + int(seconds * NS_PER_S), one_shot
        found: list[AlarmChange] = []
        refused = self._book.apply(
            alarm, AlarmEvent.SHELVE, now_ns, found, principal=principal, comment=comment, reason=reason
        )
        if refused is not None:
            alarm.shelve_until, alarm.one_shot = before
            return refused
        self._book.keep_shelf(alarm, alarm.shelve_until, one_shot=one_shot)
        return found[0]

    def _note(
        self, alarm: Alarm, event: AlarmEvent, now_ns: int, found: list[AlarmChange], principal: Principal,
        comment: str, reason: str,
    ) -> None:  # fmt: skip
        """An act that is none of the state machine."""
        before = alarm.flags
        if event is AlarmEvent.COMMENT:
            alarm.comment = comment
        elif event in (AlarmEvent.DISABLE, AlarmEvent.ENABLE):
            set_disabled(self._book, alarm, event is AlarmEvent.DISABLE)
        result = Transition(alarm.flags, hidden=is_hidden(alarm.flags))
        self._book.note(
            alarm, event, before, result, now_ns, found, principal=principal, comment=comment, reason=reason
        )

    def _reset_group(
        self, alarm: Alarm, now_ns: int, found: list[AlarmChange], principal: Principal, comment: str
    ) -> Refused | None:
        """RESET of a ranked alarm resets its whole first-out group, once none of it is present any more."""
        book, name, latched = self._book, alarm.definition.first_out_group, alarm.flags.latched
        if latched and isinstance(
            refused := step(alarm.flags, AlarmEvent.RESET, latching=True, ack_required=True), Refused
        ):
            return refused
        other = book.first_out.still_present(name)
        if other is not None and not latched:
            return Refused(
                f"the condition of {other.definition.message} in the group {name} is still present"
            )
        cleared = [] if other is not None else book.first_out.reset(name)
        book.reranked.update(one.definition.id for one in cleared)
        if latched:
            book.apply(alarm, AlarmEvent.RESET, now_ns, found, principal=principal, comment=comment)
        for one in cleared:
            if not (latched and one is alarm):
                result = Transition(one.flags, hidden=is_hidden(one.flags))
                words = comment or f"first-out group {name}"
                book.note(
                    one,
                    AlarmEvent.RESET,
                    one.flags,
                    result,
                    now_ns,
                    found,
                    principal=principal,
                    comment=words,
                )
        return None


def set_disabled(book: Book, alarm: Alarm, disabled: bool) -> None:
    """A disabled alarm is not judged at all and has no state; enabled, it begins with the next usable value."""
    alarm.disabled = disabled
    alarm.flags, alarm.present, alarm.due = NORMAL, False, 0
    alarm.is_plain = not disabled and book.tables.judges_plainly(alarm)
    alarm.shelve_until, alarm.one_shot, alarm.hidden_by, alarm.hidden_since = 0, False, "", 0
    alarm.rule_hidden = alarm.link_hidden = False
    alarm.unknown = False
    alarm.wakes.clear()
    book.remember(alarm)


def _may_comment(alarm: Alarm, comment: str) -> Refused | None:
    return None if comment.strip() else Refused("the comment is empty")


def _may_silence(alarm: Alarm, comment: str) -> Refused | None:
    return None if alarm.flags.state is AlarmState.UNACK else Refused("this alarm does not sound")


def _may_disable(alarm: Alarm, comment: str) -> Refused | None:
    return None if comment.strip() else Refused("disabling needs a reason")


def _may_enable(alarm: Alarm, comment: str) -> Refused | None:
    if not alarm.disabled:
        return Refused("the alarm is not disabled")
    return None if alarm.definition.enabled else Refused("the plant's files disable this alarm")
