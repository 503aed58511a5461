"""Ten thousand commands of each protocol through a hostile network, with a runtime that is paused and killed."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from hmi.bench._storm import Storm, Story, can_be_paused, rage
from hmi.bench._storm_judge import GRACE_MS, Verdict, judge
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

COMMANDS = 10_000
PROTOCOLS = ("modbus", "opcua")


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS`` sets how many commands, ``WATCHKEEPER_BENCH_PROTOCOL`` of which protocol alone."""
    if not can_be_paused():
        raise UsageError(
            "the runtime has to be paused, which this system cannot do; run it on Linux or macOS"
        )
    commands = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", COMMANDS))
    only = os.environ.get("WATCHKEEPER_BENCH_PROTOCOL", "")
    return [
        figure
        for protocol in PROTOCOLS
        if only in ("", protocol)
        for figure in figures_of(*stormed(Storm(protocol, commands)))
    ]


def stormed(storm: Storm) -> tuple[Story, Verdict]:
    """One storm in a folder of its own, and the verdict on it."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-storm-", ignore_cleanup_errors=True) as folder:
        story = asyncio.run(rage(storm, Path(folder)))
    return story, judge(story)


def figures_of(story: Story, verdict: Verdict) -> list[Figure]:
    """What must be 0, and how much there was of everything else."""
    name = f"storm.{story.storm.protocol}"
    against = (
        f"{verdict.commands:,} commands ({verdict.pulses:,} pulses), {verdict.on_the_wire:,} on the wire, "
        f"{verdict.executed:,} executed; {story.proxy.record.faults:,} faults of the network, {story.dark} black-outs, "
        f"{story.pauses} pauses and {story.kills} kills of the runtime"
    )
    after = f"at the socket, or more than {GRACE_MS:g} ms at the proxy; the latest there {verdict.latest_ms:.0f} ms"
    by_proxy = "by the network alone; no client of the protocol can prevent it"
    return [
        _none(f"{name}.sent_twice", verdict.sent_twice, against),
        _none(f"{name}.executed_twice", verdict.executed_twice, against),
        _none(f"{name}.sent_after_expiry", verdict.sent_late, after),
        _none(f"{name}.wrong_tag", verdict.wrong_tag, against),
        _none(
            f"{name}.unknown_unresolved",
            verdict.unresolved,
            f"{verdict.unknown:,} commands were unknown at first",
        ),
        _none(f"{name}.told_wrong", verdict.told_wrong, "what was told against the device's own journal"),
        Figure(f"{name}.doubled_by_the_network", len(verdict.doubled), "", f"requests sent twice {by_proxy}"),
        Figure(
            f"{name}.delivered_late_by_the_network",
            len(verdict.delivered_late),
            "",
            f"kept waiting {by_proxy}",
        ),
    ]


def _none(name: str, found: list[int], against: str) -> Figure:
    return Figure(name, len(found), "", against, "= 0", not found)
