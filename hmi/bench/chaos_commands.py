"""Ten thousand commands of each protocol through a hostile network, with a runtime that is paused and killed."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context, parent_process
from pathlib import Path

from hmi.bench._storm import Storm, can_be_paused, rage
from hmi.bench._storm_judge import GRACE_MS, Verdict, joined, judge
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

COMMANDS = 10_000
PLANTS = {"modbus": 1, "opcua": 3}
"""Plants side by side: one of OPC UA waits most of its time for a connection or a runtime that comes back."""
ACCOUNTS = 3
"""As many of the commands that were told wrong are told step by step."""


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
        for protocol in PLANTS
        if only in ("", protocol)
        for figure in figures_of(protocol, stormed(storms(protocol, commands)))
    ]


def storms(protocol: str, commands: int) -> list[Storm]:
    """One for each plant; together they give so many commands."""
    plants = max(1, min(PLANTS[protocol], commands))
    bounds = [1 + commands * plant // plants for plant in range(plants + 1)]
    return [
        Storm(protocol, end - first, seed=seed, first=first)
        for seed, (first, end) in enumerate(pairwise(bounds), start=1)
    ]


def stormed(side_by_side: Sequence[Storm]) -> Verdict:
    """The verdict on storms at the same time, each in a process of its own."""
    context = get_context("spawn")
    with ProcessPoolExecutor(len(side_by_side), context, initializer=_end_with_parent) as pool:
        return joined(pool.map(verdict_on, side_by_side))


def _end_with_parent() -> None:
    """A storm does not rage on when its benchmark was killed."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def verdict_on(storm: Storm) -> Verdict:
    """On one storm in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-storm-", ignore_cleanup_errors=True) as folder:
        return judge(asyncio.run(rage(storm, Path(folder))))


def figures_of(protocol: str, verdict: Verdict) -> list[Figure]:
    """What must be 0, and how much there was of everything else."""
    name = f"storm.{protocol}"
    against = (
        f"{verdict.commands:,} commands ({verdict.pulses:,} pulses), {verdict.on_the_wire:,} on the wire, "
        f"{verdict.executed:,} executed; {verdict.faults:,} faults of the network, {verdict.dark} black-outs, "
        f"{verdict.pauses} pauses and {verdict.kills} kills of the runtime"
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
        _none(f"{name}.told_wrong", verdict.told_wrong, _words_and_deeds(verdict)),
        Figure(f"{name}.doubled_by_the_network", len(verdict.doubled), "", f"requests sent twice {by_proxy}"),
        Figure(
            f"{name}.delivered_late_by_the_network",
            len(verdict.delivered_late),
            "",
            f"kept waiting {by_proxy}",
        ),
    ]


def _words_and_deeds(verdict: Verdict) -> str:
    return " | ".join(("what was told against the device's own journal", *verdict.accounts[:ACCOUNTS]))


def _none(name: str, found: list[int], against: str) -> Figure:
    return Figure(name, len(found), "", against, "= 0", not found)
