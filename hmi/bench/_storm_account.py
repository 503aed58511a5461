"""What became of one command of the storm, step by step: told by everybody who saw it; pure."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.bench._storm import Story, Told
from hmi.bench._storm_plant import is_pulse
from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns

AROUND_S = 2.0
"""How long before and after the steps of the command the rest of its tag and of the plant is told."""
Step = tuple[int, str]
"""When (monotonic ns) and what."""


def account_of(story: Story, one: Told) -> str:
    """One line: the steps of the command, of the others to its tag and the troubles meanwhile, in order of time."""
    own = [*_asked(one), *_on_its_way(story, {one.number}), *_kept(story, {one.number})]
    if not own:
        return f"c{one.number}: nothing is known of it"
    first, last = min(own)[0], max(own)[0]
    others = {other.number for other in story.told if other.tag == one.tag and other is not one}
    near = [*_on_its_way(story, others), *_kept(story, others), *story.troubles]
    around = int(AROUND_S * NS_PER_S)
    steps = sorted(own + [step for step in near if first - around <= step[0] <= last + around])
    kind = "pulse" if is_pulse(one.tag) else "set point"
    return f"c{one.number} ({kind} n{one.tag}): " + "; ".join(
        f"{(time - first) / NS_PER_S:+.3f} s {text}" for time, text in steps
    )


def _asked(one: Told) -> Iterator[Step]:
    for answer in one.answers:
        yield answer.asked_ns, "asked"
        result = answer.result
        yield answer.told_ns, f"told {result.state.value}: {result.text}" if result else "told nothing"


def _on_its_way(story: Story, numbers: set[int]) -> Iterator[Step]:
    record = story.proxy.record
    for number in numbers & story.deadlines.keys():
        yield story.deadlines[number], f"c{number} is too old from here on"
    for number, time_ns in story.sent:
        if number in numbers:
            yield time_ns, f"c{number} sent"
    for time_ns, number in record.arrived:
        if number in numbers:
            fate = [
                word
                for word, those in (("waits", record.waited), ("twice", record.doubled))
                if number in those
            ]
            yield time_ns, f"c{number} in the network" + (f" ({', '.join(fate)})" if fate else "")
    for written in story.device.written:
        if written.value in numbers:
            yield written.time_ns, f"c{written.value} done by the device at n{written.tag}"


def _kept(story: Story, numbers: set[int]) -> Iterator[Step]:
    ahead, ids = wall_ns() - monotonic_ns(), {f"c{number}" for number in numbers}
    for record in story.kept:
        if record.command_id in ids:
            yield (
                record.wall_ns - ahead,
                f"journal: {record.command_id} {record.event} {record.text}".rstrip(),
            )
