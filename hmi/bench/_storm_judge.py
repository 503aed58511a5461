"""Holds what the asker was told against the device's own journal of writes; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import reduce

from hmi.bench._storm import BLACK_OUT, KILL, PAUSE, Story, Told
from hmi.bench._storm_account import account_of
from hmi.bench._storm_plant import is_pulse
from hmi.core.clock import NS_PER_MS
from hmi.core.commands import CommandState

GRACE_MS = 250.0
"""What the proxy may need to look at a message that has reached it: it shares its processors with all the others."""


@dataclass
class Verdict:
    """Numbers of commands. The first six have to be empty.

    ``sent_twice`` reached the network twice; ``executed_twice`` the device, without the proxy's doing; ``sent_late``
    were handed to the socket after their time to live, or reached the proxy more than ``GRACE_MS`` after it
    (``latest_ms``: the latest of all); ``wrong_tag`` changed another tag;
    ``unresolved`` ended unknown and were never settled; ``told_wrong``: the asker was told other than it was.
    Of the network: ``doubled`` requests were executed twice because the proxy sent them twice, ``delivered_late``
    reached the device after their time to live because the proxy let them wait. ``accounts`` say of each command that
    was told wrong what everybody saw of it.
    """

    sent_twice: list[int] = field(default_factory=list[int])
    executed_twice: list[int] = field(default_factory=list[int])
    sent_late: list[int] = field(default_factory=list[int])
    wrong_tag: list[int] = field(default_factory=list[int])
    unresolved: list[int] = field(default_factory=list[int])
    told_wrong: list[int] = field(default_factory=list[int])
    doubled: list[int] = field(default_factory=list[int])
    delivered_late: list[int] = field(default_factory=list[int])
    latest_ms: float = 0.0
    commands: int = 0
    pulses: int = 0
    on_the_wire: int = 0
    executed: int = 0
    unknown: int = 0
    faults: int = 0
    dark: int = 0
    pauses: int = 0
    kills: int = 0
    accounts: list[str] = field(default_factory=list[str])

    @property
    def broken(self) -> list[int]:
        """Everything that must not be."""
        return (
            self.sent_twice
            + self.executed_twice
            + self.sent_late
            + self.wrong_tag
            + self.unresolved
            + self.told_wrong
        )


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict on storms that raged side by side, each with numbers of its own."""
    return reduce(_with, verdicts, Verdict())


def _with(one: Verdict, other: Verdict) -> Verdict:
    names = [each.name for each in fields(Verdict) if each.name != "latest_ms"]
    both = {name: getattr(one, name) + getattr(other, name) for name in names}
    return Verdict(**both, latest_ms=max(one.latest_ms, other.latest_ms))


def judge(story: Story) -> Verdict:
    """The verdict on a storm that is over."""
    executed = Counter(one.value for one in story.device.written)
    arrived = Counter(number for _time, number in story.proxy.record.arrived)
    record, told = story.proxy.record, {one.number: one for one in story.told}
    verdict = Verdict(commands=len(told), on_the_wire=len(arrived), executed=len(executed))
    verdict.pulses = sum(is_pulse(one.tag) for one in story.told)
    verdict.faults, verdict.dark = record.faults, story.times(BLACK_OUT)
    verdict.pauses, verdict.kills = story.times(PAUSE), story.times(KILL)
    verdict.sent_twice = [number for number, times in arrived.items() if times > 1]
    verdict.executed_twice = [n for n, times in executed.items() if times > 1 and n not in record.doubled]
    verdict.doubled = [n for n, times in executed.items() if times > 1 and n in record.doubled]
    verdict.wrong_tag = [
        one.value for one in story.device.written if one.value not in told or told[one.value].tag != one.tag
    ]
    _judge_times(story, verdict)
    for one in story.told:
        _judge_words(story, one, verdict, executed[one.number], arrived[one.number])
    return verdict


def _judge_times(story: Story, verdict: Verdict) -> None:
    """The time of the socket write is exact, that of the arrival at the proxy has its grace."""
    late = {number for number, time_ns in story.sent if time_ns > story.deadlines[number]}
    for time_ns, number in story.proxy.record.arrived:
        behind_ms = (time_ns - story.deadlines[number]) / NS_PER_MS
        verdict.latest_ms = max(verdict.latest_ms, behind_ms)
        if behind_ms > GRACE_MS:
            late.add(number)
    verdict.sent_late = sorted(late)
    verdict.delivered_late = [
        one.value
        for one in story.device.written
        if one.value in story.deadlines and one.time_ns > story.deadlines[one.value] and one.value not in late
    ]


def _judge_words(story: Story, one: Told, verdict: Verdict, executed: int, arrived: int) -> None:
    states = {result.state for result in one.results}
    last = story.settled.get(f"c{one.number}", "")
    if CommandState.UNKNOWN in states:
        verdict.unknown += 1
    if f"t_n{one.tag}" in story.open and last in ("unknown", "requested"):
        verdict.unresolved.append(one.number)
    # what waited in the network may be executed after everybody was told what the device has
    settled = {CommandState(last)} if last in {state.value for state in CommandState} else set[CommandState]()
    words = states | settled
    confirmed_for_nothing = CommandState.CONFIRMED in words and not executed
    refused_and_sent = CommandState.REFUSED in words and arrived and not _was_answered_otherwise(states)
    failed_and_done = (
        CommandState.FAILED in words and executed and one.number not in story.proxy.record.waited
    )
    if confirmed_for_nothing or refused_and_sent or failed_and_done:
        verdict.told_wrong.append(one.number)
        verdict.accounts.append(account_of(story, one))


def _was_answered_otherwise(states: set[CommandState]) -> bool:
    """The same order given once more may be refused, while the first one went out."""
    return bool(states - {CommandState.REFUSED})
